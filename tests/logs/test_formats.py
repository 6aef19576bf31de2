"""Every format that people keep logs in, as the tools write it, gives the curves that were logged."""

import json
import shutil
import sqlite3

import numpy as np
import pytest
from log_files import LOGS, asked, read_all, read_one, reads, report
from written_logs import netcdf

from bestiary.logs.formats import read
from bestiary.logs.run_table import NotALog

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
        base.execute("create table runs (run_uuid text, name text, lifecycle_stage text)")
        base.execute(
            "create table metrics (key text, value real, timestamp int, run_uuid text, step int, is_nan boolean)"
        )
        runs = [("a" * 32, "dawn", "active"), ("b" * 32, None, "active"), ("c" * 32, "gone", "deleted")]
        base.executemany("insert into runs values (?, ?, ?)", runs)
        for run in "a" * 32, "b" * 32, "c" * 32:
            rows = [("train_loss", 1 / (1 + s), s, run, s, run[0] == "b" and s == 19) for s in range(20)]
            rows += [("lr", 1.7976931348623157e308 * (-1) ** s, s, run, s, False) for s in range(2)]  # how inf is kept
            base.executemany("insert into metrics values (?, ?, ?, ?, ?, ?)", rows)
    base.close()
    first, second = read_all(tmp_path / "mlflow.db")
    assert (first.run, second.run) == ("dawn aaaaaaaa", "run bbbbbbbb")
    assert first.log["train_loss"].values[3] == 0.25 and second.log["train_loss"].diverged_at == 19
    assert first.log["lr"].values.tolist() == [np.inf, -np.inf]


def test_records_without_a_step_are_counted(tmp_path):
    """What is logged without a step is of step 0: read so, 50 records would be one."""
    metrics = tmp_path / "mlruns" / "0" / ("a" * 32) / "metrics"
    metrics.mkdir(parents=True)
    (metrics.parent / "meta.yaml").write_text("run_name: dawn\nlifecycle_stage: active\n")
    (metrics / "loss").write_text("".join(f"{t} {1 / (1 + t)} 0\n" for t in range(50)))
    (metrics / "lr").write_text("".join(f"{t} 0.1 {t}\n" for t in range(50)))
    (metrics / "accuracy").write_text("50 0.9 0\n")
    (run,) = report(tmp_path)["runs"]
    assert run["notes"] == ["every record of loss is of one step: records counted"]
    assert {name: column["records"] for name, column in run["columns"].items()} == {"loss": 50, "lr": 50, "accuracy": 1}
    (metrics.parent / "meta.yaml").write_text("run_name: dawn\nlifecycle_stage: deleted\n")
    done = asked(tmp_path)
    assert done.exit_code == 2 and "was deleted in MLflow; restore it" in done.stderr


def test_a_run_of_one_number_is_passed_over_beside_others(tmp_path):
    for name, text in ("a", "step,loss\n0,1\n1,0.5\n2,0.25\n"), ("b", "step,loss\n0,1\n"):
        (tmp_path / f"{name}.csv").write_text(text)
    done = asked(tmp_path)
    assert done.exit_code == 0 and done.stderr == "" and "a.csv" in done.stdout
    assert asked(tmp_path / "b.csv").exit_code == 2
    (tmp_path / "a.csv").unlink()
    assert asked(tmp_path).exit_code == 2


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
    assert names == ["keras_history.json", "lightning_metrics.csv"]  # `nested` is the same run as that of Lightning


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


def test_the_episodes_of_a_monitor(tmp_path):
    """DLR-RM/stable-baselines3, stable_baselines3/common/monitor.py: a comment of JSON, and names of one letter."""
    rows = [f"{20 + i % 7}.5,{30 + i % 5},{0.3 * i:.6f}" for i in range(60)]
    head = '#{"t_start": 1700000000.0, "env_id": "CartPole-v1"}'
    (tmp_path / "0.monitor.csv").write_text("\n".join([head, "r,l,t", *rows]) + "\n")
    reading = read_one(tmp_path / "0.monitor.csv")
    assert reads(reading) == {"reward": "reward", "episode_length": "episode length"}
    (tmp_path / "x.csv").write_text("\n".join(["r,l,t", *rows]) + "\n")
    assert reads(read_one(tmp_path / "x.csv")) == {}  # three letters alone say nothing


def test_the_csv_logger_of_keras(tmp_path):
    """keras-team/keras, keras/src/callbacks/csv_logger.py: any separator, NA, lists in three quotation marks."""
    rows = [f'{i};{1 - 0.9**i};"""[0.5, {i}]""";{0.9**i};{0.9**i + 0.1 if i % 2 else "NA"}' for i in range(40)]
    (tmp_path / "training.log").write_text("\r\n".join(["epoch;accuracy;f1_score;loss;val_loss", *rows]) + "\r\n")
    reading = read_one(tmp_path / "training.log")
    assert reads(reading) == {"train_acc": "accuracy", "train_loss": "loss", "test_loss": "val_loss"}
    assert reading.steps == "`epoch`" and reading.log["test_loss"].steps.size == 20
