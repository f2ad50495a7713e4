"""The summary page as people see it, in a headless Chromium."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import pytest

from browser.devtools import MISSING, BrowserError, find_browser
from summary_samples import (
    AS_OF,
    FakeStore,
    FakeTables,
    hostile_documents,
    shop_documents,
    stock_item,
    summary_service,
    text_documents,
)

if TYPE_CHECKING:
    from pathlib import Path

    from browser.devtools import Browser, Page

PHONE, DESK = 390, 1200

# WCAG 2: relative luminance and contrast of an element's text against what lies behind it.
CONTRAST = """(selector => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b]
    .map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = channels(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const element = document.querySelector(selector);
  const style = getComputedStyle(element);
  const ink = channels(style.color);
  const [a, b] = [luminance(ink), luminance(behind(element))].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
})"""

ROWS = """(place => [...document.querySelectorAll("table")[place].tBodies[0].rows]
  .map(row => [...row.cells].map(cell => cell.dataset.value ?? cell.textContent)))"""


def table_named(page: Page, caption: str) -> int:
    """Place of the table whose caption begins so."""
    captions = page.evaluate("[...document.querySelectorAll('caption')].map(c => c.textContent)")
    (place,) = [place for place, text in enumerate(captions) if text.startswith(caption)]
    return int(place)


def mark_heading(page: Page, table: int, title: str) -> str:
    """Selector of the button in a table's heading."""
    page.evaluate(
        f"""[...document.querySelectorAll("table")[{table}].querySelectorAll("th button")]
          .find(button => button.textContent === {json.dumps(title)}).id = "wanted" """
    )
    return "#wanted"


def column(page: Page, table: int, place: int) -> list[str]:
    """Cells of a column from top to bottom."""
    return [row[place] for row in page.evaluate(f"{ROWS}({table})")]


def size(picture: bytes) -> tuple[int, int]:
    """Width and height of a PNG."""
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_page_renders_without_an_error_and_asks_for_nothing(
    browser: Browser, page_path: Path, width: int, *, dark: bool
) -> None:
    """On a phone and a desk, light and dark: headline, tiles, four charts and tables are there."""
    page = browser.open(page_path, width=width, dark=dark)

    assert page.problems() == []
    assert page.requests() == [page.url]
    assert page.evaluate("document.querySelector('h1').textContent") == "Inventory on 2026-11-22"
    assert page.evaluate("document.querySelectorAll('.tile').length") == 9
    assert page.evaluate("document.querySelectorAll('.chart:not(.trend)').length") == 4
    assert page.evaluate("document.querySelectorAll('.trend rect').length") == 3 * 13
    assert page.evaluate("document.querySelectorAll('table').length") == 10


@pytest.mark.parametrize("width", [360, PHONE])
def test_a_phone_shows_all_of_the_page_without_scrolling_sideways(
    browser: Browser, page_path: Path, width: int
) -> None:
    """Nothing sticks out, tables neither; no text is too small."""
    page = browser.open(page_path, width=width, height=800)

    assert page.evaluate("document.documentElement.scrollWidth") == width
    sticking_out = page.evaluate(
        """[...document.querySelectorAll("body *")]
          .filter(e => e.getBoundingClientRect().right > innerWidth + 0.5
            || e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline")
          .map(e => e.outerHTML.slice(0, 80))"""
    )
    assert sticking_out == []
    smallest = page.evaluate(
        """Math.min(...[...document.querySelectorAll("body *")].filter(e => e.innerText)
          .map(e => parseFloat(getComputedStyle(e).fontSize)))"""
    )
    assert smallest >= 12


@pytest.mark.parametrize("width", [360, PHONE, DESK])
def test_no_number_is_broken_inside(browser: Browser, tmp_path: Path, width: int) -> None:
    """Each stands on one line, those of a large company too."""
    stored = [
        stock_item("A", quantity="1234567890.5", unit_price="98765.43", currency=currency)
        for currency in ("EUR", "JPY", "")
    ]
    store = FakeStore()
    for day in (21, 22):
        summary_service(FakeTables(stored, []), store).make(AS_OF.replace(day=day))
    path = tmp_path / "summary.html"
    path.write_text(store.documents["2026-11-22"]["html"], "utf-8")

    broken = browser.open(path, width=width).evaluate(
        r"""[...document.querySelectorAll(".tile b, .chart b, .number")]
          .flatMap(e => [...e.childNodes]).filter(n => /^[\d.,%]+$/.test(n.textContent))
          .map(n => {
            const range = document.createRange();
            range.selectNodeContents(n);
            const within = n.parentNode.scrollWidth <= n.parentNode.clientWidth + 1;
            return [n.parentNode.outerHTML, range.getClientRects().length, within];
          })"""
    )
    assert len(broken) > 10
    assert [each for each in broken if each[1:] != [1, True]] == []


def test_the_csv_can_be_had_from_the_page_alone(browser: Browser, page_path: Path) -> None:
    """A page of a mail has nothing beside it; its link holds the document and goes nowhere."""
    page = browser.open(page_path)
    page.click("a[download]")

    held = page.evaluate(
        """new TextDecoder("utf-8", {ignoreBOM: true}).decode(Uint8Array.from(
          atob(document.querySelector("a[download]").href.split(",")[1]), c => c.charCodeAt(0)))"""
    )
    assert held == shop_documents()["csv"]
    assert page.evaluate("location.href") == page.url
    assert page.problems() == []


BARS = """[...document.querySelectorAll(".chart:not(.trend)")].map(chart => ({
  width: chart.querySelector("svg").getBoundingClientRect().width,
  bars: [...chart.querySelectorAll("li")].map(bar => ({
    figure: Number(bar.querySelector("b").textContent.replaceAll(",", "")),
    length: bar.querySelector("rect").getBoundingClientRect().width,
    height: bar.querySelector("rect").getBoundingClientRect().height,
  })),
}))"""


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_bars_are_as_long_as_their_figures(browser: Browser, page_path: Path, width: int) -> None:
    """The largest figure fills the chart, the others have their share of it."""
    for chart in browser.open(page_path, width=width).evaluate(BARS):
        largest = max(bar["figure"] for bar in chart["bars"])
        assert len(chart["bars"]) >= 3
        for bar in chart["bars"]:
            expected = chart["width"] * bar["figure"] / largest
            assert bar["length"] == pytest.approx(expected, abs=1)
            assert bar["height"] > 5


def test_charts_are_read_aloud_as_named_lists(browser: Browser, page_path: Path) -> None:
    """A screen reader finds each chart by its name, and every label with its figure."""
    nodes = {node["nodeId"]: node for node in browser.open(page_path).accessibility_tree()}

    def text(node: dict[str, Any]) -> str:
        own = node.get("name", {}).get("value", "") if node["role"]["value"] == "StaticText" else ""
        return " ".join(filter(None, [own, *(text(nodes[each]) for each in node["childIds"])]))

    roles = [(node["role"]["value"], node) for node in nodes.values() if not node["ignored"]]
    charts = [node["name"]["value"] for role, node in roles if role == "figure"]
    bars = [text(node) for role, node in roles if role == "listitem"]
    regions = [node["name"]["value"] for role, node in roles if role == "region"]

    assert charts == [
        "Stock value in EUR",
        "Stock value in GBP",
        "Share of rows rejected",
        "Units by location",
        "Units by category",
        "Low or out by location",
        "Rejected rows by error",
    ]
    assert "Warehouse North 39,558" in bars
    assert {"Key figures", "Trends", "Charts", "Running low (94)"} <= set(regions)
    assert all(regions)


def test_text_from_right_to_left_is_read_in_its_own_direction(
    browser: Browser, tmp_path: Path
) -> None:
    """The mark at the end of a Hebrew name stands at its left, in tables as in charts."""
    path = tmp_path / "summary.html"
    path.write_text(text_documents("\u05e1\u05e0\u05d9\u05e3!")["html"], "utf-8")
    page = browser.open(path)

    for selector in (".chart bdi", "tbody td"):
        first, last = page.evaluate(
            f"""(text => [0, text.length - 1].map(place => {{
              const range = document.createRange();
              range.setStart(text, place);
              range.setEnd(text, place + 1);
              return range.getBoundingClientRect().x;
            }}))(document.querySelector({json.dumps(selector)}).firstChild)"""
        )
        assert last < first


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_its_ground(browser: Browser, page_path: Path, *, dark: bool) -> None:
    """Contrast is at least 4.5 in both modes, and dark mode is dark."""
    page = browser.open(page_path, dark=dark)

    for selector in ("h1", ".soft", ".tile b.bad", ".tile b.warn", "td", "th button", ".chart b"):
        assert page.evaluate(f"{CONTRAST}({json.dumps(selector)})") >= 4.5, selector
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, ground[4:-1].split(","))) < 120) is dark


def test_a_click_on_a_heading_sorts_by_size_and_another_one_back(
    browser: Browser, page_path: Path
) -> None:
    """Figures sort as numbers, largest first at the first click."""
    page = browser.open(page_path)
    table = table_named(page, "By location")
    heading = mark_heading(page, table, "Units")
    expected = sorted(column(page, table, 2), key=float, reverse=True)

    page.click(heading)
    assert expected == column(page, table, 2)
    assert page.evaluate("document.querySelector('#wanted').parentNode.ariaSort") == "descending"

    page.click(heading)
    assert expected[::-1] == column(page, table, 2)
    assert page.evaluate("document.querySelector('#wanted').parentNode.ariaSort") == "ascending"
    assert page.problems() == []


def test_a_heading_sorts_text_with_the_keyboard_too(browser: Browser, page_path: Path) -> None:
    """Text sorts upwards at first; rows stay whole and other headings lose their mark."""
    page = browser.open(page_path)
    table = table_named(page, "Out of stock")
    before = page.evaluate(f"{ROWS}({table})")
    page.click(mark_heading(page, table, "Units"))
    page.evaluate("document.querySelector('#wanted').id = ''")

    page.evaluate(f"document.querySelector('{mark_heading(page, table, 'Name')}').focus()")
    page.press_enter()

    after = page.evaluate(f"{ROWS}({table})")
    assert [row[2] for row in after] == sorted(row[2] for row in before)
    assert sorted(after) == sorted(before)
    marked = page.evaluate(
        f"document.querySelectorAll('table')[{table}].querySelectorAll('[aria-sort]').length"
    )
    assert marked == 1


def test_hostile_feeds_run_nothing_in_the_page(browser: Browser, tmp_path: Path) -> None:
    """Markup, scripts and event handlers of a feed are shown as text."""
    path = tmp_path / "summary.html"
    path.write_bytes(hostile_documents()["html"].encode("utf-8", "replace"))

    page = browser.open(path, width=PHONE)

    assert page.problems() == []
    assert page.requests() == [page.url]
    assert page.evaluate("document.querySelectorAll('script').length") == 1
    assert page.evaluate("document.querySelectorAll('img, iframe, object, b b').length") == 0
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE


@pytest.mark.parametrize(
    "script",
    ["throw new Error('x')", "console.error('x')", "document.images[0].src = 'http://[::1]:9/x'"],
)
def test_an_error_in_a_page_is_noticed(browser: Browser, tmp_path: Path, script: str) -> None:
    """The checks above can fail: a page with an error is found out."""
    path = tmp_path / "broken.html"
    path.write_text(
        "<meta http-equiv='Content-Security-Policy' content=\"img-src 'none'\"><img alt=''>"
        f"<script>{script}</script>"
    )

    assert browser.open(path).problems() != []


def test_a_picture_of_the_whole_page_can_be_taken(browser: Browser, page_path: Path) -> None:
    """The picture of the README comes about like this."""
    picture = browser.open(page_path, dark=True).screenshot(height=1300)

    assert picture.startswith(b"\x89PNG")
    assert size(picture) == (DESK, 1300)


def test_fails_with_one_line_when_there_is_no_browser(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message names what to install."""
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("CHROMIUM_PATH", raising=False)
    monkeypatch.setattr("browser.devtools.MAC", "/nonexistent")

    with pytest.raises(BrowserError, match="apt-get install chromium") as failure:
        find_browser()

    assert str(failure.value) == MISSING
    assert "\n" not in MISSING
