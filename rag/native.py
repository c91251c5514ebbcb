"""llama-cpp-python, or why it cannot be loaded.

The processes that run a model import this before anything that imports numpy: loaded after it, a
build for CUDA has crashed in the C++ library that both need.
"""

from __future__ import annotations

from typing import Any

__all__ = ["library", "missing"]

library: Any = None
missing: Exception | None = None
try:
    import llama_cpp
except (ImportError, OSError, RuntimeError) as exc:
    missing = exc
else:
    library = llama_cpp
