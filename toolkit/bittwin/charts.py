"""The charts of the report as SVG text: static, so that they print, need no script, and load nothing."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any

INK, BLUE, RED, GREY = "#1f2933", "#2f6fab", "#b3261e", "#d5dbe1"
PER_BAR = 0.24  # inches


@contextmanager
def _style(salt: str) -> Iterator[Any]:
    """matplotlib without a display; text stays text, and `$` in a layer's name is no formula."""
    import matplotlib
    from matplotlib.figure import Figure

    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": salt,
        "text.parse_math": False,
        "font.family": "sans-serif",
        "font.size": 8,
        "axes.edgecolor": GREY,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
    }
    with matplotlib.rc_context(settings):
        yield Figure


def _svg(figure: Any, title: str, salt: str) -> str:
    """The figure as an <svg> element with an accessible name, scaled by the page; ids are unique by `salt`."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    found = text.getvalue()
    found = found[found.index("<svg") :]
    found = re.sub(r"(\d\.\d\d)\d+", r"\1", found)
    found = re.sub(r"<metadata>.*?</metadata>", "", found, flags=re.DOTALL)
    found = re.sub(r'\b(id="|#)(?=[a-zA-Z])', rf"\g<1>{salt}-", found)
    found = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", found, count=1)
    found = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", found, count=1)
    return found.replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1)


def bars(names: Sequence[str], values: Sequence[float], unit: str, title: str, salt: str) -> str:
    """Horizontal bars, the first on top, each with its value."""
    with _style(salt) as new_figure:
        figure = new_figure(figsize=(7.2, 0.6 + PER_BAR * len(names)), layout="constrained")
        axes = figure.add_subplot()
        places = range(len(names))
        drawn = axes.barh(places, values, color=BLUE, height=0.72)
        axes.bar_label(
            drawn, labels=[f"{value:,.0f}" if value >= 100 else f"{value:.3g}" for value in values], padding=3
        )
        axes.set_yticks(places, [_short(name) for name in names])
        axes.invert_yaxis()
        axes.margins(x=0.12, y=0.01)
        axes.set_xlabel(unit)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.spines[["top", "right"]].set_visible(False)
        return _svg(figure, title, salt)


def histogram(counts: Sequence[int], title: str, salt: str) -> str:
    """How often codes -128 .. 127 occur, four to a step; the two that saturation makes stand alone, in red."""
    inner = [0, *counts[1:-1], 0]
    share = [100 * sum(inner[start : start + 4]) / max(1, sum(counts)) for start in range(0, 256, 4)]
    with _style(salt) as new_figure:
        figure = new_figure(figsize=(3.8, 1.2), layout="constrained")
        axes = figure.add_subplot()
        axes.stairs(share, range(-128, 129, 4), fill=True, color=BLUE)
        for code, place in ((-128, -131), (127, 131)):
            axes.bar([place], [100 * counts[code + 128] / max(1, sum(counts))], color=RED, width=4)
        axes.set_xticks([-128, -64, 0, 64, 127])
        axes.set_xlim(-134, 134)
        axes.set_ylabel("%")
        axes.spines[["top", "right"]].set_visible(False)
        return _svg(figure, title, salt)


def _short(name: str, longest: int = 34) -> str:
    return name if len(name) <= longest else "…" + name[1 - longest :]
