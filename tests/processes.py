"""What tests do in other processes: forked from a server that has loaded torch, but computed nothing yet."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 120.0


def start(work: Callable[..., None], *words: Any) -> BaseProcess:
    """``work(*words)`` in a process of its own, with one thread."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ganvas.cli.main", "ganvas.training.start", "ganvas.contract.trial"])
    process = context.Process(target=_alone, args=(work, words))
    process.start()
    return process


def _alone(work: Callable[..., None], words: tuple[Any, ...]) -> None:
    import torch

    torch.set_num_threads(1)
    work(*words)


def ended(process: BaseProcess) -> int | None:
    """The exit status, negative for a signal; the process is not waited for endlessly."""
    process.join(PATIENCE_SECONDS)
    if process.is_alive():
        process.kill()
        raise AssertionError("the process did not end")
    return process.exitcode


def wait_for(condition: Callable[[], bool], process: BaseProcess) -> None:
    """Until ``condition()``, or the process has ended without it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert process.is_alive() and time.monotonic() < deadline, f"ended with {process.exitcode}"
        time.sleep(0.005)


def call_ganvas(folder: Path, *words: str) -> None:
    """The console script, with what it prints in ``out.txt`` and ``err.txt``."""
    from ganvas.cli.main import main

    os.chdir(folder)
    sys.argv = ["ganvas", *words]
    with open("out.txt", "w") as out, open("err.txt", "w") as err:  # noqa: PTH123 (where we are)
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        main()
