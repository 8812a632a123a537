"""``ganvas weights``: what is here, what is missing and where it belongs; nothing is fetched unasked."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ganvas import fetching
from ganvas.cli.main import main
from ganvas.weights import WEIGHTS


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["ganvas", "weights", *words])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty cache, and a net that nobody may touch."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GANVAS_WEIGHTS", raising=False)
    monkeypatch.setenv("COLUMNS", "300")

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("the net was touched")

    monkeypatch.setattr(fetching, "download", forbidden)


def test_the_list_names_all_and_fetches_none(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch) == 0
    out = capfd.readouterr().out
    assert all(name in out for name in WEIGHTS)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("incption",), "did you mean 'inception'"),
        (("inception",), "put weights-inception-2015-12-05-6726825d.pth (91 MiB) into"),
        (("--fetch",), "name what to fetch; known: dinov2-s14"),
    ],
)
def test_what_is_wrong_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], words: tuple[str, ...], line: str
) -> None:
    assert call(monkeypatch, *words) == 2
    err = capfd.readouterr().err
    assert err.startswith("error: ") and len(err.splitlines()) == 1 and line in err
