"""Reads networks in the format of ncnn, in which Real-ESRGAN's weights are packaged for phones and desktops.

A ``.param`` is text: a magic number, two counts, then a layer a line: type, name, how many inputs and outputs, their
names, and ``key=value`` parameters. The ``.bin`` beside it holds the numbers, layer after layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.weights import State

MAGIC = "7767517"
HALF, SINGLE = (0x01306B47,), (0, 0x0002C056)
"""Words before a layer's weights that say how they are stored; there are 8-bit ones too, which lose precision."""
WEIGHTLESS = {"Input", "Split", "Concat", "Eltwise", "BinaryOp", "Interp", "PixelShuffle"}
NEAREST = "1"


@dataclass(frozen=True)
class Layer:
    """A line of a ``.param``."""

    type: str
    parameters: dict[int, str]

    def number(self, key: int, default: int = 0) -> int:
        return int(self.parameters.get(key, default))


def read_ncnn(param: Path) -> State:
    """The tensors of ``param`` and the ``.bin`` beside it, under the names of Real-ESRGAN's own files.

    Raises:
        GanvasError: missing, damaged, or another network than RRDB or SRVGG.
    """
    binary = param.with_suffix(".bin")
    if not binary.is_file():
        raise GanvasError(f"{param}: its numbers should lie beside it, in {binary.name}")
    layers = _layers(param)
    foreign = sorted({layer.type for layer in layers} - WEIGHTLESS - {"Convolution", "PReLU"})
    if foreign:
        raise GanvasError(f"{param} has layers that no network of Real-ESRGAN has: {', '.join(foreign)}")
    scales = [layer for layer in layers if layer.type == "Interp"]
    if any(layer.parameters.get(0) != NEAREST for layer in scales):
        raise GanvasError(f"{param} is a 4x network that shrinks its own output; convert its 4x version instead")
    tensors = _tensors(layers, binary)
    if any(layer.type == "PReLU" for layer in layers):
        names = [f"body.{i}" for i in range(len(tensors))]
    else:
        names = _rrdb_names(len(tensors), len(scales), param)
    return {f"{name}.{leaf}": t for name, leaves in zip(names, tensors, strict=True) for leaf, t in leaves.items()}


def _rrdb_names(count: int, ups: int, param: Path) -> list[str]:
    """Names of ``count`` convolutions in the order in which they run."""
    blocks, rest = divmod(count - 4 - ups, 15)
    if rest or blocks < 1:
        raise GanvasError(f"{param} has {count} convolutions, which is no RRDB of Real-ESRGAN")
    dense = [f"body.{n}.rdb{d}.conv{c}" for n in range(blocks) for d in (1, 2, 3) for c in (1, 2, 3, 4, 5)]
    return ["conv_first", *dense, "conv_body", *(f"conv_up{i + 1}" for i in range(ups)), "conv_hr", "conv_last"]


def _layers(param: Path) -> list[Layer]:
    try:
        magic, _, *lines = param.read_text(encoding="ascii").split("\n")
        if magic.strip() != MAGIC:
            raise ValueError(magic)
        return [_layer(line.split()) for line in lines if line.strip()]
    except (OSError, ValueError, IndexError) as error:
        raise GanvasError(f"{param} is no .param of ncnn, or a damaged one") from error


def _layer(words: list[str]) -> Layer:
    skipped = 4 + int(words[2]) + int(words[3])
    pairs = (word.partition("=") for word in words[skipped:])
    return Layer(words[0], {int(key): value for key, _, value in pairs})


def _tensors(layers: list[Layer], binary: Path) -> list[dict[str, Tensor]]:
    """The tensors of each layer that has some."""
    reader = _Reader(binary)
    tensors = []
    for layer in layers:
        if layer.type == "Convolution":
            out, side = layer.number(0), layer.number(1)
            weight = reader.flagged(layer.number(6)).view(out, -1, side, side)
            tensors.append({"weight": weight} | ({"bias": reader.singles(out)} if layer.number(5) else {}))
        elif layer.type == "PReLU":
            tensors.append({"weight": reader.singles(layer.number(0))})
    reader.finish()
    return tensors


class _Reader:
    """Walks through a ``.bin``."""

    def __init__(self, binary: Path) -> None:
        self.binary, self.bytes, self.at = binary, binary.read_bytes(), 0

    def singles(self, count: int) -> Tensor:
        return self._take(count, "<f4")

    def flagged(self, count: int) -> Tensor:
        """Numbers after a word that says how they are stored; halves are padded to whole words."""
        flag = int(self._take(1, "<u4").item())
        if flag in SINGLE:
            return self._take(count, "<f4")
        if flag not in HALF:
            raise GanvasError(f"{self.binary} stores weights in a way (flag {flag:#x}) that ganvas does not read")
        return self._take(count + count % 2, "<f2")[:count]

    def finish(self) -> None:
        if self.at != len(self.bytes):
            raise GanvasError(f"{self.binary} holds {len(self.bytes) - self.at} bytes more than its .param asks for")

    def _take(self, count: int, kind: str) -> Tensor:
        size = count * np.dtype(kind).itemsize
        piece = self.bytes[self.at : self.at + size]
        if len(piece) != size:
            raise GanvasError(f"{self.binary} ends too early: it does not belong to its .param, or is damaged")
        self.at += size
        numbers = np.frombuffer(piece, kind)
        return torch.from_numpy(numbers.astype(np.int64 if kind == "<u4" else np.float32))
