"""llama.cpp tried in a process of its own: what it says, and what its death is told as."""

from __future__ import annotations

import signal
import textwrap
from pathlib import Path

import psutil
import pytest

from index.errors import ModelLoadError
from rag.probing import About, Probing, explained
from rag.tuning import Tuning

FEATURES = "CPU : SSE3 = 1 | AVX = 1 | AVX512 = 1 | LLAMAFILE = 0 | REPACK = 1"
TUNING = Tuning(2, 128, False)


def fake(*, run: str, features: str = FEATURES) -> tuple[str, str]:
    """Arguments to Python for a process that tells of a build, loads, and does `run` at a run."""
    return "-c", textwrap.dedent(f"""
        import json, os, signal, sys, time
        about = {{"version": "1.2", "features": {features!r}, "offloads": True, "devices": [
            {{"name": "CUDA0", "about": "A card", "free": 3, "total": 4}}]}}
        for line in sys.stdin:
            request = json.loads(line)
            if request["do"] == "run":
                {run}
            answer = about if request["do"] == "about" else {{}}
            print(json.dumps(answer), flush=True)
    """)


def die(name: str) -> str:
    return f"os.kill(os.getpid(), signal.{name})"


SPEAK = 'print(json.dumps({"read_s": 2.0, "write_s": 0.5, "resident": 7}), flush=True); continue'


def run(probing: Probing, tuning: Tuning = TUNING) -> object:
    return probing.run(tuning, context=512, read=100, write=5)


def test_it_tells_of_the_build_and_of_its_speed() -> None:
    with Probing(probe=fake(run=SPEAK)) as probing:
        about = probing.about()
        assert about.instructions == {"SSE3", "AVX", "AVX512", "REPACK"}
        assert about.devices[0].about == "A card"
        probing.load(Path("a.gguf"), -1)
        speed = probing.run(TUNING, context=512, read=100, write=5)
        assert (speed.read, speed.write, probing.resident) == (50.0, 10.0, 7)


def test_an_illegal_instruction_is_explained_with_the_command_that_helps() -> None:
    with Probing(probe=fake(run=die("SIGILL"))) as probing:
        probing.about()
        probing.load(Path("a.gguf"), -1)
        with pytest.raises(ModelLoadError) as told:
            run(probing)
    message = str(told.value)
    assert "illegal instruction (SIGILL) while it read a prompt" in message
    assert "`make llama FLAGS='-DGGML_AVX512=OFF -DGGML_AVX_VNNI=OFF'`" in message
    assert "\n" not in message


def test_after_a_death_a_new_process_is_asked() -> None:
    with Probing(probe=fake(run=die("SIGSEGV"))) as probing:
        with pytest.raises(ModelLoadError, match=r"crashed while it read a prompt \(SIGSEGV\)"):
            run(probing)
        assert probing.about().version == "1.2"


@pytest.mark.parametrize(
    ("name", "instructions", "words"),
    [
        ("SIGILL", frozenset({"AVX", "AMX_INT8"}), "`make llama`, which leaves AMX out"),
        ("SIGILL", None, "`make llama`; if that dies too, with `make llama FLAGS="),
        ("SIGILL", frozenset({"AVX"}), "again with `make llama FLAGS="),
        ("SIGKILL", None, "memory ran out"),
        ("SIGABRT", None, "`refdesk models verify`"),
    ],
)
def test_every_death_says_what_to_do(
    name: str, instructions: frozenset[str] | None, words: str
) -> None:
    told = explained(-signal.Signals[name], "while it ran", instructions)
    assert name in told
    assert words in told


def test_a_signal_without_a_name_and_an_exit() -> None:
    assert "signal 250" in explained(-250, "while it ran")
    assert "exit status 3: no such thing. Build" in explained(3, "then", words="no such thing")


def test_what_it_wrote_last_is_told() -> None:
    with (
        Probing(probe=("-c", "import sys; sys.exit('lost: libggml.so')")) as probing,
        pytest.raises(ModelLoadError, match=r"status 1: lost: libggml\.so\. Build it again"),
    ):
        probing.about()


def test_what_takes_too_long_is_stopped() -> None:
    with (
        Probing(probe=fake(run="time.sleep(60)"), seconds=0.5) as probing,
        pytest.raises(ModelLoadError, match=r"more than 0\.5 seconds"),
    ):
        run(probing)


def test_no_process_is_left_behind() -> None:
    others = set(psutil.Process().children())  # such as a parser that another test's app keeps
    with Probing(probe=fake(run="pass")) as probing:
        probing.about()
        (child,) = set(psutil.Process().children()) - others
    assert not child.is_running()


def test_the_real_process_answers_for_what_it_cannot_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without llama_cpp, whether it is installed here or not."""
    (tmp_path / "llama_cpp").mkdir()
    (tmp_path / "llama_cpp" / "__init__.py").write_text("raise ImportError('no library')\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from rag.probe import main; main()"
    with (
        Probing(probe=("-c", code)) as probing,
        pytest.raises(ModelLoadError, match=r"cannot be used \(no library\)\. Build it with"),
    ):
        probing.about()


def test_instructions_of_a_build_with_several_parts() -> None:
    text = "CUDA : ARCHS = 900 | USE_GRAPHS = 1 | CPU : AVX = 1 | AVX2 = 0 | NEON = 1"
    assert About("", text, True, ()).instructions == {"USE_GRAPHS", "AVX", "NEON"}
