"""How good ``sprint`` is on the packaged digits, in the eyes of a classifier that ganvas did not train.

    python bench/sprint_quality.py JUDGE.npz [--seeds 0,1,2] [--minutes 3 | --images N] [--json FILE]

JUDGE is a small MNIST classifier as arrays ``features.0``, ``features.3``, ``classifier.0``, ``classifier.2`` (weight
and bias; 3×3 convolutions with pooling, two linear layers, input (x/255 − .1307)/.3081), such as the one of the package
ccexam 1.0.0. Prints, per seed: images, CPU and wall seconds of training, class accuracy of 10,000 conditional samples,
the worst class, and coverage (k = 5, 5,000 real against 5,000 generated, in the judge's 128 features) beside the same
number for 5,000 other real digits.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, linear, max_pool2d

from ganvas.data.spec import DataSpec
from ganvas.metrics import neighbour_scores
from ganvas.snapshot import open_snapshot
from ganvas.training.start import Request, open_session, prepare

EACH = 1000


class Judge:
    """The classifier: (N, 1, 28, 28) uint8 → features (N, 128) and logits (N, 10)."""

    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as arrays:
            self.w = {name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays.files}

    @torch.no_grad()
    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        x = (images.float() / 255 - 0.1307) / 0.3081
        for layer in ("features.0", "features.3"):
            x = max_pool2d(conv2d(x, self.w[f"{layer}.weight"], self.w[f"{layer}.bias"], padding=1).relu(), 2)
        features = linear(x.flatten(1), self.w["classifier.0.weight"], self.w["classifier.0.bias"]).relu()
        return features, linear(features, self.w["classifier.2.weight"], self.w["classifier.2.bias"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("judge", type=Path)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--images", type=int)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    judge = Judge(options.judge)
    rows = [measured(judge, int(seed), options.minutes, options.images) for seed in options.seeds.split(",")]
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")


def measured(judge: Judge, seed: int, minutes: float | None, images: int | None) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        request = Request(DataSpec(source="digits"), "sprint", Path(folder), images=images, minutes=minutes, seed=seed)
        prepared = prepare(request)
        session = open_session(prepared)
        cpu, wall = time.process_time(), time.perf_counter()
        session.play()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        snapshot = open_snapshot(folder)
    asked = torch.arange(10).repeat_interleave(EACH)
    fakes = snapshot.sample(range(10 * EACH), asked)
    features, logits = judge(fakes)
    right = logits.argmax(1) == asked
    real = judge(torch.from_numpy(np.array(prepared.data.images)))[0]
    order = torch.from_numpy(np.random.default_rng(0).permutation(len(real)))
    first, second = real[order[:5000]], real[order[5000:10000]]
    some = features[torch.from_numpy(np.random.default_rng(1).permutation(len(features))[:5000])]
    coverage, reference = (neighbour_scores(first, other).means()["coverage"] for other in (some, second))
    row = {
        "seed": seed,
        "images": session.progress.images,
        "cpu_seconds": round(cpu, 1),
        "wall_seconds": round(wall, 1),
        "images_per_2_cpu_seconds": round(2 * session.progress.images / cpu),
        "class_accuracy": round(float(right.float().mean()), 4),
        "worst_class": round(min(float(right[asked == c].float().mean()) for c in range(10)), 4),
        "coverage": round(coverage, 4),
        "coverage_of_real": round(reference, 4),
        "coverage_ratio": round(coverage / reference, 4),
    }
    print(row, flush=True)
    return row


if __name__ == "__main__":
    main()
