"""A small classifier trained on the real labels in seconds: features of this very data, and a judge of classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganvas.errors import GanvasError
from ganvas.evaluate.extractors import Material, NetworkExtractor, Resize
from ganvas.images import to_network

FEATURES = 128
BATCH = 128
IMAGES_SHOWN = 40_000
"""Training stops after so many pictures: 8 epochs of 5,000 digits, seconds on two CPU cores."""


@dataclass(frozen=True)
class Judge(NetworkExtractor):
    """The penultimate layer as features, the last one as opinion. ``accuracy`` is that on unseen real pictures."""

    head: nn.Linear
    accuracy: float

    @torch.no_grad()
    def classify(self, features: Tensor) -> Tensor:
        """Its own features (N, d) → int64 (N,), the likeliest class of each."""
        return self.head(features.to(self.device)).argmax(dim=1)


def self_trained(material: Material) -> Judge:
    """Train the judge on the known pictures and measure it on the unseen ones.

    Raises:
        GanvasError: the data have no labels, or only one class.
    """
    if material.labels is None or len(np.unique(material.labels)) < 2:
        raise GanvasError("the extractor 'self-trained' needs labels of at least two classes; choose others")
    resizing = Resize.at_most(64, material.space, mode="bilinear", antialias=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(material.seed)
        body = _body(material.space.channels, resizing.height, resizing.width).to(material.device)
        head = nn.Linear(FEATURES, int(material.labels.max()) + 1).to(material.device)
    _train(body, head, resizing, material, material.labels)
    judge = Judge("self-trained", resizing, body.eval(), FEATURES, material.device, head, accuracy=0.0)
    return replace(judge, accuracy=_accuracy(judge, material, material.labels))
