"""The package as it is installed, with today's catalog copied to more entries: what start-up will cost then."""

import re
import shutil
from pathlib import Path

from installed import layout

from bestiary import files, phenomena
from bestiary.catalog.parsed import catalog_path

BLOCK = re.compile(r"(?m)^(?=[a-z][a-z0-9_]*:\s*$)")  # where the block of an entry begins


def blocks(text: str) -> dict[str, str]:
    """Return the blocks of a catalog by key."""
    parts = [part for part in BLOCK.split(text) if part[:1].islower()]
    return {part.partition(":")[0]: part for part in parts}


def copied(text: str, entries: int) -> dict[str, str]:
    """Return {key: key of the original} of so many entries: those of a catalog, then copies, sorted by key."""
    there = list(blocks(text))
    made = {}
    for i in range(entries):
        again, of = divmod(i, len(there))
        made[f"{there[of]}_copy_{again}" if again else there[of]] = there[of]
    return dict(sorted(made.items()))


def enlarged(to: Path, entries: int) -> Path:
    """Lay out the package with so many entries, each with its setup and its record; returns what goes on PYTHONPATH."""
    text = catalog_path().read_text("utf-8")
    originals, known = blocks(text), copied(text, entries)
    setups = {key: (Path(phenomena.__path__[0]) / f"{of}.py").read_text("utf-8") for key, of in known.items()}
    catalog = "".join(originals[of].replace(of, key, 1) for key, of in known.items())
    site = layout(to, catalog, setups)
    shutil.copytree(files.measured(), site / "bestiary" / "measured_data")
    return site
