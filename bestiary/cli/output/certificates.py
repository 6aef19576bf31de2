"""What `bestiary certify` prints."""

from __future__ import annotations

from bestiary.certify import words
from bestiary.certify.certificate import Certificate
from bestiary.certify.kinds import Kind
from bestiary.cli.output.page import Column, Page

LAST = {"95 %": 2, "onset off [record]": 0, "near": 3, "no answer": 0, "rms error": 3, "covered": 1}


def print_certificate(made: Certificate, wide: bool) -> None:
    """Print what was asked, how right the target and others are, and what changed."""
    page = Page(wide)
    for line in words.lines(made):
        style = "bold red" if line.startswith("worse") else "yellow" if line.startswith("no answer") else ""
        page.say(line, style, hang=2)
    page.say("")
    for table in words.tables(made):
        columns = [Column(name, drop=LAST.get(name, 0)) for name in table.columns]
        page.table(columns, table.rows)
    page.say(words.legend(made), "dim")
    if isinstance(made.kind, Kind) and not made.beside:
        page.say("asked alone; without --alone our detector and rules in public use stand beside it", "dim")
