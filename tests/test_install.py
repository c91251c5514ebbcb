"""The install layer: how llama.cpp is built, what is pinned, what make says."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


def load_llama() -> ModuleType:
    spec = importlib.util.spec_from_file_location("deploy_llama", ROOT / "deploy" / "llama.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


llama = load_llama()

HASWELL = frozenset("sse4_2 avx avx2 fma f16c bmi2".split())
SAPPHIRE_RAPIDS = HASWELL | frozenset(
    "avx512f avx512cd avx512bw avx512dq avx512vl avx512vbmi avx512_vnni avx512_bf16 avx_vnni "
    "amx_tile amx_int8 amx_bf16".split()
)


def options(
    system: str, machine: str, flags: frozenset[str] = frozenset(), gpu: str | None = None
) -> dict[str, str]:
    chosen = llama.cmake_flags(system, machine, flags, gpu)
    return dict(flag.removeprefix("-D").split("=", 1) for flag in chosen)


# Which instructions are compiled in


def test_avx2_only() -> None:
    chosen = options("Linux", "x86_64", HASWELL)
    assert chosen["GGML_NATIVE"] == "OFF"
    for name in ("SSE42", "AVX", "AVX2", "FMA", "F16C", "BMI2"):
        assert chosen[f"GGML_{name}"] == "ON"
    for name in ("AVX_VNNI", "AVX512", "AVX512_VBMI", "AVX512_VNNI", "AVX512_BF16"):
        assert chosen[f"GGML_{name}"] == "OFF"
    assert "GGML_METAL" not in chosen
    assert "GGML_CUDA" not in chosen


def test_avx512_but_never_amx() -> None:
    chosen = options("Linux", "x86_64", SAPPHIRE_RAPIDS)
    for name in ("AVX512", "AVX512_VBMI", "AVX512_VNNI", "AVX512_BF16", "AVX_VNNI"):
        assert chosen[f"GGML_{name}"] == "ON"
    for name in ("AMX_TILE", "AMX_INT8", "AMX_BF16"):
        assert chosen[f"GGML_{name}"] == "OFF"


def test_avx512_needs_all_of_its_parts() -> None:
    chosen = options("Linux", "x86_64", SAPPHIRE_RAPIDS - {"avx512dq"})
    for name in ("AVX512", "AVX512_VBMI", "AVX512_VNNI", "AVX512_BF16"):
        assert chosen[f"GGML_{name}"] == "OFF"
    masked = options("Linux", "x86_64", HASWELL - {"avx"})
    assert [masked[f"GGML_{name}"] for name in ("AVX2", "FMA", "F16C")] == ["OFF"] * 3


@pytest.mark.parametrize(
    ("flags", "architecture"),
    [
        ("fp asimd evtstrm crc32 cpuid", "armv8-a"),
        ("fp asimd asimdhp asimddp", "armv8.2-a+dotprod+fp16"),
        ("asimd asimdhp asimddp sve i8mm bf16", "armv8.2-a+dotprod+fp16+i8mm+bf16+sve"),
    ],
)
def test_arm64_linux(flags: str, architecture: str) -> None:
    chosen = options("Linux", "aarch64", frozenset(flags.split()))
    assert chosen["GGML_CPU_ARM_ARCH"] == architecture
    assert chosen["GGML_NATIVE"] == "OFF"
    assert "GGML_AVX" not in chosen


def test_macos() -> None:
    silicon = options("Darwin", "arm64")
    assert silicon["GGML_METAL"] == "ON"
    assert "GGML_CPU_ARM_ARCH" not in silicon
    intel = options("Darwin", "x86_64", HASWELL)
    assert (intel["GGML_METAL"], intel["GGML_AVX2"]) == ("OFF", "ON")
    assert options("Darwin", "x86_64", HASWELL, "metal")["GGML_METAL"] == "ON"
    assert options("Darwin", "arm64", gpu="none")["GGML_METAL"] == "OFF"


def test_graphics_cards() -> None:
    cuda = options("Linux", "x86_64", HASWELL, "cuda")
    assert (cuda["GGML_CUDA"], cuda["CMAKE_CUDA_ARCHITECTURES"]) == ("ON", "native")
    assert options("Linux", "x86_64", HASWELL, "vulkan")["GGML_VULKAN"] == "ON"
    assert options("Linux", "x86_64", HASWELL, "none") == options("Linux", "x86_64", HASWELL)
    for system, gpu, told in [
        ("Linux", "rocm", "choose one of cuda, vulkan, metal, none"),
        ("Linux", "metal", "for macOS"),
        ("Darwin", "cuda", "not for macOS"),
    ]:
        with pytest.raises(ValueError, match=told):
            options(system, "x86_64", HASWELL, gpu)


def test_only_what_every_core_has() -> None:
    text = "processor : 0\nFeatures\t: fp asimd sve\n\nprocessor : 1\nFeatures\t: fp asimd\n"
    assert llama.parse_cpuinfo(text) == {"fp", "asimd"}
    assert llama.parse_cpuinfo("flags : sse4_2 avx\nvmx flags : ept\n") == {"sse4_2", "avx"}
    assert llama.parse_cpuinfo("") == frozenset()


def test_a_build_suits_where_the_processor_has_all_of_it() -> None:
    def flags(cpu: frozenset[str]) -> tuple[str, ...]:
        return tuple(llama.cmake_flags("Linux", "x86_64", cpu, None))

    old = llama.Build(llama.VERSION, flags(HASWELL), "none", "")
    new = llama.Build(llama.VERSION, flags(SAPPHIRE_RAPIDS), "none", "")
    assert llama.suits(old, flags(HASWELL), None, "")
    assert llama.suits(old, flags(SAPPHIRE_RAPIDS), None, "")
    assert not llama.suits(new, flags(HASWELL), None, "")
    assert not llama.suits(old, flags(HASWELL), "cuda", "")
    assert not llama.suits(old, flags(HASWELL), None, "-DGGML_FMA=OFF")
    stale = llama.Build("0.0.1", flags(HASWELL), "none", "")
    assert not llama.suits(stale, flags(HASWELL), None, "")

    def arm(cpu: str) -> tuple[str, ...]:
        return tuple(llama.cmake_flags("Linux", "aarch64", frozenset(cpu.split()), None))

    pi5 = llama.Build(llama.VERSION, arm("asimddp asimdhp"), "none", "")
    assert llama.suits(pi5, arm("asimddp asimdhp sve"), None, "")
    assert not llama.suits(pi5, arm("asimd"), None, "")


# The program around it


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A virtual environment in which building is quick and the build runs."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(llama, "HERE", tmp_path / "deploy")
    monkeypatch.setattr(llama, "PROBE", "")
    monkeypatch.setattr(llama, "_has_compiler", lambda: True)
    monkeypatch.setattr(llama, "_compile", lambda build, log: log.write_bytes(b"") and 1)
    return tmp_path


def test_it_builds_once(
    venv: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert llama.main([]) == 0
    record = json.loads((venv / "refdesk-llama.json").read_text())
    assert record["version"] == llama.VERSION
    assert "-DGGML_NATIVE=OFF" in record["flags"]
    assert record["probe"] == "load"
    assert "llama.cpp built in" in capsys.readouterr().err

    assert llama.main([]) == 0
    assert capsys.readouterr().err == ""

    # A model has come since: the build is tried with it, once.
    model = venv / "models" / "small" / "small.gguf"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"GGUF")
    monkeypatch.setattr(llama, "PROBE", f"import sys; assert sys.argv[1] == {str(model)!r}")
    assert llama.main([]) == 0
    assert json.loads((venv / "refdesk-llama.json").read_text())["probe"] == "model"
    monkeypatch.setattr(llama, "PROBE", "import sys; assert len(sys.argv) == 1")
    assert llama.main([]) == 0
    assert capsys.readouterr().err == ""

    monkeypatch.setattr(llama, "PROBE", "")
    assert llama.main(["--flags=-DGGML_FMA=OFF"]) == 0
    assert "llama.cpp built in" in capsys.readouterr().err
    assert llama.main([]) == 0
    assert capsys.readouterr().err == ""
    assert llama.main(["--force"]) == 0
    assert json.loads((venv / "refdesk-llama.json").read_text())["extra"] == ""


def test_a_build_that_dies_is_told_in_one_line(
    venv: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(llama, "PROBE", "import os, signal; os.kill(os.getpid(), signal.SIGILL)")
    assert llama.main([]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: ")
    assert "SIGILL" in last
    assert "make llama FLAGS='-DGGML_AVX512=OFF" in last
    # The next run tries it again without building the same again.
    monkeypatch.setattr(llama, "_compile", lambda build, log: pytest.fail("built again"))
    assert llama.main([]) == 1
    monkeypatch.setattr(llama, "PROBE", "")
    assert llama.main([]) == 0


def test_a_failed_build_shows_the_end_of_its_log(
    venv: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(build: object, log: Path) -> int:
        log.write_text("\n".join(f"line {number}" for number in range(100)))
        return 1

    monkeypatch.setattr(llama, "_compile", fail)
    assert llama.main([]) == 1
    told = capsys.readouterr().err
    assert "line 99" in told
    assert "line 10\n" not in told
    assert "could not be built" in told.splitlines()[-1]
    assert not (venv / "refdesk-llama.json").exists()


def test_without_a_compiler_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.delenv("CXX", raising=False)
    assert llama.main([]) == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert "apt-get install build-essential" in told[0]


def test_arguments(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert llama.main(["--print", "--flags=-DGGML_LTO=ON"]) == 0
    printed = capsys.readouterr().out.split()
    assert printed[0] == "-DGGML_NATIVE=OFF"
    assert printed[-1] == "-DGGML_LTO=ON"
    assert llama.main(["--gpu", "rocm"]) == 2
    assert "GPU=rocm is not known" in capsys.readouterr().err
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert llama.main([]) == 2
    assert "make llama" in capsys.readouterr().err


# What is pinned


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    named = [line for line in lines if line and not line.startswith(("#", "-r "))]
    bare = [line.split(";")[0].lower().replace("_", "-") for line in named]
    return dict(line.split("==") for line in bare)


def test_every_requirement_is_pinned_and_covered() -> None:
    runtime, dev = pins("requirements.txt"), pins("requirements-dev.txt")
    assert runtime["torch"] == "2.13.0"
    assert not [version for version in runtime.values() if "+" in version]
    assert "llama-cpp-python" not in runtime
    assert {"pytest", "ruff", "mypy", "playwright", "hypothesis"} <= dev.keys()
    assert not runtime.keys() & dev.keys()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for dependency in project["dependencies"]:
        match = re.match(r"[A-Za-z0-9_-]+", dependency)
        assert match is not None
        name = match[0].lower().replace("_", "-")
        assert name in runtime or name == "llama-cpp-python"
        assert ">=" in dependency


def test_no_host_is_named() -> None:
    names = ["pyproject.toml", "requirements.txt", "requirements-dev.txt", "Makefile", ".ci/run"]
    names += [f"deploy/{name}" for name in ("llama.py", "llama.cmake", "browser.sh")]
    for name in [*names, "models/manifest.toml"]:
        assert "://" not in (ROOT / name).read_text(), name


# What make and the scripts say

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@needs_make
def test_help_names_every_target() -> None:
    shown = subprocess.run(
        ["make", "-C", str(ROOT), "help"], capture_output=True, text=True, check=True
    ).stdout
    makefile = (ROOT / "Makefile").read_text()
    match = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert match is not None
    hidden = {"help", "models"}
    for target in set(match[1].split()) - hidden:
        assert f"make {target} " in shown


@needs_make
@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('echo "Python 3.9.2"; exit 1', "needs Python 3.11 or newer, and"),
        ('case "$*" in *ensurepip*) exit 1;; esac', "apt-get install python3-venv"),
    ],
)
def test_an_unfit_python_is_told_in_one_line(tmp_path: Path, body: str, told: str) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    python = tmp_path / "python"
    script(python, body)
    done = subprocess.run(
        ["make", "-C", str(tmp_path), f"PYTHON={python}", "install"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert told in errors[0]


def browser(path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ROOT / "deploy" / "browser.sh")],
        env={"PATH": str(path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


linux_only = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere an installed browser is found"
)


@linux_only
def test_without_a_browser_or_the_right_to_install_one(tmp_path: Path) -> None:
    script(tmp_path / "id", "echo 1000")
    absent = browser(tmp_path)
    assert (absent.returncode, absent.stdout) == (0, "")
    assert "will be reported as skipped" in absent.stderr
    assert browser(tmp_path, CI="true").returncode == 1


@linux_only
def test_a_browser_is_installed_where_that_is_possible(tmp_path: Path) -> None:
    for tool in ("mktemp", "rm", "tail", "touch", "chmod"):
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / tool).symlink_to(found)
    script(tmp_path / "id", "echo 0")
    script(tmp_path / "apt-get", "echo 'E: no such package'; exit 100")
    failed = browser(tmp_path, CI="true")
    assert failed.returncode == 1
    assert "apt-get could not install it: E: no such package" in failed.stderr
    chromium = tmp_path / "chromium"
    script(tmp_path / "apt-get", f"touch {chromium}; chmod +x {chromium}")
    done = browser(tmp_path, CI="true")
    assert (done.returncode, done.stdout.strip()) == (0, str(chromium))
    assert "installing" not in browser(tmp_path).stderr


def test_ci_runs_the_test_command() -> None:
    run = ROOT / ".ci" / "run"
    assert os.access(run, os.X_OK)
    assert "make test" in run.read_text()
