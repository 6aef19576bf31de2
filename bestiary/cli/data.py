"""`bestiary data`: runs whose answer is known, to try detectors on and to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from bestiary.cli import completion
from bestiary.cli.budget import parse, words
from bestiary.cli.options import (
    SEEDS,
    BadInput,
    cache_option,
    catalog_option,
    entries,
    executor,
    finished,
    fitting,
    load_setups,
    on_option,
    probe,
    progress_bars,
    start,
    writing,
)
from bestiary.cli.output.shown import echo


@click.group()
def data() -> None:
    """Make labelled runs: curves, knobs, and what is known of each."""


@data.command()
@click.argument("keys", nargs=-1, metavar="[ENTRY...]", shell_complete=completion.entries)
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder.")
@click.option("--budget", default="10m", show_default=True, metavar="TIME", help="Begin no further file after that.")
@click.option("--runs", "most", type=click.IntRange(1), help="Begin no further file after so many runs.")
@click.option("--seeds", type=SEEDS, help="Seeds of every case [default: the catalog's].")
@click.option("--records", type=click.IntRange(2), help="Keep every k-th record, so many of a curve [default: all].")
@click.option("--parquet", is_flag=True, help="Write runs.parquet and curves.parquet beside each file; extra `logs`.")
@on_option
@catalog_option
@cache_option
def build(
    keys: Sequence[str],
    out: Path,
    budget: str,
    most: int | None,
    seeds: int | None,
    records: int | None,
    parquet: bool,
    place: str,
    file: Path | None,
    cache: Path | None,
) -> None:
    """Write labelled runs to a folder, a netCDF file for each entry and root, with a manifest.

    What is there is not made again, so that a build that was stopped goes on.
    """
    try:
        seconds = parse(budget)
    except ValueError as error:
        raise BadInput(f"--budget {error}") from error
    if parquet:
        from importlib.util import find_spec

        if find_spec("pyarrow") is None:
            raise BadInput("--parquet: pyarrow is not installed; pip install 'bestiary[logs]'")
    chosen = fitting(finished(entries(file, keys), bool(keys), "measure"))
    probe("--out", out)
    store = start(cache)
    setups = load_setups(chosen, bool(keys))
    from bestiary.labelled.build import Shard
    from bestiary.labelled.build import build as made
    from bestiary.labelled.pack import read

    def told(shard: Shard) -> None:
        echo(f"{shard.file}: {shard.runs} runs, {shard.split}, {shard.bytes / 1e6:.1f} MB")
        if parquet:
            read(out / shard.file).to_parquet(out / shard.file.removesuffix(".nc"))

    with executor(place) as where, progress_bars() as on_progress, writing("--out", out):
        how = {"store": store, "seeds": seeds, "records": records, "on_progress": on_progress, "executor": where}
        shards = made(setups, out, seconds=seconds, most=most, on_shard=told, **how)
    total = sum(shard.runs for shard in shards)
    echo(f"{total:,} runs in {len(shards)} files, {sum(s.bytes for s in shards) / 1e6:.0f} MB, within {words(seconds)}")


@data.command()
@catalog_option
@cache_option
def small(file: Path | None, cache: Path | None) -> None:
    """Make the small pack of the package anew, in a checkout."""
    from bestiary import files

    if files.checkout() is None:
        raise BadInput("data small: an installed package comes with its pack; run it in a checkout")
    chosen = fitting(finished(entries(file, ()), False, "measure"))
    store = start(cache)
    setups = load_setups(chosen, False)
    from bestiary.labelled import small as packs
    from bestiary.train import runs

    with progress_bars() as on_progress, writing("small", packs.FILE):
        runs.write(packs.small(setups, store=store, on_progress=on_progress), packs.FILE)
    echo(f"wrote {packs.FILE}: {packs.labelled_runs()!r}, {packs.FILE.stat().st_size / 1e6:.2f} MB")
