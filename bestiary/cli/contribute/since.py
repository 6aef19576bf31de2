"""The entries that `bestiary check --changed REV` judges, and what is told of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bestiary import files
from bestiary.cli.options import BadInput, entries
from bestiary.cli.output.shown import echo

if TYPE_CHECKING:
    from bestiary.catalog.entries import Entry
    from bestiary.cli.contribute.changed import Changes

SHOWN = 4  # [file] that are named


def since(revision: str, file: Path | None = None, err: bool = False) -> tuple[list[Entry], Changes]:
    """Find the entries that have changed since a revision, and say why.

    Args:
        revision: of git.
        file: another catalog, which has no revision.
        err: whether it is said on standard error, beside JSON.

    Raises:
        BadInput: there is no such revision, or nothing to compare; in one line.
    """
    root = files.checkout()
    if root is None:
        raise BadInput(
            f"--changed {revision}: an installed package has no revisions; run it in a clone of the repository"
        )
    if file is not None:
        raise BadInput(f"--changed {revision}: --catalog {file} is another catalog; leave one of them out")
    from bestiary.catalog.drafts import has_claims, lacking
    from bestiary.cli.contribute.changed import changes

    known = {entry.key: entry for entry in entries(None)}
    try:
        seen = changes(root, revision)
    except ValueError as error:
        raise BadInput(f"--changed {error}") from error
    for key, why in seen.reasons.items():
        echo(f"{key}: {'; '.join(why)}", err=err)
    for key in seen.gone:
        echo(f"{key}: no longer there", err=err)
    if seen.judging:
        more = f" and {len(seen.judging) - SHOWN} more" if len(seen.judging) > SHOWN else ""
        what = f"{', '.join(seen.judging[:SHOWN])}{more}"
        echo(f"{what}: how claims are judged has changed; `bestiary check --all` judges every entry", err=err)
    chosen = []
    for entry in (known[key] for key in seen.reasons):
        if entry.draft and not has_claims(entry):
            echo(f"left out: {entry.key}: a draft; it lacks {', '.join(lacking(entry))}", err=err)
        else:
            chosen.append(entry)
    return chosen, seen


def as_json(seen: Changes) -> dict[str, Any]:
    """Return what `check --json` adds."""
    return {"commit": seen.commit, "entries": seen.reasons, "gone": seen.gone, "judging": seen.judging}
