"""Memorisation: copies are found by each measure, and nothing is found where nothing is copied."""

import numpy as np
import pytest
import scipy.spatial.distance
import scipy.stats
import torch

from ganvas.errors import GanvasError
from ganvas.metrics import copying_test, frechet_distance, memorised_frechet, novelty
from ganvas.metrics.novelty import mann_whitney


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(rows: int, dimension: int, seed: int) -> torch.Tensor:
    return torch.randn(rows, dimension, generator=seeded(seed))


def test_authenticity_by_hand():
    """Training 0, 1, 3, 7, whose nearest others are 1, 1, 2 and 4 away. .4 lies .4 from 0, less than 1: not authentic;
    10 lies 3 from 7, less than 4: not; 5.2 lies 1.8 from 7: not; 12 lies 5 from 7: authentic."""
    found = novelty(torch.tensor([[0.0], [1.0], [3.0], [7.0]]), torch.tensor([[0.4], [10.0], [5.2], [12.0]]))
    assert found.nearest.tolist() == [0, 3, 3, 3]
    assert found.distance.tolist() == pytest.approx([0.4, 3.0, 1.8, 5.0], abs=1e-5)
    assert found.authentic.tolist() == [False, False, False, True]
    assert found.numbers() == pytest.approx({"authentic_share": 0.25, "nearest_train_distance": 1.8})


def test_copies_are_not_authentic():
    """By definition the share of exact copies is 0, also far from the origin, and of rows that are all equal."""
    train = normal(400, 32, seed=0) + 100
    found = novelty(train, train[torch.randint(400, (300,), generator=seeded())])
    assert found.numbers() == {"authentic_share": 0.0, "nearest_train_distance": 0.0}
    same = torch.full((50, 7), 0.1)
    assert novelty(same, same.clone()).numbers()["authentic_share"] == 0.0


def test_new_samples_are_mostly_authentic_and_scikit_learn_agrees():
    from sklearn.neighbors import NearestNeighbors

    train, fake = normal(300, 8, seed=1), normal(200, 8, seed=2)
    search = NearestNeighbors(n_neighbors=2).fit(train.numpy())
    distance, index = search.kneighbors(fake.numpy(), 1)
    radius = search.kneighbors(train.numpy())[0][:, 1]
    found = novelty(train, fake, chunk=64)
    np.testing.assert_array_equal(found.nearest.numpy(), index[:, 0])
    np.testing.assert_allclose(found.distance.numpy(), distance[:, 0], rtol=1e-4)
    np.testing.assert_array_equal(found.authentic.numpy(), distance[:, 0] > radius[index[:, 0]])
    assert found.numbers()["authentic_share"] == pytest.approx(0.6, abs=0.15)


def test_mann_whitney_is_scipys_ties_and_all():
    rng = np.random.default_rng(0)
    for a, b in (
        (rng.normal(size=40), rng.normal(size=30) + 0.3),
        (rng.integers(5, size=40), rng.integers(6, size=30)),
    ):
        theirs = scipy.stats.mannwhitneyu(b, a, method="asymptotic", use_continuity=False, alternative="less").pvalue
        z = mann_whitney(torch.from_numpy(a), torch.from_numpy(b))
        assert scipy.stats.norm.cdf(z) == pytest.approx(theirs, rel=1e-9)
    assert mann_whitney(torch.ones(9), torch.ones(5)) == 0.0


@pytest.mark.parametrize("dimension", [16, 100])
def test_the_copying_test_tells_copies_from_underfitting(dimension: int):
    """Held-out data against itself: about 0. Training rows slightly blurred: far below −3. Spread too wide: above 3."""
    train, held_out, noise = (normal(900, dimension, seed) for seed in (3, 4, 5))
    fakes = {"same": normal(900, dimension, 6), "copies": train + 0.2 * noise, "wide": 1.5 * noise}
    found = {name: copying_test(train, held_out, fake, generator=seeded()).value for name, fake in fakes.items()}
    assert abs(found["same"]) < 2
    assert found["copies"] < -10
    assert found["wide"] > 5


def test_a_cell_without_fakes_is_left_out():
    """Two far modes, fakes in one only: the other cell has no z, and the mean is over the first alone."""
    far = torch.tensor([50.0, 0, 0])
    train = torch.cat([normal(200, 3, 7), normal(200, 3, 8) + far])
    held_out = torch.cat([normal(100, 3, 9), normal(100, 3, 10) + far])
    found = copying_test(train, held_out, normal(100, 3, 11), generator=seeded(), cells=2)
    assert int(found.z.isnan().sum()) == 1
    assert sorted(found.fake.tolist()) == [0, 100]
    assert found.value == pytest.approx(float(found.z[~found.z.isnan()]))
    assert (
        copying_test(train, held_out, torch.cat([held_out[:15], held_out[-15:]]), generator=seeded(), cells=2).value
        is None
    )


def test_the_penalty_fires_on_copies_of_five_pictures():
    """200 samples that copy 5 of 500 training points: each has cosine distance 0 to training. Averaged the other way
    round, over the training set, it is about .8, and no penalty falls due."""
    train = normal(500, 32, seed=13)
    copies = memorised_frechet(train, train[:5].repeat(40, 1))
    assert copies.cosine_distance == pytest.approx(0.0, abs=1e-12)
    assert copies.penalised
    assert copies.value > 1e6 * copies.frechet
    assert not memorised_frechet(train[:5].repeat(40, 1), train).penalised


def test_no_penalty_where_nothing_is_copied():
    train, fake = normal(500, 32, seed=14), normal(300, 32, seed=15)
    found = memorised_frechet(train, fake, chunk=100)
    assert not found.penalised
    assert found.value == found.frechet == frechet_distance(train, fake)
    expected = scipy.spatial.distance.cdist(fake.numpy(), train.numpy(), "cosine").min(axis=1).mean()
    assert found.cosine_distance == pytest.approx(expected, abs=1e-6)


def test_bad_input():
    good = torch.zeros(50, 2)
    with pytest.raises(GanvasError, match="has one sample"):
        novelty(good[:1], good)
    with pytest.raises(GanvasError, match="fake features hold NaN"):
        novelty(good, good * torch.nan)
    with pytest.raises(GanvasError, match="at least 20"):
        copying_test(good, good[:10], good, generator=seeded())
    with pytest.raises(GanvasError, match="dimensions"):
        memorised_frechet(good, torch.zeros(50, 3))
