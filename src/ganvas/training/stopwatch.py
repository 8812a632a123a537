"""How long a run has trained, over all its sittings."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any


class Stopwatch:
    """Seconds of wall time since the start, resumed runs added up."""

    def __init__(self) -> None:
        self.before, self.started = 0.0, time.monotonic()

    @property
    def seconds(self) -> float:
        return self.before + time.monotonic() - self.started

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.before, self.started = float(state["seconds"]), time.monotonic()
