"""Extractors made from public networks, whose weights must be on this machine: `ganvas.weights` says where.

A name may carry an argument behind a colon: ``inception:legacy`` resizes as papers before 2021 did, ``dinov2:PATH``
takes the weights from that file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from ganvas.config import suggest
from ganvas.errors import GanvasError
from ganvas.evaluate.extractor import Extractor, Material, UnsuitableError
from ganvas.evaluate.onnx_file import onnx_file
from ganvas.evaluate.resizing import FILTERS, Filter, to_rgb
from ganvas.nn.backbones import efficientnet_lite0, inception, vgg16
from ganvas.nn.backbones.filling import filled, folded
from ganvas.nn.backbones.flax import from_flax
from ganvas.nn.backbones.vit import vision_transformer
from ganvas.weights import State, checksum, locate_weights, read_state

AT_ONCE = 32
"""Pictures that pass a network together: 224 px a side and 64 channels are 400 MB by then."""
CHANNELS = (1, 3, 4)
VERSION = 1
"""Part of every fingerprint here; raise it when the same weights give other features than before."""


@dataclass(frozen=True)
class Scaling:
    """Grey levels [0, 255] → (level − mean) / deviation, a channel each."""

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]

    def __call__(self, levels: Tensor) -> Tensor:
        mean, deviation = (levels.new_tensor(values)[:, None, None] for values in (self.mean, self.deviation))
        return (levels - mean) / deviation


IMAGENET = Scaling((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))


@dataclass(frozen=True)
class Kind:
    """A public network and how it wants its pictures."""

    weights: str
    network: Callable[[State], nn.Module]
    dimension: int
    side: int
    scaling: Scaling


def _efficientnet_lite0(state: State) -> nn.Module:
    return folded(filled(efficientnet_lite0.EfficientNetLite0, state, "EfficientNet-Lite0"))


def _inception(state: State) -> nn.Module:
    return folded(filled(inception.Inception, state, "Inception v3 of 2015"))


def _vgg16(state: State) -> nn.Module:
    return filled(vgg16.VGG16, state, "VGG16")


def _vgg16_convolutional(state: State) -> nn.Module:
    return filled(vgg16.VGG16Convolutional, from_flax(state, vgg16.VGG16Convolutional)[0], "VGG16's convolutions")


KINDS: Mapping[str, Kind] = {
    "efficientnet-lite0": Kind(
        "efficientnet-lite0",
        _efficientnet_lite0,
        efficientnet_lite0.DIMENSION,
        efficientnet_lite0.SIDE,
        Scaling((127.0,) * 3, (128.0,) * 3),
    ),
    "inception": Kind(
        "inception", _inception, inception.DIMENSION, inception.SIDE, Scaling((128.0,) * 3, (128.0,) * 3)
    ),
    "vgg16": Kind("vgg16", _vgg16, vgg16.DIMENSION, vgg16.SIDE, IMAGENET),
    "vgg16-conv": Kind("lpips-vgg16", _vgg16_convolutional, vgg16.CONVOLUTIONAL_DIMENSION, vgg16.SIDE, IMAGENET),
}


@dataclass(frozen=True)
class PublicExtractor:
    """Pictures as RGB grey levels, resized to a square, scaled, through a network: float32 (N, d)."""

    name: str
    network: nn.Module
    dimension: int
    side: int
    scaling: Scaling
    filter: Filter
    checksum: str
    """Of the file of weights."""
    device: torch.device

    @property
    def resize(self) -> str:
        return f"{self.filter.words} to {self.side}x{self.side}"

    @property
    def fingerprint(self) -> str:
        facts = (VERSION, self.name, self.resize, self.scaling, self.checksum)
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        return torch.cat([self._few(some) for some in torch.split(images, AT_ONCE)])

    def _few(self, images: Tensor) -> Tensor:
        levels = self.filter.apply(to_rgb(images.to(self.device)), (self.side, self.side))
        features: Tensor = self.network(self.scaling(levels).contiguous(memory_format=torch.channels_last))
        return features.float()


def public_extractor(name: str, argument: str, material: Material) -> Extractor:
    """The extractor of that name from `KINDS`; ``argument`` names a filter, or is empty for the clean one.

    Raises:
        GanvasError: no such filter, or the weights are not here.
        UnsuitableError: pictures that are neither grey nor coloured.
    """
    _check_channels(name, material)
    if (argument or "clean") not in FILTERS:
        raise GanvasError(f"'{name}:{argument}': no filter is called '{argument}'; {suggest(argument, FILTERS)}")
    kind, file = KINDS[name], locate_weights(KINDS[name].weights)
    return PublicExtractor(
        name=f"{name}:{argument}" if argument == "legacy" else name,
        network=_placed(kind.network(read_state(file)), material.device),
        dimension=kind.dimension,
        side=kind.side,
        scaling=kind.scaling,
        filter=FILTERS[argument or "clean"],
        checksum=checksum(file),
        device=material.device,
    )


def transformer_from(name: str, argument: str, material: Material) -> Extractor:
    """A vision transformer from the file ``argument``, at 224 px, or the next multiple of its patch below.

    ``dinov2`` without a file takes ViT-S/14 from where weights are kept. Raises as `public_extractor`.
    """
    _check_channels(name, material)
    if not argument and name != "dinov2":
        raise GanvasError(f"'{name}' needs a file of weights: {name}:PATH")
    file = Path(argument) if argument else locate_weights("dinov2-s14")
    network = vision_transformer(read_state(file), str(file))
    return PublicExtractor(
        name=f"{name}:{file.name}" if argument else name,
        network=_placed(network, material.device),
        dimension=network.sizes.dimension,
        side=224 - 224 % network.sizes.patch,
        scaling=IMAGENET,
        filter=FILTERS["clean"],
        checksum=checksum(file),
        device=material.device,
    )


PUBLIC: Mapping[str, Callable[[str, Material], Extractor]] = {
    **{name: partial(public_extractor, name) for name in KINDS},
    "dinov2": partial(transformer_from, "dinov2"),
    "vit": partial(transformer_from, "vit"),
    "onnx": onnx_file,
}
"""Name → (what stands behind the colon, material) → extractor."""


def _placed(network: nn.Module, device: torch.device) -> nn.Module:
    return network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _check_channels(name: str, material: Material) -> None:
    if material.space.channels not in CHANNELS:
        raise UnsuitableError(f"{name} looks at grey or coloured pictures, not at {material.space.channels} channels")
