"""Every rule from both sides, on histories made up for it: what it says, and what it leaves to others."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch

from ganvas.watch.evidence import Duelling, Look
from ganvas.watch.features import effective_number, embed, spread
from ganvas.watch.reference import Groups
from ganvas.watch.verdicts import MOST_LOOKS, RULES, find_all, stretch
from ganvas.watch.watch import QUIET, REMEMBERED, Alarm, Watch

GROUPS = Groups(("cat", "dog", "owl", "yak"), (0.25, 0.25, 0.25, 0.25), (0, 1, 2, 3), 1.0)
FAIR = Duelling(told_apart=0.7, overfitting=0.05, significance=0.5, pull=1.0)
GOOD = Look(
    images=0,
    spread_ratio=0.95,
    class_spread_ratios=(),
    vendi_ratio=0.9,
    likeness=0.9,
    shares=(0.25, 0.25, 0.25, 0.25),
    centre=(0.0, 0.0),
    duelling=FAIR,
    count=512,
)


def history(*changes: dict[str, Any]) -> list[Look]:
    return [replace(GOOD, images=1000 * k, **change) for k, change in enumerate(changes, start=1)]


def kinds(looks: list[Look], groups: Groups = GROUPS) -> list[str]:
    return list(find_all(looks, groups, groups.names))


def duelling(**change: float) -> dict[str, Any]:
    return {"duelling": replace(FAIR, **change)}


def test_good_looks_say_nothing_however_many() -> None:
    for count in (0, 1, 3, 7, 24, 60):
        assert kinds(history(*[{}] * count)) == []


FAULTS: dict[str, dict[str, Any]] = {
    "mode collapse": {"spread_ratio": 0.001},
    "mode dropping": {"shares": (0.5, 0.5, 0.0, 0.0)},
    "discriminator overfitting": duelling(overfitting=0.9, significance=20.0),
    "generator starved of gradient": duelling(told_apart=1.0, pull=1e-6),
}


@pytest.mark.parametrize("kind", FAULTS.keys() - {"mode dropping"})
def test_a_fault_is_told_after_three_looks_and_as_nothing_else(kind: str) -> None:
    """Two looks are a mood, and so is one in three."""
    fault = FAULTS[kind]
    assert kinds(history(fault, fault)) == []
    assert kinds(history({}, {}, fault)) == []
    assert kinds(history(fault, fault, fault)) == [kind]


def test_dropping_is_told_after_five_looks_and_not_while_the_spread_still_grows() -> None:
    """Beginners draw a part of the data first. A spread of .5, .6, .8 is still on its way; .8, .8, .9 is not."""
    fault = FAULTS["mode dropping"]
    assert kinds(history(*[fault] * 4)) == [] and kinds(history(*[fault] * 5)) == ["mode dropping"]
    for grown, told in (((0.5, 0.6, 0.8), []), ((0.8, 0.8, 0.9), ["mode dropping"])):
        assert kinds(history({}, {}, *({**fault, "spread_ratio": ratio} for ratio in grown))) == told


@pytest.mark.parametrize("kind", FAULTS)
def test_the_longer_a_run_the_longer_a_fault_must_last(kind: str) -> None:
    """The last third of the looks, at most eight: of 12 looks half of 4 are not enough for any rule and 4 are, of 60
    looks half of 8 and 8."""
    fault = FAULTS[kind]
    assert kinds(history(*[{}] * 10, *[fault] * 2)) == []
    assert kinds(history(*[{}] * 8, *[fault] * 4)) == [kind]
    assert kinds(history(*[{}] * 57, *[fault] * 3)) == []
    assert kinds(history(*[{}] * 52, *[fault] * 8)) == [kind]
    assert len(stretch(history(*[{}] * 100))) == MOST_LOOKS


def spreads(*ratios: float) -> list[str]:
    return kinds(history(*({"spread_ratio": ratio, "likeness": 0.1} for ratio in ratios)))


def test_a_generator_that_has_not_begun_has_not_collapsed() -> None:
    """Every generator begins with little spread; .07 to .2 for long, in the slowest recipes. Below .02 is nothing at
    all, unless it grows by half."""
    assert spreads(*[0.07] * 20) == []
    assert spreads(0.01, 0.01, 0.01) == ["mode collapse"]
    assert spreads(0.005, 0.01, 0.015) == []


def test_a_generator_that_never_begins_is_told_in_the_end() -> None:
    assert spreads(*[0.07] * (REMEMBERED - 1)) == [] and spreads(*[0.07] * REMEMBERED) == ["mode collapse"]


def test_what_had_begun_and_is_lost_is_a_collapse() -> None:
    """A tenth, where .3 and more had been before."""
    assert spreads(0.5, 0.07, 0.07, 0.07) == ["mode collapse"]
    assert spreads(0.2, 0.07, 0.07, 0.07) == [] and spreads(0.5, 0.15, 0.15, 0.15) == []


def test_few_points_far_apart_are_a_collapse_although_their_spread_is_large() -> None:
    """Two points of 25: (2 − 1) / (25 − 1) = .04."""
    assert kinds(history(*[{"vendi_ratio": 1 / 24, "shares": (0.5, 0.5, 0.0, 0.0)}] * 3)) == ["mode collapse"]


def test_one_collapsed_class_is_named() -> None:
    """Dogs never had a spread, yaks have lost theirs, owls have begun only."""
    ratios = [(0.9, 0.01, 0.08, 0.6), *[(0.9, 0.01, 0.08, 0.03)] * 3]
    looks = history(*({"class_spread_ratios": some} for some in ratios))
    words, evidence = find_all(looks, GROUPS, ("cat", "dog", "owl", "yak"))["mode collapse"]
    assert "within dog, yak different latents" in words and evidence["classes"] == [1, 3]


def test_the_missing_are_named_with_their_shares() -> None:
    words, evidence = find_all(history(*[FAULTS["mode dropping"]] * 5), GROUPS, ())["mode dropping"]
    assert evidence["missing"] == ["owl", "yak"] and "owl, yak are missing; 50% of the data" in words


def test_what_comes_and_goes_is_not_missing() -> None:
    """Whoever hops from mode to mode drops none of them for long."""
    assert kinds(history(*({"shares": s} for s in ((0.5, 0.5, 0, 0), (0, 0.5, 0.5, 0), (0.5, 0, 0, 0.5)) * 2))) == []


def test_clusters_are_named_with_an_example() -> None:
    groups = Groups(tuple(f"cluster {k}" for k in range(4)), GROUPS.shares, (7, 8, 9, 10), 1.0)
    words, evidence = find_all(history(*[{"shares": (1 / 3, 1 / 3, 1 / 3, 0)}] * 5), groups, ())["mode dropping"]
    assert "cluster 3 (such as picture 10) is missing" in words and evidence["examples"] == [10]


@pytest.mark.parametrize(("share", "told"), [(0.0, True), (0.01, True), (0.02, False), (0.2, False)])
def test_a_share_far_below_the_real_one_is_missing(share: float, told: bool) -> None:
    """Six hundredths of a quarter are .015."""
    shares = (1 - 0.5 - share, 0.25, 0.25, share)
    assert (kinds(history(*[{"shares": shares}] * 5)) == ["mode dropping"]) == told


def test_a_rare_group_may_be_missing_by_chance() -> None:
    """Of 512 pictures a share of 1 % is none with probability .99⁵¹² = .006; a share of 2 % with 3·10⁻⁵."""
    for share, told in ((0.01, False), (0.02, True)):
        groups = Groups(("many", "few"), (1 - share, share), (0, 1), 1.0)
        assert (0.99**512 > 1e-4 > 0.98**512) and bool(kinds(history(*[{"shares": (1.0, 0.0)}] * 5), groups)) == told


def test_a_picture_of_the_mean_drops_nothing() -> None:
    """Early on a generator draws blurred means: near the data, of one sort only, and no fault yet."""
    assert kinds(history(*[{"shares": (1.0, 0, 0, 0), "spread_ratio": 0.15, "vendi_ratio": 0.02}] * 9)) == []


def test_what_lies_nowhere_near_the_data_is_not_said_to_miss_parts_of_it() -> None:
    assert kinds(history(*[{**FAULTS["mode dropping"], "likeness": 0.1}] * 9)) == []


@pytest.mark.parametrize(
    ("gap", "sure", "told"), [(0.9, 9, True), (0.3, 9, False), (0.9, 1.5, False), (None, None, False)]
)
def test_overfitting_needs_a_gap_that_chance_does_not_make(gap: float | None, sure: float | None, told: bool) -> None:
    looks = history(*[{"duelling": replace(FAIR, overfitting=gap, significance=sure)}] * 3)
    assert (kinds(looks) == ["discriminator overfitting"]) == told


@pytest.mark.parametrize(("apart", "pull", "told"), [(1.0, 1e-4, True), (0.9, 1e-4, False), (1.0, 0.3, False)])
def test_starving_needs_a_perfect_discriminator_and_a_flat_loss(apart: float, pull: float, told: bool) -> None:
    assert (kinds(history(*[duelling(told_apart=apart, pull=pull)] * 3)) != []) == told


def test_a_game_without_a_duel_is_judged_by_its_pictures_alone() -> None:
    assert kinds(history(*[{"duelling": None}] * 9)) == []
    assert kinds(history(*[{"duelling": None, "spread_ratio": 0.0}] * 3)) == ["mode collapse"]


def turning(radius: float, turns: float, looks: int = 9) -> list[Look]:
    angles = [2 * math.pi * turns * k / looks for k in range(looks)]
    return history(*({"centre": (radius * math.cos(a), radius * math.sin(a))} for a in angles))


def test_running_in_circles_is_oscillation_and_walking_on_is_not() -> None:
    """A turn of radius 1 in every 4.5 looks; the same with a radius of .05; a straight walk with the same steps."""
    assert kinds(turning(1.0, 2.0)) == ["oscillation"]
    assert kinds(turning(0.05, 2.0)) == []
    assert kinds(history(*({"centre": (1.0 * k, 0.0)} for k in range(9)))) == []


def test_features_are_means_of_blocks_and_points_stay_points() -> None:
    """28×28 in blocks of 4 is 7×7; a checkerboard of ones and zeros is ½ everywhere; 8×8 and 1×1 stay as they are."""
    board = (torch.arange(28)[:, None] + torch.arange(28)) % 2.0
    assert torch.equal(embed(board.expand(2, 1, 28, 28)), torch.full((2, 49), 0.5))
    assert embed(torch.zeros(3, 3, 64, 48)).shape == (3, 3 * 8 * 6)
    points = torch.randn(5, 2, 1, 1)
    assert torch.equal(embed(points), points.flatten(1))


def test_spread_and_effective_number() -> None:
    """±1 on a line: 1. Within groups that hold one place each: 0. Four far points, 10 times each, count as four."""
    line = torch.tensor([[-1.0], [1.0]]).repeat(10, 1)
    assert float(spread(line)) == pytest.approx(1.0)
    assert float(spread(line, torch.tensor([0, 1]).repeat(10))) == 0.0
    corners = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]).repeat(10, 1)
    assert effective_number(corners, scale=1.0) == pytest.approx(4.0, rel=1e-6)
    assert effective_number(torch.zeros(40, 2), scale=1.0) == pytest.approx(1.0)


# --- memory -----------------------------------------------------------------------------------------------------------


def watch(raised: list[Alarm]) -> Watch:
    find = lambda looks: find_all(looks, GROUPS, ())  # noqa: E731
    return Watch(lambda images: None, find, Look.of_state, 10, 1000, lambda kind: f"try less {kind}", raised.append)


def test_an_episode_is_told_once_and_the_next_one_again() -> None:
    """A good look or two do not end it, ten do; then it can begin anew."""
    raised: list[Alarm] = []
    mine, bad = watch(raised), FAULTS["mode collapse"]
    first = history(*[bad] * 5, {}, *[bad] * 5, {}, {}, *[bad] * 9)  # spread .001 is nothing at all
    for look in first:
        mine.note(look)
    assert [alarm.images for alarm in raised] == [3000]
    for look in history(*[{}] * QUIET, *[bad] * 9):
        mine.note(look)
    assert [alarm.kind for alarm in raised] == ["mode collapse"] * 2
    assert raised[0].suggestion == "try less mode collapse" and "spread_ratio" in raised[0].evidence


def test_more_that_goes_missing_is_told_and_what_comes_back_is_not() -> None:
    raised: list[Alarm] = []
    mine = watch(raised)
    one, two = ({"shares": shares} for shares in ((1 / 3, 1 / 3, 1 / 3, 0.0), (0.5, 0.5, 0.0, 0.0)))
    for look in history(*[one] * 5, *[two] * 5, *[one] * 5):
        mine.note(look)
    assert [alarm.evidence["missing"] for alarm in raised] == [["yak"], ["owl", "yak"]]


def test_one_that_is_missing_takes_along_those_that_are_nearly_so() -> None:
    """.04 of .25 is below a fifth: named beside one that is not there at all, and not named alone."""
    for shares, missing in (((0.46, 0.5, 0.04, 0.0), ["owl", "yak"]), ((0.46, 0.25, 0.04, 0.25), None)):
        found = find_all(history(*[{"shares": shares}] * 5), GROUPS, ())
        assert (found["mode dropping"][1]["missing"] if found else None) == missing


def test_what_is_collected_is_not_given_again() -> None:
    mine = watch([])
    for look in history(*[FAULTS["mode collapse"]] * 3):
        mine.note(look)
    row = mine.collect()
    assert [alarm["kind"] for alarm in row["alarms"]] == ["mode collapse"] and row["watch/spread_ratio"] == 0.001
    assert mine.collect() == {"alarms": []}


def test_stopped_anywhere_and_gone_on_is_the_same() -> None:
    """The state is plain containers, so that it can be loaded without running code."""
    bad = FAULTS["mode dropping"]
    script = history(*[bad] * 2, {}, *[bad] * 5, *[{}] * QUIET, *[bad] * 9, *turning_changes())
    whole: list[Alarm] = []
    undisturbed = watch(whole)
    for look in script:
        undisturbed.note(look)
    assert len(whole) > 2
    for stop in range(len(script)):
        told: list[Alarm] = []
        first, second = watch(told), watch(told)
        for look in script[:stop]:
            first.note(look)
        second.load_state_dict(first.state_dict())
        for look in script[stop:]:
            second.note(look)
        assert told == whole and second.state_dict() == undisturbed.state_dict()


def turning_changes() -> list[dict[str, Any]]:
    return [{"centre": look.centre} for look in turning(1.0, 2.0)]


def test_memory_is_bounded() -> None:
    mine = watch([])
    for look in history(*[{}] * 3 * REMEMBERED):
        mine.note(look)
    assert len(mine.looks) == REMEMBERED


def test_every_rule_has_words_that_its_evidence_fills() -> None:
    assert len({rule.find for rule in RULES}) == len(RULES)
    assert all(rule.words.startswith(rule.kind) for rule in RULES)
