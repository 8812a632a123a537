"""Films through ffmpeg: frames in by one pipe, out by another, never all of them in memory; rate and sound are kept.

ffmpeg is looked for on the PATH and in the package `imageio-ffmpeg`.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ganvas.errors import GanvasError
from ganvas.ffmpeg import find_ffmpeg
from ganvas.files import replacing

ENDINGS = (".mp4", ".mov", ".mkv", ".webm", ".gif")
_H264 = ("-c:v", "libx264", "-crf", "16", "-preset", "medium")
_CODECS = {
    ".mp4": (*_H264, "-movflags", "+faststart"),
    ".mov": (*_H264, "-movflags", "+faststart"),
    ".mkv": _H264,
    ".webm": ("-c:v", "libvpx-vp9", "-crf", "18", "-b:v", "0", "-row-mt", "1"),
}
_MUXERS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm", ".gif": "gif"}
_PALETTE = "split[a][b];[a]palettegen[p];[b][p]paletteuse"
_TAGS = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")
_BT709 = ("-vf", "scale=out_color_matrix=bt709", *_TAGS)
_YUV = ("yuv", "uyvy", "nv", "p0", "p2", "p4", "y2")
"""How the names of pixel formats begin whose colours a matrix made."""
_MATRICES = frozenset(
    {"bt709", "bt470bg", "bt2020nc", "bt2020c", "smpte170m", "smpte240m", "smpte2085", "fcc", "ycgco", "ictcp"}
    | {"chroma-derived-nc", "chroma-derived-c"}
)
_TO_RGB = "scale=flags=accurate_rnd+full_chroma_int"
"""Without these flags a flat colour comes back two levels darker, and smooth ones four times as far off."""


@dataclass(frozen=True)
class Film:
    """What stands in a film."""

    path: Path
    width: int
    height: int
    rate: str
    """Frames a second, as a fraction: 30000/1001."""
    seconds: float | None
    untagged: bool = False
    """Whether colours are stored as brightness and two differences (YUV) and nothing says by which matrix. Whoever
    shows it guesses; a result that goes back the way it came, and has no tag either, is guessed alike."""

    @property
    def frames(self) -> int | None:
        """How many there are, about; None where the file does not say how long it is."""
        above, _, below = self.rate.partition("/")
        return None if self.seconds is None else max(1, round(self.seconds * int(above) / int(below or 1)))

    def seen(self, notes: list[str]) -> Iterator[NDArray[np.uint8]]:
        """Every frame, uint8 (H, W, 3), at a constant rate. A stream that breaks off ends with a line in ``notes``."""
        command = [
            *(find_ffmpeg(), "-nostdin", "-v", "error", "-i", str(self.path), "-map", "0:v:0"),
            *("-vf", f"fps={self.rate},{_TO_RGB}", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"),
        ]
        size, count = self.width * self.height * 3, 0
        with tempfile.TemporaryFile() as said:
            process = _started(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said)
            assert process.stdout is not None
            try:
                while len(frame := process.stdout.read(size)) == size:
                    count += 1
                    yield np.frombuffer(frame, np.uint8).reshape(self.height, self.width, 3)
                if problem := _last_line(_all(said)) if process.wait() or _all(said) else "":
                    expected = f" of about {self.frames}" if self.frames else ""
                    notes.append(f"{self.path.name} is damaged ({problem}): {count}{expected} frames could be read")
            finally:
                _stopped(process)

    @contextmanager
    def writing(self, out: Path, size: tuple[int, int]) -> Iterator[IO[bytes]]:
        """A pipe for raw RGB frames of (height, width) that become ``out``, with its sound: whole, or not.

        Raises:
            GanvasError: ffmpeg fails, or an ending that is not written.
        """
        ending = out.suffix.lower()
        if ending not in ENDINGS:
            raise GanvasError(f"--out {out}: films are written as {' '.join(ENDINGS)}")
        with replacing(out) as part, tempfile.TemporaryFile() as said:
            written = (*_output(ending, self, size), "-f", _MUXERS[ending], str(part))
            command = [find_ffmpeg(), *_input(size, self), *written]
            process = _started(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said)
            assert process.stdin is not None
            try:
                with suppress(BrokenPipeError):  # it has given up, and says why
                    yield process.stdin
                    process.stdin.close()
                if process.wait():
                    raise GanvasError(f"ffmpeg could not write {out} ({_last_line(_all(said))})")
            finally:
                _stopped(process)


def open_film(path: Path) -> Film:
    """Size, rate, length, and whether its colours have a tag.

    Raises:
        GanvasError: no ffmpeg, or no film that it can read.
    """
    command = [
        *(find_ffmpeg(), "-nostdin", "-hide_banner", "-i", str(path), "-map", "0:v:0", "-frames:v", "1"),
        *("-pix_fmt", "yuv444p", "-strict", "-1", "-f", "yuv4mpegpipe", "-"),  # whose first line says it all
    ]
    done = subprocess.run(command, capture_output=True, check=False)
    said = done.stderr.decode(errors="replace")
    head = re.match(rb"YUV4MPEG2 W(\d+) H(\d+) F(\d+):(\d+)", done.stdout[:100])
    if head is None:
        raise GanvasError(f"{path} is no film that ffmpeg can read ({_last_line(said)})")
    width, height, above, below = map(int, head.groups())
    lasts = re.search(r"Duration: (\d+):(\d+):([\d.]+)", said)
    seconds = None if lasts is None else 3600 * int(lasts[1]) + 60 * int(lasts[2]) + float(lasts[3])
    return Film(path, width, height, f"{above}/{below}", seconds, _untagged(said))


def _input(size: tuple[int, int], film: Film) -> Sequence[str]:
    height, width = size
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", film.rate, "-i", "-")
    return ("-y", "-v", "error", *raw, "-i", str(film.path))


def _output(ending: str, film: Film, size: tuple[int, int]) -> Sequence[str]:
    if ending == ".gif":
        return ("-map", "0:v:0", "-vf", _PALETTE)
    even = size[0] % 2 == 0 and size[1] % 2 == 0  # sides that are not can be written in full colour alone
    colours = ("-pix_fmt", "yuv420p" if even else "yuv444p", *(() if film.untagged else _BT709))
    copied = ending in (film.path.suffix.lower(), ".mkv")  # any other container may not know the sound's codec
    return ("-map", "0:v:0", "-map", "1:a?", *(("-c:a", "copy") if copied else ()), *_CODECS[ending], *colours)


def _untagged(said: str) -> bool:
    """From ffmpeg's line on the stream: "yuv420p(tv, bt709, progressive), 64x48" has a matrix, "yuv420p(progressive)"
    and "yuv420p(tv, unknown/bt709/bt709)" have none; RGB needs none."""
    found = re.search(r"Video: .+?, (\w+)(?:\((.*?)\))?, \d+x\d+", said)
    if found is None or not found[1].startswith(_YUV):
        return False
    return _MATRICES.isdisjoint(word.strip().partition("/")[0] for word in (found[2] or "").split(","))


def _started(command: Sequence[str], stdin: int, stdout: int, stderr: IO[bytes]) -> subprocess.Popen[bytes]:
    # in a session of its own: Ctrl-C is for ganvas, which then ends it
    return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True)


def _stopped(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def _all(said: IO[bytes]) -> str:
    said.seek(0)
    return said.read().decode(errors="replace")


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return re.sub(r"^\[[^]]*\] *", "", lines[-1])[:200] if lines else "it does not say why"
