"""Whatever is in a log: a report, or one line; never another exception, a long wait, or much memory.

A few files of each format in `make test`; BESTIARY_FUZZ=2000 is how many of each format a night takes.
"""

import os
import random
import resource
import signal
from contextlib import contextmanager

import pytest
from mutated_logs import FORMATS

from bestiary.cli.output import log_tables
from bestiary.watch import detect
from bestiary.watch import report_schema as detect_schema

FILES = int(os.environ.get("BESTIARY_FUZZ", "18"))  # of each format
SECONDS, MEGABYTES = 5.0, 500  # of one file
LONGEST = 300  # [character] of a line


class TooLong(BaseException):
    """Not an Exception: nothing that reads a log may take it for one of a file."""


@contextmanager
def at_most(seconds):
    def ring(*_):
        raise TooLong(f"more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def peak():
    """[MB]"""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize("kind", FORMATS)
def test_no_file_does_more_than_be_refused(kind, tmp_path, capsys):
    pytest.importorskip({"parquet": "pyarrow", "events": "tensorboard", "wandb": "google.protobuf"}.get(kind, "numpy"))
    name, write = FORMATS[kind]
    path, before, refused = tmp_path / name, peak(), 0
    for seed in range(FILES):
        path.unlink(missing_ok=True)
        write(path, random.Random(f"{kind} {seed}"))
        with at_most(SECONDS):
            reads, failed = detect.inspect_paths([path], {})
            detect_schema.report(reads, [str(error) for error in failed], {}).model_dump_json()
            log_tables.print_report(reads, {}, True)
        capsys.readouterr()
        refused += bool(failed)
        for error in failed:
            line = str(error)
            assert len(line) <= LONGEST and len(line.splitlines()) == 1 and line.startswith(str(path)), (seed, line)
            assert "please report" not in line, (seed, line)
        assert reads or failed, seed
        assert peak() - before < MEGABYTES, seed
    assert 0 < refused < FILES, f"{refused} of {FILES} refused: the files are no longer half broken"


def test_files_are_the_same_each_time(tmp_path):
    for kind in ("csv", "jsonl", "keras", "wandb"):
        name, write = FORMATS[kind]
        made = []
        for again in range(2):
            write(tmp_path / f"{again}{name}", random.Random(kind))
            made.append((tmp_path / f"{again}{name}").read_bytes())
        assert made[0] == made[1]
