"""The parts of the OpenVINO embedder that need no weights; the rest is in contracts/ and model/."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import ModelLoadError
from index.openvino import STEP, OpenVinoEmbedder, batches, padded
from tests.needs import needs_openvino

# A model of one multiplication, compiled and run as ours are: enough for 8-bit kernels or AMX to
# be chosen. Then: was the kernel asked for the right to use AMX (arch_prctl 0x1022, bit 18)?
RUN = """
import ctypes, sys
import numpy as np
from index.openvino import openvino
ov = openvino()
import openvino.opset13 as op
x = op.parameter([-1, 64], np.float32)
half = lambda node, least: op.fake_quantize(
    node, np.float32(least), np.float32(1), np.float32(least), np.float32(1), 256)
weights = half(op.constant(np.ones((64, 64), np.float32)), -1)
model = ov.Model([op.matmul(half(x, 0), weights, False, True)], [x])
run = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": sys.argv[1]})
run([np.ones((256, 64), np.float32)])
allowed = ctypes.c_uint64(0)
ctypes.CDLL(None).syscall(158, 0x1022, ctypes.byref(allowed))
print(bool(allowed.value >> 18 & 1), sys.modules["openvino_telemetry"], "torch" in sys.modules)
"""


@given(st.lists(st.integers(1, 300), max_size=80), st.integers(16, 4096))
def test_every_text_is_in_one_batch_and_batches_are_bounded(lengths: list[int], most: int) -> None:
    made = batches(lengths, most)
    assert sorted(row for batch in made for row in batch) == list(range(len(lengths)))
    for batch in made:
        width = -(-max(lengths[row] for row in batch) // STEP) * STEP
        assert len(batch) == 1 or len(batch) * width <= most
    longest = [max(lengths[row] for row in batch) for batch in made]
    assert longest == sorted(longest, reverse=True)


def test_what_is_filled_up_is_masked() -> None:
    tokens, mask = padded([[5, 6, 7], [8]], pad=1)
    assert tokens.shape == mask.shape == (2, STEP)
    assert tokens[0, :4].tolist() == [5, 6, 7, 1]
    assert mask.sum(1).tolist() == [3, 1]
    assert tokens.dtype == mask.dtype == np.int64


def test_a_model_that_cannot_be_loaded_is_told(tmp_path: Path) -> None:
    embedder = OpenVinoEmbedder(tmp_path, graph=tmp_path / "x.xml", name="mini", fingerprint="f")
    with pytest.raises(ModelLoadError, match=r"mini in .*refdesk models convert mini"):
        embedder.embed_queries(["What?"])


@needs_openvino
@pytest.mark.parametrize("hint", ["f32", "bf16"])
def test_amx_is_never_used_and_nothing_reported(hint: str) -> None:
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    if hint == "bf16" and "avx512_bf16" not in flags:
        pytest.skip("this processor has no bfloat16")
    assert ctypes.sizeof(ctypes.c_void_p) == 8
    environment = {k: v for k, v in os.environ.items() if k != "ONEDNN_MAX_CPU_ISA"}
    run = subprocess.run(
        [sys.executable, "-c", RUN, hint],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert run.stdout.split() == ["False", "None", "False"], run.stderr
