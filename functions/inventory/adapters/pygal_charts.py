"""Bar charts drawn by pygal, stripped to what a page with its own style needs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from pygal import HorizontalBar  # type: ignore[import-untyped]
from pygal.etree import etree  # type: ignore[import-untyped]
from pygal.style import Style  # type: ignore[import-untyped]

from inventory.domain.summary.page_parts import Bar, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

# pygal leaves a finder of map plugins behind, of a kind that Python 3.12 ignores and 3.11 warns
# about at every later import; we draw no maps.
sys.meta_path[:] = [
    finder for finder in sys.meta_path if type(finder).__name__ != "PluginImportFixer"
]

# Drawn at a phone's width, so that text keeps its size there; wider screens enlarge it a little.
_WIDTH = 400
_BAR_HEIGHT = 30
_FRAME_HEIGHT = 12
_LABEL_LENGTH = 18
_FONT_SIZE = 14
_VALUE_INDENT = 6


def draw_bars(title: str, bars: Sequence[Bar]) -> str:
    """Horizontal bars as one SVG element; the page's style gives fonts and colours.

    The same bars give the same text: pygal's random id and its date of creation are taken out, with
    its script, its style and its tooltips.

    Args:
        title: What the chart shows, for screen readers.
        bars: The bars from top to bottom, at least one.
    """
    # Where lxml happens to be installed pygal takes it; the standard library's answer is the same
    # everywhere.
    etree.to_etree()
    chart = HorizontalBar(
        width=_WIDTH,
        height=_FRAME_HEIGHT + _BAR_HEIGHT * len(bars),
        show_legend=False,
        # In a horizontal chart pygal calls the axis of the figures x.
        show_x_labels=False,
        show_x_guides=False,
        show_y_guides=False,
        print_values=True,
        js=[],
        css=[],
        margin=4,
        style=Style(label_font_size=_FONT_SIZE, value_font_size=_FONT_SIZE),
        range=(0, max(float(bar.value) for bar in bars)),
    )
    # pygal draws the first bar at the bottom.
    upwards = list(reversed(bars))
    chart.x_labels = [_shortened(bar.label) for bar in upwards]
    chart.add("", [float(bar.value) for bar in upwards])
    return _stripped(chart.render_tree(), title, [bar.text for bar in upwards])


def _shortened(label: str) -> str:
    text = " ".join(printable(label).split())
    return text if len(text) <= _LABEL_LENGTH else f"{text[: _LABEL_LENGTH - 1]}…"


def _stripped(root: ET.Element, title: str, figures: Sequence[str]) -> str:
    """The drawing alone, with its title and with the exact figures at the start of the bars."""
    root.attrib.pop("id")
    root.set("role", "img")
    for parent in list(root.iter()):
        for child in list(parent):
            overlay = "tooltip-overlay" in child.get("class", "").split()
            if overlay or not isinstance(child.tag, str) or child.tag in {"defs", "desc", "title"}:
                parent.remove(child)
    heading = ET.Element("title")
    heading.text = title
    root.insert(0, heading)
    values = [text for text in root.iter("text") if text.get("class") == "value"]
    for text, shown in zip(values, figures, strict=True):
        text.text = shown
        text.set("x", str(_VALUE_INDENT * 2))
        text.set("text-anchor", "start")
    return ET.tostring(root, encoding="unicode")
