"""How far a run has come, and what its players reported on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ganvas.games.player import Player


class Progress:
    """Images seen (real images of one global batch a round), the next round's number, and running sums of reports."""

    def __init__(self) -> None:
        self.images = 0
        self.round = 0
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def report(self, player: Player, values: Mapping[str, Tensor]) -> None:
        """Add one turn's detached numbers under ``player/name``; nothing is read on the host here."""
        for name, value in values.items():
            key = f"{player.name}/{name}"
            self._sums[key] = self._sums[key] + value if key in self._sums else value
            self._counts[key] = self._counts.get(key, 0) + 1

    def advance(self, images: int) -> None:
        """A round is over."""
        self.images += images
        self.round += 1

    def means(self) -> dict[str, float]:
        """The mean of every report since the last `clear`; this waits for the device."""
        return {key: float(total) / self._counts[key] for key, total in self._sums.items()}

    def clear(self) -> None:
        """Begin new means."""
        self._sums, self._counts = {}, {}

    def state_dict(self) -> dict[str, Any]:
        return {"images": self.images, "round": self.round, "sums": self._sums, "counts": self._counts}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.images, self.round = state["images"], state["round"]
        self._sums = {key: torch.as_tensor(total) for key, total in state["sums"].items()}
        self._counts = dict(state["counts"])
