"""Generators of pix2pix, CycleGAN and CUT, as the authors' PyTorch code names them: U-Net and ResNet.

Networks are nested Sequentials, so that a layer's name is its place; batch normalisation shows in one-dimensional
weights, instance normalisation in the biases of the convolutions before it. Pictures lie in [−1, 1].
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganvas.bridge.foreign import Dialect, Foreign, Modules, count, numbers, renamed, written
from ganvas.errors import GanvasError
from ganvas.models.networks import TranslatorConfig
from ganvas.models.resnet_translator import ResNetTranslator
from ganvas.models.unet import UNetTranslator
from ganvas.nn.norms import Norm
from ganvas.space import Source, Space
from ganvas.weights import State

NO_BIASES = (".num_batches_tracked", ".bias")
"""Their networks without normalisation have no biases either (but for the last); ours have."""


def norm_of(state: State, first: str) -> Norm:
    """Which normalisation a network has, whose first convolution is called ``first``."""
    if any(t.ndim == 1 and name.endswith(".weight") for name, t in state.items()):
        return "batch"
    return "instance" if f"{first}.bias" in state else "none"


def described(norm: Norm) -> str:
    return {"batch": "batch normalisation", "instance": "instance normalisation", "none": "no normalisation"}[norm]


def spaces(source: int, target: int, side: int) -> dict[str, Any]:
    """Between pictures of side × side."""
    return {
        "source": Source(channels=source, height=side, width=side),
        "target": Space(channels=target, height=side, width=side),
    }


def unet_modules(levels: int) -> Modules:
    """Level k stands inside level k − 1, as its layer 1 (in the outermost) or 3."""
    paths = ["model.model", *("model.model.1" + ".model.3" * k + ".model" for k in range(levels - 1))]
    modules: Modules = {}
    for k, path in enumerate(paths):
        down, up, norms = (
            (0, 3, {}) if k == 0 else (1, 3, {"up": 4}) if k == levels - 1 else (1, 5, {"down": 2, "up": 6})
        )
        modules |= {f"{path}.{down}": f"downs.{k}", f"{path}.{up}": f"ups.{levels - 1 - k}"}
        modules |= {
            f"{path}.{at}": f"{side}_norms.{k if side == 'down' else levels - 1 - k}" for side, at in norms.items()
        }
    return modules


def read_unet(state: State) -> Foreign:
    """pix2pix's UnetGenerator."""
    levels = 1 + count(state, ".model.1.weight")
    norm = norm_of(state, "model.model.0")
    first, last = state["model.model.0.weight"], state["model.model.3.weight"]
    noisy = norm == "batch" and levels > 5
    what = f"a pix2pix U-Net of {levels} levels with {described(norm)}"
    note = (
        "the file does not tell whether there was dropout: taken as .5, and on when translating, as pix2pix has it"
        if noisy
        else "the file does not tell whether there was dropout: taken as none"
    )
    return Foreign(
        what=what,
        paper="Isola, Zhu, Zhou & Efros 2017, arXiv 1611.07004",
        config=UNetTranslator(levels=levels, width=len(first), norm=norm, dropout=0.5 if noisy else 0.0),
        **spaces(first.shape[1], last.shape[1], 2**levels),
        weights=renamed(state, unet_modules(levels), what),
        test_mode="train" if norm == "batch" else "eval",
        zero=NO_BIASES if norm == "none" else NO_BIASES[:1],
        notes=(note,) if levels > 5 else (),
    )


def resnet_modules(blocks: int, dropout: bool, antialias: bool) -> Modules:
    """CUT's blurring layers, and dropout in a block, move what comes after them by one place."""
    blur, up_first = int(antialias), int(antialias)
    second = 10 + 2 * blur  # of the blocks: after the first convolution and two halvings
    modules = {"model.1": "stem.1", "model.2": "stem.2"}
    for i in range(2):
        at = 4 + i * (3 + blur)
        modules |= {f"model.{at}": f"downs.{i}.0", f"model.{at + 1}": f"downs.{i}.1"}
    for i in range(blocks):
        theirs = (1, 2, 6, 7) if dropout else (1, 2, 5, 6)
        modules |= {
            f"model.{second + i}.conv_block.{a}": f"blocks.{i}.branch.{b}"
            for a, b in zip(theirs, (1, 2, 6, 7), strict=True)
        }
    for i in range(2):
        at = second + blocks + i * (3 + blur) + up_first
        modules |= {f"model.{at}": f"ups.{i}.{up_first}", f"model.{at + 1}": f"ups.{i}.{up_first + 1}"}
    return modules | {f"model.{second + blocks + 7 + 2 * blur}": "colour.1"}


def filters(config: ResNetTranslator) -> State:
    """CUT's buffers: the blurs are written into its files, each for as many channels as it works on."""
    width, first_up = config.width, 12 + config.blocks
    down, up = (torch.tensor(taps) / sum(taps) for taps in ([1.0, 2.0, 1.0], [1.0, 3.0, 3.0, 1.0]))
    places = {
        7: (2 * width, down),
        11: (4 * width, down),
        first_up: (4 * width, 2 * up),
        first_up + 4: (2 * width, 2 * up),
    }
    return {
        f"model.{at}.filt": torch.outer(taps, taps).repeat(channels, 1, 1, 1) for at, (channels, taps) in places.items()
    }


def read_resnet(state: State) -> Foreign:
    """CycleGAN's ResnetGenerator, and CUT's."""
    blurs = sum(name.endswith(".filt") for name in state)
    state = {name: t for name, t in state.items() if not name.endswith(".filt")}
    blocks = len(numbers(state, "model.", "conv_block."))
    dropout = count(state, "conv_block.6.weight") > 0
    norm = norm_of(state, "model.1")
    of = "CUT" if blurs else "CycleGAN"
    what = f"a {of} ResNet of {blocks} blocks with {described(norm)}" + (", dropout" if dropout else "")
    if blurs not in (0, 4):
        raise GanvasError(f"this looks like {what}, but it blurs {blurs} times instead of 4")
    weights = renamed(state, resnet_modules(blocks, dropout, antialias=blurs > 0), what)
    first, last = state["model.1.weight"], weights["colour.1.weight"]
    config = ResNetTranslator(
        blocks=blocks, width=len(first), norm=norm, dropout=0.5 if dropout else 0.0, antialias=blurs > 0
    )
    return Foreign(
        what=what,
        paper="Park et al. 2020, arXiv 2007.15651" if blurs else "Zhu, Park, Isola & Efros 2017, arXiv 1703.10593",
        config=config,
        **spaces(first.shape[1], len(last), 256),
        weights=weights,
        test_mode="train" if norm == "batch" or dropout else "eval",
        zero=NO_BIASES if norm == "none" else NO_BIASES[:1],
        notes=("it runs as its authors run it: dropout on",) if dropout else (),
    )


def write(config: TranslatorConfig, source: Source, target: Space, weights: dict[str, Tensor]) -> State:
    """A U-Net or ResNet of ours under their names.

    Raises:
        GanvasError: neither, or what their networks do not have.
    """
    if isinstance(config, UNetTranslator):
        levels = config.depth(source)
        if levels == 1:
            raise GanvasError("a pix2pix U-Net has at least 2 levels, this one has 1")
        modules, last, extra = unet_modules(levels), f"ups.{levels - 1}", {}
    elif isinstance(config, ResNetTranslator):
        modules, last = resnet_modules(config.blocks, config.dropout > 0, config.antialias), "colour.1"
        extra = filters(config) if config.antialias else {}
    else:
        raise GanvasError(f"pix2pix has no network like '{config.kind}', only unet and resnet")
    if config.norm == "none":
        inner = {name for name in weights if name.endswith(".bias") and not name.startswith(last)}
        if any(weights[name].any() for name in inner):
            raise GanvasError("pix2pix's networks without normalisation have no biases, this one has learnt some")
        weights = {name: t for name, t in weights.items() if name not in inner}
    return written(weights, modules) | extra


DIALECTS = (
    Dialect(lambda state: "model.model.0.weight" in state and "model.model.3.weight" in state, read_unet),
    Dialect(lambda state: "model.1.weight" in state and bool(numbers(state, "model.", "conv_block.")), read_resnet),
)
