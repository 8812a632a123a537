"""The page of a translation: before, after and truth with a line to drag, its scores beside what anybody can have."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from browsing import in_a_browser, opened
from ganvas.report import held_out
from test_report import Elements, drawn_in, make_run, page_of, write_json

SCORES = {
    "lpips": {"words": "LPIPS", "unit": "", "better": "lower"},
    "psnr_db": {"words": "PSNR", "unit": "dB", "better": "higher"},
    "ssim": {"words": "SSIM", "unit": "", "better": "higher"},
}
PAIRS = {"channels": 3, "height": 32, "width": 48, "source": {"channels": 3, "height": 32, "width": 48, "paired": True}}
WINDOWS = 3


def picture(path: Path, level: int, size: tuple[int, int] = (48, 32)) -> None:
    Image.fromarray(np.full((*size[::-1], 3), level, np.uint8)).save(path)


def translation(run: Path, space: dict[str, Any] | None = None, **changes: Any) -> Path:
    """A run whose LPIPS falls to .2 at 30,000 images and rises to .3 at 45,000, and whose pictures are flat."""
    make_run(run, ticks=12, sheets=4)
    recipe = json.loads((run / "recipe.json").read_text())
    write_json(run / "recipe.json", {**recipe, "name": "pix2pix", "space": space or PAIRS})
    ticks = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    for tick, lpips in zip(ticks[3::4], (0.35, 0.2, 0.3), strict=True):
        tick |= {"validation/lpips": lpips, "validation/psnr_db": 20 - 10 * lpips, "watch/agreement": 0.8}
        tick |= {"pairs/trained_l1": 0.1, "pairs/held_out_l1": 0.2, "grid/stands_out": 1.2}
    (run / "stats.jsonl").write_text("".join(json.dumps(tick) + "\n" for tick in ticks))
    told = {
        "windows": 64, "every": 15_000, "by": "lpips", "third": "truth", "scores": SCORES,
        "baseline": {"name": "the source itself", "numbers": {"lpips": 0.4, "psnr_db": 15.0}},
        "best": {"images": 30_000, "by": "lpips", "numbers": {"lpips": 0.2, "psnr_db": 18.0}},
        "last": {"images": 45_000, "numbers": {"lpips": 0.3, "psnr_db": 17.0}},
    }  # fmt: skip
    write_json(run / "validation.json", {**told, **changes})
    (run / "validation").mkdir()
    for number in range(WINDOWS):
        for name, level in (("before", 10), ("best", 120), ("last", 150), ("truth", 240)):
            picture(run / "validation" / f"{number}-{name}.png", level)
    return run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return translation(tmp_path / "shoes")


def shots(page: str) -> list[str | None]:
    return [attributes["data-kind"] for tag, attributes in Elements(page).tags if "data-kind" in attributes]


# ---- what stands on the page -----------------------------------------------------------------------------------------


def test_the_scores_stand_beside_the_baseline(run: Path) -> None:
    page, text = page_of(run), Elements(page_of(run)).text
    assert "On pictures that it has not learnt from" in text and "Means over 64 held-out windows" in text
    assert "Best, at 30,000 images" in text and "Last, at 45,000 images" in text and "The source itself" in text
    assert "<b>0.2</b>" in page and "LPIPS 0.2 at 30,000 images: better than the source itself, 0.4" in text
    assert "no better than" not in text
    assert "PSNR dB" in text and "SSIM" not in text.split("Training over time")[0]  # of SSIM there is no number


@pytest.mark.parametrize(("by", "best", "worse"), [("lpips", 0.39, False), ("lpips", 0.4, True), ("lpips", 0.5, True),
                                                  ("psnr_db", 15.1, False), ("psnr_db", 15.0, True)])  # fmt: skip
def test_a_best_that_beats_nothing_says_so(tmp_path: Path, by: str, best: float, worse: bool) -> None:
    """The source itself has .4 (lower is better) and 15 dB (higher is better): as good as that is no better."""
    numbers = {"lpips": 0.45, "psnr_db": 14.0, by: best}
    page = page_of(translation(tmp_path / "run", by=by, best={"images": 30_000, "by": by, "numbers": numbers}))
    facts, held = Elements(page).text.split("On pictures that it has not learnt from")
    assert ("still no better than the source itself" in facts, "better than the source itself" in facts) == (
        worse,
        True,
    )
    assert ("even the best snapshot is still no better than the source itself" in held) == worse


def sheet(run: Path, rows: int, columns: int, times: int = 1, height: int = 32, width: int = 48) -> None:
    """The last sheet of the run as it is drawn: 2 px between pictures, enlarged by a whole number."""
    size = (columns * (width + 2) - 2, rows * (height + 2) - 2)
    picture(run / "samples" / "000045000.png", 99, (times * size[0], times * size[1]))


def headings(page: str) -> list[str]:
    return re.findall(r"<span>([^<]+)</span>", "".join(re.findall(r'<p class="headings".*?</p>', page)))


def test_columns_have_headings(run: Path, tmp_path: Path) -> None:
    """Three columns of pairs, and six of two sets with a way back; no more is said of what is laid otherwise."""
    triple = ["source", "translation", "truth"]
    assert headings(page_of(run)) == []  # the sheet of a run on noise
    for times in (1, 2):
        sheet(run, 3, 3, times)
        assert headings(page_of(run)) == triple * 2  # above the final sheet, and above the one that moves
    small = {"channels": 3, "height": 8, "width": 12, "paired": True}
    enlarging = translation(tmp_path / "sr", {**PAIRS, "source": small})
    sheet(enlarging, 2, 3)
    assert headings(page_of(enlarging)) == ["small", "enlarged", "truth"] * 2
    sheet(run, 2, 6)
    assert headings(page_of(run)) == ["source", "there", "and back", "other set", "there", "and back"] * 2
    sheet(run, 3, 4)
    assert headings(page_of(run)) == []


@pytest.mark.parametrize(("rows", "heights"), [(3, [100]), (4, [66, 66]), (5, [100, 66]), (8, [134, 134])])
def test_a_tall_sheet_stands_in_two_blocks(run: Path, rows: int, heights: list[int]) -> None:
    """Rows of 32 px, 2 px apart: r of them are 34 r − 2 high, and the gap at the cut belongs to neither block."""
    sheet(run, rows, 3)
    cover = page_of(run).split('class="blocks"')[1].split("<figcaption>")[0]
    found = re.findall(r"base64,([^\"]+)", cover)
    assert [Image.open(io.BytesIO(base64.b64decode(png))).size for png in found] == [(148, high) for high in heights]


def test_every_window_is_embedded_once_in_all_its_shots(run: Path) -> None:
    page = page_of(run)
    assert shots(page) == ["before", "best", "last", "truth"] * WINDOWS
    alts = [a["alt"] for _, a in Elements(page).tags if "data-kind" in a]
    assert alts[:4] == [f"Held-out picture 1: {label}" for label in ("before", "best", "last", "truth")]
    width, height = next((a["width"], a["height"]) for _, a in Elements(page).tags if "data-kind" in a)
    assert (width, height) == ("240", "160")  # 48×32, five times: the most that stays below 280


def test_curves_hold_the_baseline_and_mark_the_best(run: Path) -> None:
    panels = {panel["title"]: panel for panel in drawn_in(page_of(run))["panels"]}
    lpips, psnr = panels["Held-out pictures: LPIPS"], panels["Held-out pictures: PSNR"]
    assert lpips["series"][0]["y"] == [0.35, 0.2, 0.3] and lpips["best"] == psnr["best"] == 30_000
    assert lpips["references"] == [{"name": "the source itself", "series": "LPIPS", "y": 0.4}]
    assert psnr["references"][0]["y"] == 15.0
    assert list(panels)[:2] == ["Held-out pictures: LPIPS", "Held-out pictures: PSNR"]
    assert {s["name"] for s in panels["Pairs that are trained on, and unseen ones"]["series"]} == {
        "trained on",
        "unseen",
    }
    assert panels["Losses"]["references"] == [] and panels["Losses"]["best"] is None


def test_a_best_that_is_the_last_is_shown_once(tmp_path: Path) -> None:
    same = {"images": 45_000, "by": "lpips", "numbers": {"lpips": 0.2}}
    page = page_of(translation(tmp_path / "run", best=same, last=same))
    assert shots(page) == ["before", "best", "truth"] * WINDOWS and "data-which" not in page.split("<script")[0]
    assert "Held-out picture 1: after" in page


def test_two_sets_show_the_way_back(tmp_path: Path) -> None:
    space = {**PAIRS, "source": {**PAIRS["source"], "paired": False}}  # type: ignore[dict-item]
    run = translation(tmp_path / "run", space, third="back", baseline=None)
    for number in range(WINDOWS):
        for name in ("best-back", "last-back"):
            picture(run / "validation" / f"{number}-{name}.png", 20)
    page = page_of(run)
    assert shots(page) == ["before", "best", "last", "best-back", "last-back"] * WINDOWS
    assert "and back" in page and "32 × 48 × 3 from 32 × 48 × 3, two sets" in page


def test_words_fit_what_is_done(run: Path, tmp_path: Path) -> None:
    page = page_of(run)
    assert "Translated after" in page and '"made":"translated"' in page and "ganvas translate " in page
    assert "ganvas sample" not in page and "from 32 × 48 × 3, pairs" in page
    small = {"channels": 3, "height": 8, "width": 12, "paired": True}
    assert "ganvas upscale " in page_of(translation(tmp_path / "sr", {**PAIRS, "source": small}))


def test_a_run_on_noise_is_as_it_was(tmp_path: Path) -> None:
    page = page_of(make_run(tmp_path / "digits", ticks=12, sheets=4))
    visible = page.split("<script type")[0].split("</style>")[1]
    assert "held-out" not in visible and "Generated after" in visible and "ganvas sample" in visible
    assert all(panel["references"] == [] and panel["best"] is None for panel in drawn_in(page)["panels"])


# ---- what is missing or damaged --------------------------------------------------------------------------------------


def test_damaged_parts_are_left_out(run: Path) -> None:
    (run / "validation" / "1-best.png").write_bytes(b"\x89PNG\r\n")
    (run / "validation" / "2-before.png").unlink()
    assert shots(page_of(run)) == ["before", "best", "last", "truth", "before", "last", "truth"]
    for content in ("[1, 2]", "{", '"text"'):
        (run / "validation.json").write_text(content)
        assert "validation.json is damaged and left out." in page_of(run)
    write_json(
        run / "validation.json", {"windows": "many", "baseline": 3, "best": {"numbers": {"lpips": "x"}}, "scores": 1}
    )
    assert shots(page_of(run)).count("truth") == 2


def test_text_of_the_run_cannot_become_markup(tmp_path: Path) -> None:
    evil = '<img src=x onerror="alert(1)">'
    run = translation(tmp_path / "run", baseline={"name": evil, "numbers": {"lpips": 0.4}})
    assert evil not in page_of(run) and "&lt;img src=x" in page_of(run)


def test_heavy_windows_are_fewer(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for one window: the other two are named in a note."""
    each = sum(p.stat().st_size for p in (run / "validation").glob("0-*.png"))
    monkeypatch.setattr(held_out, "MOST_BYTES", int(1.5 * each))
    page = page_of(run)
    assert len(shots(page)) == 4 and "1 of 3 held-out windows are shown" in page


# ---- in a browser ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    run = translation(tmp_path_factory.mktemp("runs") / "shoes")
    page_of(run)
    return (run / "report.html").as_uri()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    with opened(browser, address, ".compare", viewport={"width": 1280, "height": 900}, has_touch=True) as page:
        yield page


def level_at(page: Any, compare: Any, share: float) -> int:
    """The grey level that is seen at this share of the width, three quarters down, clear of labels and handle."""
    box = compare.bounding_box()
    clip = {"x": box["x"] + share * box["width"] - 1, "y": box["y"] + 0.75 * box["height"], "width": 3, "height": 3}
    shot = page.screenshot(clip=clip)
    with Image.open(io.BytesIO(shot)) as image:
        return round(float(np.asarray(image.convert("L")).mean()))


@in_a_browser
def test_dragging_uncovers_one_picture_or_the_other(page: Any) -> None:
    """Before is of level 10, the best of 120, the truth of 240; at half-way the left half is the one, the right the
    other, and where the line is dragged to, that changes."""
    first, second = page.locator(".compare").nth(0), page.locator(".compare").nth(1)
    first.scroll_into_view_if_needed()
    assert (level_at(page, first, 0.2), level_at(page, first, 0.8)) == (10, 120)
    assert (level_at(page, second, 0.2), level_at(page, second, 0.8)) == (120, 240)
    box = first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.95 * box["width"], box["y"] + 60, steps=4)
    assert level_at(page, first, 0.8) == 10
    page.mouse.move(box["x"] - 300, box["y"] + 60, steps=4)  # beyond the edge the line stays at it
    page.mouse.up()
    assert level_at(page, first, 0.2) == 120
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 60)  # and let go, it stays where it is
    assert level_at(page, first, 0.2) == 120 and level_at(page, second, 0.2) == 120


@in_a_browser
def test_arrow_keys_move_the_line_and_say_so(page: Any) -> None:
    slider = page.get_by_role("slider", name="Picture 1: before on the left, best on the right")
    slider.focus()
    assert slider.get_attribute("aria-valuetext") == "50 % before"
    for _ in range(5):
        slider.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "60 % before" and slider.input_value() == "60"
    slider.press("Home")
    assert slider.get_attribute("aria-valuetext") == "0 % before"
    assert level_at(page, page.locator(".compare").first, 0.2) == 120
    assert page.inner_text("#now") == "45,000 images seen"  # the arrows are not the time's


@in_a_browser
def test_a_touch_moves_the_line(page: Any) -> None:
    first = page.locator(".compare").first
    first.scroll_into_view_if_needed()
    box = first.bounding_box()
    page.touchscreen.tap(box["x"] + 0.9 * box["width"], box["y"] + 50)
    assert level_at(page, first, 0.8) == 10
    assert page.evaluate("getComputedStyle(document.querySelector('.compare')).touchAction") == "pan-y"


@in_a_browser
def test_best_and_last_change_places_and_lines_stay(page: Any) -> None:
    slider = page.locator(".compare input").first
    slider.focus()
    slider.press("Home")
    page.get_by_role("button", name="Last, at 45,000 images").click()
    first = page.locator(".compare").first
    assert level_at(page, first, 0.2) == 150 and page.locator(".compare").count() == 2 * WINDOWS
    page.get_by_role("button", name="Best, at 30,000 images").click()
    assert level_at(page, first, 0.2) == 120


@in_a_browser
def test_the_curve_has_its_reference_and_its_best(page: Any) -> None:
    panel = page.locator("[data-panel]").filter(has_text="Held-out pictures: LPIPS")
    assert panel.locator(".reference").count() == panel.locator(".best").count() == 1
    assert "the source itself: 0.4" in panel.locator("svg").text_content()
    panel.get_by_role("button", name="LPIPS").click()
    assert panel.locator(".reference").count() == 0  # who hides the curve hides what it is held against


@in_a_browser
def test_on_paper_and_on_a_phone(page: Any) -> None:
    """Printed, the pictures stand side by side and nothing is to be dragged; a phone needs no sideways scrolling."""
    assert page.locator(".flat").first.is_hidden()
    page.emulate_media(media="print")
    assert page.locator(".flat img").first.is_visible() and page.locator(".compare").first.is_hidden()
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    boxes = [each.bounding_box() for each in page.locator(".compare").all()[:2]]
    assert all(box["width"] >= 300 and box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
    assert boxes[1]["y"] > boxes[0]["y"] + boxes[0]["height"] - 1  # one below the other
