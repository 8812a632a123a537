"""How fast a generator samples: throughput at a batch of 64, latency of a single picture."""

from __future__ import annotations

import time
from statistics import median

from torch import Tensor

from ganvas.evaluate.card import Measurement, Protocol
from ganvas.evaluate.sets import Sampler

BATCH = 64
WARM_UP = 2
REPEATS = 5
MOST_REPEATS = 50
AT_LEAST_SECONDS = 1.0


def measure_speed(sampler: Sampler, condition: Tensor | None, truncation: float) -> list[Measurement]:
    """`images_per_second` and `latency_seconds`: medians over repeated calls, the pictures brought to the host.

    Args:
        sampler: what samples.
        condition: one condition per picture, at least 64 of them, or None.
        truncation: as the card's other samples.
    """
    batched, runs = _seconds(sampler, condition, truncation, BATCH)
    single, single_runs = _seconds(sampler, condition, truncation, 1)
    return [
        Measurement(
            name="images_per_second",
            value=BATCH / batched,
            unit="images/s",
            better="higher",
            protocol=Protocol(n_fake=BATCH, detail=f"median of {runs} calls after {WARM_UP} to warm up"),
        ),
        Measurement(
            name="latency_seconds",
            value=single,
            unit="s",
            better="lower",
            protocol=Protocol(n_fake=1, detail=f"median of {single_runs} calls after {WARM_UP} to warm up"),
        ),
    ]


def _seconds(sampler: Sampler, condition: Tensor | None, truncation: float, batch: int) -> tuple[float, int]:
    """Median seconds of one call for ``batch`` pictures, and over how many calls."""
    asked = condition[:batch] if condition is not None else None
    times: list[float] = []
    while len(times) < WARM_UP + REPEATS or (sum(times) < AT_LEAST_SECONDS and len(times) < MOST_REPEATS):
        start = time.perf_counter()
        sampler.sample(range(batch), asked, truncation).cpu()  # a copy to the host waits for the device
        times.append(time.perf_counter() - start)
    return median(times[WARM_UP:]), len(times) - WARM_UP
