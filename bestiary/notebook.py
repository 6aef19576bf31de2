"""Tables for notebooks, as HTML in which every word is escaped."""

from collections.abc import Iterable, Sequence
from html import escape


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a small HTML table.

    Args:
        caption: what the table is of.
        head: names of the columns; empty for a table without a head.
        rows: cells as text.
    """
    lines = ["<table>", f"<caption>{escape(caption)}</caption>"]
    if head:
        lines.append(_row("th", head))
    lines += [_row("td", row) for row in rows]
    return "\n".join([*lines, "</table>"])


def _row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
