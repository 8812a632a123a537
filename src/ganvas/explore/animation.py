"""Frames into a strip, a GIF or a film."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

from ganvas.errors import GanvasError
from ganvas.ffmpeg import find_ffmpeg
from ganvas.files import replacing, write_whole
from ganvas.images import enlarge, grid, save_picture, to_picture

FRAMES_PER_SECOND = 12


def write_frames(frames: np.ndarray, out: Path, steps: int) -> str:
    """Write uint8 (T, C, H, W) as a ``.png`` strip, a ``.gif``, or (with ffmpeg) an ``.mp4``; says in words what.

    In a strip each row is the way of ``steps`` frames from one picture to the next, so that its ends stand in two rows.

    Raises:
        GanvasError: another ending, no ffmpeg, or the place cannot be written.
    """
    if out.suffix == ".png":
        starts = np.arange(0, len(frames) - 1, steps - 1)
        rows = frames[(starts[:, None] + np.arange(steps)).ravel()]
        save_picture(enlarge(grid(rows, columns=steps), to_at_least=400), out)
    elif out.suffix == ".gif":
        _write_gif(frames, out)
    elif out.suffix == ".mp4":
        _write_mp4(frames, out)
    else:
        raise GanvasError(f"--out {out}: end it in .png (a strip), .gif or .mp4")
    return f"{len(frames)} frames in {out}"


def _write_gif(frames: np.ndarray, out: Path) -> None:
    first, *rest = [to_picture(enlarge(frame, to_at_least=256)) for frame in frames]
    duration = 1000 // FRAMES_PER_SECOND
    write_whole(
        out,
        lambda beside: first.save(beside, format="GIF", save_all=True, append_images=rest, duration=duration, loop=0),
    )


def _write_mp4(frames: np.ndarray, out: Path) -> None:
    colour = [np.asarray(to_picture(enlarge(frame, to_at_least=256)).convert("RGB")) for frame in frames]
    height, width = (side // 2 * 2 for side in colour[0].shape[:2])  # H.264 wants even sides
    raw = b"".join(np.ascontiguousarray(frame[:height, :width]).tobytes() for frame in colour)
    command = [
        *(find_ffmpeg(), "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"),
        *("-s", f"{width}x{height}", "-r", str(FRAMES_PER_SECOND), "-i", "-"),
        *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-f", "mp4"),
    ]
    with replacing(out) as beside:
        done = subprocess.run([*command, str(beside)], input=raw, capture_output=True, check=False)
        if done.returncode:
            raise GanvasError(f"ffmpeg could not write {out}: {done.stderr.decode(errors='replace').strip()[-200:]}")
