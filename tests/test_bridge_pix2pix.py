"""Files of pix2pix, CycleGAN and CUT: told apart by their tensors, the same pictures, and back to the same file."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import peers
from ganvas.bridge.convert import converted, to_foreign
from ganvas.bridge.foreign import Foreign
from ganvas.bridge.recognise import recognise
from ganvas.errors import GanvasError
from ganvas.models.networks import DiscriminatorConfig
from ganvas.snapshot import Snapshot

NORMS: tuple[peers.Norm, ...] = ("batch", "instance", "none")
UNETS = list(product((8, 7, 6, 2), NORMS, (True, False)))
RESNETS = [*product((9, 6), NORMS, (True, False), (True, False))]


def snapshot_of(peer: nn.Module) -> tuple[Foreign, Snapshot]:
    """What its file is understood as."""
    foreign = recognise(peer.state_dict())
    return foreign, converted(foreign, "theirs")


def assert_same(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> None:
    """The same names with the same tensors, in whatever order."""
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        assert ours[name].dtype == tensor.dtype
        assert torch.equal(ours[name], tensor), name


@pytest.mark.parametrize(("levels", "norm", "dropout"), UNETS)
def test_u_net(levels: int, norm: peers.Norm, dropout: bool) -> None:
    """Understood without a word about it, within 1e-5 of its own output, and written back to the same tensors."""
    peer = peers.randomised(peers.UNet(2, 3, levels, 2, norm, dropout)).eval()
    foreign, snapshot = snapshot_of(peer)
    config = foreign.config
    assert (config.kind, config.levels, config.width, config.norm) == ("unet", levels, 2, norm)
    network = snapshot.networks["generator"]
    source = torch.rand(1, 2, 2**levels, 2**levels) * 2 - 1
    with torch.no_grad():
        assert torch.allclose(network(source), peer(source), atol=1e-5)
    assert_same(to_foreign(snapshot, "pix2pix"), peer.state_dict())


def test_the_files_here_have_the_published_number_of_tensors() -> None:
    """Of the files that the tools themselves write: unet_256 and unet_128, resnet_9blocks, the two PatchGANs."""
    for peer, tensors in (
        (peers.UNet(3, 3, 8, 2, "batch", True), 82),
        (peers.UNet(3, 3, 7, 2, "batch", True), 70),
        (peers.ResNet(3, 3, 2, 9, "instance", False), 48),
        (peers.Patches(6, 2, 3, "batch"), 22),
        (peers.Patches(3, 2, 3, "instance"), 10),
        (peers.RRDBNet(3, 3, 4, 2, 23, 1), 702),
    ):
        assert len(peer.state_dict()) == tensors


def test_a_u_net_runs_in_train_mode_with_their_dropout() -> None:
    """pix2pix runs its generator in train mode: batch statistics of the picture, dropout from the innermost outwards.
    From the same seed the same masks are drawn, so that the two agree."""
    peer = peers.randomised(peers.UNet(3, 3, 8, 4, "batch", dropout=True))
    foreign, snapshot = snapshot_of(peer)
    assert snapshot.recipe.test_mode == "train"
    assert "dropout" in foreign.notes[0]
    network, source = snapshot.networks["generator"].train(), torch.rand(2, 3, 256, 256) * 2 - 1
    pictures = []
    for each in (network, peer.train()):
        torch.manual_seed(7)
        with torch.no_grad():
            pictures.append(each(source))
    assert torch.allclose(*pictures, atol=1e-5)
    assert snapshot_of(peers.UNet(3, 3, 8, 4, "instance", dropout=False))[1].recipe.test_mode == "eval"


@pytest.mark.parametrize(("blocks", "norm", "dropout", "blurs"), RESNETS)
def test_resnet(blocks: int, norm: peers.Norm, dropout: bool, blurs: bool) -> None:
    """As the U-Net; dropout shows in the places of the layers, CUT's blurs in their filters."""
    peer = peers.randomised(peers.ResNet(3, 1, 4, blocks, norm, dropout, blurs)).eval()
    foreign, snapshot = snapshot_of(peer)
    config: Any = foreign.config
    assert (config.kind, config.blocks, config.width, config.norm) == ("resnet", blocks, 4, norm)
    assert (config.dropout > 0, config.antialias) == (dropout, blurs)
    network, source = snapshot.networks["generator"], torch.rand(1, 3, 32, 20) * 2 - 1
    with torch.no_grad():
        assert torch.allclose(network(source), peer(source), atol=1e-5)
    assert_same(to_foreign(snapshot, "pix2pix"), peer.state_dict())


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_discriminators_of_patches(layers: int, norm: peers.Norm) -> None:
    """They are understood (a user should hear what he has), their logits are ours; but they do not translate."""
    peer = peers.randomised(peers.Patches(6, 2, layers, norm)).eval()
    check_discriminator(peer, "patchgan")


@pytest.mark.parametrize("norm", NORMS)
def test_discriminators_of_pixels(norm: peers.Norm) -> None:
    check_discriminator(peers.randomised(peers.Pixels(3, 4, norm)).eval(), "pixel")


def check_discriminator(peer: nn.Module, kind: str) -> None:
    foreign = recognise(peer.state_dict())
    assert isinstance(foreign.config, DiscriminatorConfig)
    assert foreign.config.kind == kind
    network = foreign.config.build(foreign.target).eval()
    foreign.fill(network)
    images = torch.randn(2, foreign.target.channels, 64, 64)
    with torch.no_grad():
        assert torch.allclose(network(images).logits, peer(images).flatten(1), atol=1e-5)
    with pytest.raises(GanvasError, match=r"discriminator.*nothing to translate with"):
        converted(foreign, "theirs")


def test_files_from_before_pytorch_0_4() -> None:
    """The published horse2zebra among them: instance normalisation left statistics behind that it never used."""
    peer = peers.randomised(peers.ResNet(3, 3, 2, 6, "instance", dropout=False))
    state = dict(peer.state_dict())
    for at in (2, 5, 8):
        state |= {f"model.{at}.running_mean": torch.zeros(2), f"model.{at}.running_var": torch.ones(2)}
        state[f"model.{at}.num_batches_tracked"] = torch.tensor(0)
    assert_same(to_foreign(converted(recognise(state), "old"), "pix2pix"), peer.state_dict())


def test_wrappers_leave_prefixes() -> None:
    """Data parallel and compiled networks put a word before each name, and files may come in half precision."""
    peer = peers.randomised(peers.ResNet(3, 3, 2, 6, "instance", dropout=False))
    for prefix in ("module.", "_orig_mod.", "module._orig_mod."):
        state = {prefix + name: t.half() for name, t in peer.state_dict().items()}
        weights = converted(recognise(state), "wrapped").networks["generator"].state_dict()
        assert all(t.dtype == torch.float32 for t in weights.values())


def test_batch_statistics_may_lack_their_count() -> None:
    """Before PyTorch 0.4.1 there was none; it matters only to who goes on training with a cumulative average."""
    peer = peers.randomised(peers.UNet(3, 3, 7, 2, "batch", dropout=True))
    state = {name: t for name, t in peer.state_dict().items() if not name.endswith("num_batches_tracked")}
    network = converted(recognise(state), "old").networks["generator"]
    assert torch.equal(network.state_dict()["up_norms.0.num_batches_tracked"], torch.tensor(0))


def test_biases_that_they_cannot_have_are_not_dropped_in_silence() -> None:
    """Without normalisation our networks have biases, theirs none: zero ones can go, others are refused."""
    _, snapshot = snapshot_of(peers.UNet(3, 3, 6, 2, "none", dropout=False))
    to_foreign(snapshot, "pix2pix")
    snapshot.networks["generator"].state_dict()["downs.1.bias"].fill_(0.1)
    with pytest.raises(GanvasError, match="no biases"):
        to_foreign(snapshot, "pix2pix")


def test_what_is_nearly_one_of_these_is_refused() -> None:
    """Four halvings (pix2pixHD's global generator) or a missing tensor are not passed over."""
    peer = peers.ResNet(3, 3, 2, 6, "instance", dropout=False)
    state = dict(peer.state_dict())
    with pytest.raises(GanvasError, match=r"CycleGAN ResNet of 6 blocks.*'model.40.weight'"):
        recognise(state | {"model.40.weight": torch.zeros(2, 2, 3, 3)})
    del state["model.10.conv_block.5.bias"]
    with pytest.raises(GanvasError, match=r"blocks.0.branch.6.bias"):
        converted(recognise(state), "damaged")
