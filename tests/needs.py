"""What some tests cannot do without. On every other machine they run, or fail."""

from __future__ import annotations

import platform
import sys

import pytest

needs_openvino = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="requirements.txt has OpenVINO for Linux on x86-64 only",
)
"""By platform, not by what is installed: where it belongs to the install, its lack is a failure."""
