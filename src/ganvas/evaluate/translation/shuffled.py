"""Does a discriminator look at the source at all? True pairs against the same pictures beside others' sources."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganvas.augment import Augmented
from ganvas.errors import GanvasError
from ganvas.evaluate.extractor import OnProgress
from ganvas.evaluate.translation.scorecard import Shuffled
from ganvas.evaluate.translation.ways import Way
from ganvas.metrics.interval import bootstrap_mean
from ganvas.nn.beside import Beside
from ganvas.nn.tested import as_tested
from ganvas.recipes.recipe import Recipe
from ganvas.training.run import Run
from ganvas.training.state import read_state


def discriminator_of(run: Path, recipe: Recipe) -> nn.Module:
    """The discriminator that looks at pairs, as a run's state has it, without augmentations.

    Raises:
        GanvasError: the run has no state, or no such discriminator.
    """
    file = Run(run).state_file
    if not file.exists():
        raise GanvasError(f"{run} has no state.pt, where discriminators are kept")
    if "discriminator" not in recipe.makers():
        raise GanvasError(f"{recipe.name} has no discriminator")
    network = recipe.networks(["discriminator"])["discriminator"]
    if not isinstance(network, Beside):
        raise GanvasError(f"the discriminator of {recipe.name} does not look at sources")
    states: Mapping[str, Any] = read_state(file)
    try:
        network.load_state_dict(states["network/discriminator"])
    except (KeyError, RuntimeError) as error:
        raise GanvasError(f"{file} does not hold the discriminator of this snapshot") from error
    if isinstance(network.discriminator, Augmented):
        network.discriminator = network.discriminator.network
    return network.eval()


def shuffled_pairs(
    of: str, discriminator: nn.Module, recipe: Any, way: Way, seed: int, device: torch.device, on_progress: OnProgress
) -> Shuffled:
    """Mean logits of every true pair, and of the same picture beside the source of the next in a random order.

    The discriminator is used in the mode that the recipe is tested in, on as many pairs at a time as in training.

    Raises:
        GanvasError: no pairs, or only one.
    """
    if way.truths is None or len(way.truths) < 2:
        raise GanvasError("shuffled pairs need two pairs at least")
    order = torch.randperm(len(way.truths), generator=torch.Generator().manual_seed(seed)).numpy()
    other = np.empty_like(order)
    other[order] = np.roll(order, 1)  # one cycle through all: nobody keeps his own
    rows = []
    network = discriminator.to(device)
    with as_tested(network, recipe.test_mode, seed):
        for start in range(0, len(order), recipe.batch):
            places = np.arange(start, min(start + recipe.batch, len(order)))
            pictures = way.truths.network(places).to(device)
            sources = [way.sources.network(which).to(device) for which in (places, other[places])]
            rows.append(torch.stack([_logits(network, pictures, source) for source in sources], dim=1))
            on_progress(f"{of}: shuffling pairs", int(places[-1]) + 1, len(order))
    logits = torch.cat(rows).double().cpu()
    differences = logits[:, 0] - logits[:, 1]
    return Shuffled(
        of=of,
        pictures=len(logits),
        true_pairs=float(logits[:, 0].mean()),
        shuffled_pairs=float(logits[:, 1].mean()),
        difference=float(differences.mean()),
        interval=bootstrap_mean(differences, torch.Generator().manual_seed(seed)),
        share_ahead=float((differences > 0).double().mean()),
        mode=recipe.test_mode,
        batch=recipe.batch,
    )


def _logits(network: nn.Module, pictures: Tensor, sources: Tensor) -> Tensor:
    """(N,), averaged over patches."""
    logits: Tensor = network(pictures, sources).logits
    return logits.flatten(1).mean(dim=1)
