"""What runs the language model: which build of llama.cpp, on what."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

__all__ = ["described", "identity", "on_card"]

_GRAPHICS = ("cuda", "hip", "metal", "opencl", "sycl", "vulkan")


def described(library: Any, gpu_layers: int) -> dict[str, Any]:
    """For receipts: llama-cpp-python's version, a hash of its compiled parts, the processor's
    features.

    library  the package llama_cpp, which only `rag.native` imports
    """
    compiled = hashlib.sha256()
    for file in sorted(Path(library.__file__).parent.glob("lib/*")):
        if file.is_file() and not file.is_symlink():
            compiled.update(file.read_bytes())
    features = library.llama_print_system_info()
    return {
        "version": str(library.__version__),
        "compiled": compiled.hexdigest()[:16],
        "features": features.decode("utf-8", "replace").strip(" |\n"),
        "gpu_layers": gpu_layers,
    }


def identity() -> str:
    """Sixteen hex digits that change when llama.cpp is built again; "" where there is none.

    By its files' names, sizes and times, so that nothing is loaded and little is read.
    """
    files = _compiled()
    digest = hashlib.sha256()
    for file in files:
        status = file.stat()
        digest.update(f"{file.name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16] if files else ""


def on_card(gpu_layers: int) -> bool:
    """Whether a model goes to a graphics card, if there is one: the build has a part for cards,
    and the setting puts layers there. Loads nothing.
    """
    return gpu_layers != 0 and any(each in file.name for file in _compiled() for each in _GRAPHICS)


def _compiled() -> list[Path]:
    spec = find_spec("llama_cpp")
    if spec is None or spec.origin is None:
        return []
    return sorted((Path(spec.origin).parent / "lib").glob("*"))
