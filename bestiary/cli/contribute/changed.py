"""Which entries have changed since a revision, and why: claims, setup, detector, or a piece that they share.

First by text: what an entry's file leads to, module by module, and its block. Where only the text of modules differs,
the hashes that decide runs and verdicts have the last word: a function that the entry does not use changes nothing.
Those of the old code are computed by the old code itself, in a process of its own. Where that cannot run, text decides.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bestiary.catalog.yaml_source import parse
from bestiary.cli.contribute import pieces
from bestiary.cli.contribute.revision import commit_of, exported
from bestiary.judge.setup import PROSE

TOLD = {  # fields of a block that decide no verdict; whatever else there is does
    *("title", "definition", "particle", "kind", "complexity", "status", "version", "also_known_as", "open"),
    *("references", "added", "also_fires", "notes"),
}
JUDGING = ("bestiary/catalog", "bestiary/judge", "bestiary/maps")  # how claims are read and judged
PARTS = ("default values", "setup", "detector")  # what HASHES tells apart
HASHES = """
import json, sys
from importlib import import_module
from bestiary.train import jobs
from bestiary.train.source.walk import source_of
made = {}
for key in sys.argv[1:]:
    try:
        p = import_module("bestiary.phenomena." + key).PHENOMENON
        values = repr((p.knobs, p.static, sorted(p.units.items()), p.clock))
        made[key] = [values, jobs.run_source(p).code, source_of({"detect": p.detect}).code]
    except Exception:
        made[key] = None
sys.stdout.write(json.dumps(made))
"""


class Changes(NamedTuple):
    """What has changed since a revision.

    Attributes:
        commit: the commit with which the checkout is compared.
        reasons: {key of an entry: why it is judged}, in the order of the catalog.
        gone: keys of entries that are no longer there.
        judging: files that decide how every claim is judged.
    """

    commit: str
    reasons: dict[str, list[str]]
    gone: list[str]
    judging: list[str]


def changes(root: Path, revision: str) -> Changes:
    """Compare the working tree with a revision.

    Args:
        root: of the checkout.
        revision: of git; `REV...` is where the branch left REV.

    Raises:
        ValueError: there is no such revision; in one line.
        CatalogError: the catalog of either side cannot be read.
    """
    commit = commit_of(root, revision)
    with exported(root, commit) as old:
        before, now = (
            _blocks(folder, name) for folder, name in ((old, f"{revision}:catalog.yaml"), (root, "catalog.yaml"))
        )
        reasons = {key: _of_block(before.get(key), block) for key, block in now.items()}
        texts = {key: pieces.changed(pieces.pieces(old, key), pieces.pieces(root, key)) for key in now}
        unsure = [key for key, files in texts.items() if files and before.get(key) is not None]
        hashes = [_hashes(folder, unsure) for folder in (old, root)] if unsure else []
        for key in unsure:
            was, now_is = (side.get(key) for side in hashes)
            reasons[key] += _of_source(was, now_is, texts[key])
        judging = _texts_below(old, root)
    return Changes(commit, {key: why for key, why in reasons.items() if why}, sorted(set(before) - set(now)), judging)


def _blocks(root: Path, name: str) -> dict[str, Any]:
    path = root / "catalog.yaml"
    return parse(path.read_bytes(), name)[0] if path.is_file() else {}


def _of_block(before: Any, now: Any) -> list[str]:
    """Why the block of an entry is another one."""
    if before is None:
        return ["new"]
    if not isinstance(before, dict) or not isinstance(now, dict):
        return []
    why = ["no longer a draft"] if before.get("status") == "draft" != now.get("status") else []
    for field in sorted((before.keys() | now.keys()) - TOLD):
        was, is_now = _bare(before.get(field, {})), _bare(now.get(field, {}))
        if was == is_now:
            continue
        if isinstance(was, dict) and isinstance(is_now, dict):
            why += [
                f"{field}.{name}" for name in (*was, *(set(is_now) - set(was))) if was.get(name) != is_now.get(name)
            ]
        else:
            why.append(field)
    return why


def _bare(part: Any) -> Any:
    """A piece of the catalog without the words that decide no verdict."""
    if isinstance(part, dict):
        return {name: _bare(value) for name, value in part.items() if name not in PROSE}
    return tuple(_bare(value) for value in part) if isinstance(part, tuple) else part


def _of_source(before: list[str] | None, now: list[str] | None, files: list[str]) -> list[str]:
    """Why the source of an entry is another one; nothing if what it uses of these files is what it was."""
    if before is None or now is None:
        differing = ["source"]
    else:
        differing = [part for part, was, is_now in zip(PARTS, before, now, strict=True) if was != is_now]
    return [f"{' and '.join(differing)}: {', '.join(files)}"] if differing else []


def _hashes(root: Path, keys: Iterable[str]) -> Mapping[str, list[str] | None]:
    """What decides runs and verdicts of entries, by the code of that folder; nothing where it does not run."""
    env = os.environ | {"PYTHONPATH": str(root), "JAX_PLATFORMS": os.environ.get("JAX_PLATFORMS", "cpu")}
    done = subprocess.run([sys.executable, "-c", HASHES, *keys], cwd=root, env=env, capture_output=True, text=True)
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return {}


def _texts_below(old: Path, root: Path) -> list[str]:
    """Files of those that read and judge claims whose text differs."""
    sides = [
        {p.relative_to(folder).as_posix(): p for part in JUDGING for p in (folder / part).rglob("*.py")}
        for folder in (old, root)
    ]
    both = sides[0].keys() | sides[1].keys()
    return sorted(path for path in both if len({_text(side.get(path)) for side in sides}) > 1)


def _text(path: Path | None) -> str:
    return "" if path is None else pieces.bare(path)
