"""How a translation is looked at: the same windows every time, translated as for a user, nothing moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ganvas.games.batch import Batch, Key, Place
from ganvas.games.game import Game
from ganvas.games.term import Term, reading
from ganvas.metrics.kernel import squared_mmd
from ganvas.recipes.translation import TranslationRecipe
from ganvas.watch.evidence import Gap
from ganvas.watch.features import embed, spread
from ganvas.watch.looking import gap_between
from ganvas.watch.translation_evidence import Domains, TranslationLook
from ganvas.watch.translation_features import agreement, as_large, lattice, light, standard, texture
from ganvas.watch.windows import Windows, translated

FEW, JUDGED, KNOWN = 32, 64, 128
"""Windows of each sort that are translated at a look, and that the discriminator judges; pictures that are known."""
SMALLEST = 16
"""Pixels a side below which a pattern of four repeats too seldom."""
ONE = 0.03
"""A kernel distance of 128 pictures from 128, in units of the data's spread, below which two sets are one: two parts of
a set are at 0 ± .02 (measured on dogs and on emoji), cats at .10 from dogs, Google's emoji at .29 from Twitter's."""
NEGATIVE = 0.7
"""Light and dark are to be turned over where that leaves at most so much of the distance between the sets."""

Spectate = Callable[["Replay", Sequence[Term]], Mapping[str, Tensor]]
"""What these terms are in the judge's turns with the replayed pictures, (N, …) each; nobody moves."""


@dataclass(eq=False)
class Replay:
    """A stream that shows the same windows again at every look: ``rounds`` of them, ``size`` a round."""

    windows: Windows
    size: int

    @property
    def rounds(self) -> int:
        """Rounds until every window was shown; what a round is filled up with is shown before."""
        return -(-self.windows.count // self.size)

    def at(self, round: int, turn: int) -> Batch:
        """The windows of this round, from the first again after the last."""
        place, here = Place(self.windows.device), round % self.rounds
        recipe = self.windows.recipe.but(batch=self.size, parts=1)
        batch = recipe.stream(self.windows.data, 1, place).at(here, turn)
        return replace(batch, key=Key(recipe.seed, -1 - here, turn, 0))


@dataclass(frozen=True)
class Known:
    """What the data look like, (N, …) each: sources at the size of pictures, and features of the pictures."""

    sources: Tensor
    pictures: Tensor
    textures: Tensor


class TranslationEyes:
    """Looks at a game of translation.

    Args:
        game: as it plays.
        training, held_out: what training shows, and what it does not (None, or empty: nothing).
        size: pictures that one turn of the judge can be shown at once.
        spectate: see `Spectate`; None for a game without a discriminator.
    """

    def __init__(
        self,
        game: Game,
        recipe: TranslationRecipe,
        training: Any,
        held_out: Any,
        size: int,
        device: torch.device,
        spectate: Spectate | None,
    ) -> None:
        self.game, self.recipe, self.spectate, self.device = game, recipe, spectate, device
        unseen = len(held_out.images) if held_out is not None else 0
        self.trained = Windows(recipe, training, min(FEW, len(training.images)), device)
        self.unseen = Windows(recipe, held_out, min(FEW, unseen), device) if unseen else None
        self.judged = [Replay(replace(w, count=min(JUDGED, len(w.data.images))), size) for w in self._all()]
        self.source = recipe.source
        self.known = self._known(Windows(recipe, training, min(KNOWN, len(training.images)), device))
        self.domains = self._domains()

    def look(self, images: int) -> TranslationLook | None:
        """What is to be seen now; None where something is not finite, which is not the watch's business."""
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices):
            seen = [self._translated(windows) for windows in self._all()]
            judged = [self.spectate(replay, LOGITS) for replay in self.judged] if self.spectate else []
        numbers = [t for some in seen for t in some] + [v for said in judged for v in said.values()]
        if not all(bool(torch.isfinite(values).all()) for values in numbers):
            return None
        return self._seen(images, seen, self._gap(judged))

    def _all(self) -> list[Windows]:
        return [self.trained, *([self.unseen] if self.unseen else [])]

    def _translated(self, windows: Windows) -> tuple[Tensor, Tensor, Tensor]:
        """(sources, pictures, translations), on the CPU."""
        network, mode = self.game.networks["generator"], self.recipe.test_mode
        rows = [(s.cpu(), p.cpu(), translated(network, s, mode).float().cpu()) for s, p in windows]
        sources, pictures, made = zip(*rows, strict=True)
        return torch.cat(sources), torch.cat(pictures), torch.cat(made)

    def _seen(self, images: int, seen: list[tuple[Tensor, Tensor, Tensor]], duelling: Gap | None) -> TranslationLook:
        sources, pictures, made = (torch.cat(parts) for parts in zip(*seen, strict=True))
        domains, errors = self.domains, [(p - m).abs().flatten(1).mean(1) for _, p, m in seen]
        laid = as_large(sources, pictures.shape[2:]) if domains.comparable else None  # type: ignore[arg-type]
        like = pictures if domains.paired else laid
        stands_out, levels = lattice(made) if min(made.shape[2:]) >= SMALLEST else (1.0, 0.0)
        return TranslationLook(
            images=images,
            agreement=agreement(light(made), light(like)) if like is not None else 0.0,
            moved=float((made - laid).abs().mean()) / max(domains.distance, 1e-9) if laid is not None else 1.0,
            gained=self._gained(made, laid, pictures) if laid is not None else 1.0,
            spread_ratio=float(spread(embed(made))) / max(float(spread(embed(self.known.pictures))), 1e-9),
            lattice=stands_out,
            lattice_levels=levels,
            trained=float(errors[0].mean()) if domains.paired else None,
            held_out=tuple(errors[1].tolist()) if domains.paired and len(errors) > 1 else (),
            duelling=duelling,
        )

    def _gap(self, judged: Sequence[Mapping[str, Tensor]]) -> Gap | None:
        if not judged:
            return None
        unseen = judged[1]["real_logits"] if len(judged) > 1 else None
        count = self.judged[-1].windows.count
        return gap_between(judged[0]["real_logits"].double(), judged[0]["fake_logits"].double(), unseen, count)

    def _known(self, windows: Windows) -> Known:
        size = (self.recipe.space.height, self.recipe.space.width)
        rows = [(as_large(s.cpu(), size), p.cpu()) for s, p in windows]
        pictures = torch.cat([p for _, p in rows])
        return Known(torch.cat([s for s, _ in rows]), pictures, texture(pictures))

    def _domains(self) -> Domains:
        known, source, pictures = self.known, self.source, len(self.trained.data.images)
        comparable = not source.names and source.channels in (1, self.recipe.space.channels)
        real = lattice(known.pictures)[0] if min(known.pictures.shape[2:]) >= SMALLEST else 1.0
        if not comparable:
            return Domains(source.paired, False, 0.0, False, real, pictures)
        if source.paired:
            distance = float((known.sources - known.pictures).abs().mean())
            return Domains(True, True, distance, False, real, pictures)
        sources = known.sources.expand_as(known.pictures).flatten(1)
        nearest = torch.cdist(sources, known.pictures.flatten(1), p=1).amin(1).mean() / sources.shape[1]
        as_is, turned = (self._apart(s) for s in (known.sources, -known.sources))
        called_for = as_is > ONE and turned < NEGATIVE * as_is
        return Domains(False, True, float(nearest), called_for, real, pictures, apart=as_is > ONE)

    def _gained(self, made: Tensor, sources: Tensor, pictures: Tensor) -> float:
        """How much nearer to the truth, or to the set of pictures, than the same windows' sources; within ± 9."""
        if not self.domains.apart:
            return 1.0
        if self.source.paired:
            left, copied = (float((x - pictures).abs().mean()) for x in (made, sources))
            return max(-9.0, 1 - left / max(copied, 1e-9))
        left, copied = self._apart(made), self._apart(sources)
        return max(-9.0, min((copied - left) / max(copied, ONE), 9.0))

    def _apart(self, made: Tensor) -> float:
        """The kernel distance of two sets of pictures, by colours and textures in blocks."""
        real = self.known.textures
        shown = texture(made.expand(-1, self.recipe.space.channels, -1, -1))
        return float(squared_mmd(standard(shown, real), standard(real, real)))


LOGITS = (reading("real_logits"), reading("fake_logits"))
