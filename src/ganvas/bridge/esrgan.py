"""ESRGAN and Real-ESRGAN: RRDBNet under its three generations of names, and the compact SRVGGNet.

Pictures lie in [0, 1] there; our networks convert by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor

from ganvas.bridge.foreign import Dialect, Foreign, Modules, numbers, renamed, written
from ganvas.errors import GanvasError
from ganvas.models.compact import CompactTranslator
from ganvas.models.networks import TranslatorConfig
from ganvas.models.rrdb import RRDBTranslator
from ganvas.space import Source, Space
from ganvas.weights import State

SIDE = 64
"""Of the sources: these networks take any size, but a snapshot names one."""


def _dense(blocks: int, theirs: Callable[[int, int, int], str]) -> Modules:
    return {
        theirs(n, d + 1, c + 1): f"blocks.{n}.dense.{d}.convs.{c}"
        for n in range(blocks)
        for d in range(3)
        for c in range(5)
    }


def new_names(blocks: int, ups: int) -> Modules:
    """Since BasicSR, and in all of Real-ESRGAN."""
    modules = {"conv_first": "first", "conv_body": "after", "conv_hr": "full", "conv_last": "colour"}
    modules |= {f"conv_up{i + 1}": f"ups.{i}.1" for i in range(ups)}
    return modules | _dense(blocks, lambda n, d, c: f"body.{n}.rdb{d}.conv{c}")


def middle_names(blocks: int, ups: int) -> Modules:
    """The authors' own test code."""
    modules = {"conv_first": "first", "trunk_conv": "after", "HRconv": "full", "conv_last": "colour"}
    modules |= {f"upconv{i + 1}": f"ups.{i}.1" for i in range(ups)}
    return modules | _dense(blocks, lambda n, d, c: f"RRDB_trunk.{n}.RDB{d}.conv{c}")


def old_names(blocks: int, ups: int) -> Modules:
    """The first release: one Sequential, three places for each doubling."""
    modules = {"model.0": "first", f"model.1.sub.{blocks}": "after"}
    modules |= {f"model.{3 + 3 * i}": f"ups.{i}.1" for i in range(ups)}
    modules |= {f"model.{2 + 3 * ups}": "full", f"model.{4 + 3 * ups}": "colour"}
    return modules | _dense(blocks, lambda n, d, c: f"model.1.sub.{n}.RDB{d}.conv{c}.0")


def _read_new(state: State) -> Foreign:
    blocks, ups = len(numbers(state, "body.", "rdb1.")), len(numbers(state, "conv_up"))
    return _rrdb(state, new_names(blocks, ups), blocks, ups)


def _read_middle(state: State) -> Foreign:
    blocks, ups = len(numbers(state, "RRDB_trunk.")), len(numbers(state, "upconv"))
    return _rrdb(state, middle_names(blocks, ups), blocks, ups)


def _read_old(state: State) -> Foreign:
    blocks, ups = len(numbers(state, "model.1.sub.", "RDB1.")), (numbers(state, "model.")[-1] - 4) // 3
    return _rrdb(state, old_names(blocks, ups), blocks, ups)


def _rrdb(state: State, modules: Modules, blocks: int, ups: int) -> Foreign:
    what = f"an ESRGAN network (RRDB) of {blocks} blocks"
    weights = renamed(state, modules, what)
    first, target = weights["first.weight"], len(weights["colour.weight"])
    # pixels laid out as channels: 4 times as many for twofold networks, 16 times for onefold ones
    shrink = {4: 2, 16: 4}.get(first.shape[1] // target, 1) if ups == 2 else 1
    scale, growth = 2**ups // shrink, len(weights["blocks.0.dense.0.convs.0.weight"])
    return Foreign(
        what=f"{what}, {scale}x",
        paper="Wang et al. 2018, arXiv 1809.00219; Wang et al. 2021, arXiv 2107.10833",
        config=RRDBTranslator(blocks=blocks, width=len(first), growth=growth, unshuffle=shrink > 1 or scale >= 4),
        source=Source(channels=first.shape[1] // shrink**2, height=SIDE, width=SIDE),
        target=Space(channels=target, height=scale * SIDE, width=scale * SIDE),
        weights=weights,
    )


def compact_names(convs: int) -> Modules:
    """Convolutions and slopes in turn."""
    modules = {f"body.{2 * i}": f"convs.{i}" for i in range(convs + 1)}
    modules |= {f"body.{2 * i + 1}": f"slopes.{i}" for i in range(convs + 1)}
    return modules | {f"body.{2 * convs + 2}": "last"}


def read_compact(state: State) -> Foreign:
    """SRVGGNetCompact."""
    convs = numbers(state, "body.")[-1] // 2 - 1
    weights = renamed(state, compact_names(convs), "a compact Real-ESRGAN network")
    first, last = weights["convs.0.weight"], weights["last.weight"]
    channels = first.shape[1]
    scale = math.isqrt(len(last) // channels)
    return Foreign(
        what=f"a compact Real-ESRGAN network of {convs} convolutions, {scale}x",
        paper="Wang et al. 2021, arXiv 2107.10833",
        config=CompactTranslator(convs=convs, width=len(first)),
        source=Source(channels=channels, height=SIDE, width=SIDE),
        target=Space(channels=channels, height=scale * SIDE, width=scale * SIDE),
        weights=weights,
    )


def write(config: TranslatorConfig, source: Source, target: Space, weights: dict[str, Tensor]) -> State:
    """An RRDB or a compact network of ours under Real-ESRGAN's names.

    Raises:
        GanvasError: neither, or of a scale that Real-ESRGAN reaches otherwise.
    """
    if isinstance(config, CompactTranslator):
        if source.channels != target.channels:
            raise GanvasError("Real-ESRGAN's compact networks have as many channels before as after")
        return written(weights, compact_names(config.convs))
    blocks, ups = _sizes(config, weights)
    if ups != 2:
        raise GanvasError(f"Real-ESRGAN doubles twice, this network {ups} times; write it with --to esrgan")
    return written(weights, new_names(blocks, ups))


def write_old(config: TranslatorConfig, source: Source, target: Space, weights: dict[str, Tensor]) -> State:
    """An RRDB of ours under ESRGAN's first names, which most tools read and which know any number of doublings.

    Raises:
        GanvasError: another network.
    """
    return written(weights, old_names(*_sizes(config, weights)))


def _sizes(config: TranslatorConfig, weights: dict[str, Tensor]) -> tuple[int, int]:
    """Blocks and doublings of an RRDB."""
    if not isinstance(config, RRDBTranslator):
        raise GanvasError(f"ESRGAN has no network like '{config.kind}', only rrdb, and compact with --to real-esrgan")
    return config.blocks, len(numbers(weights, "ups."))


DIALECTS = (
    Dialect(lambda state: "conv_first.weight" in state and "body.0.rdb1.conv1.weight" in state, _read_new),
    Dialect(lambda state: "RRDB_trunk.0.RDB1.conv1.weight" in state, _read_middle),
    Dialect(lambda state: "model.1.sub.0.RDB1.conv1.0.weight" in state, _read_old),
    Dialect(lambda state: {"body.0.weight", "body.1.weight", "body.2.weight"} <= state.keys(), read_compact),
)
