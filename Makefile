# Refdesk: `make serve` installs what is missing, fetches the two default models and serves the page.
#
#   PYTHON=python3.12      the Python to use, 3.11 or newer
#   TORCH_INDEX=URL        an index or folder with a CPU build of torch, offered to pip besides its own
#   GPU=cuda|vulkan|metal  compile llama.cpp for a graphics card
#   FLAGS="-DX=Y ..."      more CMake options for llama.cpp, which win over the chosen ones
#   ARGS="..."             passed on to `refdesk serve` or pytest

PYTHON ?= python3
TORCH_INDEX ?=
GPU ?=
FLAGS ?=
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --retries 5
LLAMA := $(BIN)/python deploy/llama.py --gpu="$(GPU)" --flags="$(FLAGS)"

.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help serve install llama models test quick lint check format clean

help:
	@echo "make serve    install what is missing, fetch the models, serve the page"
	@echo "make install  the environment in $(VENV), with llama.cpp built for this processor"
	@echo "make llama    build llama.cpp again (GPU=cuda|vulkan|metal, FLAGS=...)"
	@echo "make test     all tests; fetches the small test model and needs Chromium"
	@echo "make quick    the tests that need no model and no browser"
	@echo "make lint     ruff and mypy"
	@echo "make check    lint, then test"
	@echo "make format   rewrite the sources as ruff would have them"
	@echo "make clean    remove $(VENV) and caches; models and libraries stay"

serve: install models
	@exec $(BIN)/refdesk serve $(ARGS)

install: $(VENV)/.runtime

# A build is tried with a prompt as soon as there is a model, so the second look comes after it.
models: install
	@$(BIN)/refdesk models pull
	@$(LLAMA)

llama: $(VENV)/.packages
	@$(LLAMA) --force
	@touch $(VENV)/.runtime

test: models $(VENV)/.dev
	@$(BIN)/refdesk models pull smollm2-135m-instruct
	@CHROMIUM="$$(sh deploy/browser.sh)" || exit 1; export CHROMIUM; \
	$(BIN)/python -m pytest $(ARGS)

quick: $(VENV)/.dev
	@$(BIN)/python -m pytest -m "not model and not e2e and not browser" $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/mypy --strict deploy/llama.py bench/*.py

check: lint test

format: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) *.egg-info build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps in the environment: a target whose stamp is newer than what it was made from does nothing
# and asks no network.

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "error: Refdesk needs Python 3.11 or newer, and '$(PYTHON)' is" \
	    "$$($(PYTHON) --version 2>&1 | tail -n 1). Name another: make PYTHON=python3.12" >&2; \
	  exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "error: '$(PYTHON)' cannot make virtual environments: install its venv package" \
	    "(Debian, Ubuntu: apt-get install python3-venv) and run make again" >&2; \
	  exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.packages: $(VENV)/.created requirements.txt pyproject.toml
	@if [ -z "$(TORCH_INDEX)" ] && [ "$(GPU)" != cuda ] && [ "$$(uname -sm)" = "Linux x86_64" ] \
	  && ! $(BIN)/python -c 'import importlib.metadata as m; m.version("torch")' 2>/dev/null; then \
	  echo "hint: where pip is offered no CPU build of torch it takes the CUDA build, several GB;" \
	    "make TORCH_INDEX=URL names an index or folder with a CPU build"; \
	fi
	$(PIP) install --quiet $(if $(TORCH_INDEX),--extra-index-url "$(TORCH_INDEX)") -r requirements.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.runtime: $(VENV)/.packages deploy/llama.py deploy/llama.cmake
	@$(LLAMA)
	@touch $@

$(VENV)/.dev: $(VENV)/.packages requirements-dev.txt
	$(PIP) install --quiet -r requirements-dev.txt
	@touch $@
