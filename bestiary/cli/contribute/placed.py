"""Put a block into a file at its alphabetical place: every byte of the rest stays as it is."""

from __future__ import annotations

import re

ENTRY = re.compile(r"^([a-z][a-z0-9_]*):", re.MULTILINE)  # a key at the top level of catalog.yaml
WORK = re.compile(r"^@\w+\{([^,\s]+),", re.MULTILINE)  # a work of references.bib


def in_catalog(text: str, key: str, block: str) -> str:
    """Return catalog.yaml with a block at its place; comments directly above a block stay with it."""
    return _placed(text, key, block, ENTRY, "#")


def in_references(text: str, key: str, work: str) -> str:
    """Return references.bib with a work at its place."""
    return _placed(text, key, work, WORK, "%")


def _placed(text: str, key: str, block: str, heads: re.Pattern[str], comment: str) -> str:
    places = [(found.start(), found[1]) for found in heads.finditer(text)]
    after = next((start for start, name in places if name > key), None)
    if after is None:
        body = text.rstrip("\n")
        return f"{body}\n\n{block}" if body else block
    if after == places[0][0]:  # what stands above the first block is the head of the file
        return f"{text[:after]}{block}\n{text[after:]}"
    lines = text[:after].splitlines(keepends=True)
    while lines and lines[-1].startswith(comment):
        lines.pop()
    at = sum(map(len, lines))
    gap = "" if text[:at].endswith("\n\n") else "\n"
    return f"{text[:at]}{gap}{block}\n{text[at:]}"
