"""The birthday paradox: supports that are known, found from their duplicates."""

import pytest
import torch

from ganvas.errors import GanvasError
from ganvas.metrics import birthday


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def drawn(support: int, count: int, seed: int) -> torch.Tensor:
    """``count`` draws with replacement from ``support`` points of 16 dimensions."""
    generator = seeded(seed)
    bank = torch.randn(support, 16, generator=generator)
    return bank[torch.randint(support, (count,), generator=generator)]


@pytest.mark.parametrize("support", [50, 500, 5000])
def test_a_finite_support_is_found(support: int):
    """1,000 draws hold 499,500 pairs, of which 1/S are alike; 100 at S = 5,000, so within about 10 % of it."""
    found = birthday(torch.randn(1000, 16, generator=seeded(1)), drawn(support, 1000, seed=2), generator=seeded())
    assert found.fake.size == pytest.approx(support, rel=0.25)
    low, high = found.fake.interval
    assert low < support < (high or 0)
    assert (found.fake.size or 0) < (found.real.size or 0) / 2
    first, second = found.closest[0].tolist()
    assert first != second


def test_its_interval_covers_the_truth():
    """30 experiments at a support of 300: a 95 % interval should miss it once or twice."""
    inside = 0
    for seed in range(30):
        found = birthday(torch.randn(500, 16, generator=seeded(seed)), drawn(300, 500, seed), generator=seeded())
        low, high = found.fake.interval
        inside += low <= 300 <= (high or 0)
    assert inside >= 26


def test_equal_laws_have_equal_supports():
    a, b = torch.randn(2, 2000, 16, generator=seeded(3))
    found = birthday(a, b[:1500], generator=seeded())
    assert found.rows == 1500
    assert found.real.duplicated == pytest.approx(0.01, abs=0.002)
    low, high = found.fake.interval
    assert low < (found.real.size or 0) < (high or 1e12)


def test_no_duplicates_is_not_a_number():
    """Fakes much farther apart than reals: the support is n/a, at least a third of the pairs by the rule of three."""
    a = torch.randn(100, 16, generator=seeded(4))
    found = birthday(a, 100 * a, generator=seeded())
    assert found.numbers()["birthday_support"] is None
    assert found.fake.interval == (pytest.approx(100 * 99 / 2 / 3), None)


def test_rows_that_are_all_equal():
    """One sample, on both sides."""
    same = torch.full((60, 7), 0.1)
    found = birthday(same, same.clone(), generator=seeded())
    assert (found.real.size, found.fake.size, found.fake.duplicated) == (1.0, 1.0, 1.0)


def test_the_closest_pairs_are_named():
    """Two pairs of copies among the fakes: first of all the pairs, and by their places in the given set."""
    fake = torch.randn(300, 16, generator=seeded(5))
    fake[250], fake[10] = fake[7], fake[200]
    found = birthday(torch.randn(300, 16, generator=seeded(6)), fake, generator=seeded())
    assert {frozenset(pair) for pair in found.closest[:2].tolist()} == {frozenset((7, 250)), frozenset((10, 200))}
    assert len({frozenset(pair) for pair in found.closest.tolist()}) == len(found.closest) == 20


def test_bad_input():
    with pytest.raises(GanvasError, match="fake: 10 samples are too few"):
        birthday(torch.zeros(50, 2), torch.zeros(10, 2), generator=seeded())
    with pytest.raises(GanvasError, match="closest is 1"):
        birthday(torch.zeros(50, 2), torch.zeros(50, 2), generator=seeded(), closest=1.0)
