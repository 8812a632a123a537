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
from ganvas.translate.applied import How, applied_snapshot
from ganvas.translate.photo import Photo


def translated(snapshot: Snapshot | str | Path, picture: NDArray[Any], **how: Any) -> NDArray[Any]:
    """What a translator or upscaler makes of a picture; the Python side of ``ganvas translate`` and ``upscale``.

    Args:
        snapshot: as `ganvas.open` gives it, or its place.
        picture: uint8 or uint16 (H, W), (H, W, 1) or (H, W, 3), any size; class numbers (H, W) where the network was
            trained on maps of classes.
        how: fields of `ganvas.translate.applied.How`, such as ``mode="train"``, ``tile=512``, ``reverse=True``,
            ``device="cuda"``.

    Returns:
        (scale · H, scale · W, C) of the picture's type.

    Raises:
        GanvasError: a snapshot that cannot translate, or a picture that it cannot take.
    """
    if "device" in how:
        how["device"] = torch.device(how["device"])
    opened = snapshot if isinstance(snapshot, Snapshot) else open_snapshot(snapshot)
    pixels = np.atleast_3d(picture)
    if pixels.ndim != 3 or pixels.dtype not in (np.uint8, np.uint16):
        raise GanvasError(f"a picture is uint8 or uint16 (H, W, C), not {picture.dtype} {picture.shape}")
    try:
        return applied_snapshot(opened, opened.recipe.name, How(**how))(Photo(pixels)).pixels
    except Unreadable as error:
        raise GanvasError(f"the picture {error}") from error
