"""Disentanglement metrics on codes whose relation to the factors is known exactly."""

import math
import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import mutual_info_score
from sklearn.svm import LinearSVC
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.metrics.codes import discrete, entropies, mutual_information
from ganvas.metrics.dci import completeness, dci, disentanglement
from ganvas.metrics.factor_vae import factor_vae_score, from_pool
from ganvas.metrics.mig import mutual_information_gap
from ganvas.metrics.modularity import modularity
from ganvas.metrics.sap import attribute_predictability
from ganvas.metrics.separability import linear_separability

ROOT = math.sqrt(0.5)
TURN = torch.tensor([[ROOT, -ROOT], [ROOT, ROOT]], dtype=torch.float64)
"""By 45°: both codes then know both factors equally well."""


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def every_combination(*values: int, times: int = 100) -> Tensor:
    """int64 (times · Π values, f): each combination of values as often: the factors are exactly independent."""
    return torch.cartesian_prod(*(torch.arange(n) for n in values)).repeat(times, 1)


def votes(codes: Tensor, factors: Tensor, **options) -> object:
    draw, values = from_pool(codes, factors)
    return factor_vae_score(
        draw, values, codes, generator=seeded(), **{"train_votes": 400, "test_votes": 400} | options
    )


BINARY = every_combination(2, 2, times=200)


def test_codes_that_are_the_factors():
    """Each code holds its factor's entropy, the other none: all are 1. A linear machine that sees the wrong code of
    a balanced binary factor is right half of the time: SAP ½."""
    codes = BINARY.double()
    assert mutual_information_gap(codes, BINARY).value == pytest.approx(1, abs=1e-12)
    assert modularity(codes, BINARY).value == pytest.approx(1, abs=1e-12)
    for model, slack in (("gradient-boosting", 1e-6), ("random-forest", 0.03)):  # a forest's trees may not always
        found = dci(codes, BINARY, model=model)  # split by the right code first, and chance then gives the other some
        assert found.disentanglement == pytest.approx(1, abs=slack)
        assert found.completeness == pytest.approx(1, abs=slack)
        assert found.informativeness == 1
    assert attribute_predictability(codes, BINARY).value == pytest.approx(0.5, abs=0.07)
    assert attribute_predictability(codes, codes).value == pytest.approx(1, abs=1e-12)  # R² 1 against 0
    assert votes(codes, BINARY).value == 1
    assert linear_separability(codes, BINARY).value == pytest.approx(1, abs=1e-12)


def test_codes_turned_by_45_degrees():
    """Nothing is lost, but both codes know equally much of both factors: the gaps are 0, of two codes that vary alike
    chance names one (½). What is there can still be predicted (I), and told apart by a hyperplane."""
    codes = BINARY.double() @ TURN
    assert mutual_information_gap(codes, BINARY).value == pytest.approx(0, abs=1e-12)
    assert modularity(codes, BINARY).value == pytest.approx(0, abs=1e-12)
    assert attribute_predictability(codes, codes @ TURN).value == pytest.approx(0, abs=1e-12)
    noisy = codes + 0.05 * torch.randn(codes.shape, generator=seeded(1))
    found = dci(noisy, BINARY)
    assert found.disentanglement < 0.1 and found.completeness < 0.1
    assert found.informativeness > 0.99
    assert votes(noisy, BINARY).value < 0.65
    assert linear_separability(noisy, BINARY).value == pytest.approx(1, abs=0.02)


def test_the_gap_of_a_code_and_its_coarse_copy():
    """Of 4 even values one code knows 2 bits, a copy without the last bit 1: (2 − 1) / 2. A third code has none."""
    factor = every_combination(4, 3)
    codes = torch.stack([factor[:, 0], factor[:, 0] // 2, factor[:, 1]], dim=1).double()
    found = mutual_information_gap(codes, factor)
    assert found.by_factor.tolist() == pytest.approx([0.5, 1.0])
    assert found.value == pytest.approx(0.75)
    assert found.information.tolist() == [
        pytest.approx([math.log(4), 0]), pytest.approx([math.log(2), 0]), pytest.approx([0, math.log(3)])
    ]  # fmt: skip


def test_the_modularity_of_a_code_of_two_in_three_factors():
    """It knows one bit of each of two and nothing of the third: 1 − 1 / (1 · (3 − 1)) = ½."""
    factors = every_combination(2, 2, 2)
    both = (2 * factors[:, 0] + factors[:, 1]).double()
    assert modularity(both[:, None], factors).value == pytest.approx(0.5)
    with_pure = torch.stack([both, factors[:, 2].double()], dim=1)
    assert modularity(with_pure, factors).by_code.tolist() == pytest.approx([0.5, 1.0])


def test_the_entropies_of_importances():
    """Shares ⅔ and ⅓ have 0.9183 bits. D: rows (1, ½) and (0, ½) weigh ¾ and ¼: ¾·0.0817 + ¼·1 = 0.3113. C: the
    first column stands alone, 1, the second is even, 0: ½."""
    importance = torch.tensor([[1.0, 0.5], [0.0, 0.5]], dtype=torch.float64)
    assert disentanglement(importance) == pytest.approx(0.311278, abs=1e-6)
    assert completeness(importance) == pytest.approx(0.5)
    even, single = torch.full((3, 3), 1 / 3), torch.eye(3)
    assert disentanglement(even) == pytest.approx(0, abs=1e-6) and disentanglement(single) == 1
    dead = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    assert disentanglement(dead) == 1  # a code that matters to nothing has no weight


def test_one_factor_has_no_disentanglement():
    """With one factor every code tells of that alone, so that D would be 1 whatever the codes: n/a."""
    found = dci(BINARY.double(), BINARY[:, :1])
    assert found.disentanglement is None
    assert found.completeness == pytest.approx(1, abs=0.03)
    assert dci(BINARY[:, :1].double(), BINARY).completeness is None


def test_trees_of_both_protocols_and_continuous_factors():
    codes = torch.rand(400, 3, generator=seeded(2), dtype=torch.float64)
    for model in ("random-forest", "gradient-boosting"):
        found = dci(codes, codes[:, :2], model=model)
        assert found.disentanglement > 0.95 and found.completeness > 0.95
        assert found.informativeness > 0.98  # R²
        assert found.importance.sum(dim=0).tolist() == pytest.approx([1, 1])
    with pytest.raises(GanvasError, match="no model of DCI is called 'forest'"):
        dci(codes, codes, model="forest")


def test_bins_and_information_are_those_of_numpy_and_scikit_learn():
    values = np.random.default_rng(0).normal(size=(500, 3))
    bins = discrete(torch.from_numpy(values))
    for i, column in enumerate(values.T):
        assert np.array_equal(np.digitize(column, np.histogram(column, 20)[1][:-1]) - 1, bins[:, i])
    labels = torch.from_numpy(np.random.default_rng(1).integers(-3, 4, size=(500, 2)))
    information = mutual_information(bins, discrete(labels))
    for i in range(3):
        for j in range(2):
            assert information[i, j].item() == pytest.approx(mutual_info_score(bins[:, i], labels[:, j]))
    own = mutual_information(bins, bins).diagonal()
    assert torch.allclose(own, entropies(bins))


def test_predictability_is_that_of_its_parts():
    """R² by numpy, accuracy by the machine itself on the rows that were held out."""
    codes = torch.randn(300, 3, generator=seeded(3), dtype=torch.float64)
    amount = codes @ torch.tensor([[1.0, 0.2], [0.5, 0.1], [0.0, 0.9]], dtype=torch.float64)
    theirs = np.corrcoef(codes.numpy().T, amount.numpy().T)[:3, 3:] ** 2
    found = attribute_predictability(codes, amount)
    assert np.allclose(found.scores, theirs)
    assert found.value == pytest.approx(np.mean([np.diff(np.sort(column)[-2:])[0] for column in theirs.T]))
    told = attribute_predictability(codes, (amount[:, :1] > 0).long())
    order = torch.randperm(300, generator=seeded(0))
    train, test = order[100:], order[:100]
    machine = LinearSVC(C=0.01, class_weight="balanced", dual=False)
    machine.fit(codes[train, :1].numpy(), (amount[train, 0] > 0).numpy())
    assert told.scores[0, 0] == machine.score(codes[test, :1].numpy(), (amount[test, 0] > 0).numpy())


def test_constant_codes_are_left_out():
    """Dead codes change no score: they have no information, no importance and no vote."""
    dead = torch.cat([torch.full((len(BINARY), 1), 3.0), BINARY.double(), torch.zeros(len(BINARY), 1)], dim=1)
    assert mutual_information_gap(dead, BINARY).value == pytest.approx(1, abs=1e-12)
    found = modularity(dead, BINARY)
    assert (found.value, found.active.tolist()) == (pytest.approx(1), [False, True, True, False])
    assert dci(dead, BINARY).disentanglement == pytest.approx(1, abs=0.03)
    assert dci(dead, BINARY).importance[[0, 3]].sum() == 0
    assert attribute_predictability(dead, BINARY.double()).scores[0].tolist() == [0, 0]
    voted = votes(dead, BINARY)
    assert (voted.value, voted.active) == (1, 2)
    assert voted.votes[[0, 3]].sum() == 0
    faint = BINARY.double() * torch.tensor([1.0, 0.09])  # deviations 0.5 and 0.045: the second is under 0.05
    assert votes(faint, BINARY).active == 1
    assert votes(faint, BINARY).value < 0.65


def test_votes_of_a_sampler_that_holds_a_factor_fixed():
    """Any callable will do: here all three factors are normal, and the first code follows the second factor."""

    def draw(factor: int, value: int, count: int, generator: torch.Generator) -> Tensor:
        factors = torch.randn(count, 3, generator=generator)
        factors[:, factor] = float(value)
        return factors[:, [1, 0, 2]]

    codes = torch.randn(2000, 3, generator=seeded(4))
    found = factor_vae_score(draw, [2, 2, 2], codes, generator=seeded(), train_votes=300, test_votes=200)
    assert (found.value, found.active) == (1, 3)
    assert found.votes.argmax(dim=1).tolist() == [1, 0, 2]
    assert found.votes.sum() == 300
    assert found.interval == (pytest.approx(200 / (200 + 1.959964**2)), 1)


def test_separability_of_clusters_and_of_nothing():
    """Clusters ±5 apart leave 0 bits: 2⁰ = 1. Labels that latents know nothing of leave their entropy: 2^(1 + 0.7219)
    for shares ½ and ⅕, whatever a machine can learn by heart of its own 40 dimensions."""
    generator = seeded(5)
    latents = torch.randn(2000, 40, generator=generator)
    labels = torch.stack([torch.arange(2000) % 2, (torch.arange(2000) % 5 == 0).long()], dim=1)[
        torch.randperm(2000, generator=generator)
    ]
    apart = latents + 10 * labels[:, :1] - 5
    assert linear_separability(apart, labels[:, :1]).value == 1.0
    nothing = linear_separability(latents, labels)
    assert nothing.most_bits.tolist() == pytest.approx([1, 0.7219], abs=0.03)
    assert nothing.value == pytest.approx(2**1.7219, rel=0.03)
    low, high = nothing.interval
    assert low <= nothing.value <= high
    assert nothing.held_out == 1000


def test_separability_is_not_that_of_the_training_rows():
    """100 rows of chance in 60 dimensions: a machine separates those that it saw perfectly, others not at all."""
    latents, labels = torch.randn(100, 60, generator=seeded(6)), torch.arange(100)[:, None] % 2
    machine = LinearSVC(dual=False).fit(latents[:50].numpy(), labels[:50, 0].numpy())
    assert machine.score(latents[:50].numpy(), labels[:50, 0].numpy()) == 1
    assert linear_separability(latents, labels).value > 1.8


def test_only_the_surer_half_counts_where_sureness_is_given():
    """Labels of the unsure half are tossed: without confidence that costs bits, with it nothing."""
    latents = torch.randn(1000, 4, generator=seeded(7))
    labels = (latents[:, :1] > 0).long()
    unsure = latents[:, 0].abs() < latents[:, 0].abs().median()
    labels[unsure] = torch.randint(2, (int(unsure.sum()), 1), generator=seeded(8))
    assert linear_separability(latents, labels).value > 1.5
    assert linear_separability(latents, labels, confidence=latents[:, :1].abs()).value == pytest.approx(1, abs=0.03)


def test_a_machine_that_fails_is_no_perfect_one(monkeypatch: pytest.MonkeyPatch):
    def fail(self, *arrays):
        import warnings

        warnings.warn("Liblinear failed to converge", ConvergenceWarning, stacklevel=1)

    monkeypatch.setattr(LinearSVC, "fit", fail)
    with pytest.raises(GanvasError, match="no hyperplane could be fitted to attribute 0: Liblinear failed"):
        linear_separability(BINARY.double(), BINARY)


METRICS: dict[str, Callable[[Tensor, Tensor], object]] = {
    "mig": mutual_information_gap,
    "modularity": modularity,
    "dci": dci,
    "sap": attribute_predictability,
    "votes": votes,
    "separability": linear_separability,
}


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("codes", "factors", "words"),
    [
        (torch.full((80, 2), torch.nan), BINARY[:80], "codes hold NaN"),
        (BINARY[:20].double(), BINARY[:20], "20 samples are too few"),
        (BINARY.double().T, BINARY, "2 rows of codes, 800 of factors"),
        (BINARY.double(), BINARY[:, 0], r"factors have shape \(800,\)"),
        (BINARY.double(), torch.zeros(800, 2, dtype=torch.int64), "factor 0 has the same value"),
    ],
    ids=["nan", "few", "transposed", "flat", "constant"],
)
def test_every_metric_names_what_is_wrong(metric: str, codes: Tensor, factors: Tensor, words: str):
    with pytest.raises(GanvasError, match=words):
        METRICS[metric](codes, factors)


@pytest.mark.parametrize(
    ("metric", "codes", "factors", "words"),
    [
        ("mig", BINARY[:, :1].double(), BINARY, "1 codes: this metric needs at least 2"),
        ("sap", BINARY[:, :1].double(), BINARY, "1 codes: this metric needs at least 2"),
        ("modularity", BINARY.double(), BINARY[:, :1], "1 factors: this metric needs at least 2"),
        ("modularity", torch.ones(800, 2), BINARY, "no code tells anything"),
        ("votes", torch.ones(800, 2), BINARY, "no code varies by 0.05"),
        ("votes", BINARY.double(), BINARY.double(), "give whole numbers"),
        ("separability", BINARY.double(), BINARY.double(), "whole numbers"),
    ],
)
def test_a_metric_names_what_it_alone_needs(metric: str, codes: Tensor, factors: Tensor, words: str):
    with pytest.raises(GanvasError, match=words):
        METRICS[metric](codes, factors)


@pytest.mark.parametrize("metric", ["dci", "sap", "separability"])
def test_without_scikit_learn_the_extra_is_named(metric: str, monkeypatch: pytest.MonkeyPatch):
    for module in ("sklearn.ensemble", "sklearn.svm"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(GanvasError, match=r"needs scikit-learn: pip install 'ganvas\[disentanglement\]'"):
        METRICS[metric](BINARY.double(), BINARY)
