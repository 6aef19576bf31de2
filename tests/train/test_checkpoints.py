"""Checkpoints: gone on from, or told and started again."""

import dataclasses
import hashlib
import io
from pathlib import Path

import jax
import numpy as np
import pytest
from cells import CELL, LEAVES, LONG

from bestiary.train import campaign, trainer
from bestiary.train.executors.local import Local
from bestiary.train.store import NoStore, Store

PLAIN = Local(width=2, lanes=1, devices=1)


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


def crafted(folder, window=7, **members):
    """A checkpoint with the right digest, and these arrays beside its own."""
    path = Store(folder)._checkpoint([CELL], 2)
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, np.asarray(window), *LEAVES, **members)
    body = buffer.getvalue()
    path.write_bytes(hashlib.sha256(body).digest() + body)


@pytest.mark.parametrize(
    "content", [b"", b"PK\x05\x06" + 18 * b"\0", b"PK\x03\x04" + 99 * b"\0"], ids=["empty", "no member", "cut off"]
)
def test_a_crafted_checkpoint_is_told(cabinet, told, content):
    path = cabinet._checkpoint([CELL], 2)
    path.parent.mkdir(parents=True)
    path.write_bytes(hashlib.sha256(content).digest() + content)
    assert cabinet.load_progress([CELL], 2, LEAVES) is None
    assert len(told) == 1 and "\n" not in told[0]


@pytest.mark.parametrize("window", [np.array("x"), np.arange(3)], ids=["text", "many"])
def test_a_checkpoint_whose_window_is_no_number_is_told(cabinet, told, window):
    crafted(cabinet.folder, window)
    assert cabinet.load_progress([CELL], 2, LEAVES) is None and len(told) == 1


def test_a_checkpoint_is_not_unpacked_beyond_what_it_would_hold(cabinet, told):
    crafted(cabinet.folder, arr_9=np.zeros(10**7))  # 80 MB in 80 kB
    assert cabinet.load_progress([CELL], 2, LEAVES) is None
    assert "larger than what it would hold" in told[0]


@pytest.mark.parametrize("window", [-5, 0, 61, 99_999])
def test_a_checkpoint_from_outside_the_schedule_is_not_resumed(tmp_path, window):
    job = dataclasses.replace(LONG, settings=LONG.settings[:1], seeds=(2,))
    ((_, whole),) = campaign.execute([job], NoStore(), executor=PLAIN)
    cells = [cell for row in job.cells() for cell in row]
    program = trainer.compile_program(job.phenomenon, job.static, width=2, lanes=1, devices=1)
    rows = program.start([job.settings[0]] * 2, [0, 1], 0)
    cabinet = Store(tmp_path)
    cabinet.save_progress(cells, 2, window, [np.asarray(leaf) for leaf in jax.tree.leaves(rows)])
    ((_, ds),) = campaign.execute([job], cabinet, executor=PLAIN)
    assert np.array_equal(ds["w"].values, whole["w"].values)


def test_a_checkpoint_that_another_process_finishes_is_none(cabinet, told, monkeypatch):
    cabinet.save_progress([CELL], 2, 7, LEAVES)
    there = Path.is_file

    def finished_elsewhere(path):
        found = there(path)
        path.unlink(missing_ok=True)
        return found

    monkeypatch.setattr(Path, "is_file", finished_elsewhere)
    monkeypatch.setattr(Path, "read_bytes", lambda path: finished_elsewhere(path) and path.open("rb").read())
    assert cabinet.load_progress([CELL], 2, LEAVES) is None and told == []
