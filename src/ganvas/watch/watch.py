"""The callback that is on in every run: it looks now and then, remembers, and says once what is going wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic, Protocol, TypeVar

from ganvas.games.game import Game
from ganvas.watch.verdicts import MOST_LOOKS, REMEMBERED, Evidence

QUIET = MOST_LOOKS + 2
"""An episode is over when its rule was silent at so many looks in a row; the next one is told again. More than a
stretch: a single good look silences its rule for as long as it is part of one."""

NAMES = ("missing", "classes")
"""Where evidence names parts of the data."""


class Clock(Protocol):
    """How far training has come."""

    images: int


class Sight(Protocol):
    """What one look found."""

    @property
    def images(self) -> int:
        """Real images seen by then."""

    def curves(self) -> dict[str, float]:
        """The numbers worth a curve, as they stand in ``stats.jsonl``."""

    def state(self) -> dict[str, Any]:
        """As plain containers, to be stored."""


Seen = TypeVar("Seen", bound=Sight)


@dataclass(frozen=True)
class Alarm:
    """What was noticed after ``images`` real images: in words, with the numbers it rests on and what to try."""

    kind: str
    words: str
    evidence: Evidence
    suggestion: str
    images: int

    def row(self) -> dict[str, Any]:
        """As it stands in ``stats.jsonl``."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.words}. {self.suggestion[:1].upper()}{self.suggestion[1:]}"


class Watch(Generic[Seen]):
    """Takes a look every ``every`` images, and holds what is found until the next line of statistics takes it.

    Looks are due by images seen and never by the clock: a resumed run finds what an uninterrupted one does.

    Args:
        look: images seen → what is to be seen, None if nothing sensible is.
        find: all looks so far → kind → (words, evidence) of every fault that they show.
        recall: a look out of what its ``state`` stored.
        batch: images of a round. every: images between looks.
        advise: kind of alarm → what to try.
        tell: called with every alarm as it is raised.
        first: what is to be said once, after the first round: of the data, not of training.
    """

    def __init__(
        self,
        look: Callable[[int], Seen | None],
        find: Callable[[Sequence[Seen]], Mapping[str, tuple[str, Evidence]]],
        recall: Callable[[Mapping[str, Any]], Seen],
        batch: int,
        every: int,
        advise: Callable[[str], str],
        tell: Callable[[Alarm], None] = lambda alarm: None,
        first: Callable[[], Sequence[Alarm]] = lambda: (),
    ) -> None:
        self.look, self.find, self.recall, self.batch, self.every = look, find, recall, batch, every
        self.advise, self.tell, self.first = advise, tell, first
        self.looks: list[Seen] = []
        self.quiet: dict[str, int] = {}
        """Looks since each episode's rule last spoke; an ended episode is not in it."""
        self.named: dict[str, list[str]] = {}
        """What each kind's last episode has named; what it names later is told as well."""
        self.pending: list[Alarm] = []
        self.curves: dict[str, float] = {}

    def __call__(self, game: Game, progress: Clock) -> None:
        if progress.images <= self.batch:
            for alarm in self.first():
                self.raise_alarm(alarm)
        if progress.images // self.every > (progress.images - self.batch) // self.every:
            look = self.look(progress.images)
            if look is not None:
                self.note(look)

    def note(self, look: Seen) -> None:
        """Remember a look, and raise what it completes."""
        self.looks = [*self.looks, look][-REMEMBERED:]
        self.curves = look.curves()
        found = self.find(self.looks)
        for kind, (words, evidence) in found.items():
            names = [str(name) for key in NAMES for name in evidence.get(key, ())]
            known = self.named.get(kind, []) if kind in self.quiet else []
            self.named[kind] = sorted({*known, *names})
            if kind not in self.quiet or set(names) - set(known):
                self.raise_alarm(Alarm(kind, words, evidence, self.advise(kind), look.images))
        going = {kind: quiet + 1 for kind, quiet in self.quiet.items() if quiet + 1 < QUIET}
        self.quiet = {**going, **dict.fromkeys(found, 0)}

    def raise_alarm(self, alarm: Alarm) -> None:
        """Tell it now, and hold it for the next line of statistics."""
        self.pending.append(alarm)
        self.tell(alarm)

    def collect(self) -> dict[str, Any]:
        """What the next line of statistics should hold; what was collected is not given again."""
        row = {**self.curves, "alarms": [alarm.row() for alarm in self.pending]}
        self.curves, self.pending = {}, []
        return row

    def state_dict(self) -> dict[str, Any]:
        return {
            "looks": [look.state() for look in self.looks],
            "quiet": self.quiet,
            "named": self.named,
            "pending": [alarm.row() for alarm in self.pending],
            "curves": self.curves,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.looks = [self.recall(look) for look in state["looks"]]
        self.quiet, self.named, self.curves = (dict(state[name]) for name in ("quiet", "named", "curves"))
        self.pending = [Alarm(**alarm) for alarm in state["pending"]]
