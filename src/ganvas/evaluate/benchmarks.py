"""What the field measures on one kind of data alone, beside what is measured on all. The data name their benchmark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from ganvas.errors import GanvasError
from ganvas.evaluate.compare import Findings
from ganvas.evaluate.extractor import OnProgress
from ganvas.evaluate.looking import Fakes
from ganvas.evaluate.sets import Pictures
from ganvas.evaluate.stacked import SAMPLES, SHAPE, measure_modes


@dataclass(frozen=True)
class Benchmark:
    """A measurement whose protocol is fixed, as papers that are compared by it must keep to the same."""

    samples: int
    """Generated pictures."""
    shape: tuple[int, int, int]
    """(C, H, W) of the pictures."""
    measure: Callable[[Fakes, int, torch.device, OnProgress], Findings]
    """(generated pictures, seed, device, on_progress) → rows of the card. Raises `GanvasError`."""


BENCHMARKS = {"stacked-digits": Benchmark(SAMPLES, SHAPE, measure_modes)}


def measure_benchmark(
    real: Pictures, draw: Callable[[int], Fakes], seed: int, device: torch.device, on_progress: OnProgress
) -> Findings:
    """The rows that belong to these data; none where they name no benchmark, a note where it cannot be kept to.

    ``draw(count)`` makes so many pictures.
    """
    if real.benchmark is None:
        return Findings()
    benchmark = BENCHMARKS[real.benchmark]
    if real.space.shape != benchmark.shape:
        theirs, ours = ("x".join(map(str, shape)) for shape in (benchmark.shape, real.space.shape))
        return Findings(notes=(f"n/a: {real.benchmark} is measured on pictures of {theirs}, not {ours}",))
    try:
        return benchmark.measure(draw(benchmark.samples), seed, device, on_progress)
    except GanvasError as error:  # all else has been measured by now, and should not be lost
        return Findings(notes=(f"n/a: {real.benchmark}: {error}",))
