"""Networks that take their numbers from a file: made without any, filled, made ready to look at pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

from ganvas.errors import GanvasError

N = TypeVar("N", bound=nn.Module)
COUNTERS = "num_batches_tracked"
"""BatchNorm's counters, which some files have and some not, and which nothing here reads."""


def filled(make: Callable[[], N], state: Mapping[str, Tensor], what: str) -> N:
    """``make()`` with the tensors of ``state`` as float32, in evaluation mode, frozen.

    Drawing random weights first, only to overwrite them, would cost seconds for VGG16's 138 million.

    Args:
        make: the class or a partial of it.
        state: all its tensors by name; BatchNorm's counters may be there or not.
        what: the network's name for the error.

    Raises:
        GanvasError: names or shapes that do not fit; the first is named.
    """
    with torch.device("meta"):
        network = make()
    wanted = {name: tensor.shape for name, tensor in network.state_dict().items() if not name.endswith(COUNTERS)}
    given = {name: tensor for name, tensor in state.items() if not name.endswith(COUNTERS)}
    for name in [*wanted, *given]:
        theirs = given[name].shape if name in given else None
        if wanted.get(name) != theirs:
            raise GanvasError(
                f"these weights do not fit {what}: '{name}' is {_shape(theirs)} in the file, "
                f"{_shape(wanted.get(name))} in the network"
            )
    floats = {name: tensor.to(torch.float32, copy=True) for name, tensor in given.items()}
    counters = {name: torch.tensor(0) for name in network.state_dict() if name.endswith(COUNTERS)}
    network.load_state_dict(floats | counters, assign=True)
    return network.requires_grad_(False).eval()


def folded(network: N) -> N:
    """The same function with every BatchNorm worked into the convolution that is listed right before it, in place: up
    to half as fast again on a CPU. The network's keys are no longer those of its file."""
    for module in [*network.modules()]:
        for (before, first), (after, second) in pairwise([*module.named_children()]):
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                setattr(module, before, fuse_conv_bn_eval(first, second))
                setattr(module, after, nn.Identity())
    return network.requires_grad_(False)


def _shape(shape: torch.Size | None) -> str:
    return "missing" if shape is None else "x".join(map(str, shape)) or "a number"
