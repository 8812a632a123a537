"""What two runs are compared by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ganvas.training.run import Run
from ganvas.training.state import read_state


def identical(a: Any, b: Any) -> bool:
    """Equal in every tensor, to the bit, and in everything else."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(identical(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(identical, a, b))
    return bool(a == b)


def trained(run: Run) -> dict[str, Any]:
    """Everything in a run's state that training changes; not the clocks."""
    return {name: part for name, part in read_state(run.state_file).items() if name not in ("stopwatch", "ticks")}


def images_saved(run: Path) -> int:
    """How far the state in this run directory is."""
    return int(read_state(run / "state.pt")["progress"]["images"])
