"""Every format that people keep logs in, as the tools write it, gives the curves that were logged."""

import json
import shutil
import sqlite3

import numpy as np
import pytest
from log_files import LOGS, asked, read_all, read_one, reads, report

from bestiary import runs
from bestiary.formats import read, walk
from bestiary.run_table import NotALog, Unreadable

# One run, written by six tools: train accuracy is 0.99 from about step 40, test accuracy 0.95 from about step 380.
GROKKING = ["lightning_metrics.csv", "wandb_history.csv", "nested.jsonl", "mlruns"]


@pytest.mark.parametrize("name", GROKKING)
def test_the_same_run_is_found_in_every_format(name):
    (run,) = report(LOGS / name)["runs"]
    found = {f["detector"]: f for f in run["findings"] if f["state"] == "found"}
    assert found.keys() == {"delayed_generalization"}
    assert 375 <= found["delayed_generalization"]["onset"] <= 385


def test_hugging_face_trainer_state():
    reading = read_one(LOGS / "trainer_state.json")
    assert reading.steps == "`step`"
    assert reads(reading) == {
        "train_loss": "loss",
        "grad_norm": "grad_norm",
        "lr": "learning_rate",
        "test_acc": "eval_accuracy",
        "test_loss": "eval_loss",
    }
    loss = reading.log["train_loss"]
    assert loss.steps.tolist() == list(range(10, 601, 10))
    assert loss.values[:2].tolist() == [1.5503, 0.8008]
    assert "summary" in reading.notes[0]  # the mean loss that closes the history is no record of step 600
    assert reading.log["test_acc"].steps.size == 30


def test_lightning_rows_are_sparse():
    reading = read_one(LOGS / "lightning_metrics.csv")
    assert reads(reading)["train_loss"] == "train_loss_step"
    assert reading.log["train_loss"].steps.size == 60 and reading.log["test_loss"].steps[:2].tolist() == [19, 39]
    assert {u.column: u.note for u in reading.uses}["train_loss_epoch"] == "train_loss is read from train_loss_step"


def test_a_chart_of_weights_and_biases_is_several_runs():
    first, second = read_all(LOGS / "wandb_chart.csv")
    assert (first.run, second.run) == ("brisk-dawn-1", "calm-sea-2")
    assert [u.column for u in first.uses] == ["train/loss"]
    assert first.log["train_loss"].steps[-1] == 600 and second.log["train_loss"].steps[-1] == 400
    np.testing.assert_allclose(second.log["train_loss"].values[:3] / first.log["train_loss"].values[:3], 1.5, rtol=1e-3)


def test_a_table_of_runs_is_refused():
    done = asked(LOGS / "wandb_runs.csv")
    assert done.exit_code == 2 and "is a table of runs" in done.stderr and done.stderr.count("\n") == 1


def test_a_download_of_tensorboard_is_named_by_its_file():
    assert reads(read_one(LOGS / "run-fit-tag-epoch_loss.csv")) == {"train_loss": "epoch_loss"}


def test_keras_history():
    reading = read_one(LOGS / "keras_history.json")
    assert reads(reading)["test_acc"] == "val_accuracy"
    assert reading.log["test_acc"].steps.tolist() == list(range(60))


def test_mlflow_folder_and_database(tmp_path):
    (run,) = report(LOGS / "mlruns")["runs"]
    assert run["run"] == "brisk-dawn" and run["columns"]["val/accuracy"]["channel"] == "test_acc"
    with sqlite3.connect(tmp_path / "mlflow.db") as base:  # the tables as MLflow's schema has them, less what is unread
        base.execute("create table runs (run_uuid text, name text)")
        base.execute(
            "create table metrics (key text, value real, timestamp int, run_uuid text, step int, is_nan boolean)"
        )
        base.executemany("insert into runs values (?, ?)", [("a" * 32, "dawn"), ("b" * 32, None)])
        for run in "a" * 32, "b" * 32:
            rows = [("train_loss", 1 / (1 + s), s, run, s, run[0] == "b" and s == 19) for s in range(20)]
            base.executemany("insert into metrics values (?, ?, ?, ?, ?, ?)", rows)
    base.close()
    first, second = read_all(tmp_path / "mlflow.db")
    assert (first.run, second.run) == ("dawn aaaaaaaa", "run bbbbbbbb")
    assert first.log["train_loss"].values[3] == 0.25 and second.log["train_loss"].diverged_at == 19


def event_files(folder, starts=((0, 100),)):
    """Event files as TensorBoard's own writer writes them; each logs 1 / (1 + step)."""
    tensorboard = pytest.importorskip("tensorboard")
    from tensorboard.compat.proto import event_pb2, summary_pb2
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    assert tensorboard
    for i, (start, stop) in enumerate(starts):
        writer = EventFileWriter(str(folder), filename_suffix=f".{i}")
        for step in range(start, stop):
            value = summary_pb2.Summary.Value(tag="Loss/train", simple_value=1 / (1 + step) + i)
            writer.add_event(event_pb2.Event(step=step, wall_time=step, summary=summary_pb2.Summary(value=[value])))
        writer.close()
    return sorted(folder.iterdir())


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


def test_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = {
        "step": list(range(50)),
        "train_loss": [1 / (1 + s) for s in range(50)],
        "val_loss": [0.5 if s % 10 == 0 else None for s in range(50)],
        "note": ["x"] * 50,
        "grads": [{"norm": 1.0 * s} for s in range(50)],
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "log.parquet")
    reading = read_one(tmp_path / "log.parquet")
    assert reads(reading) == {"train_loss": "train_loss", "test_loss": "val_loss"}
    assert reading.log["test_loss"].steps.tolist() == [0, 10, 20, 30, 40]
    assert {use.column: use.records for use in reading.uses} | {"note": 50, "grads/norm": 50} == {
        use.column: use.records for use in reading.uses
    }


def test_an_extra_that_is_missing_is_named(tmp_path, monkeypatch):
    import sys

    (tmp_path / "log.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    done = asked(tmp_path / "log.parquet")
    assert done.exit_code == 2
    assert (
        done.stderr == f"{tmp_path}/log.parquet: needs pyarrow, which is not installed: pip install 'bestiary[logs]'\n"
    )


def netcdf(path, unit="step"):
    xr = pytest.importorskip("xarray")
    loss = np.exp(-np.arange(100.0) / 20) * np.ones((1, 2, 1))
    ds = xr.Dataset(
        {"loss": (("setting", "seed", "step"), loss), "level": (("setting", "seed", "step"), 0 * loss + 0.5)},
        {"step": np.arange(100, dtype=np.int32), "seed": np.arange(2, dtype=np.int32)},
    )
    ds["step"].attrs["units"] = unit
    last = np.array([[99, 49]], np.int32)
    runs.write(runs.seal(ds.assign_coords(last_step=(("setting", "seed"), last))), path)


def test_netcdf_of_ours_keeps_its_names(tmp_path):
    netcdf(tmp_path / "runs.nc")
    first, second = read_all(tmp_path / "runs.nc")
    assert (first.run, second.run) == ("seed 0", "seed 1")
    assert reads(first) == {"loss": "loss", "level": "level"}
    assert (first.log["loss"].steps.size, second.log["loss"].steps.size) == (100, 50)


def test_a_sweep_is_no_training_log(tmp_path):
    netcdf(tmp_path / "sweep.nc", unit="neuron")
    with pytest.raises(NotALog, match="counts neuron, not steps"):
        read(tmp_path / "sweep.nc")


def test_of_checkpoints_the_last_is_read(tmp_path):
    state = json.loads((LOGS / "trainer_state.json").read_text())
    for step in 100, 90, 600:
        (tmp_path / f"checkpoint-{step}").mkdir()
        kept = [row for row in state["log_history"] if row["step"] <= step and "train_runtime" not in row]
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text(json.dumps({"log_history": kept}))
    (run,) = report(tmp_path)["runs"]
    assert run["path"].endswith("checkpoint-600/trainer_state.json")


def test_a_folder_gives_every_log_and_passes_over_the_rest(tmp_path):
    for name in ("lightning_metrics.csv", "nested.jsonl", "keras_history.json"):
        shutil.copy(LOGS / name, tmp_path)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "notes.txt").write_text("lr 0.1 was too large\n")
    (tmp_path / "names.csv").write_text("step,name\n1,a\n2,b\n")
    (tmp_path / ".hidden").mkdir()
    shutil.copy(LOGS / "nested.jsonl", tmp_path / ".hidden")
    done = report(tmp_path)
    names = [run["path"].rpartition("/")[2] for run in done["runs"]]
    assert names == ["keras_history.json", "lightning_metrics.csv", "nested.jsonl"]


@pytest.mark.parametrize(
    "text",
    [
        "step;loss\n0;1,5\n1;0,5\n2;0,25\n",
        "step\tloss\n0\t1.5\n1\t0.5\n2\t0.25\n",
        "step  loss\n0  1.5\n1  0.5\n2  0.25\n",
        "# a comment\n# step,loss\n0,1.5\n1,0.5\n2,0.25\n",
        "step,loss,\n0,1.5,\n1,0.5,\n2,0.25,\n",
        "step, loss\r\n0, 1.5\r\n\r\n1, 0.5\r\n2, 0.25\r\n",
        '{"step": 0, "loss": 1.5}\n{"step": 1, "loss": "0.5"}\n\n{"step": 2, "loss": 0.25}',
        '[{"step": 0, "loss": 1.5}, {"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25}]',
        "step,metric,value\n0,loss,1.5\n0,acc,0.5\n1,loss,0.5\n1,acc,0.5\n2,loss,0.25\n2,acc,0.5\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_ways_of_writing_a_table(text, encoding, tmp_path):
    (tmp_path / "a.log").write_bytes(text.encode(encoding))
    loss = read_one(tmp_path / "a.log").log["train_loss"]
    assert loss.steps.tolist() == [0, 1, 2] and loss.values.tolist() == [1.5, 0.5, 0.25]
