"""Pages in a real browser, opened from their files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
in_a_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@contextmanager
def opened(browser: Any, address: str, ready: str, **options: Any) -> Iterator[Any]:
    """The page once ``ready`` is there; at the end nothing was requested but the file itself, and nothing was
    complained about."""
    page = browser.new_page(color_scheme="light", **options)
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    page.wait_for_selector(ready)
    yield page
    assert {url for url in requests if not url.startswith("data:")} == {address}
    assert complaints == []
    page.close()
