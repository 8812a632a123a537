"""Ctrl-C ends a run between two rounds, when everything fits together, and not in the middle of a step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ganvas.games.game import Game
from ganvas.training.progress import Progress


class Interrupted(Exception):  # noqa: N818 (it is a wish, not an error)
    """The user asked to stop; the round that was under way is finished."""


class Interrupt:
    """A callback that raises `Interrupted` once somebody asked to stop."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, game: Game, progress: Progress) -> None:
        if self.asked:
            raise Interrupted


@contextmanager
def stopping_on_signals() -> Iterator[Interrupt]:
    """Within: the first SIGINT or SIGTERM asks to stop after the round; a second one stops at once."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt  # signals belong to the main thread
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in signals}

    def ask(number: int, frame: FrameType | None) -> None:
        interrupt.asked = True
        signal.signal(number, before[signal.Signals(number)])

    try:
        for number in signals:
            signal.signal(number, ask)
        yield interrupt
    finally:
        for number in signals:
            signal.signal(number, before[number])
