"""The page of a run: one file, whole without its optional parts, and no way in for what the run brings along."""

from __future__ import annotations

import base64
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ganvas.errors import GanvasError
from ganvas.report import write_report
from ganvas.report.curves import MOST_POINTS, alarms_of, panels_of
from ganvas.report.scores import read_scores
from ganvas.report.sheets import MOST_SHEETS
from ganvas.report.tables import duration, groups_of, number, plain, rest_of
from ganvas.report.thinning import evenly, extremes

DIGITS = [str(digit) for digit in range(10)]
RECIPE: dict[str, Any] = {
    "name": "sprint",
    "paper": "Huang et al. 2024, The GAN is dead; long live the GAN!",
    "space": {"channels": 1, "height": 28, "width": 28, "condition": {"kind": "classes", "names": DIGITS}},
    "data": {"source": "digits", "size": None, "limit": None, "mirror": False},
    "generator": {"kind": "residual", "latent": 64, "widths": [128, 96, 64]},
    "discriminator": {"kind": "residual", "widths": [64, 96, 128]},
    "loss": {"kind": "relativistic"},
    "penalties": {
        "r1": {"gamma": {"start": 1.0, "end": 0.1, "shape": "cosine"}, "every": 4},
        "r2": {"gamma": {"start": 1.0, "end": 0.1, "shape": "cosine"}, "every": 4},
    },
    "optimizers": {
        "generator": {"kind": "adam", "lr": {"start": 1e-3, "end": 1e-4, "shape": "cosine"}, "betas": [0.0, 0.99]},
        "discriminator": {"kind": "adam", "lr": {"start": 1e-3, "end": 1e-4, "shape": "cosine"}, "betas": [0.0, 0.99]},
    },
    "averaging": {"half_life_images": 5000},
    "batch": 64,
    "images": 150_000,
    "seed": 0,
}
OPTIONAL = ("stats.jsonl", "samples", "metrics.json", "data.json", "scores.json", "command.txt")


def draw_sheet(done: float, rng: np.random.Generator) -> Image.Image:
    """Ten rows of ten drawn digits that come out of noise as ``done`` goes from 0 to 1."""
    sheet = Image.new("L", (298, 298), 255)
    font = ImageFont.load_default(22)
    for row in range(10):
        for column in range(10):
            digit = Image.new("L", (28, 28), 0)
            ImageDraw.Draw(digit).text((14 + column % 3 - 1, 14), str(row), fill=255, font=font, anchor="mm")
            blend = done * np.asarray(digit) + (1 - done) * rng.uniform(0, 255, (28, 28))
            sheet.paste(Image.fromarray(blend.astype(np.uint8)), (column * 30, row * 30))
    return sheet


def stats_line(images: int, of: int, rng: np.random.Generator) -> dict[str, Any]:
    """What a healthy run reports at one tick: losses settle, the scores' gap closes, gradients shrink."""
    left = float(np.exp(-5 * images / of))
    jitter = lambda size: float(rng.normal(0, size))  # noqa: E731
    return {
        "images": images,
        "seconds": 0.0013 * images + 0.2,
        "images_per_second": 781 + 12 * jitter(1),
        "discriminator/adversarial": 0.62 - 0.45 * left + 0.01 * jitter(1),
        "discriminator/r1": 0.05 + 0.4 * left + 0.005 * abs(jitter(1)),
        "discriminator/r2": 0.04 + 0.3 * left + 0.005 * abs(jitter(1)),
        "generator/adversarial": 0.78 + 1.3 * left + 0.02 * jitter(1),
        "discriminator/real_logits": 0.25 + 2.2 * left + 0.05 * jitter(1),
        "discriminator/fake_logits": -0.2 - 2.4 * left + 0.05 * jitter(1),
        "gradient_norm/discriminator": (0.3 + 9 * left) * float(np.exp(0.15 * jitter(1))),
        "gradient_norm/generator": (0.12 + 1.8 * left) * float(np.exp(0.15 * jitter(1))),
        "alarms": [],
    }


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def make_run(run: Path, ticks: int = 40, sheets: int = 11, tick_images: int = 3750) -> Path:
    """A run directory as `ganvas train` and `ganvas evaluate` leave it."""
    rng = np.random.default_rng(0)
    (run / "samples").mkdir(parents=True)
    end = ticks * tick_images
    write_json(run / "recipe.json", RECIPE)
    lines = [json.dumps(stats_line(images, end, rng)) for images in range(tick_images, end + 1, tick_images)]
    (run / "stats.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for images in np.linspace(0, ticks, sheets).round().astype(int) * tick_images:
        draw_sheet((images / end) ** 0.4, rng).save(run / "samples" / f"{images:09}.png")
    write_json(run / "metrics.json", metrics_card(rng))
    write_json(run / "data.json", data_summary())
    write_json(run / "scores.json", {"real": list(rng.normal(0.3, 1, 2000)), "fake": list(rng.normal(-0.3, 1.1, 2000))})
    (run / "command.txt").write_text("ganvas train sprint --data digits --out runs/digits-sprint\n", encoding="utf-8")
    return run


def metrics_card(rng: np.random.Generator) -> dict[str, Any]:
    def measure(name: str, value: float, reference: float | None, better: str, **protocol: Any) -> dict[str, Any]:
        interval = [value * 0.97, value * 1.03]
        shared = {"n": 5000, "seed": 0, "split": "second half", "resize": "none"}
        return {
            "name": name, "value": value, "interval": interval, "reference": reference, "unit": "", "better": better,
            "protocol": {**protocol, **shared},
        }  # fmt: skip

    judge = "small classifier, trained on the real labels"
    return {
        "measurements": [
            measure("frechet_distance", 14.31, 1.22, "lower", extractor=judge),
            measure("precision", 0.871, 0.903, "higher", extractor=judge, k=5),
            measure("coverage", 0.764, 0.957, "higher", extractor=judge, k=5),
            measure("class_accuracy", 0.972, 0.991, "higher", extractor=judge),
            measure("frechet_distance", 5.2, 0.61, "lower", extractor="pixels"),
            measure("kernel_distance", 0.0021, -0.0001, "lower", extractor="pixels"),
        ],
        "images_per_second": 5123.0,
        "class_counts": {digit: int(rng.integers(470, 530)) for digit in DIGITS},
        "class_accuracy": {digit: float(rng.uniform(0.93, 1)) for digit in DIGITS},
    }


def data_summary() -> dict[str, Any]:
    counts = dict(zip(DIGITS, (1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978), strict=True))
    return {
        "source": "digits",
        "images": 10_000,
        "original_sizes": {"28 × 28": 10_000},
        "resize_filter": "none",
        "class_counts": counts,
        "skipped": ["zero.png: empty file", "notes.png: not a picture", "cut.jpg: truncated", "bomb.png: 40,000 px"],
    }


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "digits-sprint", ticks=12, sheets=4)


def page_of(run: Path) -> str:
    return write_report(run).read_text(encoding="utf-8")


def drawn_in(page: str) -> Any:
    return json.loads(re.search(r'<script type="application/json" id="drawn">(.*?)</script>', page, re.S)[1])


class Elements(HTMLParser):
    """Every start tag of a page with its attributes, and all its text outside of style and script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] not in ("style", "script"):
            self.text += data


# ---- the whole page ----


def test_the_page_lies_in_the_run_and_asks_for_nothing_outside(run: Path) -> None:
    page = page_of(run)
    assert sorted(p.name for p in run.iterdir() if "report" in p.name) == ["report.html"]
    for tag, attributes in Elements(page).tags:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            assert (attributes.get(name) or "data:").startswith("data:"), (tag, attributes)
    assert not re.search(r"@import|url\(|https?://|fetch\(|XMLHttp|WebSocket|import\(", page)
    assert "default-src 'none'" in page


def test_every_part_of_the_run_is_on_the_page(run: Path) -> None:
    text = Elements(page_of(run)).text
    parts = (
        "digits-sprint", "Huang et al. 2024", "45,000 of 150,000", "28 × 28 × 1, 10 classes", "Fréchet distance",
        "14.31", "1.22", "↓ lower", "↑ higher", "pixels", "1,127", "zero.png: empty file", "cosine",
        "--out runs/digits-sprint", "discriminator: R1", "Gradient norms", "It ranks a real picture",
        "ganvas sample", "ganvas evaluate",
    )  # fmt: skip
    assert [part for part in parts if part not in text] == []


def test_small_sheets_travel_unchanged(run: Path) -> None:
    sheets = drawn_in(page_of(run))["sheets"]
    assert [sheet["images"] for sheet in sheets] == [0, 15_000, 30_000, 45_000]
    files = sorted((run / "samples").iterdir())
    addresses = [f"data:image/png;base64,{base64.b64encode(file.read_bytes()).decode()}" for file in files]
    assert [sheet["url"] for sheet in sheets] == addresses


def test_large_sheets_travel_lighter(run: Path) -> None:
    """Noise of 300×300 in colour is 270 kB as PNG, whatever one does; as WebP a fraction, and of the same size."""
    file = run / "samples" / "000045000.png"
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file)
    url = drawn_in(page_of(run))["sheets"][-1]["url"]
    kind, _, content = url.partition(";base64,")
    written = base64.b64decode(content)
    assert kind == "data:image/webp" and len(written) < file.stat().st_size / 1.5
    assert Image.open(io.BytesIO(written)).size == (300, 300)


@pytest.mark.parametrize("gone", [*OPTIONAL, "everything"])
def test_a_run_without_its_optional_files_still_has_a_page(run: Path, gone: str) -> None:
    for name in OPTIONAL if gone == "everything" else [gone]:
        path = run / name
        for file in path.glob("*") if path.is_dir() else [path]:
            file.unlink()
    page = page_of(run)
    assert "<h1>digits-sprint</h1>" in page
    assert ("This run has not reached its first tick." in page) == (gone == "everything")
    assert ("no pictures to show" in page) == (gone == "samples")


def test_a_recipe_of_any_shape_is_shown(run: Path) -> None:
    for recipe in ({}, {"name": None, "space": 3, "data": ["a"], "images": "many", "deep": {"er": {"still": {}}}}):
        write_json(run / "recipe.json", recipe)
        assert "<h1>digits-sprint</h1>" in page_of(run)


# ---- damage ----


def test_no_recipe_is_one_line(tmp_path: Path) -> None:
    for run in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(GanvasError, match=r"no recipe\.json in .*ganvas train"):
            write_report(run)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ['{"name": ', "[1, 2]"])
def test_a_damaged_recipe_is_one_line(run: Path, content: str) -> None:
    (run / "recipe.json").write_text(content)
    with pytest.raises(GanvasError, match=r"recipe\.json .*restore it or train again") as caught:
        write_report(run)
    assert "\n" not in str(caught.value)


def test_a_cut_last_line_costs_that_line_only(run: Path) -> None:
    stats = run / "stats.jsonl"
    stats.write_text(stats.read_text().rstrip()[:-40])
    page = page_of(run)
    assert "1 damaged line of stats.jsonl left out." in page
    assert len(drawn_in(page)["panels"][0]["series"][0]["x"]) == 11


def test_not_a_number_is_a_gap(run: Path) -> None:
    rows = ['{"images": 1, "g/a": 1.5}', '{"images": 2, "g/a": NaN}', '{"images": 3, "g/a": null}',
            '{"images": 4, "g/a": Infinity}', '{"images": 5, "g/a": 2.5}', "7", '{"seconds": 1}']  # fmt: skip
    (run / "stats.jsonl").write_text("\n".join(rows))
    page = page_of(run)
    assert drawn_in(page)["panels"][0]["series"] == [
        {"name": "g: a", "x": [1, 2, 3, 4, 5], "y": [1.5, None, None, None, 2.5]}
    ]
    assert "2 damaged lines" in page


def test_damaged_sheets_and_cards_are_named_and_left_out(run: Path) -> None:
    sheet = run / "samples" / "000045000.png"
    sheet.write_bytes(sheet.read_bytes()[:3000])
    (run / "samples" / "best.png").write_bytes(b"")
    (run / "metrics.json").write_text('{"measurements": [')
    page = page_of(run)
    assert [s["images"] for s in drawn_in(page)["sheets"]] == [0, 15_000, 30_000]
    assert "Damaged and left out: 000045000.png." in page
    assert "metrics.json is damaged and left out." in page


# ---- hostile content ----

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{ 7*7 }}"


def spoiled(value: Any) -> Any:
    """The same JSON with every text and every class name replaced; the keys that the page knows stay."""
    if isinstance(value, dict):
        return {HOSTILE + k if k in DIGITS else k: spoiled(v) for k, v in value.items()} | {"more": {HOSTILE: HOSTILE}}
    if isinstance(value, list):
        return [spoiled(v) for v in value]
    return HOSTILE if isinstance(value, str) else value


def test_nothing_from_the_run_becomes_markup(tmp_path: Path) -> None:
    """The same run with every string replaced: the page has the same tags and attributes' names, and two scripts."""
    plain_run, hostile_run = make_run(tmp_path / "plain", 12, 4), make_run(tmp_path / "<b onclick=alert(3)>", 12, 4)
    write_json(plain_run / "stats.jsonl", {"images": 1, "discriminator/a": 1.0, "alarms": ["mode dropping"]})
    tick = {"images": 1, f"discriminator/{HOSTILE}": 1.0, "alarms": [HOSTILE, {"text": HOSTILE}]}
    write_json(hostile_run / "stats.jsonl", tick)
    for name in ("recipe.json", "metrics.json", "data.json"):
        write_json(hostile_run / name, spoiled(json.loads((hostile_run / name).read_text())))
    (hostile_run / "command.txt").write_text(HOSTILE)

    page, expected = Elements(page_of(hostile_run)), Elements(page_of(plain_run))
    assert HOSTILE in page.text
    assert [tag for tag, _ in page.tags].count("script") == 2
    names = {(tag, name) for tag, attributes in page.tags for name in attributes}
    assert not any(name.startswith("on") for _, name in names)
    assert names - {(tag, name) for tag, attributes in expected.tags for name in attributes} == set()
    assert drawn_in(page_of(hostile_run))["panels"][0]["series"][0]["name"] == f"discriminator: {HOSTILE}"


def test_the_packages_own_parts_can_be_inlined() -> None:
    """A closing tag inside would end the element early; then the script's hash would not fit either."""
    for name in ("page.css", "page.js"):
        own = (Path(write_report.__code__.co_filename).parent / name).read_text(encoding="utf-8")
        assert not re.search(r"</(script|style)|<!--", own, re.IGNORECASE)


# ---- thinning ----


@pytest.mark.parametrize(("count", "most"), [(0, 2), (1, 2), (5, 5), (61, 60), (240, 60), (1000, 2)])
def test_evenly_keeps_both_ends_and_steps_evenly(count: int, most: int) -> None:
    """Rounded multiples of s = (count − 1)/(most − 1) ≥ 1 are distinct, and their steps are ⌊s⌋ or ⌈s⌉."""
    kept = evenly(count, most)
    assert len(kept) == min(count, most)
    assert kept == sorted(set(kept))
    if count:
        assert (kept[0], kept[-1]) == (0, count - 1)
    assert max(np.diff(kept), default=1) - min(np.diff(kept), default=1) <= 1


def test_a_spike_survives_thinning() -> None:
    """100,000 points in 2,000: 999 buckets of about 100. One spike up and one down are kept; even choice lost both."""
    values: list[float | None] = [0.5 + 1e-3 * (i % 7) for i in range(100_000)]
    values[33_333], values[66_667] = 40.0, -40.0
    values[50_000:50_400] = [None] * 400
    kept = extremes(values, MOST_POINTS)
    assert len(kept) <= MOST_POINTS
    assert {0, 33_333, 66_667, 99_999} <= set(kept)
    assert not {33_333, 66_667} & set(evenly(100_000, MOST_POINTS))
    assert sum(values[i] is None for i in kept) >= 3  # the gap stays a gap
    assert extremes(values[:MOST_POINTS], MOST_POINTS) == list(range(MOST_POINTS))


def test_a_long_run_makes_a_light_page_and_says_so(tmp_path: Path) -> None:
    run = make_run(tmp_path / "long", ticks=5000, sheets=0)
    pixel = Image.new("L", (4, 4))
    for images in range(0, 5000 * 3750 + 1, 25 * 3750):
        pixel.save(run / "samples" / f"{images:09}.png")
    page = page_of(run)
    drawn = drawn_in(page)
    assert max(len(series["x"]) for panel in drawn["panels"] for series in panel["series"]) <= MOST_POINTS
    assert [sheet["images"] for sheet in drawn["sheets"]][:: MOST_SHEETS - 1] == [0, 18_750_000]
    assert {sheet["images"] for sheet in drawn["sheets"]} <= set(drawn["positions"])
    assert "60 of 201 sheets are shown" in page
    assert "at most 2,000 points of 5,000 ticks" in page
    assert len(page) < 2_000_000


# ---- what the page says ----


def test_panels_hold_one_unit_each() -> None:
    tick = stats_line(64, 640, np.random.default_rng(0)) | {"schedule/learning_rate": 1e-3, "augment_p": 0.1}
    panels = {panel.title: panel for panel in panels_of([tick])}
    names = {title: [series.name for series in panel.series] for title, panel in panels.items()}
    assert names == {
        "Losses": ["discriminator: adversarial", "generator: adversarial", "discriminator: R1", "discriminator: R2"],
        "Discriminator’s scores": ["discriminator: real pictures", "discriminator: fakes"],
        "Gradient norms": ["discriminator", "generator"],
        "Speed": ["images per second"],
        "Other readings": ["schedule: learning rate", "augment p"],
    }
    assert panels["Gradient norms"].log
    assert panels["Losses"].positive
    assert not panels["Discriminator’s scores"].positive


def test_gradient_norms_are_known_either_way_round() -> None:
    either = [{"images": 1, "gradient_norm/d": 2.0, "d/r1": 1.0}, {"images": 1, "d/r1": 1.0, "d/gradient_norm": 2.0}]
    for tick in either:
        assert {p.title: [s.name for s in p.series] for p in panels_of([tick])} == {
            "Losses": ["d: R1"],
            "Gradient norms": ["d"],
        }


def test_a_key_that_comes_later_begins_later() -> None:
    (panel,) = panels_of([{"images": 1, "g/a": 1}, {"images": 2, "g/a": 2, "g/late": 3}, {"images": 3, "g/a": "x"}])
    assert [(s.name, s.x, s.y) for s in panel.series] == [("g: a", [1, 2, 3], [1, 2, None]), ("g: late", [2], [3])]


def test_an_alarm_is_told_once_with_its_span() -> None:
    ticks = [{"images": 1}, {"images": 2, "alarms": ["dropping"]}, {"images": 3, "alarms": [{"text": "dropping"}]}]
    silent = {"evidence": "", "suggestion": ""}
    assert alarms_of(ticks) == [{"text": "dropping", "first": 2, "last": 3, "ticks": 2, **silent}]


def test_an_alarm_of_the_watch_is_told_with_its_evidence_and_what_to_try() -> None:
    evidence = {"missing": ["cat", "dog"], "real_share": 0.25, "examples": [3, 4]}
    alarm = {"kind": "mode dropping", "words": "two are missing", "evidence": evidence, "suggestion": "try more"}
    (told,) = alarms_of([{"images": 5, "alarms": [alarm]}])
    assert told["text"] == "two are missing" and told["suggestion"] == "try more"
    assert told["evidence"] == "missing cat dog, real share 0.25, examples 3 4"


def test_what_the_watch_sees_has_panels_of_its_own() -> None:
    """Ratios beside each other; the pull, which spans decades, alone and on a logarithmic axis."""
    tick = {"images": 1, "generator/gradient_norm": 1.0, "watch/spread_ratio": 0.9, "watch/pull": 2.0}
    panels = {panel.title: panel for panel in panels_of([tick])}
    assert [series.name for series in panels["What the watch sees"].series] == ["spread"]
    assert panels["Pull on the generator"].log and "Other readings" not in panels


def test_told_apart_is_the_share_of_pairs_in_order() -> None:
    """Real 1, 2, 3 against generated 0, 2: above 1; above 1 and a tie; above 2: (1 + 1.5 + 2) of 6 pairs = 3/4."""
    scores = read_scores({"real": [1, 2, 3, None, float("nan")], "fake": [0, 2]})
    assert scores is not None
    assert scores.told_apart == 0.75
    assert (scores.real_count, scores.fake_count, scores.real_mean, scores.fake_mean) == (3, 2, 2.0, 1.0)
    assert sum(scores.real) == pytest.approx(1)
    assert sum(scores.fake) == pytest.approx(1)
    assert read_scores({"real": [1.0], "fake": []}) is None
    same = read_scores({"real": [5.0] * 3, "fake": [5.0] * 4})
    assert same is not None
    assert same.told_apart == 0.5


def test_measurements_stand_under_their_extractor_with_the_shared_protocol_said_once() -> None:
    classifier, pixels = groups_of(metrics_card(np.random.default_rng(0)))
    assert (len(classifier.rows), len(pixels.rows)) == (4, 2)
    assert classifier.protocol == {"n": 5000, "seed": 0, "split": "second half", "resize": "none"}
    assert [row["protocol"] for row in classifier.rows] == [{}, {"k": 5}, {"k": 5}, {}]
    bare = groups_of({"measurements": [{"value": 1}, "nonsense", {"name": "b", "protocol": "by eye"}]})
    assert [row["name"] for group in bare for row in group.rows] == ["Unnamed", "B"]
    assert groups_of({"measurements": 3}) == []


def test_bars_are_long_by_their_share_of_the_largest_or_of_one() -> None:
    described = rest_of({"class_counts": {"a": 5, "b": 10}, "class_accuracy": {"a": 0.5, "b": 0.25}, "n": 3})
    assert [bars.rows for bars in described.bars] == [
        [("a", 5, 50.0), ("b", 10, 100.0)],
        [("a", 0.5, 50.0), ("b", 0.25, 25.0)],
    ]
    assert described.facts == [("N", 3)]
    many = rest_of({"class_counts": {str(i): i for i in range(1000)}}).bars[0]
    assert (len(many.rows), many.left_out) == (40, 960)


def test_rows_of_classes_become_bars_with_real_pictures_as_marks() -> None:
    """The largest share of all, .4 of the real ones, is 100 % long; accuracy is measured against 1; None is n/a."""
    rows = [
        {"name": "cat", "share": 0.1, "reference_share": 0.4, "accuracy": 0.9, "interval": [0.8, 1.0]},
        {"name": "dog", "share": 0.2, "reference_share": 0.3, "accuracy": None, "interval": None},
    ]
    share, accuracy = rest_of({"classes": rows, "notes": [], "truncation": None}).bars
    assert (share.title, share.rows) == ("Classes: share", [("cat", 0.1, 25.0), ("dog", 0.2, 50.0)])
    assert share.marks == {"cat": 100.0, "dog": 75.0}
    assert accuracy.rows == [("cat", 0.9, 90.0), ("dog", "n/a", 0.0)]
    assert accuracy.marks == {}


def test_what_is_empty_is_not_described() -> None:
    described = rest_of({"notes": [], "skipped": {}, "opacity": None, "modes": {"uint8": 10_000}})
    assert described.facts == [("Modes", "uint8: 10,000")]
    assert not (described.bars or described.lists or described.trees)


def test_numbers_are_set_for_reading() -> None:
    assert [number(v) for v in (150_000, 0.97216, -0.0001, 5.0, 1e-7, 4231.2, 12345.6)] == [
        "150,000", "0.9722", "−0.0001", "5", "1e−07", "4,231", "12,346",
    ]  # fmt: skip
    assert [duration(s) for s in (8.13, 192.4, 3600, 100_000, None)] == [
        "8.1 s", "3 min 12 s", "1 h 00 min", "27 h 46 min", "unknown",
    ]  # fmt: skip
    assert [plain(v) for v in (None, True, [], [1, None], "x")] == ["none", "yes", "none", "1, none", "x"]
    assert plain(list(range(1000))).endswith("38, 39 … and 960 more")
