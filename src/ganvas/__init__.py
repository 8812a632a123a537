"""ganvas, the GAN workbench: train, measure, understand, steer and use generative adversarial networks.

    run = ganvas.train("sprint", data="digits", minutes=3)
    pictures = ganvas.open(run.path).sample(seeds=range(16), truncation=0.7)
    larger = ganvas.translated("x4.safetensors", picture)

Importing this module imports neither torch nor numpy; its functions do when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganvas.errors import GanvasError
    from ganvas.snapshot import open_snapshot as open
    from ganvas.training.start import train
    from ganvas.translate.arrays import translated

__version__ = "0.1.0"
__all__ = ["GanvasError", "__version__", "open", "train", "translated"]

_PLACES = {
    "GanvasError": ("ganvas.errors", "GanvasError"),
    "open": ("ganvas.snapshot", "open_snapshot"),
    "train": ("ganvas.training.start", "train"),
    "translated": ("ganvas.translate.arrays", "translated"),
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'ganvas' has no attribute '{name}'")
    from importlib import import_module

    module, attribute = _PLACES[name]
    return getattr(import_module(module), attribute)
