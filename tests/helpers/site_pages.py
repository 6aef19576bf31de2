"""What a page of the site consists of, read as a browser would, but strictly: every tag is closed in its turn."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from bestiary import files
from bestiary.catalog.read import read_catalog
from bestiary.cli import listings
from bestiary.cli.main import cli
from bestiary.cli.site import helps
from bestiary.site import build
from bestiary.watch.detect import rates

ROOT = Path(__file__).resolve().parents[2]
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


def every_listing():
    history = listings.editions((ROOT / "CHANGELOG.md").read_text("utf-8"))
    return [listings.listing(entry, ROOT, rates(), history) for entry in read_catalog().values() if not entry.draft]


def built(some):
    """{path: content} of a site of these listings."""
    return build.pages(some, ROOT, listings.doors(files.PACKAGE / "__init__.py"), helps(cli))


class Page(HTMLParser):
    """The tags of a page, with their attributes and the text in them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.wrong: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.wrong += [f"<{tag}> is not closed" for tag in self._open]

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing, line {self.getpos()[0]}")

    def handle_data(self, data):
        for tag in set(self._open):
            self.texts[tag][-1] += data

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def ids(self) -> list[str]:
        return [attrs["id"] for _, attrs in self.tags if "id" in attrs]
