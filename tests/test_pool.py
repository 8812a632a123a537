"""The history of fakes: Shrivastava et al. 2017, section 2.3."""

from __future__ import annotations

from pathlib import Path

import torch

from ganvas.games.batch import Key
from ganvas.games.pool import Pool, Swaps
from ganvas.games.shared import Shared
from ganvas.training.run import Run
from ganvas.training.session import Session
from ganvas.training.start import warm_start
from translating import RUNTIME, data, recipe_of


def numbered(*numbers: int) -> torch.Tensor:
    return torch.tensor([float(n) for n in numbers]).reshape(-1, 1, 1, 1)


def seeded(seed: int, count: int, size: int) -> Swaps:
    torch.manual_seed(seed)
    return Swaps(count, size)


def test_while_it_fills_every_fake_is_kept_and_shown() -> None:
    pool = Pool(4, (1, 1, 1))
    assert pool(numbered(1, 2, 3), seeded(0, 3, 4)).flatten().tolist() == [1, 2, 3]
    assert pool.kept.flatten().tolist() == [1, 2, 3, 0] and int(pool.filled) == 3


def test_then_half_of_the_shown_are_older_and_what_is_shown_old_is_replaced_by_the_new() -> None:
    """A full pool of 50 zeros, 4,000 new ones: each swap shows one older fake and keeps one new. The share of swaps is
    ½ ± 4·√(¼ / 4000) = ½ ± .032."""
    pool = Pool(50, (1, 1, 1))
    pool(torch.zeros(50, 1, 1, 1), seeded(0, 50, 50))
    new = torch.arange(1.0, 4001.0).reshape(-1, 1, 1, 1)
    shown = pool(new, seeded(1, 4000, 50))
    swapped = shown != new
    assert abs(float(swapped.float().mean()) - 0.5) < 0.032
    assert (shown[swapped] < new[swapped]).all(), "only fakes from before are shown again"
    # nothing is lost: what went in is either shown or still kept
    everything = torch.cat([shown.flatten(), pool.kept.flatten()]).sort().values
    assert torch.equal(everything, torch.cat([torch.zeros(50), new.flatten()]).sort().values)


def test_a_pool_of_none_shows_the_newest_and_keeps_its_graph() -> None:
    fakes = numbered(1, 2).requires_grad_()
    assert Pool(0, (1, 1, 1))(fakes, seeded(0, 2, 0)) is fakes


def test_what_is_kept_has_no_graph() -> None:
    pool = Pool(2, (1, 1, 1))
    assert not pool(numbered(1, 2).requires_grad_(), seeded(0, 2, 2)).requires_grad


def test_shared_fakes_last_for_their_round_and_part() -> None:
    shared = Shared()
    key = Key(seed=0, round=5, turn=0, shard=1)
    fakes = numbered(1).requires_grad_()
    assert shared.put(key, "generator", fakes) is fakes, "whoever makes them goes on with their graph"
    kept = shared.get(key._replace(turn=1), "generator")
    assert kept is not None and not kept.requires_grad and torch.equal(kept, fakes)
    assert shared.get(key._replace(shard=0), "generator") is None
    assert shared.get(key, "inverse") is None
    assert shared.get(key._replace(round=6), "generator") is None
    shared.put(key._replace(round=6), "generator", fakes)
    assert shared.get(key, "generator") is None


def test_a_warm_start_takes_the_networks_and_leaves_the_history(tmp_path: Path) -> None:
    """Fakes of an earlier run are no fakes of this one, and their pool may have another size."""
    of = data(paired=False)
    first = Session(recipe_of("cyclegan", of, "images=4"), of, Run(tmp_path / "first"), RUNTIME)
    first.resume()
    first.play()
    second = Session(recipe_of("cyclegan", of, "pool=7"), of, Run(tmp_path / "second"), RUNTIME)
    warm_start(second, tmp_path / "first")
    ours, theirs = second.game.networks, first.game.networks
    assert int(theirs["pool"].filled) and not int(ours["pool"].filled) and len(ours["pool"].kept) == 7
    for role in ("generator", "inverse", "discriminator", "inverse_discriminator"):
        assert all(torch.equal(a, b) for a, b in zip(ours[role].parameters(), theirs[role].parameters(), strict=True))
