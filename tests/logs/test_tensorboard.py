"""TensorBoard's event files: what is in them, and which of them are one run."""

import shutil

import numpy as np
import pytest
from log_files import read_one, report
from written_logs import event_files

from bestiary.logs.formats import walk
from bestiary.logs.run_table import Unreadable


def test_tensorboard_event_files_and_a_resume(tmp_path):
    event_files(tmp_path, [(0, 100), (50, 120)])
    ((path, tables),) = walk(tmp_path)
    assert path == tmp_path and not isinstance(tables, Unreadable)
    (run,) = report(tmp_path)["runs"]
    assert run["columns"]["Loss/train"] == {"channel": "train_loss", "records": 120, "note": ""}
    assert run["notes"] == [
        "2 event files read as one run",
        "Loss/train: goes from step 99 back to 50: 50 records overwritten by the later",
    ]


@pytest.mark.parametrize(
    "folders, tags, columns",
    [
        (("train", "validation"), ("epoch_loss",) * 2, ("train/epoch_loss", "validation/epoch_loss")),  # Keras
        ((".", "eval"), ("loss", "loss"), ("loss", "eval/loss")),  # estimators
        (("train", "test"), ("loss/train", "loss/test"), ("loss/train", "loss/test")),
        ((".", "a_b_train", "a_b_val"), ("x", "a/b", "a/b"), (None, None)),  # a/b is no loss
        ((".", "loss_train", "loss_val"), ("x", "loss", "loss"), ("loss/train", "loss/val")),  # torch's add_scalars
        ((".", "loss/train", "loss/val"), ("x", "loss", "loss"), ("loss/train", "loss/val")),  # and tensorboardX's
        ((".", "all_train_loss", "all_val_loss"), ("x", "all", "all"), ("train_loss", "val_loss")),
    ],
)
def test_event_files_that_are_parts_of_one_run(folders, tags, columns, tmp_path):
    for name, tag in zip(folders, tags, strict=True):
        event_files(tmp_path / "run" / name, tag=tag)
    ((path, (table,)),) = walk(tmp_path)
    assert path == tmp_path / "run" and f"{len(folders)} event files read as one run" in table.notes
    (run,) = report(tmp_path)["runs"]
    seen = {column["channel"]: name for name, column in run["columns"].items() if column["channel"]}
    assert seen == {c: n for c, n in zip(("train_loss", "test_loss"), columns, strict=True) if n}
    assert len(run["columns"]) == len(folders)


@pytest.mark.parametrize("folders", [("a", "b"), (".", "b"), ("train", "old_train"), ("test", "val"), ("1", "train")])
def test_event_files_that_are_runs_of_their_own(folders, tmp_path):
    for name in folders:
        event_files(tmp_path / name, tag="loss")
    assert [path for path, _ in walk(tmp_path)] == sorted(tmp_path / name for name in folders)
    assert all(run["columns"]["loss"]["channel"] == "train_loss" for run in report(tmp_path)["runs"])


def test_files_begun_in_one_second_are_read_in_the_order_of_their_numbers(tmp_path):
    """9 before 10: the later records win."""
    for number, start in (9, 0), (10, 50):
        (file,) = event_files(tmp_path / "made", [(start, 100)])
        shutil.move(file, tmp_path / f"events.out.tfevents.1.host.5.{number}")
    (tmp_path / "made").rmdir()
    (run,) = report(tmp_path)["runs"]
    assert any("goes from step 99 back to 50" in note for note in run["notes"]), run["notes"]


def test_tensorboard_tensors_are_scalars_too(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.compat.proto import event_pb2, summary_pb2
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboard.util.tensor_util import make_tensor_proto

    writer = EventFileWriter(str(tmp_path))
    for step in range(10):
        value = summary_pb2.Summary.Value(tag="epoch_loss", tensor=make_tensor_proto(np.float32(0.5 * step)))
        writer.add_event(event_pb2.Event(step=step, summary=summary_pb2.Summary(value=[value])))
    writer.close()
    (file,) = tmp_path.iterdir()
    assert read_one(file).log["train_loss"].values.tolist() == [0.5 * step for step in range(10)]


def test_an_event_file_that_is_still_being_written(tmp_path):
    (file,) = event_files(tmp_path)
    file.write_bytes(file.read_bytes()[:-7])
    assert read_one(file).log["train_loss"].steps.tolist() == list(range(99))


def test_batches_of_keras_are_kept_where_no_epochs_are_beside_them(tmp_path):
    event_files(tmp_path / "train", [(0, 60)], "batch_loss")
    event_files(tmp_path / "validation", [(0, 6)], "epoch_loss")
    (run,) = report(tmp_path)["runs"]
    assert run["columns"]["train/batch_loss"] == {"channel": "train_loss", "records": 60, "note": ""}


def test_a_damaged_part_is_told(tmp_path):
    event_files(tmp_path, tag="loss")
    (tmp_path / "eval").mkdir()
    (tmp_path / "eval" / "events.out.tfevents.1.host").write_bytes(bytes(range(256)) * 9)
    (run,) = report(tmp_path)["runs"]
    assert run["columns"]["loss"]["records"] == 100
    assert run["notes"][1:] == ["events.out.tfevents.1.host has no readable event; left out"]
