"""A store among other processes, on a disk that is full or may only be read, and killed at any time."""

import dataclasses
import errno
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from cells import CELL, LEAVES, LONG, dataset

from bestiary.train import batches, campaign, jobs, runs, store, trainer
from bestiary.train.store import NoStore, Store

WRITER = """
import sys
from pathlib import Path
import numpy as np
import cells
from bestiary.train.store import Store

cabinet = Store(Path(sys.argv[1]))
print("writing", flush=True)
while True:
    cabinet.save_progress([cells.CELL], 2, 1, cells.LEAVES)
    cabinet.put(cells.CELL, cells.dataset())
    cabinet.drop_progress([cells.CELL], 2)
"""


def started(code, *words):
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen([sys.executable, "-c", code, *words], env=env, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline()
    return child


def test_stores_are_opened_and_read_while_others_write(tmp_path, told):
    writers = [started(WRITER, str(tmp_path)) for _ in range(2)]
    try:
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            cabinet = Store(tmp_path, told.append)
            got, resumed = cabinet.get(CELL), cabinet.load_progress([CELL], 2, LEAVES)
            assert got is None or np.array_equal(got["w"].values, dataset()["w"].values)
            assert resumed is None or resumed[0] == 1
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    assert told == []


def test_threads_that_write_the_same_cell_do_not_meet(cabinet, told):
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(cabinet.put, CELL, dataset()) for _ in range(100)]:
            done.result()
    assert told == [] and cabinet.get(CELL) is not None
    assert [path.suffix for path in cabinet.folder.glob("*/*")] == [".nc"]


def test_a_full_disk_is_told_once_and_loses_no_runs(cabinet, told, monkeypatch):
    def full(path, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(runs, "replace_with", full)
    monkeypatch.setattr(store, "replace_with", full)
    monkeypatch.setattr(batches, "CHUNK", 0.0)
    job = dataclasses.replace(LONG, settings=LONG.settings[:3], seeds=(16,) * 3)
    ((_, ds),) = campaign.execute([job], cabinet)
    monkeypatch.undo()
    ((_, whole),) = campaign.execute([job], NoStore())
    assert ds.drop_attrs(deep=False).identical(whole.drop_attrs(deep=False))
    (line,) = told
    assert line == f"{cabinet.folder}: runs cannot be kept: No space left on device; they are judged all the same"


def test_a_folder_that_may_only_be_read_is_read_in_silence(cabinet, told, monkeypatch):
    put = cabinet.put(CELL, dataset())
    os.utime(cabinet.path(CELL), (time.time() - 2 * 86400,) * 2)

    def refused(*words, **more):
        raise PermissionError(errno.EROFS, os.strerror(errno.EROFS))

    for name in ("unlink", "utime", "replace", "mkdir"):
        monkeypatch.setattr(os, name, refused)
    again = Store(cabinet.folder, told.append)
    assert again.has(CELL) and again.get(CELL).identical(put)
    again.drop_progress([CELL], 2)
    assert told == []


KILLED = """
import sys
from pathlib import Path
import cells
from bestiary.train import batches, campaign
from bestiary.train import store

batches.CHUNK, batches.SAVING = 0.0, float("inf")  # a checkpoint after every record
batches.BATCH = 0.0  # batches are as small as can be
started = lambda progress: progress.phase == "train" and print("training", flush=True)
list(campaign.execute([cells.LONG], store.Store(Path(sys.argv[1])), started))
"""


def test_a_killed_campaign_leaves_nothing_wrong_and_goes_on(tmp_path, told, monkeypatch):
    ((_, whole),) = campaign.execute([LONG], NoStore())
    cells = [cell for row in LONG.cells() for cell in row]
    folder, luck = tmp_path / "cells", random.Random()
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    for _ in range(3):
        command = [sys.executable, "-c", KILLED, str(folder)]
        with subprocess.Popen(command, env=env, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout.readline() == "training\n"
            time.sleep(luck.uniform(0, 0.5))
            child.kill()
        assert child.returncode == -signal.SIGKILL
        cabinet = Store(folder, told.append)
        for i, cell in enumerate(cells):
            if (got := cabinet.get(cell)) is not None:
                assert np.array_equal(got["w"].values[0], whole["w"].values[i])
        assert told == []

    began, run = [], trainer.Program.run

    def spy(program, rows, first, last, runs=None):
        began.append(first)
        return run(program, rows, first, last, runs)

    monkeypatch.setattr(trainer.Program, "run", spy)
    monkeypatch.setattr(batches, "BATCH", 0.0)
    program = trainer.compile_program(LONG.phenomenon, LONG.static)
    together = batches.Pace().rows(program) // jobs.BLOCK
    unfinished = [cell for cell in cells if cabinet.get(cell) is None][:together]
    had_begun = cabinet._checkpoint(unfinished, program.lanes).is_file()
    ((_, resumed),) = campaign.execute([LONG], cabinet)
    assert (began[0] > 0) == had_begun  # it went on from the checkpoint
    assert resumed.drop_attrs(deep=False).identical(whole.drop_attrs(deep=False))
    assert told == [] and len(list(folder.glob("**/*.nc"))) == len(cells)
