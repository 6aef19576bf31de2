"""Whether a catalog was found right before: then only the entries that are asked for are validated.

It is noted for the very same text, checked by the same code against the same names of files, works and questions.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from bestiary.catalog import cite, kept
from bestiary.catalog.parsed import LEAST, Document
from bestiary.files import locate, modules

LIBRARIES = ("bibtexparser", "pydantic", "ruamel.yaml")


def is_noted(document: Document) -> bool:
    """Return whether a document whose parse was kept was found to be a catalog without a mistake."""
    if document.kept:
        with suppress(OSError):
            return kept.get(_address(document)) is not None
    return False


def note(document: Document) -> None:
    """Note that a document was found to be a catalog without a mistake."""
    if len(document.raw) >= LEAST:
        with suppress(OSError):
            kept.put(_address(document), {})


def _address(document: Document) -> str:
    """The address of all that decides whether a catalog is right.

    Raises:
        OSError: some of it is not to be had.
    """
    here = Path(__file__).parent
    checks = [file.read_bytes() for file in sorted(here.rglob("*.py"))]
    names = ["\n".join(sorted(modules(package))).encode() for package in ("phenomena", "detectors")]
    against = [cite.path().read_bytes(), locate("open_questions.json").read_bytes()]
    version = repr(sys.version_info[:2]).encode()
    return kept.address([document.raw, *names, *against, version, kept.code(*LIBRARIES), *checks])
