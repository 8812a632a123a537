"""The console script as tests call it: the fixture ``ganvas`` of ``conftest.py``, and what a refusal looks like."""

from __future__ import annotations

from collections.abc import Callable

Said = tuple[int, str, str]
"""(status, stdout, stderr)."""
Ganvas = Callable[..., Said]


def complaint(said: Said) -> str:
    """The one line of a failed call."""
    status, _, err = said
    lines = [line for line in err.splitlines() if line.startswith("error: ")]
    assert status == 2 and len(lines) == 1 and "Traceback" not in err, err
    return lines[0]
