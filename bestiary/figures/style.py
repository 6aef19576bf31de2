"""How figures look and how their words are set: sizes in inches and points, as on a page of two columns."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.style
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, LogFormatterMathtext, LogLocator, MaxNLocator, NullFormatter, NullLocator

from bestiary.files import replace_with

WIDTH = 7.0  # [in]
SMALL, HEAD = 7.0, 9.0  # [pt]
POINT = 1 / 72  # [in]
ROW = 0.15  # [in] height of a row of a key
LEADING = 1.3  # [font size] from one line to the next

# Okabe & Ito's colours, which colour-blind readers tell apart.
HUES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")  # blue, vermillion, green, purple: curves
SHADES = ("#F0E442", "#E69F00", "#CC79A7")  # yellow, orange, purple: behind curves
INK, GREY, PAPER, CONTROL = "#000000", "#666666", "#FFFFFF", "#F0F0F0"

FONT = "DejaVu Sans"
UNKNOWN = "\N{REPLACEMENT CHARACTER}"  # drawn for a character that the font lacks
FORMATS = {".png": None, ".pdf": {"CreationDate": None}, ".svg": {"Date": None}}  # the same figure, the same bytes
RULES = {
    "font.family": FONT,  # comes with matplotlib: the same figure everywhere
    "font.size": SMALL,
    "axes.labelsize": SMALL,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.width": 0.4,
    "xtick.minor.size": 1.5,
    "xtick.major.pad": 2.0,
    "ytick.major.pad": 2.0,
    "pdf.fonttype": 42,  # TrueType: journals refuse type 3
    "svg.hashsalt": "bestiary",  # without one, ids differ from call to call
}
TICKS = 0.37  # [in] room for the labels of a vertical axis' ticks
HANDLE, PAD, SPACE = 1.8, 0.5, 1.4  # [font size] of a key: its sample, from sample to words, between entries


@contextmanager
def house_style() -> Iterator[None]:
    """Apply the rules above over matplotlib's own, whatever a user's matplotlibrc says."""
    with matplotlib.style.context(["default", RULES]):
        yield


@lru_cache(maxsize=1)
def _in_font() -> frozenset[int]:
    """Return the characters that the font has in each weight."""
    paths = [findfont(FontProperties(family=FONT, weight=weight)) for weight in ("normal", "bold")]
    return frozenset.intersection(*(frozenset(get_font(path).get_charmap()) for path in paths))


def _drawable(text: str) -> str:
    """Replace what the font lacks: names in logs may hold any character, and matplotlib warns of each."""
    return "".join(c if ord(c) in _in_font() else UNKNOWN for c in text)


@lru_cache(maxsize=4096)
def width_of(text: str, size: float = SMALL, weight: str = "normal") -> float:
    """Return the width [in] of a line of text of that size [pt]."""
    return POINT * text_to_path.get_text_width_height_descent(text, FontProperties(size=size, weight=weight), False)[0]


class Line(NamedTuple):
    """A line of text."""

    text: str
    size: float  # [pt]
    look: dict[str, Any]  # weight, style, color

    @property
    def height(self) -> float:
        """Return the height [in] from the line's top to the next line's."""
        return LEADING * self.size * POINT


def paragraph(text: str, width: float, size: float = SMALL, **look: str) -> list[Line]:
    """Break text into lines no wider than `width` [in]; a word wider than that is broken.

    A character that the font lacks becomes U+FFFD.
    """

    def fits(line: str) -> bool:
        return len(line) < 2 or width_of(line, size, look.get("weight", "normal")) <= width

    lines: list[str] = []
    for word in map(_drawable, text.split()):
        if lines and fits(f"{lines[-1]} {word}"):
            lines[-1] += f" {word}"
            continue
        while not fits(word):
            part = next(i for i in range(len(word) - 1, 0, -1) if fits(word[:i]))
            lines.append(word[:part])
            word = word[part:]
        lines.append(word)
    return [Line(line, size, look) for line in lines]


def height(lines: Sequence[Line]) -> float:
    """Return the height [in] of lines one below the other."""
    return sum(line.height for line in lines)


def write(figure: Figure, lines: Sequence[Line], x: float, top: float) -> None:
    """Put lines with their upper left corner at (x, top) [in]."""
    wide, high = figure.get_size_inches()
    for line in lines:
        figure.text(x / wide, top / high, line.text, va="top", size=line.size, parse_math=False, **line.look)
        top -= line.height


def number(value: float, position: int | None = None) -> str:
    """A tick's label: 0.5, 400, 20k, 3M."""
    for scale, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= scale:
            return f"{value / scale:g}{letter}"
    return f"{value:g}"


def scale_x(ax: Axes, lo: float, hi: float, log: bool, ticks: int = 4) -> None:
    """Limits of the recorded axis, its scale, and about `ticks` ticks."""
    ax.set_xscale("log" if log else "linear")
    ax.set_xlim(lo, hi)
    ax.xaxis.set_major_locator(LogLocator(numticks=ticks + 2) if log else MaxNLocator(ticks, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(number))
    ax.xaxis.set_minor_locator(LogLocator(subs="auto", numticks=100) if log else NullLocator())
    ax.xaxis.set_minor_formatter(NullFormatter())


def scale_y(ax: Axes, lo: float, hi: float, log: bool, ticks: int = 4) -> None:
    """Limits of a channel's axis, its scale, and about `ticks` ticks."""
    ax.set_yscale("log" if log else "linear")
    ax.set_ylim(lo, hi)
    ax.yaxis.set_major_locator(LogLocator(numticks=ticks + 1) if log else MaxNLocator(ticks, steps=[1, 2, 2.5, 5, 10]))
    ax.yaxis.set_major_formatter(LogFormatterMathtext() if log else FuncFormatter(number))
    ax.yaxis.set_minor_locator(NullLocator())


def label_x(ax: Axes, name: str, unit: str) -> None:
    """Write the name of the recorded axis, with its unit unless the axis is counted in itself."""
    ax.set_xlabel(name if unit in (name, "1") else f"{name} [{unit}]", labelpad=1.5, parse_math=False)


def label_y(ax: Axes, name: str, unit: str, wide: float, tall: float) -> None:
    """Write a channel's name and unit left of the tick labels; the panel is `wide` by `tall` [in]."""
    in_unit, lines, size = f"[{unit}]" if unit != "1" else "", [], SMALL
    for size in (SMALL, SMALL - 1, SMALL - 2):  # there is room for two lines
        lines = paragraph(name, tall, size) + paragraph(in_unit, tall, size)
        lines = lines if len(lines) <= 2 else paragraph(f"{name} {in_unit}", tall, size)
        if len(lines) <= 2:
            break
    ax.set_ylabel("\n".join(line.text for line in lines), size=size, parse_math=False, linespacing=1.1)
    ax.yaxis.set_label_coords(-TICKS / wide, 0.5)


def darker(hue: str) -> tuple[float, float, float]:
    """Mix a hue with as much black."""
    red, green, blue = (0.5 * part for part in to_rgb(hue))
    return red, green, blue


def rows_of_key(groups: Sequence[Sequence[Artist]], width: float) -> list[list[Artist]]:
    """Break the entries of a key into rows no wider than `width` [in]; a group is broken only if it is wider itself."""
    rows: list[list[Artist]] = [[]]
    left = width
    for group in groups:
        wide = [(HANDLE + PAD + SPACE) * SMALL * POINT + width_of(str(entry.get_label())) for entry in group]
        if sum(wide) > left:
            rows.append([])
            left = width
        for entry, w in zip(group, wide, strict=True):
            if w > left and rows[-1]:
                rows.append([])
                left = width
            rows[-1].append(entry)
            left -= w
    return list(filter(None, rows))


def draw_key(figure: Figure, row: Sequence[Artist], x: float, top: float) -> None:
    """Draw one row of a key, its upper left corner at (x, top) [in]."""
    wide, high = figure.get_size_inches()
    figure.legend(
        handles=list(row),
        loc="upper left",
        bbox_to_anchor=(x / wide, top / high),
        ncols=len(row),
        frameon=False,
        fontsize=SMALL,
        borderpad=0.0,
        borderaxespad=0.0,
        handlelength=HANDLE,
        handletextpad=PAD,
        columnspacing=SPACE,
    )


def titled(figure: Figure, title: str, below: str, size: float = HEAD) -> None:
    """Write a bold title above what a figure with a constrained layout shows, and a caption below it."""
    room = figure.get_figwidth() - 0.2
    head = "\n".join(line.text for line in paragraph(title, room, size, weight="bold"))
    figure.suptitle(head, x=0.02, ha="left", size=size, weight="bold", parse_math=False)
    words = "\n".join(line.text for line in paragraph(below, room, SMALL - 1))
    figure.supxlabel(words, x=0.02, ha="left", size=SMALL - 1, color=GREY, parse_math=False)


def save(figure: Figure, path: Path) -> None:
    """Write a figure whole or not at all, in the format that its suffix names.

    Raises:
        ValueError: the suffix is not .png, .pdf or .svg.
    """
    if path.suffix not in FORMATS:
        raise ValueError(f"{path}: no figure can be saved as {path.suffix!r}; name it {', '.join(FORMATS)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_with(path, content_of(figure, path.suffix))


def content_of(figure: Figure, suffix: str = ".png") -> bytes:
    """Return what a file of a figure holds."""
    content = io.BytesIO()
    with house_style():
        figure.savefig(content, format=suffix[1:], dpi=200, metadata=FORMATS[suffix])
    return content.getvalue()
