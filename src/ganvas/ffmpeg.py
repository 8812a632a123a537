"""Where ffmpeg is, which reads and writes films."""

from __future__ import annotations

import shutil

from ganvas.errors import GanvasError


def find_ffmpeg() -> str:
    """The program on the path, or the one that imageio-ffmpeg brings.

    Raises:
        GanvasError: neither.
    """
    if found := shutil.which("ffmpeg"):
        return found
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except Exception as error:  # an optional package may fail in many ways
        raise GanvasError("films need ffmpeg: install it, or pip install 'ganvas[video]'") from error
