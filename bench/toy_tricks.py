"""What each trick does on a toy: every variant of `ganvas toy variants`, several seeds, one table in markdown.

    python bench/toy_tricks.py [--toy grid] [--seeds 5] [--images 1500000] [--processes 2] [VARIANT …]

Each run has one thread. Modes are of 2,500 points after PacGAN (Lin et al. 2018): covered by one point within 3σ.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from multiprocessing import get_context
from statistics import mean, stdev
from typing import Any

import torch

from ganvas.toys.plane import IMAGES, VARIANTS, lesson, read_out
from ganvas.toys.targets import TARGETS

COLUMNS = {
    "modes_covered": "modes",
    "modes_at_half_mass": "at half mass",
    "high_quality_share": "within 3σ",
    "within_mode_sd_ratio": "width ratio",
    "reverse_kl": "reverse KL",
    "energy_distance": "energy distance",
    "js_over_generated": "JS over",
    "js_under_generated": "JS under",
    "cpu_seconds": "CPU s",
}


def run(job: tuple[str, int], toy: str, images: int | None) -> dict[str, Any]:
    """One variant, one seed."""
    variant, seed = job
    torch.set_num_threads(1)
    subject = lesson(variant, TARGETS[toy](), (), seed, images or IMAGES.get(toy))
    start = time.process_time()
    subject.play.on(subject.play.recipe.images)
    seconds = time.process_time() - start
    return {"variant": variant, **read_out(subject.play), "cpu_seconds": seconds}


def cell(values: list[Any]) -> str:
    """Mean ± standard deviation over seeds; n/a where a run has none."""
    numbers = [float(value) for value in values if value is not None]
    if not numbers:
        return "n/a"
    return f"{mean(numbers):.3g} ± {stdev(numbers) if len(numbers) > 1 else 0:.2g}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variants", nargs="*", default=list(VARIANTS))
    parser.add_argument("--toy", default="grid", choices=TARGETS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--images", type=int)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    jobs = list(product(asked.variants or list(VARIANTS), range(asked.seeds)))
    with ProcessPoolExecutor(asked.processes, get_context("spawn")) as pool:
        rows = []
        for row in pool.map(partial(run, toy=asked.toy, images=asked.images), jobs):
            rows.append(row)
            print(f"{len(rows)} of {len(jobs)}: {row}", file=sys.stderr, flush=True)
    print(f"| {asked.toy} | " + " | ".join(COLUMNS.values()) + " |")
    print("|---" * (len(COLUMNS) + 1) + "|")
    for variant in dict.fromkeys(row["variant"] for row in rows):
        of_variant = [row for row in rows if row["variant"] == variant]
        print(f"| {variant} | " + " | ".join(cell([row.get(key) for row in of_variant]) for key in COLUMNS) + " |")


if __name__ == "__main__":
    main()
