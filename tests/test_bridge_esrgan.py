"""Files of ESRGAN (all three generations of names) and Real-ESRGAN."""

from __future__ import annotations

import re
from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

import peers
from ganvas.bridge.convert import converted, to_foreign
from ganvas.bridge.recognise import recognise
from ganvas.errors import GanvasError
from ganvas.snapshot import Snapshot

MIDDLE = {"conv_body": "trunk_conv", "body.": "RRDB_trunk.", "rdb": "RDB", "conv_up": "upconv", "conv_hr": "HRconv"}
"""Names since BasicSR → those of the authors' test code."""


def middle(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same network under the names of 2018."""
    for new, old in MIDDLE.items():
        state = {name.replace(new, old): t for name, t in state.items()}
    return state


def old(state: dict[str, Tensor], blocks: int) -> dict[str, Tensor]:
    """The same network under its first names: one Sequential, the blocks a Sequential in its place 1."""
    outer = {"conv_first": "0", "conv_body": f"1.sub.{blocks}", "conv_up1": "3", "conv_up2": "6"}
    outer |= {"conv_hr": "8", "conv_last": "10"}
    names = {f"{new}.{leaf}": f"model.{at}.{leaf}" for new, at in outer.items() for leaf in ("weight", "bias")}
    inner = re.compile(r"body\.(\d+)\.rdb(\d)\.(conv\d)\.")
    return {names.get(name) or inner.sub(r"model.1.sub.\1.RDB\2.\3.0.", name): tensor for name, tensor in state.items()}


def assert_outputs_agree(snapshot: Snapshot, peer: nn.Module, channels: int) -> None:
    """Theirs lives in [0, 1], ours in [−1, 1]; in float64 to 1e-10 of either."""
    unit = torch.rand(1, channels, 12, 8, dtype=torch.float64)
    with torch.no_grad():
        ours, theirs = deepcopy(snapshot.networks["generator"]).double()(2 * unit - 1), deepcopy(peer).double()(unit)
    assert torch.allclose((ours + 1) / 2, theirs, atol=1e-10)


@pytest.mark.parametrize("scale", [4, 2, 1])
@pytest.mark.parametrize("blocks", [1, 3])
def test_rrdb(scale: int, blocks: int) -> None:
    """Scale, blocks, width and growth from shapes alone: 3 · (4/scale)² channels enter the first convolution."""
    peer = peers.randomised(peers.RRDBNet(3, 3, scale, 8, blocks, 4))
    foreign = recognise({"params_ema." + name: t for name, t in peer.state_dict().items()})
    config = foreign.config
    assert (config.kind, config.blocks, config.width, config.growth) == ("rrdb", blocks, 8, 4)
    snapshot = converted(foreign, "theirs")
    assert snapshot.networks["generator"].scale == scale
    assert_outputs_agree(snapshot, peer, 3)
    written = to_foreign(snapshot, "real-esrgan")
    assert written.keys() == {f"params_ema.{name}" for name in peer.state_dict()}
    assert all(torch.equal(written[f"params_ema.{name}"], t) for name, t in peer.state_dict().items())


@pytest.mark.parametrize("generation", ["middle", "old"])
def test_earlier_names_mean_the_same_network(generation: str) -> None:
    peer = peers.randomised(peers.RRDBNet(3, 3, 4, 8, 2, 4))
    state = middle(peer.state_dict()) if generation == "middle" else old(peer.state_dict(), 2)
    snapshot = converted(recognise(state), "theirs")
    assert_outputs_agree(snapshot, peer, 3)
    written = to_foreign(snapshot, "esrgan")
    assert written.keys() == old(peer.state_dict(), 2).keys()


@pytest.mark.parametrize(("ups", "scale"), [(0, 1), (1, 2), (3, 8)])
def test_the_first_names_tell_the_doublings(ups: int, scale: int) -> None:
    """Three places each: the last convolution stands at 4 + 3·ups. Real-ESRGAN's names know two doublings only."""
    state = old(peers.RRDBNet(3, 3, 4, 8, 1, 4).state_dict(), 1)
    body = {name: t for name, t in state.items() if name.startswith(("model.0.", "model.1."))}
    places = {3 + 3 * i: "model.3." for i in range(ups)} | {2 + 3 * ups: "model.8.", 4 + 3 * ups: "model.10."}
    tail = {f"model.{at}.{leaf}": state[like + leaf] for at, like in places.items() for leaf in ("weight", "bias")}
    snapshot = converted(recognise(body | tail), "theirs")
    assert snapshot.networks["generator"].scale == scale
    assert to_foreign(snapshot, "esrgan").keys() == (body | tail).keys()
    with pytest.raises(GanvasError, match="--to esrgan"):
        to_foreign(snapshot, "real-esrgan")


@pytest.mark.parametrize(("channels", "scale", "convs"), [(3, 4, 16), (3, 2, 3), (1, 3, 1), (3, 1, 0)])
def test_compact(channels: int, scale: int, convs: int) -> None:
    """The last convolution makes channels · scale² numbers for every pixel."""
    peer = peers.randomised(peers.SRVGG(channels, scale, 8, convs))
    foreign = recognise({"params." + name: t for name, t in peer.state_dict().items()})
    assert (foreign.config.kind, foreign.config.convs, foreign.config.width) == ("compact", convs, 8)
    snapshot = converted(foreign, "theirs")
    assert_outputs_agree(snapshot, peer, channels)
    written = to_foreign(snapshot, "real-esrgan")
    assert all(torch.equal(written[f"params_ema.{name}"], t) for name, t in peer.state_dict().items())


def test_the_average_of_weights_is_preferred() -> None:
    """Real-ESRGAN's training files hold both; the published pictures come from the average."""
    last, average = (peers.randomised(peers.SRVGG(3, 2, 4, 1), seed) for seed in (0, 1))
    both = {"params." + name: t for name, t in last.state_dict().items()}
    both |= {"params_ema." + name: t for name, t in average.state_dict().items()}
    assert_outputs_agree(converted(recognise(both), "both"), average, 3)


def test_no_network_can_be_written_as_another() -> None:
    compact = converted(recognise(peers.SRVGG(3, 2, 4, 1).state_dict()), "compact")
    unet = converted(recognise(peers.UNet(3, 3, 6, 2, "batch", False).state_dict()), "unet")
    with pytest.raises(GanvasError, match="'compact'"):
        to_foreign(compact, "pix2pix")
    with pytest.raises(GanvasError, match="'compact'"):
        to_foreign(compact, "esrgan")
    with pytest.raises(GanvasError, match="'unet'"):
        to_foreign(unet, "real-esrgan")
    with pytest.raises(GanvasError, match=r"--to pix2pics: no such tool; did you mean 'pix2pix'\?"):
        to_foreign(unet, "pix2pics")
