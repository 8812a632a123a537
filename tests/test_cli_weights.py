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


def test_the_list_says_in_the_users_words_what_each_file_is_for(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The loss and the extractor of VGG16's convolutions run on the file called lpips-vgg16, not on vgg16."""
    call(monkeypatch)
    lines = capfd.readouterr().out.splitlines()
    below = dict(zip(lines[::3], lines[1::3], strict=True))
    assert list(below) == sorted(WEIGHTS) and all(
        line.startswith("  for -") for line in below.values() if "LPIPS" not in line
    )
    assert "--extractor vgg16-conv, --set content.lpips.network=vgg16" in below["lpips-vgg16"]
    assert below["vgg16"] == "  for --extractor vgg16"
