"""What runs the language model: which build of llama.cpp, on what. For receipts."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any


def described(library: Any, threads: int, gpu_layers: int) -> dict[str, Any]:
    """llama-cpp-python's version, a hash of its compiled parts, and the processor's features.

    library  the package llama_cpp, which only `rag.llama` imports
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
        "threads": threads,
        "gpu_layers": gpu_layers,
    }
