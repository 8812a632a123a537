"""Films: the rate and the sound stay, a frame that stands still stays still, and what breaks off says so."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ganvas.cli.applying import films_for
from ganvas.cli.main import main
from ganvas.errors import GanvasError
from ganvas.ffmpeg import find_ffmpeg
from ganvas.models.networks import Translator
from ganvas.translate.animation import open_animation
from ganvas.translate.applied import Applied, How, applied_stand_in
from ganvas.translate.engine import Engine
from ganvas.translate.film import Film, _untagged, open_film
from ganvas.translate.filming import Restlessness, translate_film
from ganvas.translate.work import listed

try:
    FFMPEG = find_ffmpeg()
except GanvasError:
    pytest.skip("no ffmpeg on this machine", allow_module_level=True)

IDENTITY = applied_stand_in("identity", None, How())
DOUBLE = applied_stand_in("nearest", 2, How())
SECONDS, RATE = 0.5, "30000/1001"


def made(path: Path, *sound: str) -> Path:
    """Half a second of a moving test picture, 64×48."""
    picture = ("-f", "lavfi", "-i", f"testsrc=size=64x48:rate={RATE}:duration={SECONDS}")
    tone = ("-f", "lavfi", "-i", f"sine=duration={SECONDS}") if sound else ()
    command = [FFMPEG, "-y", "-v", "error", *picture, *tone, *sound, "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(command, check=True)
    return path


@pytest.fixture(scope="module")
def mp4(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("films") / "in.mp4", "-c:a", "aac")


def sound_of(path: Path) -> str | None:
    said = subprocess.run([FFMPEG, "-hide_banner", "-i", str(path)], capture_output=True, text=True, check=False).stderr
    found = re.search(r"Audio: (\w+)", said)
    return found and found[1]


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".webm", ".gif"])
def test_size_rate_length_and_sound(mp4: Path, tmp_path: Path, ending: str) -> None:
    """.5 s at 29.97 frames a second are 15 frames; twice the size of 64×48 is 128×96."""
    out = tmp_path / f"out{ending}"
    done = translate_film(mp4, out, DOUBLE, lambda *_: None)
    result = open_film(out)
    assert (done.frames, done.rate, done.size, done.notes) == (15, RATE, (96, 128), ())
    assert (result.height, result.width) == (96, 128)
    above, below = map(int, result.rate.split("/"))
    assert above / below == pytest.approx(29.97, rel=1e-3 if ending != ".gif" else 0.2)  # a GIF counts in 1/100 s
    assert sound_of(out) == {".mp4": "aac", ".mkv": "aac", ".gif": None}.get(ending, "opus")


BT709 = ("-vf", "scale=out_color_matrix=bt709", "-colorspace", "bt709", "-color_primaries", "bt709")


def stored(path: Path) -> tuple[list[int], str]:
    """Brightness and both colour differences of a film of one colour, as they are stored, and what says how they are
    meant: the words behind the pixel format."""
    command = [FFMPEG, "-hide_banner", "-i", str(path), "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "yuv444p", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    tags = re.search(r"yuv\w+\(([^)]*)\)", done.stderr.decode())
    assert tags is not None
    return np.median(np.frombuffer(done.stdout, np.uint8).reshape(3, -1), axis=1).tolist(), tags[1]


@pytest.mark.parametrize("ending", [".mp4", ".webm"])
@pytest.mark.parametrize(("words", "tagged"), [((), False), (BT709, True)], ids=["untagged", "bt709"])
def test_colours_are_stored_as_they_were(tmp_path: Path, words: tuple[str, ...], tagged: bool, ending: str) -> None:
    """Of the red (200, 50, 20) BT.601 makes Y = 16 + (65.5 · 200 + 128.6 · 50 + 25 · 20) / 255 = 95, BT.709 makes
    16 + (46.6 · 200 + 156.7 · 50 + 15.8 · 20) / 255 = 84: had one been written for the other, Y would be 11 off."""
    red = ("-f", "lavfi", "-i", "color=0xC83214:size=64x48:rate=5:duration=1", *words, "-pix_fmt", "yuv420p")
    subprocess.run([FFMPEG, "-y", "-v", "error", *red, str(tmp_path / f"in{ending}")], check=True)
    assert open_film(tmp_path / f"in{ending}").untagged is not tagged
    translate_film(tmp_path / f"in{ending}", tmp_path / f"out{ending}", IDENTITY, lambda *_: None)
    (before, tags), (after, tags_after) = (stored(tmp_path / f"{name}{ending}") for name in ("in", "out"))
    assert before[0] == (84 if tagged else 95) or before[0] == (83 if tagged else 94)
    assert np.abs(np.subtract(before, after)).max() <= 1
    assert ("bt709" in tags) == ("bt709" in tags_after) == tagged


@pytest.mark.parametrize(
    ("line", "untagged"),
    [
        ("Video: h264 (High) (avc1 / 0x31637661), yuv420p(progressive), 64x48 [SAR 1:1", True),
        ("Video: vp9 (Profile 0), yuv420p(tv, progressive), 64x48, SAR 1:1", True),
        ("Video: h264 (High), yuv420p, 1920x1080, 25 fps", True),
        ("Video: h264 (High), yuv420p(tv, unknown/bt709/bt709, progressive), 64x48", True),
        ("Video: h264 (High), yuv420p10le(9 bpc, tv, top coded first (swapped)), 64x48", True),
        ("Video: h264 (High), yuv420p(tv, bt709, top coded first (swapped)), 64x48", False),
        ("Video: hevc (Main 10), yuv420p10le(tv, bt2020nc/bt2020/smpte2084), 64x48", False),
        ("Video: mjpeg (Baseline), yuvj420p(pc, bt470bg/unknown/unknown), 64x48", False),
        ("Video: gif, bgra, 64x48 [SAR 64:64 DAR 4:3], 5 fps", False),  # RGB is no guess
        ("Video: h264 (High 4:4:4 Predictive), gbrp(pc, gbr/unknown/unknown, progressive), 64x48", False),
    ],
)
def test_what_ffmpeg_says_of_a_stream_tells_whether_its_colours_are_tagged(line: str, untagged: bool) -> None:
    assert _untagged(f"Input #0\n  Stream #0:0: {line}\n") is untagged


def test_odd_sides_are_kept(tmp_path: Path) -> None:
    """H.264 halves colour in both directions; where sides are odd it keeps it whole instead."""
    subprocess.run(
        [
            FFMPEG,
            "-y",
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc=size=33x21:rate=5:duration=1",
            str(tmp_path / "a.gif"),
        ],
        check=True,
    )
    done = translate_film(tmp_path / "a.gif", tmp_path / "out.mp4", IDENTITY, lambda *_: None)
    assert done.size == (21, 33) and (open_film(tmp_path / "out.mp4").width == 33)


def test_a_gif_keeps_its_frames_and_their_delays(tmp_path: Path) -> None:
    """At a constant rate 70 ms would make many frames of 330; what says nothing is shown for 100, as browsers do.
    Without ffmpeg too."""
    frames = [Image.new("RGB", (24, 16), (60 * i, 200, 255 - 60 * i)) for i in range(4)]
    told = {"save_all": True, "append_images": frames[1:], "loop": 3}
    frames[0].save(tmp_path / "a.gif", duration=[100, 200, 70, 330], **told)
    calls: list[tuple[int, int]] = []
    done = translate_film(tmp_path / "a.gif", tmp_path / "b.gif", IDENTITY, lambda *call: calls.append(call))
    assert (done.frames, done.size, done.rate) == (4, (16, 24), "4000/700")
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]
    made = open_animation(tmp_path / "b.gif")
    assert made.delays == (100, 200, 70, 330) and made.loop == 3
    for frame, seen in zip(frames, made.seen([]), strict=True):
        assert np.abs(np.asarray(frame).astype(int) - seen).max() <= 4
    frames[0].save(tmp_path / "silent.gif", **told)
    assert open_animation(tmp_path / "silent.gif").delays == (100,) * 4


def test_a_broken_gif_ends_with_a_note(tmp_path: Path) -> None:
    noise = [Image.fromarray(np.random.default_rng(i).integers(0, 256, (64, 64, 3), np.uint8)) for i in range(3)]
    noise[0].save(tmp_path / "a.gif", save_all=True, append_images=noise[1:])
    whole = (tmp_path / "a.gif").read_bytes()
    (tmp_path / "half.gif").write_bytes(whole[: len(whole) // 2])
    done = translate_film(tmp_path / "half.gif", tmp_path / "b.gif", IDENTITY, lambda *_: None)
    assert done.frames == 1 and re.match(r"half.gif is damaged \(.+\): 1 frame could be read", done.notes[0])
    (tmp_path / "tenth.gif").write_bytes(whole[: len(whole) // 10])
    with pytest.raises(GanvasError, match=r"tenth.gif: not one frame can be read"):
        translate_film(tmp_path / "tenth.gif", tmp_path / "c.gif", IDENTITY, lambda *_: None)


class Restless(Translator):
    """Brighter and darker in turns, by .1 of [−1, 1]."""

    reach = 0

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, source: Tensor) -> Tensor:
        self.calls += 1
        return torch.zeros_like(source) + 0.1 * (self.calls % 2)


def test_flicker_is_what_the_result_moves_beyond_the_source(tmp_path: Path) -> None:
    """A still film made to flicker between 127.5 and 127.5 + .1 · 127.5 = 140.25, in whole levels 128 and 140."""
    still = tmp_path / "still.mp4"
    subprocess.run(
        [FFMPEG, "-y", "-v", "error", "-f", "lavfi", "-i", "color=gray:size=32x32:rate=10:duration=1", str(still)],
        check=True,
    )
    flickering = Applied(Engine(Restless(), 3))
    assert translate_film(still, tmp_path / "a.mp4", flickering, lambda *_: None).flicker == pytest.approx(12, abs=1e-6)
    assert translate_film(still, tmp_path / "b.mp4", IDENTITY, lambda *_: None).flicker == pytest.approx(0, abs=1e-6)


def test_restlessness_of_one_frame_is_nobodys_guess() -> None:
    seen = Restlessness()
    seen.see(np.zeros((2, 2, 3), np.uint8))
    assert seen.mean is None
    seen.see(np.full((2, 2, 3), 3, np.uint8))
    assert seen.mean == 3


def test_a_film_that_breaks_off_is_written_as_far_as_it_goes_and_says_so(mp4: Path, tmp_path: Path) -> None:
    whole = made(tmp_path / "whole.mkv", "-c:a", "aac")
    (tmp_path / "cut.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    done = translate_film(tmp_path / "cut.mkv", tmp_path / "out.mkv", IDENTITY, lambda *_: None)
    assert 0 < done.frames < 15
    assert len(done.notes) == 1 and re.search(rf"cut.mkv is damaged \(.*\): {done.frames} of", done.notes[0])


def test_what_cannot_be_is_one_line(mp4: Path, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no film")
    with pytest.raises(GanvasError, match="is no film that ffmpeg can read"):
        translate_film(tmp_path / "text.mp4", tmp_path / "out.mp4", IDENTITY, lambda *_: None)
    with pytest.raises(GanvasError, match=r"films are written as \.mp4"):
        translate_film(mp4, tmp_path / "out.avi", IDENTITY, lambda *_: None)
    with pytest.raises(GanvasError, match="would write over the source"):
        translate_film(mp4, mp4, IDENTITY, lambda *_: None)
    with pytest.raises(GanvasError, match="translates label maps"):
        translate_film(mp4, tmp_path / "out.mp4", Applied(Engine(Restless(), 2), ("a", "b")), lambda *_: None)
    assert [path.name for path in tmp_path.iterdir()] == ["text.mp4"]


def test_an_interruption_leaves_nothing_and_no_process(mp4: Path, tmp_path: Path) -> None:
    def stop(done: int, _: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        translate_film(mp4, tmp_path / "out.mp4", IDENTITY, stop)
    assert list(tmp_path.iterdir()) == []


def test_without_ffmpeg_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    with pytest.raises(GanvasError, match=r"films need ffmpeg: install it, or pip install 'ganvas\[video\]'"):
        find_ffmpeg()


def test_how_many_frames_there_should_be() -> None:
    assert Film(Path("x"), 1, 1, "30000/1001", 2.0).frames == 60
    assert Film(Path("x"), 1, 1, "25/1", None).frames is None


def test_films_of_a_folder_are_translated_after_its_pictures(
    mp4: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Under their own names, one that is none does not stop the others, an interruption leaves whole files, and the
    same command goes on with those that are missing."""
    monkeypatch.chdir(tmp_path)
    Path("in/deep").mkdir(parents=True)
    for name in ("a.mp4", "deep/c.mp4"):
        shutil.copy(mp4, f"in/{name}")
    Path("in/b.mov").write_text("no film")

    def call() -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ganvas", "translate", "identity", "in", "--out", "out", "--json", "n.json"])
        with pytest.raises(SystemExit) as end:
            main()
        return (int(end.value.code or 0), *capfd.readouterr())

    def second_is_interrupted(path: Path, *words: Any) -> Any:
        if path.name == "c.mp4":
            raise KeyboardInterrupt
        return translate_film(path, *words)

    with monkeypatch.context() as patched:
        patched.setattr("ganvas.translate.filming.translate_film", second_is_interrupted)
        status, _, err = call()
    assert status == 130 and "0 of 0 pictures and 1 of 3 films are done, all of them whole; the same command" in err
    assert [file.name for file in Path("out").rglob("*.*")] == ["a.mp4"]
    Image.new("RGB", (8, 8)).save("in/p.png")
    status, out, err = call()
    assert status == 1 and "1 picture and 1 film in out" in out and "1 was there already" in out
    assert err.count("failed: ") == 1 and "in/b.mov is no film" in err
    told = json.loads(Path("n.json").read_text())
    assert [(film["name"], film["frames"]) for film in told["films"]] == [("deep/c.mp4", 15)]
    assert sorted(file.name for file in Path("out").rglob("*.*")) == ["a.mp4", "c.mp4", "p.png"]


def test_films_of_a_folder_are_left_with_a_note_where_there_is_no_ffmpeg(
    mp4: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(mp4, tmp_path / "a.mp4")
    source, applied = listed(tmp_path), applied_stand_in("identity", None, How())
    assert [job.out for job in films_for(source, applied, Path("out"))] == [Path("out/a.mp4")]
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    assert films_for(source, applied, Path("out")) == []
    assert len(applied.engine.notes) == 1
    assert applied.engine.notes[0].startswith("1 film left out, a.mp4 first: films need ffmpeg")
