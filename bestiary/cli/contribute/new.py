"""`bestiary new`: begin an entry or a detector."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bestiary import files
from bestiary.cli import completion
from bestiary.cli.options import BadInput, entries, json_option
from bestiary.cli.output.shown import echo, echo_json

if TYPE_CHECKING:
    from bestiary.cli.contribute.plan import Writing

KINDS = ("entry", "detector")


@click.command(short_help="Begin an entry, or a detector, that runs at once.")
@click.argument("key")
@click.option("--like", metavar="ENTRY", help="Copy the setup of this entry.", shell_complete=completion.entries)
@click.option("--kind", type=click.Choice(KINDS), default="entry", show_default=True)
@json_option
def new(key: str, like: str | None, kind: str, as_json: bool) -> None:
    """Begin an entry, or a detector, that runs at once.

    For an entry it writes phenomena/KEY.py, a block of catalog.yaml at its alphabetical place, with `status: draft`,
    and a stub in references.bib; for a detector detectors/KEY.py. TODO marks what must be filled in. Nothing else is
    touched, what exists is refused, and nothing is written by halves.
    """
    root = files.checkout()
    if root is None:
        raise BadInput(
            f"new {key}: an installed package is no place for a new {kind}; run it in a clone of the repository"
        )
    if like is not None and kind == "detector":
        raise BadInput(f"--like {like}: a detector is no copy of an entry; leave it out")
    from bestiary.cli.contribute import plan

    copied = entries(None, [like])[0] if like is not None else None
    try:
        made = (
            plan.detector(root, key) if kind == "detector" else plan.entry(root, key, copied, datetime.now(UTC).date())
        )
        plan.write(made)
    except ValueError as error:
        raise BadInput(f"new {key}: {error}") from error
    except OSError as error:
        raise BadInput(f"new {key}: {error.filename}: {error.strerror}; nothing was written") from error
    _tell(key, kind, made, root, as_json)


def _tell(key: str, kind: str, made: list[Writing], root: Path, as_json: bool) -> None:
    from bestiary.cli.contribute.unfilled import unfilled

    left = [(one.path.relative_to(root).as_posix(), line, text) for one in made for line, text in unfilled(one)]
    if as_json:
        from bestiary.cli.output import as_json as written

        names = [one.path.relative_to(root).as_posix() for one in made]
        places = [{"file": file, "line": line, "text": text} for file, line, text in left]
        echo_json(written.text({kind: key, "files": names, "to_fill": places}))
        return
    for one in made:
        echo(f"{'wrote' if one.before is None else 'added to'} {one.path.relative_to(root)}")
    echo(f"to fill in, {len(left)} places marked TODO:")
    for file, line, text in left:
        echo(f"  {file}:{line}: {text}")
    steps = {
        "entry": (f"bestiary run {key}", f"bestiary check {key} --root 0", f"bestiary review {key}"),
        "detector": (f"pytest tests/detectors -k {key}",),
    }
    echo(f"next: {', '.join(steps[kind])}")
