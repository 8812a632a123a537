"""Numbers that change over a run, as pure functions of the images seen: so resuming needs no memory of them."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from ganvas.config import Config


class Schedule(Config):
    """From ``start``, held for the share ``hold`` of the run's horizon, to ``end`` at the share ``share``, and on.

    On the command line ``1->0.1`` is the cosine schedule (the shape R3GAN anneals everything by, Huang et al. 2024).
    """

    start: float
    end: float
    shape: Literal["cosine", "linear", "geometric", "step"] = "cosine"
    share: float = Field(default=1.0, gt=0.0, le=1.0)
    hold: float = Field(default=0.0, ge=0.0, lt=1.0)

    def at(self, progress: float) -> float:
        """The value when ``progress`` (images seen / horizon, any number ≥ 0) of the run is done."""
        t = min(max(progress - self.hold, 0.0) / (self.share - self.hold), 1.0)
        if self.shape == "step":
            return self.end if t >= 1.0 else self.start
        if self.shape == "geometric":
            return self.start * math.exp(t * math.log(self.end / self.start))
        way = t if self.shape == "linear" else (1.0 - math.cos(math.pi * t)) / 2.0
        return self.start + (self.end - self.start) * way

    @model_validator(mode="after")
    def _moves(self) -> Schedule:
        if self.hold >= self.share:
            raise ValueError(f"held until {self.hold:g}, a schedule cannot have ended at {self.share:g} of the run")
        return self

    @model_validator(mode="after")
    def _has_ratio(self) -> Schedule:
        if self.shape == "geometric" and not self.start * self.end > 0:
            raise ValueError(f"a geometric schedule never crosses 0; {self.start:g} to {self.end:g} cannot be one")
        return self


def _arrow(value: Any) -> Any:
    if isinstance(value, str) and "->" in value:
        start, _, end = value.partition("->")
        return {"start": start, "end": end}
    return value


Value = Annotated[float | Schedule, BeforeValidator(_arrow)]
"""A number, or a schedule of it."""


def value_at(value: float | Schedule, progress: float) -> float:
    """What ``value`` is when ``progress`` of the run is done."""
    return value.at(progress) if isinstance(value, Schedule) else value
