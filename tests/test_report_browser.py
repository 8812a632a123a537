"""The page in a real browser, opened from its file: one time for pictures, slider and curves, and no network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browsing import in_a_browser, opened
from ganvas.report import write_report
from test_report import make_run

pytestmark = in_a_browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """12 ticks of 3,750 images; sheets at 0, 15,000, 30,000 and 45,000: between them are two ticks without one."""
    return write_report(make_run(tmp_path_factory.mktemp("runs") / "digits-sprint", ticks=12, sheets=4)).as_uri()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    with opened(browser, address, ".plot .curve", viewport={"width": 1400, "height": 900}) as page:
        yield page


def cursor(page: Any) -> float:
    """Where the cursor of the first chart stands: 0 at its left axis, 1 at its right end."""
    return page.evaluate(
        """() => { const at = (kind, name) => +document.querySelector(`.plot ${kind}`).getAttribute(name);
        const left = at('line.axis:last-of-type', 'x1'), right = at('line.axis:last-of-type', 'x2');
        return (at('line.cursor', 'x1') - left) / (right - left); }"""
    )


def shown(page: Any) -> tuple[str, str, float]:
    """What the page says in the slider's read-out and under the picture, and where the cursor stands."""
    return page.inner_text("#now"), page.inner_text("#said"), round(cursor(page), 2)


def test_arrow_keys_move_picture_slider_and_cursors_together(page: Any) -> None:
    slider = page.get_by_role("slider", name="Images seen")
    assert shown(page) == ("45,000 images seen", "Sheet at 45,000 images seen.", 1.0)
    final = page.get_attribute("#sheet", "src")
    slider.press("ArrowLeft")
    assert shown(page) == ("30,000 images seen", "Sheet at 30,000 images seen.", 0.67)
    assert page.get_attribute("#sheet", "src") != final
    slider.press("Home")
    assert shown(page) == ("0 images seen", "Sheet at 0 images seen.", 0.0)
    assert slider.get_attribute("aria-valuetext") == "0 images seen"
    slider.press("ArrowRight")
    assert page.inner_text("#now") == "15,000 images seen"
    slider.press("End")
    assert page.get_attribute("#sheet", "src") == final


def test_a_tick_without_a_sheet_says_so(page: Any) -> None:
    slider = page.get_by_role("slider", name="Images seen")
    slider.press("Shift+ArrowLeft")
    said = "No sheet at 41,250 images seen; faded: the one before, at 30,000."
    assert shown(page) == ("41,250 images seen", said, 0.92)
    assert slider.get_attribute("aria-valuetext") == "41,250 images seen, no sheet here"
    assert "held" in page.get_attribute("#then", "class")


def test_dragging_on_a_curve_moves_time_and_hovering_reads(page: Any) -> None:
    plot = page.locator(".plot").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    value = page.locator(".legend output").first
    at_the_end = value.inner_text()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    assert page.locator(".plot .hover").count() == page.locator("[data-panel]").count()
    assert value.inner_text() != at_the_end
    assert page.inner_text("#now") == "45,000 images seen"
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    page.mouse.up()
    assert cursor(page) == pytest.approx(0.5, abs=0.1)


def test_play_runs_over_the_sheets_and_stops_at_the_end(page: Any) -> None:
    page.get_by_role("button", name="Play").click()
    assert page.inner_text("#now") == "0 images seen"
    page.get_by_role("button", name="Pause").wait_for()
    page.get_by_role("button", name="Play").wait_for(timeout=8000)
    assert shown(page) == ("45,000 images seen", "Sheet at 45,000 images seen.", 1.0)


def test_the_legend_hides_curves_and_gradients_switch_scale(page: Any) -> None:
    losses = page.locator("[data-panel]").first
    curves = losses.locator(".curve").count()
    losses.get_by_role("button", name="generator: adversarial").click()
    assert losses.locator(".curve").count() == curves - 1
    norms = page.locator("[data-panel]").filter(has_text="Gradient norms")
    log = norms.get_by_label("log")
    assert log.is_checked()
    logarithmic = norms.locator(".curve").first.get_attribute("d")
    log.uncheck()
    assert norms.locator(".curve").first.get_attribute("d") != logarithmic


def test_the_theme_follows_the_system_and_toggles(page: Any) -> None:
    def background() -> str:
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    light = background()
    page.get_by_role("button", name="Switch to dark").click()
    dark = background()
    assert dark != light
    page.get_by_role("button", name="Switch to light").click()
    assert background() == light
    page.emulate_media(color_scheme="dark")
    page.reload()
    assert background() == dark
    assert page.inner_text("#theme") == "Switch to light"


def test_a_phone_needs_no_sideways_scrolling(page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_policy_of_the_page_stops_foreign_script(browser: Any, address: str) -> None:
    """What would slip through the escaping still may not run, for only the one script with its hash may."""
    page = browser.new_page()
    page.goto(address)
    page.evaluate(
        """() => { const script = document.createElement('script');
        script.textContent = 'window.ran = true'; document.body.append(script); }"""
    )
    assert page.evaluate("window.ran") is None


def test_a_bare_run_opens(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text("{}")
    page = browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(write_report(tmp_path).as_uri())
    assert "has not reached its first tick" in page.inner_text("#training")
    assert complaints == []
