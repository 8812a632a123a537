"""POT (Python Optimal Transport), loaded when first asked for, and alone."""

from __future__ import annotations

import os
import sys
from types import ModuleType

SWITCHES = {
    "torch": "POT_BACKEND_DISABLE_PYTORCH",
    "jax": "POT_BACKEND_DISABLE_JAX",
    "cupy": "POT_BACKEND_DISABLE_CUPY",
    "tensorflow": "POT_BACKEND_DISABLE_TENSORFLOW",
}


def load() -> ModuleType:
    """The module ``ot``. It imports every array library it finds, seconds of work that numpy arrays do not need: those
    not loaded yet stay unloaded (and then unknown to POT in this process)."""
    switched = [key for name, key in SWITCHES.items() if name not in sys.modules and key not in os.environ]
    os.environ.update(dict.fromkeys(switched, "1"))
    try:
        import ot
    finally:
        for key in switched:
            os.environ.pop(key, None)
    module: ModuleType = ot
    return module
