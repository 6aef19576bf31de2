"""What is read, but of which no detector can say anything."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from bestiary.logs.channels import Reading
from bestiary.logs.run_table import Unreadable

LISTED = 12  # names of columns


def unseen(path: Path, found: Sequence[Reading], known: Collection[str]) -> Unreadable | None:
    """Why nothing of a path could be looked at; None if something could.

    Args:
        path: as it is told.
        found: its runs.
        known: channels that detectors read.
    """
    if not found or any(name in known for reading in found for name in reading.log.channels):
        return None
    columns = list(dict.fromkeys(use.column for reading in found for use in reading.uses))
    more = f" and {len(columns) - LISTED} more" if len(columns) > LISTED else ""
    told = f"of {', '.join(columns[:LISTED])}{more} none is a channel that a detector reads"
    return Unreadable(f"{path}: nothing could be looked at: {told}; name one with --channel train_loss=COLUMN")
