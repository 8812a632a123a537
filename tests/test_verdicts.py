"""Each rule from both sides, on cards made by hand: the healthy one, and the healthy one with a few numbers spoilt."""

from __future__ import annotations

import pytest

from ganvas.evaluate.card import Card, ClassRow, Measurement, Protocol
from ganvas.evaluate.faults import KINDS
from ganvas.evaluate.looks import FEWEST
from ganvas.evaluate.verdicts import HEALTHY, STANDING, UNDECIDED, Verdict, verdicts

HEALTHY_NUMBERS: dict[str, tuple[float | None, float | None]] = {
    "precision": (0.88, 0.88),
    "recall": (0.87, 0.88),
    "density": (1.0, 1.0),
    "coverage": (0.96, 0.97),
    "c2st_accuracy": (0.5, 0.5),
    "js_over_generated": (0.0, 0.0),
    "js_under_generated": (0.0, 0.0),
    "bins_low": (0, 0),
    "share_missing": (0.0, 0.0),
    "share_surplus": (0.0, 0.0),
    "vendi_ratio": (1.0, 1.0),
    "birthday_support": (50_000, 50_000),
    "authentic_share": (0.6, 0.6),
    "ct_score": (0.0, 0.0),
    "nearest_train_distance": (3.0, 3.0),
}
LOWER = ("c2st_accuracy", "js_over_generated", "js_under_generated", "bins_low", "share_missing", "share_surplus")
EYES = ("pixels", "random-conv", "self-trained")
SHARES = {"cat": 0.25, "dog": 0.25, "fox": 0.25, "hen": 0.25}
HALVED = {"cat": 0.287, "dog": 0.287, "fox": 0.286, "hen": 0.14}
GONE = {"cat": 0.33, "dog": 0.33, "fox": 0.33, "hen": 0.01}


def card(
    spoilt: dict[str, float | None] | None = None,
    pixels: dict[str, float | None] | None = None,
    *,
    n: int = 1000,
    eyes: tuple[str, ...] = EYES,
    without: tuple[str, ...] = (),
    no_reference: tuple[str, ...] = (),
    shares: dict[str, float] | None = None,
    accuracy: float | None = None,
) -> Card:
    """Healthy but for what is ``spoilt`` in all eyes, or in those of the ``pixels`` alone."""
    measurements = []
    for extractor in eyes:
        changed = {**(spoilt or {}), **((pixels or {}) if extractor == "pixels" else {})}
        for name, (value, reference) in HEALTHY_NUMBERS.items():
            if name not in without:
                measurement = Measurement(
                    name=name,
                    value=changed.get(name, value),
                    reference=None if name in no_reference else reference,
                    better="lower" if name in LOWER else "higher",
                    protocol=Protocol(n_real=n, n_fake=n, extractor=extractor),
                )
                measurements.append(measurement)
    rows = [ClassRow(name=name, share=share, reference_share=0.25) for name, share in (shares or SHARES).items()]
    return Card(
        data="pets",
        data_fingerprint="0",
        space="28x28",
        samples=n,
        seed=0,
        measurements=tuple(measurements),
        classes=tuple(rows) if "self-trained" in eyes else (),
        judge_accuracy=accuracy,
        seconds=1.0,
    )


def faults(given: Card) -> dict[str, Verdict]:
    return {verdict.kind: verdict for verdict in verdicts(given) if verdict.kind in KINDS}


def only(given: Card) -> Verdict:
    (found,) = faults(given).values()
    return found


NOISY = {"vendi_ratio": 1.3, "c2st_accuracy": 0.98, "recall": 0.9}
FOUND = {
    "mode collapse": card({"coverage": 0.1, "recall": 0.0, "birthday_support": 20}),
    "noise": card({"precision": 0.5, "coverage": 0.3}, NOISY),
    "memorised": card({"authentic_share": 0.3, "ct_score": -13.0}),
    "mode dropping": card(shares=GONE),
    "poor quality": card({"precision": 0.4, "coverage": 0.3, "c2st_accuracy": 0.95, "js_over_generated": 0.25}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_is_found_alone_where_it_alone_is_planted(kind: str) -> None:
    found = only(FOUND[kind])
    assert (found.kind, found.level) == (kind, "bad")
    assert found.sentence.startswith(f"{kind}: ")
    assert "(unseen real pictures: " in found.sentence


def test_the_healthy_card_has_no_fault_and_says_what_was_looked_for() -> None:
    first, *rest = verdicts(card())
    assert (first.kind, first.level) == (HEALTHY, "good")
    assert first.sentence == (
        "no fault found by these rules, which looked for mode collapse, noise, memorised, mode dropping and poor "
        "quality in 1,000 pictures"
    )
    assert {verdict.kind for verdict in rest} == {STANDING}


# --- collapse ---------------------------------------------------------------------------------------------------------


def test_few_effective_pictures_are_a_collapse_only_where_coverage_is_gone_too() -> None:
    """n/5 = 200 effective pictures of 1,000; coverage under .3 of .97, that is .29."""
    assert only(card({"birthday_support": 200, "coverage": 0.28})).kind == "mode collapse"
    assert "mode collapse" not in faults(card({"birthday_support": 201, "coverage": 0.28}))
    assert "mode collapse" not in faults(card({"birthday_support": 200, "coverage": 0.3}))


def test_ugly_pictures_need_to_be_fewer_and_in_all_eyes_before_they_are_a_collapse() -> None:
    """Blurring, too, makes pictures alike. n/50 = 20."""
    ugly = {"precision": 0.0, "coverage": 0.0}
    assert only(card({**ugly, "birthday_support": 20})).kind == "mode collapse"
    assert only(card({**ugly, "birthday_support": 21})).kind == "poor quality"
    assert only(card({**ugly, "birthday_support": 20}, {"birthday_support": 84})).kind == "poor quality"


def test_a_vendi_score_of_a_tenth_is_a_collapse_whatever_the_duplicates() -> None:
    found = only(card({"vendi_ratio": 0.09, "birthday_support": None}))
    assert found.kind == "mode collapse"
    assert "the Vendi score of 1,000 generated pictures is 9.0% of the data's" in found.sentence
    assert "mode collapse" not in faults(card({"vendi_ratio": 0.11, "birthday_support": None}))


def test_no_duplicates_at_all_are_no_collapse() -> None:
    assert not faults(card({"birthday_support": None}))


@pytest.mark.parametrize(("size", "words"), [(1.0, "from 1 picture ("), (4.97, "from 5 pictures (")])
def test_pictures_are_counted_in_words(size: float, words: str) -> None:
    assert words in only(card({"coverage": 0.01, "birthday_support": size})).sentence


# --- noise ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"vendi_ratio": 1.0}, {"c2st_accuracy": 0.85}, {"recall": 0.1}], ids=str)
def test_noise_needs_all_three_of_variety_recall_and_being_told_apart(change: dict[str, float | None]) -> None:
    assert "noise" in faults(card(pixels=NOISY))
    assert "noise" not in faults(card(pixels={**NOISY, **change}))


def test_a_classifier_that_sees_nothing_leaves_noise_to_the_precision_in_pixels() -> None:
    """Coloured pixels are too many for it. Half of .88 is .44; one in five as junk leaves .8 of it, .70."""
    blind: dict[str, float | None] = {**NOISY, "c2st_accuracy": 0.5}
    found = only(card(pixels={**blind, "precision": 0.43}))
    assert found.kind == "noise"
    assert "in pixels precision is 0.43 (unseen real pictures: 0.88), and" in found.sentence
    assert "classifier" not in found.sentence
    for precision in (0.45, 0.7, 0.88):
        assert "noise" not in faults(card(pixels={**blind, "precision": precision}))


@pytest.mark.parametrize("change", [{"vendi_ratio": 1.0}, {"recall": 0.1}], ids=str)
def test_low_precision_in_pixels_alone_is_no_noise(change: dict[str, float | None]) -> None:
    """Pictures that are no more varied than the data, or near to few of them, are poor for another reason."""
    assert "noise" not in faults(card(pixels={**NOISY, "precision": 0.1, **change}))


def test_noise_explains_thin_coverage_too() -> None:
    thinned: dict[str, float | None] = {"coverage": 0.85, "js_under_generated": 0.05, "js_over_generated": 0.0}
    assert set(faults(card(thinned))) == {"mode dropping"}
    assert set(faults(card(thinned, NOISY))) == {"noise"}


def test_noise_that_does_no_harm_in_the_best_eyes_is_doubtful() -> None:
    assert only(card(pixels=NOISY)).level == "doubtful"


def test_noise_is_judged_in_pixels_only() -> None:
    told = card({"vendi_ratio": 1.3, "c2st_accuracy": 0.98}, {"vendi_ratio": 1.0, "c2st_accuracy": 0.5})
    assert "noise" not in faults(told)


def test_noise_explains_the_poor_quality_and_leaves_the_classes_untold() -> None:
    """At half the precision the judge's opinion on classes is worth nothing."""
    noisy = {"precision": 0.5, "coverage": 0.3}
    assert set(faults(card(noisy, NOISY, shares=GONE))) == {"noise"}
    assert set(faults(card({**noisy, "precision": 0.7}, NOISY, shares=GONE))) == {"noise", "mode dropping"}


# --- memorised --------------------------------------------------------------------------------------------------------


def test_memorised_needs_few_authentic_pictures_and_the_copying_test() -> None:
    assert only(card({"authentic_share": 0.45, "ct_score": -3.1})).level == "doubtful"
    assert not faults(card({"authentic_share": 0.45, "ct_score": -2.9}))
    assert not faults(card({"authentic_share": 0.55, "ct_score": -9.0}))


def test_the_authentic_share_alone_will_do_where_the_copying_test_has_no_cell() -> None:
    assert only(card({"authentic_share": 0.3, "ct_score": None})).kind == "memorised"


def test_dull_pictures_in_the_midst_of_the_data_are_no_copies() -> None:
    assert not faults(card({"authentic_share": 0.3, "ct_score": -9.0, "density": 2.0}))


def test_few_pictures_repeated_say_too_little_to_be_called_copies() -> None:
    """Of 20 effective samples, .35 against .6 is 2.2 standard errors of √(.6·.4/20) = .11."""
    told = faults(card({"authentic_share": 0.35, "ct_score": -9.0, "birthday_support": 20, "coverage": 0.1}))
    assert set(told) == {"mode collapse"}


def test_the_memorised_are_told_with_their_numbers() -> None:
    assert only(FOUND["memorised"]).sentence == (
        "memorised: in self-trained features only 30% (unseen real pictures: 60%) lie farther from the nearest "
        "training picture than that one lies from its own nearest neighbour; the copying test gives -13.0 "
        "(copies: below −3)"
    )


# --- mode dropping ----------------------------------------------------------------------------------------------------


def test_the_missing_classes_are_named_and_no_others() -> None:
    found = only(card(shares={"cat": 0.0, "dog": 0.49, "fox": 0.5, "hen": 0.01}))
    assert "class cat, 0.0% (unseen real pictures: 25.0%) and class hen, 1.0%" in found.sentence
    assert found.evidence["share of cat"] == 0.0
    assert "dog" not in found.sentence and "share of dog" not in found.evidence


def test_a_halved_class_is_doubtful_and_only_where_the_pictures_are_clean() -> None:
    """.14 of .25, the others at .29: .14 / .29 = .48 of the typical class, under .7."""
    assert only(card(shares=HALVED)).level == "doubtful"
    assert "mode dropping" not in faults(card({"js_over_generated": 0.11}, shares=HALVED))


STRANGE = {"js_over_generated": 0.06}  # chance: 1/√1,000 = .032; from .1 on only missing classes count


def test_a_weak_judge_is_not_believed_about_pictures_that_are_unlike_the_data() -> None:
    """.14 of .25, the others at .29, is .49 of the typical class. Errors explain down to 2a − 1: .49 of a = .745."""
    assert "mode dropping" not in faults(card(STRANGE, shares=HALVED, accuracy=0.74))
    assert "mode dropping" in faults(card(STRANGE, shares=HALVED, accuracy=0.75))


def test_a_weak_judge_is_believed_about_pictures_like_the_data() -> None:
    """It is as wrong about the real ones beside them."""
    assert only(card(shares=HALVED, accuracy=0.4)).kind == "mode dropping"
    assert "mode dropping" not in faults(card({"precision": 0.78}, shares=HALVED, accuracy=0.4))


def test_a_judge_that_is_wrong_every_other_time_has_no_say_even_on_missing_classes() -> None:
    """2a − 1 = 0 at .5; .04 of the typical class is below the .1 at .55."""
    assert "mode dropping" not in faults(card(STRANGE, shares=GONE, accuracy=0.5))
    assert faults(card(STRANGE, shares=GONE, accuracy=0.55))["mode dropping"].level == "bad"


def test_of_pictures_that_are_nearly_all_strange_no_judge_is_asked() -> None:
    """Of .35 nats, .2 and more."""
    assert "mode dropping" in faults(card({"js_over_generated": 0.19}, shares=GONE, accuracy=0.99))
    assert "mode dropping" not in faults(card({"js_over_generated": 0.2}, shares=GONE, accuracy=0.99))


def test_a_class_that_chance_makes_rare_is_not_named() -> None:
    """.17 against .25 of 200 is 1.96 standard errors of √(2·.21·.79/200) = .041; of 1,000 it is 4.4."""
    shares = {"cat": 0.277, "dog": 0.277, "fox": 0.276, "hen": 0.17}
    assert not faults(card(shares=shares, n=200))
    assert only(card(shares=shares)).kind == "mode dropping"


def test_all_classes_a_little_rarer_for_junk_in_one_is_no_dropping() -> None:
    """The typical class is at .8, so are the others."""
    assert not faults(card(shares={"cat": 0.2, "dog": 0.2, "fox": 0.2, "hen": 0.4}))


UNLABELLED = ("pixels", "random-conv")


def test_thin_coverage_is_dropping_also_without_classes() -> None:
    missing = {"coverage": 0.85, "js_under_generated": 0.05, "js_over_generated": 0.0}
    found = only(card(missing, eyes=UNLABELLED))
    assert (found.kind, found.level) == ("mode dropping", "doubtful")
    assert only(card({**missing, "coverage": 0.5}, eyes=UNLABELLED)).level == "bad"
    assert not faults(card({**missing, "coverage": 0.92}, eyes=UNLABELLED))


def test_empty_bins_make_a_smaller_loss_of_coverage_enough() -> None:
    """.925 is .954 of .97: between .94 and .97. Five standard errors are .046 at 1,000 and .021 at 5,000."""
    thin = {"coverage": 0.925}
    assert not faults(card(thin, eyes=UNLABELLED, n=5000))
    found = only(card({**thin, "bins_low": 4}, eyes=UNLABELLED, n=5000))
    assert "4 bins of the data are significantly too empty" in found.sentence
    assert not faults(card({**thin, "bins_low": 1}, eyes=UNLABELLED, n=5000))


def test_low_coverage_with_strange_pictures_is_no_dropping() -> None:
    """Coverage alone is not mode dropping: noise and blur bring it down as well. Both sides of the split then rise."""
    both = {"coverage": 0.7, "js_under_generated": 0.25, "js_over_generated": 0.22}
    assert set(faults(card(both, eyes=UNLABELLED))) == {"poor quality"}


def test_cells_that_are_too_empty_are_dropping_where_no_ball_tells_it() -> None:
    """From .03 of the data on; from a quarter on it is bad."""
    assert not faults(card({"share_missing": 0.029}, eyes=UNLABELLED))
    found = only(card(pixels={"share_missing": 0.04}, eyes=UNLABELLED))
    assert (found.kind, found.level) == ("mode dropping", "doubtful")
    assert "in pixels kinds of pictures are too rare, by 4% (unseen real pictures: 0%) of the data" in found.sentence
    assert only(card({"share_missing": 0.25}, eyes=UNLABELLED)).level == "bad"


@pytest.mark.parametrize("why", [{"share_surplus": 0.05}, {"precision": 0.78}, {"js_over_generated": 0.06}], ids=str)
def test_cells_say_nothing_where_pictures_pile_up_or_are_strange(why: dict[str, float | None]) -> None:
    """Junk and blur, too, fill some cells too much and others, for that, too little."""
    assert "mode dropping" not in faults(card({"share_missing": 0.1, **why}, eyes=UNLABELLED))


@pytest.mark.parametrize(("told", "believed"), [(0.58, True), (0.59, False)])
def test_a_weak_judge_is_not_believed_where_more_tells_the_pictures_apart_than_what_is_missing(
    told: float, believed: bool
) -> None:
    """HALVED misses .11 of one class, by which a classifier is right about (1 + .11) / 2 = .555; of 1,000 chance makes
    two standard errors of ½/√1,000, that is .032, more: up to .587."""
    given = card({"c2st_accuracy": told}, {"c2st_accuracy": 0.5}, shares=HALVED, accuracy=0.6)
    assert bool(faults(given)) == believed


# --- poor quality -----------------------------------------------------------------------------------------------------


def test_precision_under_nine_tenths_is_poor_and_under_six_tenths_bad() -> None:
    """Of .88: .79 and .53."""
    assert not faults(card({"precision": 0.8}))
    assert only(card({"precision": 0.78})).level == "doubtful"
    assert only(card({"precision": 0.52})).level == "bad"


def test_pictures_that_a_classifier_knows_are_poor_though_they_lie_within_the_balls() -> None:
    """Blurred pictures do: their precision is 1."""
    assert only(card({"js_over_generated": 0.06, "js_under_generated": 0.05})).level == "doubtful"
    assert only(card({"js_over_generated": 0.22, "js_under_generated": 0.2})).level == "bad"
    assert not faults(card({"js_over_generated": 0.04, "js_under_generated": 0.04}))


def test_pictures_that_the_best_eyes_mistake_are_poor_by_any_others_and_doubtful() -> None:
    """Junk is some flower to a judge of flowers; in pixels it lies outside, and a classifier knows it."""
    for pixels in ({"precision": 0.7}, {"precision": 0.1}, {"js_over_generated": 0.06}, {"js_over_generated": 0.3}):
        found = only(card(pixels=pixels))
        assert (found.kind, found.level) == ("poor quality", "doubtful")
        assert found.sentence.startswith("poor quality: in pixels precision")


BLURRED: dict[str, float | None] = {"vendi_ratio": 0.6, "recall": 0.5, "coverage": 0.97}


def test_pictures_that_are_near_to_all_of_the_data_but_less_varied_lack_detail() -> None:
    found = only(card(pixels=BLURRED))
    assert (found.kind, found.level) == ("poor quality", "doubtful")
    assert "0.60 times as varied as real ones" in found.sentence and "detail is missing" in found.sentence


@pytest.mark.parametrize("change", [{"vendi_ratio": 0.8}, {"recall": 0.75}, {"coverage": 0.9}], ids=str)
def test_dullness_needs_all_three_in_pixels(change: dict[str, float | None]) -> None:
    """Classes that are missing take variety and recall, too, but coverage as well."""
    assert "poor quality" not in faults(card(pixels={**BLURRED, **change}))
    assert not faults(card(BLURRED, {"vendi_ratio": 1.0, "recall": 0.88, "coverage": 0.97}))


def test_small_sets_allow_chance_more() -> None:
    """1/√200 = .071 nats."""
    assert not faults(card({"js_over_generated": 0.06}, n=200))
    assert only(card({"js_over_generated": 0.08}, n=200)).kind == "poor quality"


# --- what cannot be told ----------------------------------------------------------------------------------------------


def test_of_small_sets_nothing_is_said() -> None:
    first, *rest = verdicts(FOUND["mode dropping"].but(samples=FEWEST - 1))
    assert (first.kind, first.level) == (UNDECIDED, "unknown")
    assert "200 pictures a side" in first.sentence
    small = card({"precision": 0.1}, n=FEWEST - 1)
    assert {verdict.level for verdict in verdicts(small)} == {"unknown"}
    assert not faults(small)
    assert rest


def test_without_references_nothing_is_said() -> None:
    assert verdicts(card({"precision": 0.1}, no_reference=("precision",)))[0].kind == UNDECIDED


@pytest.mark.parametrize(
    ("missing", "silent"),
    [
        (("authentic_share",), "memorised"),
        (("birthday_support", "vendi_ratio"), "mode collapse and noise"),
        (("js_under_generated", "js_over_generated", "share_missing"), "mode dropping"),
        (("c2st_accuracy",), "noise"),
    ],
)
def test_a_rule_without_its_numbers_abstains_and_that_is_said(missing: tuple[str, ...], silent: str) -> None:
    (first, *_) = verdicts(card(without=missing))
    assert first.kind == HEALTHY
    assert first.sentence.endswith(f"not looked for, as numbers are missing: {silent}")


def test_a_card_of_nothing_is_undecided() -> None:
    (said,) = verdicts(card().but(measurements=(), classes=()))
    assert said.kind == UNDECIDED


# --- the list ---------------------------------------------------------------------------------------------------------


def test_the_worst_fault_comes_first() -> None:
    told = verdicts(card({"precision": 0.78, "authentic_share": 0.1, "ct_score": -20.0}))
    assert [(v.kind, v.level) for v in told[:2]] == [("memorised", "bad"), ("poor quality", "doubtful")]


def test_each_measured_property_stands_in_one_sentence_beside_its_reference() -> None:
    standing = {v.property: v for v in verdicts(card()) if v.kind == STANDING}
    assert set(standing) == {"quality", "coverage", "novelty"}
    assert standing["quality"].sentence == (
        "Sample quality: precision in self-trained features is 0.88 (unseen real pictures: 0.88)"
    )
    assert standing["quality"].evidence == {"precision/self-trained": 0.88}
    assert {verdict.level for verdict in standing.values()} == {"good"}


def test_a_property_stands_no_better_than_its_faults() -> None:
    blurred = card({"precision": 1.0, "js_over_generated": 0.25, "js_under_generated": 0.25})
    (quality,) = (v for v in verdicts(blurred) if v.kind == STANDING and v.property == "quality")
    assert quality.level == "bad"
    assert quality.sentence.endswith("; see poor quality")


def test_a_number_with_nothing_beside_it_is_told_but_not_judged() -> None:
    speed = Measurement(name="images_per_second", value=5120.4, unit="images/s", better="higher")
    said = verdicts(card().but(measurements=(*card().measurements, speed)))
    (sampling,) = (v for v in said if v.property == "sampling")
    assert sampling.level == "unknown"
    assert sampling.sentence == (
        "Efficient sampling: images per second is 5,120 images/s, with nothing measured beside it to judge it by"
    )


def test_verdicts_survive_json() -> None:
    for verdict in verdicts(FOUND["mode dropping"]):
        assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict
