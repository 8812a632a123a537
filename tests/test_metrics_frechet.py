"""The Fréchet distance against closed forms, SciPy and torchmetrics, in each of its three forms."""

import numpy as np
import pytest
import scipy.linalg
import torch

from ganvas.errors import GanvasError
from ganvas.metrics import frechet_distance, frechet_error, frechet_infinity
from ganvas.metrics.symmetric import congruent, eigenvalues, gram, whole


def exact(rows: int, mean: torch.Tensor, deviation: torch.Tensor, seed: int = 0) -> torch.Tensor:
    """Features whose sample mean is exactly ``mean`` and whose sample covariance exactly diag(deviation²)."""
    points = torch.randn(rows, len(mean), dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    points -= points.mean(dim=0)
    white = torch.linalg.qr(points).Q * (rows - 1) ** 0.5
    return white * deviation + mean


def test_two_gaussians_in_closed_form():
    """For diagonal covariances it is |μ₁−μ₂|² + Σ(σ₁−σ₂)²: here 4·0.5² + 4·(2−1)² = 5."""
    ones, zeros = torch.ones(4, dtype=torch.float64), torch.zeros(4, dtype=torch.float64)
    distance = frechet_distance(exact(50, zeros, ones), exact(70, zeros + 0.5, 2 * ones, seed=1))
    assert distance == pytest.approx(5.0, abs=1e-10)


def test_it_is_symmetric_and_zero_on_itself():
    generator = torch.Generator().manual_seed(0)
    for rows in (300, 10):  # more rows than dimensions, and fewer
        a, b = torch.randn(2, rows, 64, generator=generator)
        assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-6)
        assert frechet_distance(a, b) > 1
        assert frechet_distance(a, a) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("rows", [10, 200])
def test_it_equals_the_eigenvalues_of_the_product(rows: int):
    """Tr(Σ₁Σ₂)^½ is the sum of the roots of the eigenvalues of Σ₁Σ₂: with 10 rows in 64 dimensions most are 0."""
    a, b = np.random.default_rng(0).normal(size=(2, rows, 64)) * [[[1.0]], [[1.3]]]
    product = np.cov(a, rowvar=False) @ np.cov(b, rowvar=False)
    root = np.sqrt(np.clip(scipy.linalg.eigvals(product).real, 0, None)).sum()
    spread = a.var(axis=0, ddof=1).sum() + b.var(axis=0, ddof=1).sum()
    expected = ((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum() + spread - 2 * root
    assert frechet_distance(torch.from_numpy(a), torch.from_numpy(b)) == pytest.approx(expected, rel=1e-4)


def test_scipys_matrix_root_agrees_at_full_rank():
    a, b = np.random.default_rng(1).normal([[[0.0]], [[0.2]]], size=(2, 500, 16))
    root = scipy.linalg.sqrtm(np.cov(a, rowvar=False) @ np.cov(b, rowvar=False)).real
    spread = a.var(axis=0, ddof=1).sum() + b.var(axis=0, ddof=1).sum()
    expected = ((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum() + spread - 2 * np.trace(root)
    assert frechet_distance(torch.from_numpy(a), torch.from_numpy(b)) == pytest.approx(expected, rel=1e-9)


def test_what_is_symmetric_is_that_of_the_plain_products():
    """dsyrk, dsygst and the eigenvalues give what full products give; only the lower triangle is promised."""
    a, b = torch.randn(2, 40, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    one, two = a.T @ a, b.T @ b
    factor = torch.linalg.cholesky(one)
    torch.testing.assert_close(whole(gram(a)), one)
    torch.testing.assert_close(whole(gram(a.T.contiguous().T)), one)
    torch.testing.assert_close(whole(congruent(factor, two)), factor.T @ two @ factor)
    torch.testing.assert_close(whole(congruent(factor.contiguous(), gram(b))), factor.T @ two @ factor)
    torch.testing.assert_close(eigenvalues(gram(a)), torch.linalg.eigvalsh(one))


def test_what_it_is_given_stays_as_it_was():
    a, b = torch.randn(2, 50, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(6))
    kept = a.clone(), b.clone()
    frechet_distance(a, b)
    assert torch.equal(a, kept[0]) and torch.equal(b, kept[1])


def test_torchmetrics_agrees():
    from torchmetrics.image.fid import FrechetInceptionDistance

    class Same(torch.nn.Identity):
        num_features = 16

    a, b = torch.randn(2, 400, 16, generator=torch.Generator().manual_seed(2)) * torch.tensor([1.0, 2.0])[:, None, None]
    theirs = FrechetInceptionDistance(feature=Same(), normalize=True).set_dtype(torch.float64)
    theirs.update(a.double(), real=True)
    theirs.update(b.double(), real=False)
    assert frechet_distance(a, b) == pytest.approx(float(theirs.compute()), rel=1e-6)


def test_a_feature_that_never_changes_adds_nothing():
    """Border pixels of digits are always black: the covariance is singular, Cholesky fails, the value must not."""
    a, b = torch.randn(2, 200, 8, generator=torch.Generator().manual_seed(3))
    dead = torch.zeros(200, 2)
    assert frechet_distance(torch.cat([a, dead], 1), torch.cat([b, dead], 1)) == pytest.approx(
        frechet_distance(a, b), rel=1e-6
    )


def test_it_grows_with_noise_and_shrinks_with_samples():
    """The bias of two samples of one Gaussian is about c/N: ten times the samples, a tenth of the distance."""
    generator = torch.Generator().manual_seed(4)
    a = torch.randn(2000, 16, generator=generator)
    noise = torch.randn(2000, 16, generator=generator)
    distances = [frechet_distance(a, a + level * noise) for level in (0.1, 0.3, 1.0)]
    assert distances == sorted(distances)
    small, large = (
        np.mean([frechet_distance(*torch.randn(2, n, 16, generator=generator)) for _ in range(5)]) for n in (200, 2000)
    )
    assert 7 < small / large < 14


@pytest.mark.parametrize("few", ["real", "fake"])
def test_few_rows_against_many(few: str):
    """The short form, one side reduced to its covariance's factor, equals the eigenvalues of the product."""
    rng = np.random.default_rng(5)
    sets = {few: rng.normal(size=(10, 64)), {"real": "fake", "fake": "real"}[few]: rng.normal(size=(3000, 64)) * 1.3}
    real, fake = sets["real"], sets["fake"]
    roots = np.sqrt(np.clip(scipy.linalg.eigvals(np.cov(real.T) @ np.cov(fake.T)).real, 0, None)).sum()
    spread = real.var(axis=0, ddof=1).sum() + fake.var(axis=0, ddof=1).sum()
    expected = ((real.mean(axis=0) - fake.mean(axis=0)) ** 2).sum() + spread - 2 * roots
    assert frechet_distance(torch.from_numpy(real), torch.from_numpy(fake)) == pytest.approx(expected, rel=1e-4)


def test_rows_that_are_all_equal():
    """Two constants have no spread, only a distance: 7 · 2² = 28."""
    real, fake = torch.zeros(50, 7), torch.full((60, 7), 2.0)
    assert frechet_distance(real, fake) == pytest.approx(28.0)
    line = frechet_infinity(real, fake, generator=torch.Generator())
    assert (line.infinity, line.interval) == (pytest.approx(28.0), pytest.approx((28.0, 28.0)))


def test_infinity_takes_the_bias_out():
    """Of two samples of N(0, I) in d = 64 dimensions, to second order the means add 2d/N and the covariances, ¼ |ΔΣ|²,
    d (d + 1)/2N: the distance falls as 2208/N, is 1.1 at 2,000, and ends at 0."""
    a, b = torch.randn(2, 2000, 64, generator=torch.Generator().manual_seed(6))
    line = frechet_infinity(a, b, generator=torch.Generator().manual_seed(0))
    assert line.slope == pytest.approx(2208, rel=0.05)
    assert line.distances[-1] == pytest.approx(frechet_distance(a, b))
    assert line.distances[-1] > 1
    assert line.infinity == pytest.approx(0.0, abs=0.03)
    assert line.interval[0] < 0 < line.interval[1]
    assert (line.sizes[0], line.sizes[-1], len(line.sizes)) == (200, 2000, 15)


def test_the_real_set_can_stay_whole():
    """Chong & Forsyth extrapolate the fakes alone: of the bias c/N + c/M at N = M only half is taken out."""
    a, b = torch.randn(2, 2000, 64, generator=torch.Generator().manual_seed(7))
    line = frechet_infinity(a, b, generator=torch.Generator().manual_seed(0), fixed_real=True)
    assert line.infinity == pytest.approx(frechet_distance(a, b) / 2, rel=0.1)


def test_infinitys_interval_covers_the_truth_as_often_as_it_says():
    """60 experiments, N(0, I) against N(½, I) in 8 dimensions: the truth is 8 · ½² = 2, and a 95 % interval should miss
    it about three times. Its error is the spread of the 60 values, within a quarter."""
    found = []
    for seed in range(60):
        generator = torch.Generator().manual_seed(seed)
        a, b = torch.randn(2, 500, 8, generator=generator)
        found.append(frechet_infinity(a, b + 0.5, generator=generator))
    assert 53 <= sum(line.interval[0] <= 2 <= line.interval[1] for line in found) <= 60
    errors = np.mean([(line.interval[1] - line.interval[0]) / 2 / 1.96 for line in found])
    assert errors == pytest.approx(np.std([line.infinity for line in found]), rel=0.25)


def test_the_error_in_closed_form():
    """In one dimension with μ₁ = μ₂ the distance is (σ₂ − σ₁)², and a sample σ has variance σ²/2N: at σ = 1 and 3 its
    variance is, by the chain rule, (2 · 2)² (1/2N + 9/2M)."""
    generator = torch.Generator().manual_seed(8)
    a, b = torch.randn(40_000, 1, generator=generator), 3 * torch.randn(40_000, 1, generator=generator)
    expected = (16 * (1 / 80_000 + 9 / 80_000)) ** 0.5
    assert frechet_error(a, b) == pytest.approx(expected, rel=0.03)
    dead = torch.zeros(40_000, 1)
    assert frechet_error(torch.cat([a, dead], 1), torch.cat([b, dead], 1)) == pytest.approx(expected, rel=0.03)


def test_too_few_rows_for_a_line():
    with pytest.raises(GanvasError, match="100 samples of 64 dimensions are too few to extrapolate"):
        frechet_infinity(torch.zeros(300, 64), torch.zeros(100, 64), generator=torch.Generator())


@pytest.mark.parametrize(
    ("real", "fake", "words"),
    [
        (torch.zeros(5, 2), torch.full((5, 2), torch.nan), "fake features hold NaN"),
        (torch.zeros(1, 2), torch.zeros(5, 2), "real: 1 samples are too few"),
        (torch.zeros(5, 2), torch.zeros(5, 3), "2 dimensions, fake ones 3"),
        (torch.zeros(5, 2, 2), torch.zeros(5, 2), "shape"),
    ],
)
def test_what_cannot_be_compared_is_named(real: torch.Tensor, fake: torch.Tensor, words: str):
    with pytest.raises(GanvasError, match=words):
        frechet_distance(real, fake)
