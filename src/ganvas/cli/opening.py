"""Opening what the user names on the command line."""

from __future__ import annotations

from pathlib import Path

from ganvas.recipes.table import load_code
from ganvas.snapshot import Snapshot, open_snapshot
from ganvas.training.runtime import detect


def open_for(snapshot: str, device: str, code: Path | None) -> Snapshot:
    """The snapshot on the asked device, after loading the user's own code where its GAN comes from outside."""
    if code is not None:
        load_code(code)
    return open_snapshot(snapshot, detect(device).place.device)
