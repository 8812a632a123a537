"""One file from the net: told how large it is, read to its end, and checked against its published checksum."""

from __future__ import annotations

import hashlib
import sys
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path

TIMEOUT_SECONDS = 30.0
OnBytes = Callable[[int, int], None]
"""Called with (bytes so far, bytes in all, or 0 where the other side does not say)."""


class FetchError(Exception):
    """The net failed us; no `OSError`, so that it is not taken for a failure of the disk."""


def download(url: str, target: Path, algorithm: str, checksum: str, on_bytes: OnBytes | None = None) -> None:
    """Write what ``url`` gives to ``target``, which is refused unless its checksum is as published.

    Args:
        url: where it is.
        target: written as it comes; the caller sees to it that half a file is never left (`ganvas.files.replacing`).
        algorithm: of the checksum, as `hashlib` calls it.
        checksum: hexadecimal, or its beginning where no more is published.
        on_bytes: told of every block.

    Raises:
        FetchError: no answer, a broken one, or other bytes than promised.
    """
    digest, done = hashlib.new(algorithm, usedforsecurity=False), 0
    with target.open("wb") as file:
        for block, total in _blocks(url):
            digest.update(block)
            file.write(block)
            done += len(block)
            if on_bytes:
                on_bytes(done, total)
    if not digest.hexdigest().startswith(checksum):
        raise FetchError(f"{url} has checksum {digest.hexdigest()}, not {checksum}")


def _blocks(url: str) -> Iterator[tuple[bytes, int]]:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
            size = int(answer.headers.get("Content-Length") or 0)
            print(f"fetching {url} ({size / 2**20:.1f} MiB)", file=sys.stderr)
            while block := answer.read(1 << 20):
                yield block, size
    except (OSError, HTTPException, ValueError) as error:
        raise FetchError(f"{url}: {getattr(error, 'reason', None) or error}") from error
