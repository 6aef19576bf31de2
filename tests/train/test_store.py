"""Cells and checkpoints: found again whole, or told and run again."""

import dataclasses
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tiny

from bestiary.train import campaign, runs, store, trainer
from bestiary.train.jobs import Job
from bestiary.train.store import Cell, NoStore, Store

CELL = Cell("bowl", "c0de", (("steps", 4),), (("lr", 0.1),), 0, (0, 1), (("jax", "1"),))


def dataset(scale=1.0):
    values = {"w": scale * np.arange(8, dtype=np.float32).reshape(2, 4)}
    return runs.dataset(tiny.BOWL, tiny.BowlKnobs(), (0, 1), np.arange(4), values, np.arange(0), {}, {"root": 0})


@pytest.fixture
def told():
    return []


@pytest.fixture
def cabinet(tmp_path, told):
    return Store(tmp_path, told.append)


# Addresses.

CHANGES = {
    "entry": "pit",
    "code": "c0df",
    "static": (("steps", 5),),
    "knobs": (("lr", float(np.nextafter(np.float32(0.1), np.float32(1)))),),
    "root": 1,
    "seeds": (0, 2),
    "machine": (("jax", "2"),),
}


def test_every_field_decides_the_address():
    assert set(CHANGES) == {field.name for field in dataclasses.fields(Cell)}
    cells = [CELL, *(dataclasses.replace(CELL, **{name: value}) for name, value in CHANGES.items())]
    assert len({cell.address for cell in cells}) == len({cell.fingerprint for cell in cells}) == len(cells)
    assert dataclasses.replace(CELL).address == CELL.address


def test_the_format_decides_the_address(monkeypatch):
    before = CELL.address
    monkeypatch.setattr(store, "FORMAT", store.FORMAT + 1)
    assert CELL.address != before


def test_names_are_part_of_what_decides():
    """A value that moves from one knob to another is another setting."""
    one, other = (dataclasses.replace(CELL, knobs=k) for k in ((("a", 1.0), ("b", 0.0)), (("a", 0.0), ("b", 1.0))))
    assert one.address != other.address


def test_machine_names_what_rounding_depends_on():
    assert {"platform", "device", "jax", "jaxlib", "optax"} <= set(dict(store.machine()))


def test_cache_folder_is_the_given_one(monkeypatch, tmp_path):
    monkeypatch.setenv("BESTIARY_CACHE_DIR", str(tmp_path))
    assert store.cache_dir() == tmp_path
    monkeypatch.delenv("BESTIARY_CACHE_DIR")
    assert store.cache_dir().name == "bestiary"


# Cells.


def test_put_and_get_are_identical(cabinet, told):
    assert cabinet.get(CELL) is None
    put = cabinet.put(CELL, dataset())
    assert cabinet.get(CELL).identical(put) and put["w"].identical(dataset()["w"])
    assert NoStore().put(CELL, dataset()).identical(put)
    assert told == []


def rejected(cabinet, told):
    """Whether the cell is not taken, with one line that names the file."""
    assert cabinet.get(CELL) is None
    (line,) = told
    assert "\n" not in line and line.startswith(str(cabinet.path(CELL))) and "again" in line
    told.clear()


def test_every_truncation_is_detected(cabinet, told):
    cabinet.put(CELL, dataset())
    whole = cabinet.path(CELL).read_bytes()
    for length in [*range(0, len(whole), 29), len(whole) - 1]:
        cabinet.path(CELL).write_bytes(whole[:length])
        rejected(cabinet, told)


def test_no_flipped_byte_changes_a_run(cabinet, told):
    """Padding and what netCDF does not read may change; everything else is seen."""
    put = cabinet.put(CELL, dataset())
    whole = cabinet.path(CELL).read_bytes()
    seen = 0
    for place in range(0, len(whole), 7):
        cabinet.path(CELL).write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        got = cabinet.get(CELL)
        assert (got is None and len(told) == 1) or (got.identical(put) and not told), place
        seen += len(told)
        told.clear()
    assert seen > 0.7 * len(whole) / 7
    data = whole.index(dataset()["w"].values.astype(">f4").tobytes())
    for place in range(data, data + 32):
        cabinet.path(CELL).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        rejected(cabinet, told)


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"CDF", b"CDF\x01", b"\x89HDF\r\n\x1a\n", b"PK\x03\x04", b"garbage\n" * 99]
)
def test_garbage_is_detected(cabinet, told, content):
    cabinet.path(CELL).parent.mkdir()
    cabinet.path(CELL).write_bytes(content)
    rejected(cabinet, told)


def test_a_folder_in_its_place_is_detected(cabinet, told):
    cabinet.path(CELL).mkdir(parents=True)
    rejected(cabinet, told)


@pytest.mark.parametrize("field", CHANGES)
def test_a_file_moved_to_another_address_is_detected(cabinet, told, field):
    other = dataclasses.replace(CELL, **{field: CHANGES[field]})
    cabinet.put(other, dataset())
    cabinet.path(CELL).parent.mkdir(exist_ok=True)
    cabinet.path(other).rename(cabinet.path(CELL))
    rejected(cabinet, told)


def test_a_sound_file_that_is_no_cell_is_detected(cabinet, told):
    runs.write(runs.seal(dataset()), cabinet.path(CELL))
    rejected(cabinet, told)


# Checkpoints.

LEAVES = [np.arange(6, dtype=np.float32).reshape(2, 3), np.array([1, 2], np.uint32), np.array([True, False])]


def test_a_checkpoint_comes_back(cabinet, told):
    assert cabinet.load_progress([CELL], 2, LEAVES) is None
    cabinet.save_progress([CELL], 2, 1, [0 * LEAVES[0], *LEAVES[1:]])
    cabinet.save_progress([CELL], 2, 7, LEAVES)
    window, leaves = cabinet.load_progress([CELL], 2, LEAVES)
    assert window == 7 and all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(leaves, LEAVES, strict=True))
    cabinet.drop_progress([CELL], 2)
    assert cabinet.load_progress([CELL], 2, LEAVES) is None and told == []
    assert list(cabinet.folder.glob("**/*.*")) == []


def test_a_checkpoint_belongs_to_its_rows(cabinet):
    """Other cells, or as many in another order, or another width, do not find it."""
    other = dataclasses.replace(CELL, root=1)
    cabinet.save_progress([CELL, other], 4, 7, LEAVES)
    assert cabinet.load_progress([CELL, other], 4, LEAVES) is not None
    for cells, width in (([CELL], 4), ([other], 4), ([other, CELL], 4), ([CELL, other], 8)):
        assert cabinet.load_progress(cells, width, LEAVES) is None


@pytest.mark.parametrize(
    "like",
    [
        [LEAVES[0].T, *LEAVES[1:]],
        [LEAVES[0].astype(np.float64), *LEAVES[1:]],
        [*LEAVES, LEAVES[0]],
        LEAVES[:2],
    ],
    ids=["shape", "type", "more", "fewer"],
)
def test_a_checkpoint_of_another_program_is_told(cabinet, told, like):
    cabinet.save_progress([CELL], 2, 7, LEAVES)
    assert cabinet.load_progress([CELL], 2, like) is None
    (line,) = told
    assert "unusable checkpoint" in line and "\n" not in line


def test_a_damaged_checkpoint_is_told(cabinet, told):
    cabinet.save_progress([CELL], 2, 7, LEAVES)
    (path,) = cabinet.folder.glob("**/*.part")
    whole = path.read_bytes()
    damaged = [whole[:length] for length in range(0, len(whole), 97)]
    damaged += [whole[:k] + bytes([whole[k] ^ 4]) + whole[k + 1 :] for k in range(0, len(whole), 89)]
    for content in damaged:
        path.write_bytes(content)
        assert cabinet.load_progress([CELL], 2, LEAVES) is None
        assert len(told) == 1 and "\n" not in told.pop()


def test_only_stale_temporary_files_are_swept(tmp_path):
    old, new, cell = (tmp_path / "bowl" / name for name in ("a.nc.1.tmp", "b.nc.2.tmp", "c.nc"))
    old.parent.mkdir()
    for path in (old, new, cell):
        path.touch()
        age = 0 if path is new else store.STALE + 60
        os.utime(path, (time.time() - age,) * 2)
    Store(tmp_path)
    assert sorted(p.name for p in old.parent.iterdir()) == ["b.nc.2.tmp", "c.nc"]


# A campaign that is killed.

LONG = Job(
    "keys",
    tiny.KEYS,
    tiny.Steps(steps=60, log_every=1),
    tuple(tiny.PlayersKnobs(lr / 40) for lr in range(1, 41)),
    (16,) * 40,
    0,
    "c0de",
)

KILLED = """
import sys
from pathlib import Path
import test_store
from bestiary.train import campaign
from bestiary.train import store

campaign.CHUNK = 0.0  # a checkpoint after every record
started = lambda progress: progress.phase == "train" and print("training", flush=True)
list(campaign.execute([test_store.LONG], store.Store(Path(sys.argv[1])), started))
"""


def test_a_killed_campaign_leaves_nothing_wrong_and_goes_on(tmp_path, told, monkeypatch):
    ((_, whole),) = campaign.execute([LONG], NoStore())
    cells = [cell for row in LONG.cells() for cell in row]
    folder, luck = tmp_path / "cells", random.Random()
    env = os.environ | {"PYTHONPATH": os.pathsep.join([*sys.path, str(Path(__file__).parent)])}
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

    def spy(program, rows, first, last):
        began.append(first)
        return run(program, rows, first, last)

    monkeypatch.setattr(trainer.Program, "run", spy)
    unfinished = next(cell for cell in cells if cabinet.get(cell) is None)
    had_begun = cabinet._checkpoint([unfinished], 16).is_file()
    ((_, resumed),) = campaign.execute([LONG], cabinet)
    assert (began[0] > 0) == had_begun  # it went on from the checkpoint
    assert resumed.drop_attrs(deep=False).identical(whole.drop_attrs(deep=False))
    assert told == [] and len(list(folder.glob("**/*.nc"))) == len(cells)
