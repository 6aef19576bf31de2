"""`bestiary cache`: what is kept of what was run, and how it goes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from bestiary import cache as kept
from bestiary.cli.options import BadInput, writing
from bestiary.cli.output.shown import echo

UNITS = ("B", "kB", "MB", "GB", "TB")


@click.command()
@click.argument("keys", nargs=-1, metavar="[ENTRY...]")
@click.option("--clear", is_flag=True, help="Remove the runs of ENTRY..., or all that is kept.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--cache", "folder", type=click.Path(path_type=Path), help="Another folder.")
def cache(keys: Sequence[str], clear: bool, yes: bool, folder: Path | None) -> None:
    """Show what is kept, and where; with --clear, remove it.

    The folder is BESTIARY_CACHE_DIR if that is set; else `.cache` in the checkout that bestiary runs from; else the
    user's cache. What nobody has used for 30 days goes by itself.
    """
    folder = folder or kept.cache_dir()
    runs = kept.kept_runs(folder)
    others = {"compiled programs": kept.kept_programs(folder), "parsed catalogs": kept.kept_catalogs(folder)}
    if unknown := [key for key in keys if key not in {entry.name for entry in runs}]:
        there = ", ".join(entry.name for entry in runs) or "no entry"
        raise BadInput(f"cache {unknown[0]}: nothing is kept of it in {folder}; there are runs of {there}")
    if clear:
        _clear(folder, [entry for entry in runs if not keys or entry.name in keys], keys, list(others.values()), yes)
        return
    echo(str(folder))
    shown = [entry for entry in runs if not keys or entry.name in keys]
    wide = max((len(entry.name) for entry in shown), default=0)
    wide = max(wide, *map(len, others))
    if shown:
        echo(f"{'entry':{wide}}  {'cells':>7}  {'checkpoints':>11}  {'size':>8}")
    for entry in shown:
        echo(f"{entry.name:{wide}}  {entry.cells:7,}  {entry.checkpoints:11,}  {size(entry.size):>8}")
    for name, one in others.items() if not keys else ():
        echo(f"{name:{wide}}  {len(one.paths):7,}  {'':11}  {size(one.size):>8}")


def _clear(
    folder: Path, chosen: Sequence[kept.Kept], keys: Sequence[str], others: Sequence[kept.Kept], yes: bool
) -> None:
    total = sum(one.size for one in (*chosen, *(() if keys else others)))
    what = f"the runs of {', '.join(keys)}" if keys else "all runs, compiled programs and parsed catalogs"
    if not kept.is_cache(folder) and kept.listed(folder):
        raise BadInput(
            f"--cache {folder}: no cache of bestiary: it has neither runs nor compiled programs nor parsed catalogs"
        )
    if not total:
        echo(f"{folder}: nothing to remove")
        return
    if not yes:
        if not sys.stdin.isatty():
            raise BadInput("cache --clear: nobody can be asked here; say --yes")
        if not click.confirm(f"Remove {what} from {folder}, {size(total)}?", err=True):
            return
    with writing("--cache", folder):
        freed = kept.clear(folder, list(keys) or None)
    echo(f"removed {what}: {size(freed)}")


def size(n: float) -> str:
    """Write a number of bytes in three digits: 0 B, 12.3 kB, 456 MB."""
    unit = 0
    while n >= 999.5 and unit < len(UNITS) - 1:
        n, unit = n / 1000, unit + 1
    return f"{n:.0f} {UNITS[unit]}" if not unit or n >= 99.95 else f"{n:.3g} {UNITS[unit]}"
