"""Batches and keys: pure functions of (seed, round, turn), alike however the work is divided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganvas.games.batch import Batch, Batches, Key, Place
from ganvas.games.walk import Walk

COUNT = 10
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Numbered:
    """Picture i is grey level 10·i on its left half and 10·i + 5 on its right; its label is i."""

    images: np.ndarray
    labels: np.ndarray | None

    @classmethod
    def pictures(cls, labelled: bool = True) -> Numbered:
        left = np.arange(COUNT, dtype=np.uint8)[:, None, None, None] * np.uint8(10)
        images = np.concatenate([left, left + np.uint8(5)], axis=3).repeat(2, axis=2)
        return cls(images, np.arange(COUNT) if labelled else None)


def batches(size: int = 4, turns: int = 2, seed: int = 0, rank: int = 0, world: int = 1, **more: int) -> Batches:
    return Batches(Numbered.pictures(), size, turns, seed, Place(CPU, rank, world), **more)


def shown(stream: Batches, rounds: int) -> Iterator[int]:
    """Which pictures come, in order, over so many rounds."""
    for round in range(rounds):
        for turn in range(stream.turns):
            condition = stream.at(round, turn).condition
            assert condition is not None
            yield from condition.tolist()


def same(a: Batch, b: Batch) -> bool:
    assert a.condition is not None and b.condition is not None
    return torch.equal(a.images, b.images) and torch.equal(a.condition, b.condition) and a.key == b.key


@given(round=st.integers(0, 10**6), turn=st.integers(0, 1))
def test_a_batch_is_a_pure_function_of_seed_round_and_turn(round: int, turn: int) -> None:
    """Nothing is iterated: asked in any order, by another object, the same pictures come."""
    here, there = batches(), batches()
    there.at(3, 1)
    assert same(here.at(round, turn), there.at(round, turn))


def test_another_seed_round_or_turn_is_another_batch() -> None:
    one = batches().at(0, 0)
    assert not torch.equal(one.images, batches(seed=1).at(0, 0).images)
    assert not torch.equal(one.images, batches().at(1, 0).images)
    assert not torch.equal(one.images, batches().at(0, 1).images)


def test_pictures_come_in_the_networks_range_with_their_own_labels() -> None:
    """Grey level g is g/127.5 − 1, and label i stays with picture i."""
    batch = batches().at(5, 1)
    assert batch.images.shape == (4, 1, 2, 2) and batch.images.dtype == torch.float32
    assert batch.condition is not None
    assert torch.allclose(batch.images[:, 0, 0, 0], batch.condition * 10 / 127.5 - 1)
    assert Batches(Numbered.pictures(labelled=False), 4, 2, 0, Place(CPU)).at(0, 0).condition is None


def test_every_epoch_shows_each_picture_once_and_batches_span_epochs() -> None:
    """4 does not divide 10: the third batch takes two pictures of one epoch and two of the next; 5 rounds × 2 turns × 4
    = 40 pictures are four whole permutations, and no two of them alike."""
    stream = list(shown(batches(), rounds=5))
    epochs = [stream[i : i + COUNT] for i in range(0, 40, COUNT)]
    assert all(sorted(epoch) == list(range(COUNT)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4


def test_a_batch_larger_than_the_data_spans_several_epochs() -> None:
    first = list(shown(batches(size=25, turns=1), rounds=1))
    assert sorted(first[:20]) == sorted([*range(COUNT), *range(COUNT)]) and len(set(first[20:])) == 5


@pytest.mark.parametrize("world", [2, 4])
def test_the_ranks_shares_make_up_the_whole_batch(world: int) -> None:
    whole = batches(size=8).at(2, 1)
    shares = [batches(size=8, rank=rank, world=world).at(2, 1) for rank in range(world)]
    assert torch.equal(torch.cat([share.images for share in shares]), whole.images)
    assert len({share.key for share in shares}) == world


@pytest.mark.parametrize(("world", "parts"), [(2, 1), (1, 2), (4, 1), (2, 2), (1, 4)])
def test_ranks_and_parts_are_the_same_shards(world: int, parts: int) -> None:
    """shard = rank · parts + part: 2 ranks × 1 part have the keys and pictures of 1 rank × 2 parts, and the shares
    of a rank's parts add up to 1, for the mean over ranks is taken apart."""
    shards = [
        part for rank in range(world) for part in batches(size=8, rank=rank, world=world, parts=parts).at(3, 0).split()
    ]
    assert [part.key for part in shards] == [Key(0, 3, 0, shard) for shard in range(world * parts)]
    assert torch.equal(torch.cat([part.images for part in shards]), batches(size=8).at(3, 0).images)
    assert [part.share for part in shards] == [1 / parts] * (world * parts)
    assert all(part.parts == 1 and len(part) == 8 // (world * parts) for part in shards)


def test_parts_carry_their_own_labels() -> None:
    for part in batches(parts=2).at(0, 0).split():
        assert part.condition is not None
        assert torch.allclose(part.images[:, 0, 0, 0], part.condition * 10 / 127.5 - 1)


def test_an_undivided_batch_is_its_only_part() -> None:
    batch = batches().at(0, 0)
    (part,) = batch.split()
    assert same(part, batch) and part.share == 1.0


def is_mirrored(batch: Batch) -> list[bool]:
    """The right half is the brighter one, unless the picture is mirrored."""
    return (batch.images[:, 0, 0, 0] > batch.images[:, 0, 0, 1]).tolist()


def test_mirroring_flips_about_half_and_always_the_same_ones() -> None:
    """1000 fair coins: 500 ± 5 standard deviations of 16. A mirrored picture is otherwise itself."""
    stream = batches(size=10, turns=1, mirror=True)
    flips = [flip for round in range(100) for flip in is_mirrored(stream.at(round, 0))]
    assert abs(sum(flips) - 500) < 80
    assert flips[:10] == is_mirrored(batches(size=10, turns=1, mirror=True).at(0, 0))
    plain, mirrored = batches(size=10).at(0, 0), batches(size=10, mirror=True).at(0, 0)
    flipped = torch.tensor(is_mirrored(mirrored))[:, None, None, None]
    assert torch.equal(torch.where(flipped, mirrored.images.flip(3), mirrored.images), plain.images)
    assert not any(is_mirrored(plain))


def draws_of(key: Key) -> tuple[float, ...]:
    key.reseed()
    return tuple(torch.rand(4).tolist())


@given(key=st.builds(Key, *[st.integers(0, 2**31)] * 4), field=st.sampled_from(Key._fields))
def test_every_field_of_a_key_matters_and_a_key_is_always_the_same(key: Key, field: str) -> None:
    """Neighbouring rounds, turns, shards and seeds have nothing in common."""
    other = key._replace(**{field: getattr(key, field) + 1})
    assert draws_of(key) == draws_of(Key(*key)) != draws_of(other)


def test_a_key_is_no_sum_of_its_fields() -> None:
    """(1, 0) and (0, 1) are different places, in every pair of fields."""
    keys = [Key(*fields) for fields in ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (0, 0, 0, 0))]
    assert len({draws_of(key) for key in keys}) == len(keys)


def test_walks_of_one_game_go_their_own_ways() -> None:
    """Two sets of one size in the same order, an epoch apart, would meet as pairs: chance seeded with [s, 1, 0] and
    with [s, 1] is one and the same."""
    walk, other = Walk(50, seed=3), Walk(50, seed=3, which=1)
    orders = [tuple(each.at(50 * epoch, 50).indices) for each in (walk, other) for epoch in range(4)]
    assert len(set(orders)) == 8 and all(sorted(order) == list(range(50)) for order in orders)
