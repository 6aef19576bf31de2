"""The small pack that comes with the package: a run of every case on three roots, one of each split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from bestiary.judge.setup import Setup
from bestiary.labelled.build import label
from bestiary.labelled.pack import Pack, packed, read
from bestiary.train import runs as files

EDITION = "2026"
ROOTS = (1000, 1003, 1004)
RECORDS = 150  # of a curve
FILE = Path(__file__).with_name(f"{EDITION}.nc")


def labelled_runs(source: str | Path = EDITION) -> Pack:
    """Load labelled runs: curves, knobs, and what is known of each.

    Args:
        source: an edition of the small pack, which comes with the package; or a file that `bestiary data build` wrote.

    Returns:
        The runs: a sequence, with `table`, `curves`, `where` and `dataset`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: there is no such edition, or the file is damaged or another; in one line.

    Examples:
        >>> import bestiary
        >>> pack = bestiary.labelled_runs("2026")
        >>> spikes = pack.where(entry="adam_loss_spikes", split="test")
        >>> len(spikes), sum(run.present for run in spikes)
        (10, 5)
    """
    if isinstance(source, str) and source.isdigit():
        if source != EDITION:
            raise ValueError(f"labelled runs {source}: this version has the edition {EDITION}")
        return read(FILE)
    return read(Path(source))


def small(setups: Sequence[Setup], **how: Any) -> xr.Dataset:
    """Make the small pack anew.

    Args:
        setups: of the entries.
        how: `store`, `on_progress`, `executor` of `bestiary.labelled.build.label`.
    """
    some = [run for setup in setups for root in ROOTS for run in label(setup, root, seeds=1, records=RECORDS, **how)]
    codes = " ".join(f"{setup.entry.key}:{setup.code}" for setup in setups)
    return files.seal(packed(some, {"edition": EDITION, "code": codes}))
