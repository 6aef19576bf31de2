"""Logs that the tools themselves wrote, tests/data/logs/real/: each is read without a word from the user, and whole."""

import csv
import importlib
import json
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest
from log_files import LOGS, asked, read_all, read_one, reads, report

from bestiary.logs.channels import readings
from bestiary.logs.formats import walk
from bestiary.logs.run_table import NotALog, Unreadable

REAL = LOGS / "real"
BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks" / "logs"
# {tool: {path of a run, below the tool's folder: {channel: (column, records)}}}
TRAINER = {
    "train_loss": ("loss", 50),
    "grad_norm": ("grad_norm", 50),
    "lr": ("learning_rate", 50),
    "test_loss": ("eval_loss", 10),
    "test_acc": ("eval_accuracy", 10),
}
TRAINER_EVENTS = {
    "train_loss": ("train/loss", 50),
    "grad_norm": ("train/grad_norm", 50),
    "lr": ("train/learning_rate", 50),
    "test_loss": ("eval/loss", 10),
    "test_acc": ("eval/accuracy", 10),
}
LIGHTNING = {
    "train_loss": ("train_loss_step", 50),
    "train_acc": ("train_acc", 50),
    "test_loss": ("val_loss", 12),
    "test_acc": ("val_acc", 12),
}
KERAS = {
    "train_loss": ("loss", 40),
    "train_acc": ("accuracy", 40),
    "test_loss": ("val_loss", 40),
    "test_acc": ("val_accuracy", 40),
}


def regressed(every, val="val/"):
    """What `regression` logs: train at every so many steps, val at ten of them."""
    train = {"train_loss": "train/loss", "train_acc": "train/accuracy", "lr": "lr"}
    test = {"test_loss": f"{val}loss", "test_acc": f"{val}accuracy"}
    return {c: (n, 100 // every) for c, n in train.items()} | {c: (n, 10) for c, n in test.items()}


EXPECTED = {
    "huggingface": {"trainer_state.json": TRAINER, "runs/*": TRAINER_EVENTS},
    "lightning": {
        "CSVLogger/version_0/metrics.csv": LIGHTNING,
        "CSVLogger/version_1/metrics.csv": LIGHTNING,
        "TensorBoardLogger/version_0": LIGHTNING,
    },
    "torch_tensorboard": {
        "resumed": regressed(1),
        "scalars": {"train_loss": ("loss/train", 100), "test_loss": ("loss/val", 10)},
    },
    "tensorboardX": {
        ".": {
            "train_loss": ("Loss/train", 100),
            "train_acc": ("accuracy/train", 10),
            "test_acc": ("accuracy/val", 10),
        }
    },
    "mlflow": {"mlflow.db": regressed(10), "mlruns/0/*": regressed(10)},
    "keras": {
        "log.csv": KERAS,
        "history.json": KERAS,
        "logs": {
            "train_loss": ("train/epoch_loss", 40),
            "train_acc": ("train/epoch_accuracy", 40),
            "lr": ("train/epoch_learning_rate", 40),
            "test_loss": ("validation/epoch_loss", 40),
            "test_acc": ("validation/epoch_accuracy", 40),
        },
    },
    "wandb": {"wandb/*/run-*.wandb": regressed(2, "val.")},
}
RUNS = {"mlflow": 2, "huggingface": 1, "keras": 1}  # which two and three formats have; elsewhere each path is a run
STEPS = {  # by file; else the reader's own
    "trainer_state.json": "`step`",
    "history.json": "rows counted, no column is a step",
    "metrics.csv": "`step`",
    "log.csv": "`epoch`",
    "run-*.wandb": "`_step`",
}
OWN = {"mlflow": "MLflow's steps"}
FIRST_AND_LAST = {"keras": (0, 39), "huggingface": (2, 100), "lightning": (1, 99), "mlflow": (9, 99), "wandb": (1, 99)}


def found(tool):
    """{path below the tool's folder: its runs as read}, of all that a walk finds there."""
    pytest.importorskip("google.protobuf" if tool == "wandb" else "tensorboard")
    made = {}
    for path, tables in walk(REAL / tool):
        assert not isinstance(tables, Unreadable), tables
        for table in tables:
            try:
                made.setdefault(path.relative_to(REAL / tool).as_posix(), []).extend(readings(table, {}, path))
            except NotALog as error:
                assert "one record at most" in str(error)  # the hyperparameters of SummaryWriter
    return {path: runs for path, runs in made.items() if runs}


@pytest.fixture(scope="module")
def regression():
    """{seed: {step: row}} as benchmarks/logs/write.py logged them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        module = importlib.import_module("write")
    return {seed: dict(module.regression(seed)) for seed in (0, 1)}


def test_every_sample_is_expected():
    assert {path.name for path in REAL.iterdir() if path.is_dir()} == EXPECTED.keys()


@pytest.mark.parametrize("tool", EXPECTED)
def test_every_channel_is_read_whole_and_no_flag_is_needed(tool):
    seen = found(tool)
    for pattern, channels in EXPECTED[tool].items():
        paths = [path for path in seen if fnmatch(path, pattern)]
        assert paths, pattern
        for reading in (reading for path in paths for reading in seen.pop(path)):
            assert {use.channel: (use.column, use.records) for use in reading.uses if use.channel} == channels
            assert reading.steps == STEPS.get(Path(pattern).name, OWN.get(tool, "the events' steps"))
            steps = reading.log["train_loss"].steps
            assert (steps[0], steps[-1]) == FIRST_AND_LAST.get(tool, (0, 99))
            for use in reading.uses:
                spare = use.channel is None and any(word in use.column.lower() for word in ("loss", "acc"))
                assert not spare or "is read from" in use.note or "_vs_iterations" in use.column, use
    assert seen == {}


@pytest.mark.parametrize("tool", EXPECTED)
def test_a_healthy_run_fails_no_build(tool):
    """Whole folders: what is beside the logs, and what has no curve, is passed over."""
    done = asked(REAL / tool)
    assert done.exit_code == 0 and done.stderr == "", done.output
    runs = report(REAL / tool)["runs"]
    assert len(runs) == RUNS.get(tool, len(EXPECTED[tool]))
    assert [f["detector"] for run in runs for f in run["findings"] if f["state"] in ("found", "diverged")] == []


def test_the_trainer_wrote_what_is_read():
    path = REAL / "huggingface" / "trainer_state.json"
    history = json.loads(path.read_text())["log_history"]
    reading = read_one(path)
    assert reading.steps == "`step`"
    for channel, key in ("train_loss", "loss"), ("test_loss", "eval_loss"), ("test_acc", "eval_accuracy"):
        steps, values = zip(*[(row["step"], row[key]) for row in history if key in row], strict=True)
        assert reading.log[channel].steps.tolist() == list(steps)
        assert reading.log[channel].values.tolist() == list(values)


def test_checkpoints_and_a_resume_are_one_run():
    """The state beside checkpoint-50 goes on with it; a checkpoint alone is read, too."""
    pytest.importorskip("tensorboard")
    names = [str(path) for path, _ in walk(REAL / "huggingface") if path.suffix == ".json"]
    assert names == [str(REAL / "huggingface" / "trainer_state.json")]
    half = read_one(REAL / "huggingface" / "checkpoint-50" / "trainer_state.json").log["train_loss"]
    whole = read_one(REAL / "huggingface" / "trainer_state.json").log["train_loss"]
    assert half.steps[-1] == 50 and whole.values[:25].tolist() == half.values.tolist()


def test_the_trainers_event_files_say_the_same():
    pytest.importorskip("tensorboard")
    seen = found("huggingface")
    events, state = (seen[path][0].log for path in sorted(seen))
    for channel in "train_loss", "test_loss", "test_acc", "grad_norm", "lr":
        assert events[channel].steps.tolist() == state[channel].steps.tolist()
        np.testing.assert_array_equal(events[channel].values, np.float32(state[channel].values))


@pytest.mark.parametrize("version", [0, 1])
def test_lightning_wrote_what_is_read(version):
    path = REAL / "lightning" / "CSVLogger" / f"version_{version}" / "metrics.csv"
    reading = read_one(path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for channel, (column, _) in LIGHTNING.items():
        written = [(int(row["step"]), float(row[column])) for row in rows if row[column]]
        assert list(zip(*reading.log[channel], strict=True)) == written
    assert {use.column: use.note for use in reading.uses}[
        "train_loss_epoch"
    ] == "train_loss is read from train_loss_step"


def test_keras_went_on_where_it_was_cut_off():
    log, history = read_one(REAL / "keras" / "log.csv"), json.loads((REAL / "keras" / "history.json").read_text())
    assert log.steps == "`epoch`" and log.log["train_loss"].steps.tolist() == list(range(40)) and log.notes == ()
    with (REAL / "keras" / "log.csv").open(newline="") as file:
        *_, last = csv.DictReader(file)
    assert log.log["test_acc"].values[-1] == float(last["val_accuracy"])
    assert read_one(REAL / "keras" / "history.json").log["test_loss"].values.tolist() == history["val_loss"]


def test_train_and_validation_of_keras_are_one_run_that_counts_epochs():
    """Each has a tag epoch_loss; read apart, validation would be taken for train."""
    pytest.importorskip("tensorboard")
    (reading,) = found("keras")["logs"]
    history = json.loads((REAL / "keras" / "history.json").read_text())
    for channel, (key, _) in KERAS.items():
        np.testing.assert_allclose(reading.log[channel].values, history[key], rtol=1e-6)
    assert "train/batch_loss counts batches, not epochs: left out" in reading.notes
    alone = read_one(next((REAL / "keras" / "logs" / "validation").iterdir()))
    assert reads(alone) == {"test_loss": "validation/epoch_loss", "test_acc": "validation/epoch_accuracy"}


def test_a_writer_that_was_resumed(regression):
    pytest.importorskip("tensorboard")
    seen = found("torch_tensorboard")
    (resumed,), (scalars,) = seen["resumed"], seen["scalars"]
    loss = [row["train/loss"] for row in regression[0].values()]
    val = [row["val/loss"] for row in regression[0].values() if "val/loss" in row]
    for reading in resumed, scalars:
        np.testing.assert_allclose(reading.log["train_loss"].values, loss, rtol=1e-5)
        np.testing.assert_allclose(reading.log["test_loss"].values, val, rtol=1e-5)
    assert "train/loss and 2 other columns: goes from step 49 back to 45: 5 records overwritten by the later" in (
        resumed.notes
    )


def test_mlflow_has_two_runs_in_either_store_and_a_deleted_one_in_neither(regression):
    pytest.importorskip("tensorboard")
    seen = found("mlflow")
    database = {reading.run[:6]: reading for reading in seen.pop("mlflow.db")}
    folder = {reading.run: reading for readings in seen.values() for reading in readings}
    assert database.keys() == folder.keys() == {"seed-0", "seed-1"}
    for reads_of in database, folder:
        for name, reading in reads_of.items():
            rows = [(step, row["val/loss"]) for step, row in regression[int(name[-1])].items() if "val/loss" in row]
            np.testing.assert_allclose(np.transpose(reading.log["test_loss"]), rows, rtol=1e-9)
    for one, other in ((database[name].log, folder[name].log) for name in database):
        assert one["train_loss"].values.tolist() == other["train_loss"].values.tolist()


def test_the_file_of_weights_and_biases(regression):
    pytest.importorskip("google.protobuf")
    (path,) = REAL.glob("wandb/wandb/*/run-*.wandb")
    (reading,) = read_all(path)
    assert (reading.run, reading.steps, reading.notes) == ("seed-0", "`_step`", ())
    rows = [(step, row["train/loss"]) for step, row in regression[0].items() if step % 2]
    np.testing.assert_allclose(np.transpose(reading.log["train_loss"]), rows, rtol=1e-9)
    val = [(step, row["val/accuracy"]) for step, row in regression[0].items() if "val/accuracy" in row]
    assert list(zip(*reading.log["test_acc"], strict=True)) == val
    assert {use.column for use in reading.uses if use.channel is None} == {"_runtime", "_timestamp"}
