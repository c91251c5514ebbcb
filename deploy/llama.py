"""Builds llama-cpp-python for this machine's processor, once.

    python deploy/llama.py [--print] [--force] [--gpu cuda|vulkan|metal|none] [--flags="-DX=Y ..."]

Run it with the Python of the virtual environment that is to have it. It needs the standard library
only. The instruction sets are named one by one instead of left to the compiler's `native`: some
virtual machines advertise AMX and then refuse it, which kills a native build on its first prompt.

What was built is recorded in `<venv>/refdesk-llama.json`; a build that fits is left alone. Each
build is tried in a child process: with a prompt where a model is installed, else by loading it.

Exit status: 0 built, or already there; 1 could not be built or does not run; 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Build", "choose_gpu", "cmake_flags", "cpu_flags", "main", "parse_cpuinfo", "suits"]

VERSION = "0.3.36"
GPUS = ("cuda", "vulkan", "metal", "none")
HERE = Path(__file__).resolve().parent

# CMake option -> the names, as Linux writes them, of the processor flags it needs.
X86_OPTIONS = {
    "SSE42": ("sse4_2",),
    "AVX": ("avx",),
    "AVX2": ("avx", "avx2"),
    "FMA": ("avx", "fma"),
    "F16C": ("avx", "f16c"),
    "BMI2": ("bmi2",),
    "AVX_VNNI": ("avx2", "avx_vnni"),
    "AVX512": ("avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"),
}
X86_512_OPTIONS = {
    "AVX512_VBMI": "avx512vbmi",
    "AVX512_VNNI": "avx512_vnni",
    "AVX512_BF16": "avx512_bf16",
}
ARM_EXTENSIONS = {
    "asimddp": "dotprod",
    "asimdhp": "fp16",
    "i8mm": "i8mm",
    "bf16": "bf16",
    "sve": "sve",
    "sve2": "sve2",
}
# macOS writes some names in its own way.
MAC_NAMES = {
    "avx1.0": "avx",
    "sse4.2": "sse4_2",
    "avx512vnni": "avx512_vnni",
    "avx512bf16": "avx512_bf16",
    "avx512_vbmi": "avx512vbmi",
}

NO_COMPILER = (
    "llama.cpp is compiled on this machine and there is no C and C++ compiler. Install one "
    "(Debian, Ubuntu: apt-get install build-essential; Fedora: dnf install gcc gcc-c++; "
    "macOS: xcode-select --install) and run the same command again"
)

PROBE = """
import sys
import llama_cpp
llama_cpp.llama_print_system_info()
if len(sys.argv) > 1:
    model = llama_cpp.Llama(sys.argv[1], n_ctx=256, n_batch=128, verbose=False)
    prompt = model.tokenize(b"One two three four five six seven eight nine ten. " * 8)
    model.eval(prompt[:64])
    model.eval([model.sample(temp=0.0)])
"""


@dataclass(frozen=True, slots=True)
class Build:
    """What was built: `flags` chosen for the processor, `extra` given by hand, `probe` passed."""

    version: str
    flags: tuple[str, ...]
    gpu: str
    extra: str
    probe: str = ""


def choose_gpu(system: str, machine: str, gpu: str | None) -> str:
    """The graphics back end for a request: None asks for the platform's default.

    Raises ValueError with a message for the user.
    """
    if not gpu:
        return "metal" if system == "Darwin" and machine == "arm64" else "none"
    if gpu not in GPUS:
        raise ValueError(f"GPU={gpu} is not known: choose one of {', '.join(GPUS)}")
    if gpu == "metal" and system != "Darwin":
        raise ValueError("GPU=metal is for macOS: choose cuda or vulkan")
    if gpu == "cuda" and system == "Darwin":
        raise ValueError("GPU=cuda is not for macOS: choose metal")
    return gpu


def cmake_flags(
    system: str, machine: str, cpu_flags: frozenset[str], gpu: str | None
) -> tuple[str, ...]:
    """The CMake options for a processor with these flags.

    system, machine  as `platform.system()` and `platform.machine()` name them
    cpu_flags        as Linux names them in /proc/cpuinfo
    gpu              one of `GPUS`, or None for the platform's default

    Raises ValueError for a gpu that the platform does not have.
    """
    options = {"GGML_NATIVE": "OFF"}
    if machine in ("x86_64", "AMD64"):
        for name, needs in X86_OPTIONS.items():
            options[f"GGML_{name}"] = _switch(cpu_flags.issuperset(needs))
        for name, need in X86_512_OPTIONS.items():
            options[f"GGML_{name}"] = _switch(options["GGML_AVX512"] == "ON" and need in cpu_flags)
    elif machine in ("aarch64", "arm64") and system == "Linux":
        options["GGML_CPU_ARM_ARCH"] = _arm_architecture(cpu_flags)
    options |= dict.fromkeys(("GGML_AMX_TILE", "GGML_AMX_INT8", "GGML_AMX_BF16"), "OFF")

    chosen = choose_gpu(system, machine, gpu)
    if system == "Darwin":
        options["GGML_METAL"] = _switch(chosen == "metal")
    if chosen == "vulkan":
        options["GGML_VULKAN"] = "ON"
    if chosen == "cuda":
        # Without this, kernels for every generation of cards are compiled: most of an hour.
        options |= {"GGML_CUDA": "ON", "CMAKE_CUDA_ARCHITECTURES": "native"}
    # Refdesk reads no pictures and has its own HTTP client and templates.
    options |= {"LLAMA_BUILD_COMMON": "OFF", "LLAMA_OPENSSL": "OFF", "LLAVA_BUILD": "OFF"}
    return tuple(f"-D{name}={value}" for name, value in options.items())


def _switch(on: bool) -> str:
    return "ON" if on else "OFF"


def _arm_architecture(cpu_flags: frozenset[str]) -> str:
    extensions = [tag for flag, tag in ARM_EXTENSIONS.items() if flag in cpu_flags]
    # All of them need 8.2 of the architecture; older cores, as in a Raspberry Pi 4, have 8.0.
    return "+".join(["armv8.2-a" if extensions else "armv8-a", *extensions])


def parse_cpuinfo(text: str) -> frozenset[str]:
    """The flags that every core in the text of /proc/cpuinfo has: big and little ones differ."""
    cores = [
        frozenset(value.split())
        for key, _, value in (line.partition(":") for line in text.splitlines())
        if key.strip() in ("flags", "Features")
    ]
    return frozenset.intersection(*cores) if cores else frozenset()


def cpu_flags(system: str) -> frozenset[str]:
    """This machine's processor flags by their Linux names; none where they cannot be read."""
    try:
        if system == "Darwin":
            command = ["sysctl", "-n", "machdep.cpu.features", "machdep.cpu.leaf7_features"]
            found = subprocess.run(command, capture_output=True, text=True, check=False).stdout
            words = found.lower().split()
            return frozenset(MAC_NAMES.get(word, word) for word in words)
        return parse_cpuinfo(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return frozenset()


def suits(record: Build, flags: tuple[str, ...], gpu: str | None, extra: str) -> bool:
    """Whether a recorded build can serve: nothing else was asked for, and the processor has every
    instruction set that was compiled in. A processor that has more is no reason to compile again,
    since that needs a network.
    """
    if record.version != VERSION:
        return False
    if (gpu and gpu != record.gpu) or (extra and extra != record.extra):
        return False
    return _instructions(record.flags) <= _instructions(flags)


def _instructions(flags: tuple[str, ...]) -> frozenset[str]:
    found: set[str] = set()
    for name, _, value in (flag.removeprefix("-D").partition("=") for flag in flags):
        if name == "GGML_CPU_ARM_ARCH":
            found.update(value.split("+")[1:])
        elif name.removeprefix("GGML_") in (*X86_OPTIONS, *X86_512_OPTIONS) and value == "ON":
            found.add(name)
    return frozenset(found)


def _read(path: Path) -> Build | None:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Build(**{**stored, "flags": tuple(stored["flags"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _write(path: Path, build: Build) -> None:
    path.write_text(json.dumps(asdict(build), indent=1) + "\n", encoding="utf-8")


def _has_compiler() -> bool:
    def found(variable: str, *names: str) -> bool:
        given = shlex.split(os.environ.get(variable, ""))[:1]
        return any(shutil.which(name) for name in (given or names))

    return found("CC", "cc", "gcc", "clang") and found("CXX", "c++", "g++", "clang++")


def _compile(build: Build, log: Path) -> int:
    """pip's exit status; its output goes to `log`."""
    hook = f"-DCMAKE_PROJECT_llama_cpp_INCLUDE={HERE / 'llama.cmake'}"
    arguments = [*build.flags, hook, *shlex.split(build.extra)]
    environment = {
        **os.environ,
        "CMAKE_ARGS": shlex.join(arguments),
        "CMAKE_BUILD_PARALLEL_LEVEL": str(os.cpu_count() or 1),
    }
    # Neither pip's cache nor a wheel lying about may hand back a build made with other flags.
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-cache-dir"]
    command += ["--no-binary", "llama-cpp-python", "--force-reinstall", "--retries", "5"]
    command += ["--disable-pip-version-check", f"llama-cpp-python=={VERSION}"]
    started = told = time.monotonic()
    with log.open("wb") as output:
        pip = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            while pip.poll() is None:
                time.sleep(0.5)
                if time.monotonic() - told >= 20:
                    told = time.monotonic()
                    _say(f"building llama.cpp ({(told - started) / 60:.1f} min so far) ...")
        finally:
            if pip.poll() is None:
                pip.terminate()
    return pip.returncode


def _smallest_model() -> Path | None:
    models = list((HERE.parent / "models").glob("*/*.gguf"))
    return min(models, key=lambda path: path.stat().st_size, default=None)


def _probe(model: Path | None) -> str | None:
    """What is wrong with the installed build, in a phrase; None when it runs."""
    command = [sys.executable, "-c", PROBE, *([str(model)] if model else [])]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=300, check=False
        )
    except subprocess.TimeoutExpired:
        return "it did not finish a short prompt in five minutes"
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        hint = "an instruction that this machine refuses" if name == "SIGILL" else "in its own code"
        return f"it was ended by {name}, {hint}"
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return lines[-1] if lines else f"exit status {done.returncode}"
    return None


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _ensure(build: Build, gpu: str | None, *, force: bool) -> int:
    record_path = Path(sys.prefix) / "refdesk-llama.json"
    record = _read(record_path)
    model = _smallest_model()
    fits = record is not None and suits(record, build.flags, gpu, build.extra)
    if record is not None and fits and not force:
        if record.probe == "model" or (record.probe and not model):
            wrong = _probe(None)
            if wrong is None:
                return 0
            _say(f"the installed llama.cpp does not load ({wrong}): building it again")
        else:
            return _try(record, record_path, model)

    if not _has_compiler():
        _say(f"error: {NO_COMPILER}")
        return 1
    log = Path(sys.prefix) / "refdesk-llama.log"
    _say(f"building llama.cpp for this processor: some minutes, log in {log}")
    record_path.unlink(missing_ok=True)
    started = time.monotonic()
    if _compile(build, log):
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-25:]
        _say("\n".join(tail))
        _say(f"error: llama-cpp-python {VERSION} could not be built; the whole log is {log}")
        return 1
    _say(f"llama.cpp built in {(time.monotonic() - started) / 60:.1f} min")
    _write(record_path, build)
    return _try(build, record_path, model)


def _try(build: Build, record_path: Path, model: Path | None) -> int:
    wrong = _probe(model)
    if wrong:
        _say(
            f"error: the built llama.cpp does not run: {wrong}. Build it without the newest "
            "instructions: make llama FLAGS='-DGGML_AVX512=OFF -DGGML_AVX_VNNI=OFF'"
        )
        return 1
    _write(record_path, Build(**{**asdict(build), "probe": "model" if model else "load"}))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status for these arguments."""
    parser = argparse.ArgumentParser(prog="llama.py", description="Build llama-cpp-python.")
    parser.add_argument("--print", action="store_true", help="print the CMake options and stop")
    parser.add_argument("--force", action="store_true", help="build although a build is there")
    parser.add_argument("--gpu", default="", help=f"one of {', '.join(GPUS)}")
    parser.add_argument("--flags", default="", help="more CMake options, which win")
    given = parser.parse_args(argv)

    system, machine = platform.system(), platform.machine()
    try:
        gpu = choose_gpu(system, machine, given.gpu)
        flags = cmake_flags(system, machine, cpu_flags(system), given.gpu)
    except ValueError as error:
        _say(f"error: {error}")
        return 2
    if given.print:
        print(shlex.join([*flags, *shlex.split(given.flags)]))
        return 0
    if sys.prefix == sys.base_prefix:
        _say("error: not in a virtual environment: use `make llama`")
        return 2
    build = Build(VERSION, flags, gpu, given.flags.strip())
    return _ensure(build, given.gpu or None, force=given.force)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
