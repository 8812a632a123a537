"""Discriminators of pix2pix and CycleGAN, as the authors' PyTorch code names them."""

from __future__ import annotations

from ganvas.bridge.foreign import Dialect, Foreign, Modules, numbers, renamed
from ganvas.bridge.pix2pix import NO_BIASES, described, norm_of, spaces
from ganvas.models.patchgan import PatchGANDiscriminator, PixelDiscriminator
from ganvas.weights import State

PAPER = "Isola, Zhu, Zhou & Efros 2017, arXiv 1611.07004"


def patch_modules(layers: int) -> Modules:
    """Convolution, activation; then convolution, normalisation, activation …; at last a convolution."""
    convs = [0, *(2 + 3 * i for i in range(layers))]
    modules = {f"model.{at}": f"convs.{i}" for i, at in enumerate(convs)}
    modules |= {f"model.{at + 1}": f"norms.{i}" for i, at in enumerate(convs) if i}
    return modules | {f"model.{2 + 3 * layers}": "last"}


def read_patches(state: State) -> Foreign:
    """NLayerDiscriminator."""
    layers = (numbers(state, "model.")[-1] - 2) // 3
    # its first convolution always has a bias, so the second tells
    norm = norm_of(state, "model.2")
    what = f"a PatchGAN discriminator of {layers} layers with {described(norm)}"
    first = state["model.0.weight"]
    return Foreign(
        what=what,
        paper=PAPER,
        config=PatchGANDiscriminator(layers=layers, width=len(first), norm=norm),
        **spaces(first.shape[1], first.shape[1], 256),
        weights=renamed(state, patch_modules(layers), what),
        zero=NO_BIASES if norm == "none" else NO_BIASES[:1],
    )


def read_pixel(state: State) -> Foreign:
    """PixelDiscriminator."""
    norm = norm_of(state, "net.2")
    what = f"a discriminator of single pixels with {described(norm)}"
    first = state["net.0.weight"]
    modules = {"net.0": "convs.0", "net.2": "convs.1", "net.3": "norms.1", "net.5": "last"}
    return Foreign(
        what=what,
        paper=PAPER,
        config=PixelDiscriminator(width=len(first), norm=norm),
        **spaces(first.shape[1], first.shape[1], 256),
        weights=renamed(state, modules, what),
        zero=NO_BIASES if norm == "none" else NO_BIASES[:1],
    )


def _is_patches(state: State) -> bool:
    first, second = state.get("model.0.weight"), state.get("model.2.weight")
    return first is not None and second is not None and first.shape[2:] == second.shape[2:] == (4, 4)


DIALECTS = (
    Dialect(_is_patches, read_patches),
    Dialect(lambda state: "net.0.weight" in state and "net.5.weight" in state, read_pixel),
)
