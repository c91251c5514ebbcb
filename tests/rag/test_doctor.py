"""What the doctor finds: on made-up machines, and with a process that only plays llama.cpp."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from index.errors import ModelError
from rag import advice, config
from rag.build import Parts
from rag.calibration import Calibrations
from rag.doctor import Report, examined
from rag.fitting import AROUND, fit, layers_on_card, needed
from rag.gguf import Shape, read_context, read_shape
from rag.machine import Limits, Machine
from rag.manifest import Manifest, ModelEntry, ModelFile
from rag.models import ModelStore
from rag.probing import About, Device, Probing
from rag.sections import ModelSection
from rag.tuning import Speed, Tuning, in_force
from tests.rag.test_probing import SPEAK, die, fake
from ui.cli import main
from ui.doctor import lines

GB = 10**9
HERE = Machine(
    "Some Xeon", frozenset({"AVX", "AVX2", "AVX_VNNI", "AVX512", "AVX512_VNNI", "AMX_INT8"}),
    cores=4, present=8, physical=4, limits=Limits(), memory=16 * GB, available=8 * GB, cards=(),
)  # fmt: skip
BUILT = "CPU : AVX = 1 | AVX2 = 1 | AVX512 = 1 | AVX512_VNNI = 1 | REPACK = 1"
ABOUT = About("0.3.36", BUILT, False, ())
CARD = Device("CUDA0", "NVIDIA H100", 6 * GB, 80 * GB)
SHAPE = Shape(layers=28, kv_bytes=28_672)


# The header of a model's file


def gguf(*pairs: tuple[str, int | str]) -> bytes:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    body = b"".join(
        text(key)
        + (
            struct.pack("<II", 4, value)
            if isinstance(value, int)
            else struct.pack("<I", 8) + text(value)
        )
        for key, value in pairs
    )
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + body


QWEN = (
    ("general.architecture", "qwen2"), ("qwen2.context_length", 32_768),
    ("qwen2.block_count", 28), ("qwen2.embedding_length", 1536),
    ("qwen2.attention.head_count", 12), ("qwen2.attention.head_count_kv", 2),
)  # fmt: skip


def test_the_shape_of_a_network_is_read_from_its_header(tmp_path: Path) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(gguf(*QWEN, ("tokenizer.ggml.bos_token_id", 1), ("q.block_count", 99)))
    assert read_shape(file) == SHAPE
    assert read_context(file) == 32_768
    file.write_bytes(gguf(*QWEN, ("qwen2.attention.key_length", 64)))
    assert read_shape(file) == Shape(28, 2 * 28 * 2 * (64 + 128))
    file.write_bytes(gguf(*QWEN[:2]))
    assert read_shape(file) is None
    file.write_bytes(gguf(*QWEN)[:-3])
    with pytest.raises(ModelError, match="damaged"):
        read_shape(file)


# What fits, and how fast it would be


def test_memory_for_weights_context_and_all_around() -> None:
    assert needed(GB, SHAPE, 4096) == GB + 28_672 * 4096 + AROUND
    assert needed(GB, None, 1000) == GB + 32 * 1024 * 1000 + AROUND
    assert needed(8 * GB, None, 1000) == 8 * GB + 200_000 * 1000 + AROUND


def test_the_speed_of_another_model_follows_from_its_size() -> None:
    tried = (GB, Speed(80, 10))
    found = fit(2 * GB, None, 4096, 3 * GB, tried)
    assert found.speed == Speed(40, 5)
    assert found.fits
    assert not fit(3 * GB, None, 4096, 3 * GB, tried).fits
    assert fit(GB, SHAPE, 4096, 3 * GB, None).speed is None


def test_how_many_layers_a_card_holds() -> None:
    need = 28 * GB + AROUND
    assert layers_on_card(need, 28, 80 * GB) == 28
    assert layers_on_card(need, 28, 10 * GB + AROUND) == 10
    assert layers_on_card(need, 28, AROUND // 2) == 0


# What is said


def test_a_build_without_what_the_processor_has_is_told() -> None:
    processor, instructions = advice.processor(HERE, ABOUT)
    assert processor.text == "Some Xeon, 4 of 8 cores usable, 4 of them physical"
    assert instructions.state == "ok", "AVX_VNNI is within AVX512_VNNI, and AMX is left out"
    _, lacking = advice.processor(HERE, replace(ABOUT, features="CPU : AVX = 1"))
    assert lacking.state == "note"
    assert "also has AVX2, AVX512, AVX512_VNNI, AVX_VNNI: `make llama`" in lacking.text
    _, amx = advice.processor(HERE, replace(ABOUT, features=f"{BUILT} | AMX_INT8 = 1"))
    assert amx.state == "note"
    assert "refuse it" in amx.text
    assert len(list(advice.processor(HERE, None))) == 1
    quota = replace(HERE, cores=2, limits=Limits(cores=1.5))
    assert (
        "2 of 8 cores usable (limited to the time of 1.5)"
        in next(advice.processor(quota, None)).text
    )


def test_cards() -> None:
    def said(about: About, here: Machine = HERE, need: int = 2 * GB, layers: int = -1) -> str:
        found = advice.graphics(here, about, need, SHAPE, layers)
        return f"{found.state}: {found.text}"

    seen = replace(ABOUT, offloads=True, devices=(CARD,))
    assert said(ABOUT).startswith("ok: no card")
    nvidia = replace(HERE, cards=("8086:1234", "10de:2330"))
    assert "NVIDIA is there" in said(ABOUT, nvidia)
    assert "make llama GPU=cuda" in said(ABOUT, nvidia)
    assert said(replace(ABOUT, offloads=True)).startswith("note: llama.cpp is built for graphics")
    assert said(seen) == "ok: NVIDIA H100, 6.0 GB of 80.0 GB free; runs the model"
    assert "model.gpu_layers = 7" in said(seen, need=20 * GB)
    assert "not used (model.gpu_layers = 0)" in said(seen, layers=0)


def test_what_is_in_force_and_why(tmp_path: Path) -> None:
    kept = Calibrations(tmp_path / "calibration.json")
    start = Tuning(4, 512, False)
    plain = advice.tuned(in_force(ModelSection(), {}, start, None), kept)
    assert plain.text == (
        "threads 4, batch 512, flash attention off (default); `refdesk doctor --calibrate` "
        "measures whether others are faster"
    )
    mixed = in_force(ModelSection(threads=3), {"model.threads": "refdesk.toml"}, start, start, "x")
    assert advice.tuned(mixed, kept).text == (
        "threads 3 (set: refdesk.toml), batch 512 (calibrated on x), flash attention off "
        "(calibrated on x)"
    )
    kept.path.write_text("no")
    assert advice.tuned(mixed, kept).state == "note"
    assert "is damaged" in advice.tuned(mixed, kept).text


def test_a_model_that_does_not_fit_is_a_problem_only_where_it_is_in_use() -> None:
    entry = ModelEntry("big", "generator", "qwen2.5", (ModelFile("a", 1, "a" * 64),), "MIT", 512)

    def said(weights: int, *, chosen: bool) -> str:
        found = fit(weights, SHAPE, 4096, HERE.available, (GB, Speed(70, 10)))
        told = advice.model(entry, found, HERE, installed=chosen, chosen=chosen)
        return f"{told.state}: {told.text}"

    assert said(GB, chosen=True) == (
        "ok: big (in use) needs about 1.9 GB: fits; first word after about 5.0 s, an answer after "
        "9.0 s"
    )
    assert said(10 * GB, chosen=True).startswith("problem: big (in use) needs about 10.9 GB: only")
    assert said(30 * GB, chosen=False).startswith("note: big (not installed)")
    assert "choose a smaller one" in said(30 * GB, chosen=True)


def test_lines_keep_within_the_width() -> None:
    told = lines([advice.Finding("disk", "ok", "word " * 60), advice.Finding("x", "note", "y")], 90)
    assert max(map(len, told)) <= 90
    assert told[0].startswith("ok       disk  word")
    assert told[1].startswith(" " * 15 + "word")
    assert told[-1] == "note     x     y"


# The whole examination


def stored(folder: Path, name: str, role: str, content: bytes) -> ModelEntry:
    file = ModelFile(f"{name}.gguf", len(content), hashlib.sha256(content).hexdigest())
    family = "qwen2.5" if role == "generator" else "sentence-transformers"
    (folder / name).mkdir(parents=True)
    (folder / name / file.name).write_bytes(content)
    return ModelEntry(name, role, family, (file,), "MIT", 2048)


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    folder = tmp_path / "models"
    entries = (
        stored(folder, "tiny", "generator", gguf(*QWEN)),
        stored(folder, "other", "generator", gguf(*QWEN) + b"more"),
        stored(folder, "bert", "embedder", b"weights"),
    )
    names = {"REFDESK_MODELS_GENERATOR": "tiny", "REFDESK_MODELS_EMBEDDER": "bert"}
    found = Parts(
        config.load(
            home=tmp_path / "home", environment={**names, "REFDESK_EMBEDDER_BACKEND": "torch"}
        )
    )
    found.__dict__["models"] = ModelStore(Manifest(entries), folder)
    return found


Examine = Callable[..., Report]


@pytest.fixture
def examine(parts: Parts) -> Examine:
    def look(run: str = SPEAK, *, measure: bool = True, calibrate: bool = False) -> Report:
        return examined(
            parts,
            measure=measure,
            calibrate=calibrate,
            say=lambda _: None,
            probing=lambda: Probing(probe=fake(run=run)),
        )

    return look


def states(report: Report) -> dict[str, str]:
    return {each.name: each.state for each in report.findings}


def text(report: Report, name: str) -> str:
    return next(each.text for each in report.findings if each.name == name)


def test_all_is_well(examine: Examine) -> None:
    report = examine()
    assert report.healthy
    assert "tiny, verified, in use" in [each.text for each in report.findings]
    assert "llama-cpp-python 1.2 loads" in text(report, "llama.cpp")
    assert text(report, "tuning").endswith("measures whether others are faster")
    assert report.facts["measured"]["model"] == "tiny"
    tiny, other = report.facts["models"]
    assert (tiny["in_use"], other["in_use"]) == (True, False)
    assert tiny["finished_s"] > 0
    json.dumps(report.facts)


def test_quick_measures_nothing(examine: Examine) -> None:
    report = examine(measure=False)
    assert text(report, "speed") == "not measured (--quick)"
    assert report.facts["measured"] is None
    assert report.healthy


def test_a_build_that_dies_is_a_problem_and_the_rest_is_looked_at(examine: Examine) -> None:
    report = examine(die("SIGILL"))
    assert not report.healthy
    assert text(report, "prompt").startswith("tiny: llama.cpp died of an illegal instruction")
    assert "make llama" in text(report, "prompt")
    assert {"memory", "disk", "tuning", "model"} <= set(states(report))


def test_a_damaged_model_is_told_and_another_is_tried(parts: Parts, examine: Examine) -> None:
    (parts.models.directory / "tiny" / "tiny.gguf").write_bytes(b"GGUF")
    report = examine(measure=False)
    assert "truncated" in text(report, "generator")
    assert text(report, "prompt").startswith("other read one")
    assert states(report)["prompt"] == "ok"
    assert not report.healthy
    report = examine(calibrate=True)
    assert text(report, "calibration") == "not done: tiny cannot be run"


def test_a_calibration_is_kept_told_and_used(parts: Parts, examine: Examine) -> None:
    faster = (
        'pace = 1.0 if request["flash_attention"] else 2.0; '
        'print(json.dumps({"read_s": request["read"] / 100 / pace, '
        '"write_s": request["write"] / 10 / pace, "resident": 7}), flush=True); continue'
    )
    report = examine(faster, calibrate=True)
    assert "without flash attention, 2.00 times the pace" in text(report, "calibration")
    assert report.facts["tuning"]["flash_attention"] is False
    assert not parts.generator.tuning().tuning.flash_attention
    assert "flash attention off (calibrated on 20" in text(report, "tuning")
    assert (report.facts["measured"]["read"], report.facts["measured"]["write"]) == (200, 20)
    assert examine(faster, measure=False).facts["measured"]["read"] == pytest.approx(200)
    assert report.healthy


def test_without_models_it_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REFDESK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("REFDESK_MODELS_FOLDER", str(tmp_path / "models"))
    assert main(["doctor", "--quick"]) == 1
    said = capsys.readouterr().out
    assert "problem  generator" in said
    assert "refdesk models pull qwen2.5-coder-1.5b-instruct" in " ".join(said.split())
    assert "note     prompt        not tried" in said or "problem  llama.cpp" in said
    assert not (tmp_path / "home").exists(), "nothing is made by looking"
