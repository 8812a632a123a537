"""Statistically different bins and the k-means under them."""

import pytest
import torch

from ganvas.errors import GanvasError
from ganvas.metrics import bin_counts, cell_shares
from ganvas.metrics.clusters import k_means


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def modes(counts: list[int], seed: int) -> torch.Tensor:
    """So many points of each of the modes 10·e₁, 10·e₂, …, of deviation 1."""
    places = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    return 10 * torch.eye(len(counts))[places] + torch.randn(len(places), len(counts), generator=seeded(seed))


def test_k_means_finds_far_modes():
    points = modes([100] * 6, seed=0)
    centres, labels = k_means(points, 6, generator=seeded())
    groups = labels.reshape(6, 100)
    assert bool((groups == groups[:, :1]).all())
    assert len(set(groups[:, 0].tolist())) == 6
    assert torch.allclose(centres[groups[0, 0]], points[:100].mean(dim=0), atol=1e-5)


def test_k_means_is_as_good_as_scikit_learns():
    """Sum of squared distances to the own centre on a normal cloud, where no clustering is right: within 3 %."""
    from sklearn.cluster import KMeans

    points = torch.randn(2000, 8, generator=seeded(1))
    centres, labels = k_means(points, 20, generator=seeded())
    theirs = KMeans(20, n_init=1, random_state=0).fit(points.numpy()).inertia_
    assert float((points - centres[labels]).square().sum()) == pytest.approx(theirs, rel=0.03)


def test_z_by_hand():
    """Two bins; of the 200 held-out reals n, about 150, lie in the larger, of 500 fakes 250. With p = (n + 250)/700 its
    z is (½ − n/200) / √(p (1 − p) (1/200 + 1/500)), about −6, the other's the opposite. JS of (¾, ¼), (½, ½): .0338."""
    found = bin_counts(modes([300, 100], seed=2), modes([250, 250], seed=3), generator=seeded(6), bins=2)
    big = int(found.real.argmax())
    n = int(found.real[big])
    pooled = (n + 250) / 700
    expected = (0.5 - n / 200) / (pooled * (1 - pooled) * (1 / 200 + 1 / 500)) ** 0.5
    assert abs(n - 150) < 20
    assert found.z[big].item() == pytest.approx(expected)
    assert found.z[1 - big].item() == pytest.approx(-expected)
    assert (found.low.tolist(), found.high.tolist(), found.different) == ([big], [1 - big], 2)
    assert found.js == pytest.approx(0.0338, abs=0.015)


def test_dropped_modes_are_named_and_shown():
    """Of 10 modes the generator drops two: exactly these bins are low, and their examples are of these modes."""
    real, fake = modes([200] * 10, seed=4), modes([0, 0] + [250] * 8, seed=5)
    found = bin_counts(real, fake, generator=seeded(), bins=10)
    assert {int(found.example[i]) // 200 for i in found.low} == {0, 1}
    assert found.fake[found.low].tolist() == [0, 0]
    assert found.js > 10 * found.js_by_chance


@pytest.mark.parametrize("dimension", [8, 256])
def test_equal_laws_differ_by_chance_only(dimension: int):
    """At 5 % about one bin of 20; counting the rows that placed the centres, 256 dimensions would give a third."""
    numbers = []
    for seed in range(5):
        a, b = torch.randn(2, 1000, dimension, generator=seeded(seed))
        found = bin_counts(a, b, generator=seeded(), bins=20)
        numbers.append(found)
    assert sum(found.different for found in numbers) <= 12
    assert sum(len(found.low) + len(found.high) for found in numbers) <= 1
    mean = sum(found.js for found in numbers) / 5
    assert mean == pytest.approx(sum(found.js_by_chance for found in numbers) / 5, rel=0.4)


def test_rows_that_are_all_equal():
    """Everything is in one bin on both sides, and no bin differs."""
    same = torch.full((200, 3), 0.1)
    found = bin_counts(same, same.clone(), generator=seeded(), bins=10)
    assert (found.different, found.js) == (0, pytest.approx(0.0))
    assert int(found.real.max()) == 100


def test_bad_input():
    with pytest.raises(GanvasError, match="real: 500 samples are too few; this metric needs at least 1000"):
        bin_counts(torch.zeros(500, 2), torch.zeros(500, 2), generator=seeded())
    with pytest.raises(GanvasError, match="fake features hold NaN"):
        bin_counts(torch.zeros(1000, 2), torch.full((500, 2), torch.nan), generator=seeded())


# Cells


def test_what_is_missing_is_measured_and_what_fills_up_for_it_is_no_surplus():
    """Of ten equal modes two are left out: .2 of the data. The others hold 1.25 times their share, all alike."""
    place, real, fake = modes([100] * 10, 10), modes([200] * 10, 11), modes([0, 0] + [250] * 8, 12)
    found = cell_shares(place, real, fake, generator=seeded(), cells=10)
    assert (found.missing, found.surplus) == (pytest.approx(0.2), 0.0)
    assert (found.low, found.high) == (2, 0)


def test_what_piles_up_is_a_surplus_and_leaves_nothing_missing_if_little():
    """Of 2,200 pictures 400 lie in the first mode, a tenth of the data: 2/11 − 1/10 too much, the others' loss."""
    place, real, fake = modes([100] * 10, 10), modes([200] * 10, 11), modes([400] + [200] * 9, 12)
    found = cell_shares(place, real, fake, generator=seeded(), cells=10)
    assert found.missing == 0.0
    assert found.surplus == pytest.approx(2 / 11 - 1 / 10)


def test_a_collapse_leaves_nothing_to_compare():
    """All in the first of ten modes: nine tenths missing, and what is left holds all of both."""
    place, real, fake = modes([100] * 10, 10), modes([200] * 10, 11), modes([2000] + [0] * 9, 12)
    found = cell_shares(place, real, fake, generator=seeded(), cells=10)
    assert found.numbers() == {"share_missing": pytest.approx(0.9), "share_surplus": 0.0}


def test_equal_distributions_differ_in_no_cell():
    """One in a thousand would; of 60 pairs of normals of 32 dimensions at most one is tolerated here."""
    found = [
        cell_shares(*torch.randn(3, 400, 32, generator=seeded(seed)), generator=seeded(seed)) for seed in range(60)
    ]
    assert sum(some.missing > 0 or some.surplus > 0 for some in found) <= 1


@pytest.mark.parametrize(
    ("cells", "alpha", "problem"),
    [(1, 0.01, "at least 2 cells"), (20, 1.0, "between 0 and 1"), (30, 0.01, "placing: 100 samples are too few")],
)
def test_cells_that_cannot_be_are_refused(cells: int, alpha: float, problem: str):
    points = torch.randn(100, 4, generator=seeded())
    with pytest.raises(GanvasError, match=problem):
        cell_shares(points, points, points, generator=seeded(), cells=cells, alpha=alpha)
