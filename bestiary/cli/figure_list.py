"""Which figures docs/figures has to hold, and where each comes from: docs/figures/figures.json.

Nothing here imports JAX: a figure is known to be of today's code by the text that its entry's file leads to.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bestiary.catalog.entries import Entry
from bestiary.cli import measured
from bestiary.files import replace_with

RECIPE, LIST = "figures.toml", "figures.json"
MADE = ("docs/figures/*.png", "docs/figures/maps/*.png", f"docs/figures/{LIST}", "docs/maps.md")  # by the command
AGAIN = "run `make figures`"


@dataclass(frozen=True)
class Wanted:
    """A figure that belongs to an entry.

    Attributes:
        file: under docs/figures.
        entry: the catalog's block.
        what: `runs`, `map`, or kind and name of a law, boundary, path or interaction.
        claims: what is drawn and stands in the catalog or in the recipe, hashed.
    """

    file: str
    entry: Entry
    what: str
    claims: str


def recipe(folder: Path) -> dict[str, Any]:
    """Read what is drawn beside laws, boundaries, paths and interactions."""
    return tomllib.loads((folder / RECIPE).read_text("utf-8"))


def wanted(entries: Iterable[Entry], asked: Mapping[str, Any]) -> list[Wanted]:
    """List the figures that the entries need, in the order of the catalog."""
    made = []
    for entry in (e for e in entries if not e.draft):
        if entry.key in asked.get("runs", ()):
            told = entry.model_dump(mode="json", include={"title", "definition", "cases"})
            made.append(Wanted(f"{entry.key}.png", entry, "runs", _hash(told)))
        for name, one in asked.get("maps", {}).items():
            if one["entry"] == entry.key:
                made.append(Wanted(f"{name}.png", entry, f"map {name}", _hash(one)))
        parts = ("law", entry.every_law), ("boundary", entry.boundaries), ("path", entry.paths)
        for kind, blocks in (*parts, ("interaction", entry.interactions)):
            for name, block in blocks.items():
                file = f"maps/{entry.key}-{'with-' if kind == 'interaction' else ''}{name}.png"
                made.append(Wanted(file, entry, f"{kind} {name}", _hash(block.model_dump(mode="json"))))
    return made


def _hash(block: Any) -> str:
    return hashlib.sha256(json.dumps(block, sort_keys=True).encode()).hexdigest()[:16]


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """Read where the figures of a folder come from; nothing where that was never written."""
    path = folder / LIST
    return json.loads(path.read_text("utf-8"))["figures"] if path.is_file() else {}


def write(folder: Path, figures: Mapping[str, Mapping[str, Any]]) -> None:
    """Write where the figures come from, in the order of their names."""
    told = {"about": "written by `make figures`", "figures": dict(sorted(figures.items()))}
    replace_with(folder / LIST, (json.dumps(told, indent=1) + "\n").encode())


def wrong(folder: Path, needed: Iterable[Wanted]) -> list[str]:
    """Say of each figure of a folder what is wrong with it, and what to run.

    Args:
        folder: docs/figures.
        needed: the figures that the catalog needs.

    Returns:
        A line for each figure that is missing, not listed, or of another entry than today's; for each that is listed
        and not there, or there and not listed; for each of other data than those that lie there.
    """
    listed, told = read(folder), []
    for one in needed:
        why = _stale(folder, one, listed.get(one.file))
        told += [f"docs/figures/{one.file} {why}: {AGAIN}, or with ENTRIES={one.entry.key}"] if why else []
    known = {one.file for one in needed}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.png")}
    alone = sorted(there - set(listed) - known)
    told += [f"docs/figures/{file} is not listed, and of nothing in the catalog" for file in alone]
    for file, source in listed.items():
        if "data" not in source:
            told += [f"docs/figures/{file} is of nothing in the catalog: remove it, or {AGAIN}"] * (file not in known)
        elif file not in there:
            told.append(f"docs/figures/{file} is missing: {AGAIN}")
        elif digest(folder.parents[1] / source["data"]) != source["sha256"]:
            told.append(f"docs/figures/{file} is not of today's {source['data']}: {AGAIN}")
    return told


def _stale(folder: Path, one: Wanted, source: Mapping[str, Any] | None) -> str:
    """Say why a figure must be drawn anew; empty if it need not. Text of another Python is not compared."""
    if not (folder / one.file).is_file():
        return "is missing"
    if source is None:
        return "is not listed"
    if source["claims"] != one.claims:
        return f"is of another {one.what.partition(' ')[0]} than the catalog's today"
    comparable = source["python"] == measured.python()
    return "was drawn with other code" if comparable and source["text"] != measured.text_of(one.entry) else ""


def stale(folder: Path, one: Wanted) -> bool:
    """Return whether a figure is missing, not listed, or of another entry than today's."""
    return bool(_stale(folder, one, read(folder).get(one.file)))


def digest(path: Path) -> str:
    """Return the hash of a file's content; empty if there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def clean_commit(root: Path) -> str:
    """Return the commit of a checkout in which nothing has changed but what the command itself writes.

    Raises:
        ValueError: something has changed, or this is no checkout of git; in one line.
    """
    changed = _git(root, "status", "--porcelain", "--", ".", *(f":(exclude,glob){path}" for path in MADE))
    if changed:
        first, more = changed.splitlines()[0][3:], len(changed.splitlines()) - 1
        also = f" and {more} more" if more else ""
        raise ValueError(f"{first}{also} is not committed: figures are drawn from a commit, so commit first")
    return _git(root, "rev-parse", "--short=12", "HEAD")


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True)
    except OSError:
        raise ValueError("git is not there: figures are drawn from a commit") from None
    if done.returncode:
        raise ValueError(f"{root} is no checkout of git: figures are drawn from a commit")
    return done.stdout.rstrip()
