"""From Python: one picture in an array through a translation, without a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganvas.data.picture import Unreadable
from ganvas.errors import GanvasError
from ganvas.snapshot import Snapshot, open_snapshot
from ganvas.training.runtime import detect
from ganvas.translate.applied import How, applied_snapshot
from ganvas.translate.photo import Photo


def translated(snapshot: Snapshot | str | Path, picture: NDArray[Any], **how: Any) -> NDArray[Any]:
    """What a translator or upscaler makes of a picture; the Python side of ``ganvas translate`` and ``upscale``.

    Args:
        snapshot: as `ganvas.open` gives it, or its place.
        picture: uint8 or uint16 (H, W), (H, W, 1) or (H, W, 3), any size; class numbers (H, W) where the network was
            trained on maps of classes.
        how: fields of `ganvas.translate.applied.How`, such as ``mode="train"``, ``tile=512``, ``reverse=True``. With
            ``device="cuda"`` the network runs there (a snapshot that lies elsewhere stays there, a copy is moved);
            without, where the snapshot lies.

    Returns:
        (scale · H, scale · W, C) of the picture's type; where (H, W) stays grey, without C.

    Raises:
        GanvasError: a snapshot that cannot translate, a picture that it cannot take, or no such choice in ``how``.
    """
    device = detect(str(how.pop("device"))).place.device if "device" in how else None
    opened = snapshot if isinstance(snapshot, Snapshot) else open_snapshot(snapshot, device or "cpu")
    how["device"] = device or _place_of(opened)
    if not isinstance(picture, np.ndarray):
        raise GanvasError(f"a picture is an array, uint8 or uint16 (H, W, C), not a {type(picture).__name__}")
    if picture.ndim not in (2, 3) or not picture.size or picture.dtype not in (np.uint8, np.uint16):
        raise GanvasError(f"a picture is uint8 or uint16 (H, W, C), not {picture.dtype} {picture.shape}")
    pixels = np.atleast_3d(picture)
    try:
        made = applied_snapshot(opened, opened.recipe.name, How(**how))(Photo(pixels)).pixels
    except Unreadable as error:
        raise GanvasError(f"the picture {error}") from error
    return made[..., 0] if picture.ndim == 2 and made.shape[2] == 1 else made


def _place_of(snapshot: Snapshot) -> torch.device:
    """Where its networks lie."""
    return next(parameter.device for network in snapshot.networks.values() for parameter in network.parameters())
