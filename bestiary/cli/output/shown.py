"""What a terminal would obey is shown, not sent: names and texts of logs and catalogs are other people's."""

from __future__ import annotations

import re

import click

# Control characters but newline and tab; what reorders, hides or marks text; halves of characters that are none.
OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


def shown(text: str) -> str:
    r"""Write control characters of a text as they are written in Python, but newlines and tabs.

    Examples:
        >>> print(shown("loss\x1b[2J"))
        loss\x1b[2J
    """
    return OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def line(text: str) -> str:
    r"""Write a text on one line: `shown`, and newlines and tabs as well, so that no name looks like a line of ours.

    Examples:
        >>> print(line("loss\n1 run: 0 found"))
        loss\n1 run: 0 found
    """
    return shown(text).replace("\n", "\\n").replace("\t", "\\t")


def echo(text: str, err: bool = False, nl: bool = True) -> None:
    """Print a text as it is shown, on standard output or standard error."""
    click.echo(shown(text), err=err, nl=nl)


def echo_json(text: str) -> None:
    """Print JSON, whose strings keep their value: control characters are escaped as JSON writes them."""
    click.echo(OBEYED.sub(_in_json, text))


def _in_json(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))
