"""How fast the two dearest metrics are, as ratios to what people use: SciPy's matrix root, and the package prdc.

    python bench/metrics_speed.py [--small] [--repeats 3] [--threads 1] [--json FILE]

Fréchet distance of 5,000 against 5,000 features of 2,048 dimensions; precision, recall, density and coverage of 10,000
against 10,000 of 512. Each is measured in a process of its own, after a small warm-up: CPU seconds of all its threads,
wall seconds, and how far its peak of memory rises above what it held before. With ``--repeats`` ours and theirs take
turns and the least of each number counts, as a busy machine only ever adds to it. ``--threads`` is for both; with more
than one, threads that wait for each other burn CPU seconds, too. ``--small`` takes a quarter of the rows and
dimensions, to try the script.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ganvas.metrics import frechet_distance, neighbour_scores

Features = NDArray[np.float32]
SIZES = {"frechet": (5000, 2048), "neighbours": (10_000, 512)}


def ours_frechet(real: Features, fake: Features) -> list[float]:
    return [frechet_distance(torch.from_numpy(real), torch.from_numpy(fake))]


def scipy_frechet(real: Features, fake: Features) -> list[float]:
    import scipy.linalg

    one, two = (np.cov(features.astype(np.float64), rowvar=False) for features in (real, fake))
    root = scipy.linalg.sqrtm(one @ two).real
    shift = real.mean(axis=0, dtype=np.float64) - fake.mean(axis=0, dtype=np.float64)
    return [float(shift @ shift + np.trace(one + two - 2 * root))]


def ours_neighbours(real: Features, fake: Features) -> list[float]:
    scores = neighbour_scores(torch.from_numpy(real), torch.from_numpy(fake), k_manifold=5, k_density=5)
    return list(scores.means().values())


def prdc_neighbours(real: Features, fake: Features) -> list[float]:
    from prdc import compute_prdc

    return [float(value) for value in compute_prdc(real, fake, nearest_k=5).values()]


ROWS: dict[str, tuple[str, Callable[[Features, Features], list[float]]]] = {
    "ganvas frechet": ("frechet", ours_frechet),
    "scipy sqrtm": ("frechet", scipy_frechet),
    "ganvas neighbours": ("neighbours", ours_neighbours),
    "prdc": ("neighbours", prdc_neighbours),
}
RATIOS = {"scipy sqrtm": "ganvas frechet", "prdc": "ganvas neighbours"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--threads", type=int, help="as many as there are cores unless told otherwise")
    parser.add_argument("--only", choices=SIZES, help="one of the two metrics")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", choices=ROWS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    shrink = 4 if options.small else 1
    if options.one:
        print(json.dumps(measured(options.one, shrink)))
        return
    names = [name for name, (kind, _) in ROWS.items() if options.only in (None, kind)]
    tries = [{name: in_a_process(name, options) for name in names} for _ in range(options.repeats)]
    rows = {name: {key: min(one[name][key] for one in tries) for key in tries[0][name]} for name in names}
    ratios = {
        f"{theirs} / {ours}": {key: rows[theirs][key] / rows[ours][key] for key in ("cpu_s", "wall_s", "memory_mb")}
        for theirs, ours in RATIOS.items()
        if ours in rows
    }
    for name, numbers in ratios.items():
        print(name, {key: round(value, 2) for key, value in numbers.items()}, flush=True)
    if options.json:
        options.json.write_text(json.dumps({"rows": rows, "ratios": ratios}, indent=2) + "\n")


def in_a_process(name: str, options: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", name, *(["--small"] if options.small else [])]
    threads = {"OMP_NUM_THREADS": str(options.threads), "OPENBLAS_NUM_THREADS": str(options.threads)}
    environment = os.environ | (threads if options.threads else {})
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    row: dict[str, float] = json.loads(printed.splitlines()[-1])  # prdc prints, too
    print(name, row, flush=True)
    return row


def measured(name: str, shrink: int) -> dict[str, float]:
    kind, measure = ROWS[name]
    rows, dimensions = (size // shrink for size in SIZES[kind])
    generator = np.random.default_rng(0)
    real, fake = (generator.standard_normal((rows, dimensions), dtype=np.float32) for _ in range(2))
    measure(real[:200, :16].copy(), fake[:200, :16].copy())
    held, cpu, wall = peak_mb(), time.process_time(), time.perf_counter()
    values = measure(real, fake)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    result = {"cpu_s": cpu, "wall_s": wall, "memory_mb": max(peak_mb() - held, 1.0)}
    return result | {f"value_{i}": value for i, value in enumerate(values)}


def peak_mb() -> float:
    """Highest memory of this process so far (kilobytes on Linux, bytes on macOS)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main()
