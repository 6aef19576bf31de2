"""The works that an entry cites, as one reads them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from bestiary.catalog import cite


class Work(NamedTuple):
    """A work: its key, who, what and when, where it is read, and its BibTeX."""

    key: str
    authors: str
    title: str
    year: str
    address: str
    shown: str
    bibtex: str


def works(keys: Iterable[str]) -> list[Work]:
    """Return the works of these keys, in the order given."""
    known = cite.references()
    made = []
    for key in keys:
        fields = {name: str(field.value) for name, field in known[key].fields_dict.items()}
        number = fields.get("eprint", "")
        address = f"https://arxiv.org/abs/{number}" if number else fields.get("url", "")
        shown = f"arXiv:{number}" if number else address.removeprefix("https://")
        authors = _authors(_plain(fields.get("author", "")))
        told = (key, authors, _plain(fields.get("title", "")), fields.get("year", ""), address, shown)
        made.append(Work(*told, cite.bibtex([key])))
    return made


def _authors(names: str) -> str:
    """Write surnames: all of three, else the first and others."""
    surnames = [name.partition(",")[0].strip() for name in names.split(" and ")]
    if len(surnames) > 3:
        return f"{surnames[0]} et al."
    return " & ".join([", ".join(surnames[:-1]), surnames[-1]] if len(surnames) > 1 else surnames)


def _plain(text: str) -> str:
    """Take TeX out of a field."""
    from pylatexenc.latex2text import LatexNodes2Text  # bibtexparser brings it

    return LatexNodes2Text().latex_to_text(text) if "\\" in text else text.replace("{", "").replace("}", "")
