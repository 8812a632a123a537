"""A small classifier trained on the real labels in seconds: features of this very data, and a judge of classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ganvas.evaluate.extractor import Material, NetworkExtractor, Resize, UnsuitableError
from ganvas.evaluate.features_cache import Kept, code_of, digest, keep, load
from ganvas.images import to_network

WIDTHS = (24, 48, 96)
FEATURES = 128
BATCH = 64
IMAGES_SHOWN = 50_000
"""Training ends after so many pictures: 10 epochs of 5,000 digits, some 15 seconds on two busy CPU cores."""
REPORT_EVERY = 50


@dataclass(frozen=True)
class Judge(NetworkExtractor):
    """Penultimate layer as features, last one as opinion; ``accuracy`` is its share right on unseen pictures."""

    head: nn.Linear
    accuracy: float

    @torch.no_grad()
    def classify(self, features: Tensor) -> Tensor:
        """Its own features (N, d) → int64 (N,), the likeliest class of each."""
        logits: Tensor = self.head(features.to(self.device))
        return logits.argmax(dim=1).cpu()


def self_trained(material: Material) -> Judge:
    """Train the judge on its lesson, measure it on the unseen ones; or find it kept from an earlier time.

    Raises:
        UnsuitableError: the data have no labels, or only one class.
    """
    labels = material.labels
    if labels is None or len(np.unique(labels)) < 2:
        raise UnsuitableError("self-trained needs labels of at least two classes, which these data do not have")
    resizing = Resize.at_most(64, material.space, mode="bilinear", antialias=True)
    with torch.random.fork_rng(devices=[]):  # layers are drawn by the global generator; leave it as it was
        torch.manual_seed(material.seed)
        body = _body(material.space.channels, resizing.height, resizing.width).to(material.device)
        head = nn.Linear(FEATURES, int(labels.max()) + 1).to(material.device)
    judge = Judge("self-trained", resizing, body, FEATURES, material.device, head, accuracy=0.0)
    key = _key(material, labels, resizing)
    kept = load(key) if material.fingerprint else None
    if kept:
        return _remembered(judge, kept)
    network = nn.Sequential(body, head)
    _train(network, resizing, material, torch.from_numpy(labels))
    judge = replace(judge, accuracy=_accuracy(judge, material, labels))
    if material.fingerprint:
        keep(key, Kept(network.state_dict(), {"accuracy": judge.accuracy}))
    return judge


def _key(material: Material, labels: np.ndarray, resizing: Resize) -> dict[str, Any]:
    """All that a trained judge depends on."""
    return {
        "judge": [code_of(Path(__file__)), IMAGES_SHOWN],
        "data": material.fingerprint,
        "labels": digest(labels),
        "lesson": digest(material.lesson),
        "unseen": digest(material.unseen),
        "resize": str(resizing),
        "seed": material.seed,
    }


def _remembered(judge: Judge, kept: Kept) -> Judge:
    """The fresh ``judge`` with the weights that an earlier one ended with."""
    nn.Sequential(judge.network, judge.head).load_state_dict(kept.tensors)
    judge.network.eval()
    return replace(judge, accuracy=kept.facts["accuracy"])


def _accuracy(judge: Judge, material: Material, labels: np.ndarray) -> float:
    right = [
        judge.classify(judge(_pictures(material, rows))) == torch.from_numpy(labels[rows])
        for rows in np.array_split(material.unseen, -(-len(material.unseen) // 500))
    ]
    return float(torch.cat(right).double().mean())


def _body(channels: int, height: int, width: int) -> nn.Sequential:
    """Convolutions that halve the sides, until they are 3 px or the widths are used up, and a dense layer."""
    layers: list[nn.Module] = []
    for after in WIDTHS:
        if min(height, width) < 4:
            break
        layers += [nn.Conv2d(channels, after, 4, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        channels, height, width = after, height // 2, width // 2
    pool = nn.AdaptiveAvgPool2d((min(height, 4), min(width, 4)))
    inputs = channels * min(height, 4) * min(width, 4)
    return nn.Sequential(*layers, pool, nn.Flatten(), nn.Linear(inputs, FEATURES), nn.ReLU())


def _train(network: nn.Sequential, resizing: Resize, material: Material, labels: Tensor) -> None:
    generator = torch.Generator().manual_seed(material.seed)
    steps = IMAGES_SHOWN // BATCH
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=steps)
    network.train()
    for step in range(steps):
        rows = material.lesson[torch.randint(len(material.lesson), (BATCH,), generator=generator).numpy()]
        images = resizing(to_network(_pictures(material, rows).to(material.device)))
        logits = network(_shifted(images, generator))
        loss = functional.cross_entropy(logits, labels[rows].to(material.device), label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if (step + 1) % REPORT_EVERY == 0:
            material.on_progress("training the judge", step + 1, steps)
    network.eval()


def _shifted(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each picture moved by −1, 0 or 1 px either way, its border repeated."""
    n, _, height, width = images.shape
    places = functional.pad(images, (1, 1, 1, 1), mode="replicate").unfold(2, height, 1).unfold(3, width, 1)
    dy, dx = torch.randint(3, (2, n), generator=generator).to(images.device)
    return places[torch.arange(n, device=images.device), :, dy, dx]


def _pictures(material: Material, rows: np.ndarray) -> Tensor:
    return torch.from_numpy(np.asarray(material.images[rows]))
