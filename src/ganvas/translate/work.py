"""What there is to do: one picture, a folder with its sub-folders, or a zip; and where each result goes."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ganvas.data.folder import files_below
from ganvas.data.full_depth import DEEP_SUFFIXES, Opener
from ganvas.data.picture import Unreadable
from ganvas.data.translation.halves import Half
from ganvas.data.translation.tree import open_tree
from ganvas.errors import GanvasError
from ganvas.translate.applied import Applied
from ganvas.translate.film import ENDINGS
from ganvas.translate.photo import WRITTEN, Photo, halved, moving, narrowing, write_photo

OnPicture = Callable[[int, int], None]
"""(done, of so many)."""
FILMS = tuple(ending for ending in ENDINGS if ending not in DEEP_SUFFIXES)
"""In folders a gif is a picture."""


@dataclass(frozen=True)
class Listed:
    """Pictures in a place, by name, with forward slashes."""

    names: tuple[str, ...]
    open: Opener
    changed: Callable[[str], float]
    """When, in seconds of the system's clock."""
    single: bool = False
    films: tuple[str, ...] = ()
    """Films beside them."""
    half: Half | None = None
    """What of every picture is meant; None: all of it."""


@dataclass(frozen=True)
class Job:
    """One picture to translate, or a half of one; or a film."""

    name: str
    open: Opener
    out: Path
    half: Half | None = None


@dataclass
class Outcome:
    """How far it came; kept up to date while it goes on, so that it is true after an interruption too."""

    total: int
    done: int = 0
    failed: list[str] = field(default_factory=list)
    """One line each, with the file's name and the reason."""


def listed(place: Path, but: Path | None = None) -> Listed:
    """The pictures in a file, a folder (without those at or below ``but``; with its films) or a zip.

    Raises:
        GanvasError: nothing is there, or no picture and no film in it.
    """
    if place.is_file() and not zipfile.is_zipfile(place):
        if place.suffix.lower() == ".zip":
            raise GanvasError(f"{place} is damaged or no zip; unpack it with a tool that repairs, or get it again")
        if place.suffix.lower() not in DEEP_SUFFIXES:
            known = " ".join(sorted(DEEP_SUFFIXES))
            raise GanvasError(f"{place} is no picture, folder, zip or film by its name; pictures end in {known}")
        return Listed((place.name,), lambda _: place.open("rb"), lambda _: place.stat().st_mtime, single=True)
    if not place.exists():
        raise GanvasError(f"{place}: no such file or folder")
    if place.is_dir():
        return _in_folder(place, but)
    tree = open_tree(str(place))
    if leading_out := [name for name in tree.pictures if ".." in PurePosixPath(name).parts or name.startswith("/")]:
        raise GanvasError(f"{place}: {leading_out[0]} points out of the archive; unpack it by hand")
    return Listed(tuple(tree.pictures), tree.open_file, lambda _: place.stat().st_mtime)


def pictures_in(place: Path, but: Path | None = None) -> Listed:
    """As `listed`, where films are of no use."""
    found = listed(place, but)
    if not found.names:
        raise GanvasError(f"{place} holds films, but no pictures")
    return found


def _in_folder(place: Path, but: Path | None) -> Listed:
    made = None if but is None else but.resolve()
    if made == place.resolve():
        raise GanvasError(f"--out {but} would write over the source; choose another place")

    def given(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for name in names if not (made and (place / name).resolve().is_relative_to(made)))

    seen = (name for name in files_below(place) if not any(p.startswith(".") for p in PurePosixPath(name).parts))
    films = given(sorted(name for name in seen if name.lower().endswith(FILMS)))
    try:
        tree = open_tree(str(place))
    except GanvasError:  # no pictures
        if not films:
            raise
        return Listed((), lambda name: (place / name).open("rb"), lambda name: _changed(place / name), films=films)
    names = given(tree.pictures)
    if not (names or films):
        raise GanvasError(f"{place} holds no pictures but those in {but}, where results go")
    return Listed(names, tree.open_file, lambda name: _changed(place / name), films=films)


def _changed(file: Path) -> float:
    return file.stat().st_mtime


def jobs_for(source: Listed, place: Path, out: Path, format: str | None = None) -> list[Job]:
    """A job a picture: names and sub-folders are kept, formats too unless ``format`` names another.

    Raises:
        GanvasError: an ending that is not written, or ``out`` does not fit (a file for a folder, the source itself).
    """
    if source.single and not out.is_dir() and out.suffix:
        targets = [out]
        ending = _known(out.suffix.lower(), f"--out {out}")
        if format is not None and ending != _known(f".{format.lower().removeprefix('.')}", f"--format {format}"):
            raise GanvasError(f"--format {format}: --out {out} says otherwise; leave one of them out")
    else:
        targets = _inside(source.names, out, format)
    if source.single and place.resolve() == targets[0].resolve():
        raise GanvasError(f"--out {out} would write over the source; choose another place")
    return [Job(name, source.open, target, source.half) for name, target in zip(source.names, targets, strict=True)]


def film_jobs(source: Listed, out: Path) -> list[Job]:
    """A job a film, which keeps its name and format."""
    return [Job(name, source.open, out / name) for name in source.films]


def still_to_do(jobs: Sequence[Job], source: Listed, newest: float) -> list[Job]:
    """Those whose result is missing, or older than its source or than ``newest`` (when the snapshot was saved)."""
    return [
        job for job in jobs if not job.out.is_file() or job.out.stat().st_mtime < max(newest, source.changed(job.name))
    ]


def work_through(jobs: Iterable[Job], applied: Applied, outcome: Outcome, on_picture: OnPicture) -> None:
    """One after another; what cannot be read is written down and passed by.

    Raises:
        GanvasError: a result cannot be written.
    """
    for job in jobs:
        try:
            result = applied(halved(applied.read(job.open, job.name), job.half))
        except (Unreadable, GanvasError) as error:
            outcome.failed.append(f"{job.name}: {error}")
        else:
            applied.engine.notes += filter(None, [narrowing(result, job.out), moving(job.open, job.name)])
            write_photo(result, job.out)
            outcome.done += 1
        on_picture(outcome.done + len(outcome.failed), outcome.total)


def writer(names: Sequence[str], out: Path | None, format: str | None = None) -> Callable[[str, Photo], None] | None:
    """(name, result) → its file in the folder ``out``; None where nothing is to be written. Raises as `jobs_for`."""
    if out is None:
        return None
    targets = dict(zip(names, _inside(names, out, format), strict=True))
    return lambda name, photo: write_photo(photo, targets[name])


def _known(ending: str, said: str) -> str:
    if ending not in WRITTEN:
        raise GanvasError(f"{said}: pictures are written as {' '.join(WRITTEN)}")
    return ending


def _inside(names: Sequence[str], out: Path, format: str | None) -> list[Path]:
    """Where each result goes in the folder ``out``."""
    ending = None if format is None else _known(f".{format.lower().removeprefix('.')}", f"--format {format}")
    if out.suffix.lower() == ".zip":
        raise GanvasError(f"--out {out}: results go into a folder, not into a zip; name a folder")
    if out.is_file():
        raise GanvasError(f"--out {out} is a file, but there may be many pictures: name a folder")
    return [out / name for name in _named(names, ending)]


def _named(names: Sequence[str], ending: str | None) -> list[str]:
    """What each result is called, no two alike: what has its ending already keeps its name, and what would be called as
    another is keeps its old ending in it."""
    paths = [PurePosixPath(name) for name in names]
    endings = [ending or (path.suffix if path.suffix.lower() in WRITTEN else ".png") for path in paths]
    plain = [path.with_suffix(suffix).as_posix() for path, suffix in zip(paths, endings, strict=True)]
    often, taken, named = Counter(plain), set(names) & set(plain), list[str]()
    for old, name, suffix in zip(names, plain, endings, strict=True):
        if name != old:
            name = name if often[name] == 1 else f"{old}{suffix}"
            while name in taken:
                name += suffix
            taken.add(name)
        named.append(name)
    return named
