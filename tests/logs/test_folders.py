"""Of a folder: which files are one run, and which run is in two files."""

import json
import shutil

import numpy as np
import pytest
from log_files import LOGS, report

T = np.arange(80)
LOSS, OTHER = 2 * np.exp(-T / 30) + 0.2, 2.5 * np.exp(-T / 30) + 0.4


def csv(path, columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = zip(*(map(repr, map(float, values)) for values in columns.values()), strict=True)
    path.write_text("\n".join([",".join(columns), *map(",".join, rows)]) + "\n")


def jsonl(path, columns, digits=4):
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    lines = [json.dumps(dict(zip(columns, (round(v, digits) for v in row), strict=True))) for row in rows]
    path.write_text("\n".join(lines) + "\n")


def runs(folder):
    return {run["path"].removeprefix(f"{folder}/"): run for run in report(folder)["runs"]}


def test_the_same_numbers_in_two_formats_are_one_run(tmp_path):
    csv(tmp_path / "a.csv", {"step": T, "loss": LOSS, "val_loss": OTHER, "lr": 0 * T + 1e-3})
    jsonl(tmp_path / "b.jsonl", {"step": T, "loss": LOSS})
    (path, run), *others = runs(tmp_path).items()
    assert path == "a.csv" and not others
    assert "the same run is in b.jsonl, which is not counted again" in run["notes"]


def test_epochs_of_one_and_rows_of_the_other(tmp_path):
    csv(tmp_path / "a.csv", {"loss": LOSS})
    jsonl(tmp_path / "b.jsonl", {"step": 100 * T, "loss": LOSS})
    assert len(runs(tmp_path)) == 1


@pytest.mark.parametrize("change", [lambda y: 1.01 * y, lambda y: np.where(T > 70, y + 0.1, y)])
def test_other_numbers_are_another_run(change, tmp_path):
    csv(tmp_path / "a.csv", {"step": T, "loss": LOSS})
    jsonl(tmp_path / "b.jsonl", {"step": T, "loss": change(LOSS)})
    assert len(runs(tmp_path)) == 2


def test_curves_that_do_not_move_tell_nothing(tmp_path):
    csv(tmp_path / "a.csv", {"step": T, "loss": 0 * T + 0.693})
    jsonl(tmp_path / "b.jsonl", {"step": T, "loss": 0 * T + 0.693})
    assert len(runs(tmp_path)) == 2


def test_a_copy_in_the_same_format_is_meant(tmp_path):
    for name in "ab":
        csv(tmp_path / f"{name}.csv", {"step": T, "loss": LOSS})
    assert len(runs(tmp_path)) == 2


def test_a_state_of_the_trainer_and_its_event_files():
    pytest.importorskip("tensorboard")
    (run,) = runs(LOGS / "real" / "huggingface").values()
    assert any("which is not counted again" in note for note in run["notes"])


def dvclive(root):
    """iterative/dvclive, src/dvclive/metrics.py: a file for each metric, in folders of its name."""
    for name, values in {"train/loss": LOSS, "eval/loss": OTHER, "lr": 0 * T + 1e-3}.items():
        path = root / "plots" / "metrics" / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        leaf = name.rpartition("/")[2]
        path.write_text(f"step\t{leaf}\n" + "".join(f"{t}\t{v:.6g}\n" for t, v in zip(T, values, strict=True)))


def test_files_of_one_metric_each_are_one_run(tmp_path):
    for name in "one", "two":
        dvclive(tmp_path / name)
    assert len(runs(tmp_path)) == 2
    (run,) = runs(tmp_path / "one").values()
    read = {c["channel"]: (name, c["records"]) for name, c in run["columns"].items()}
    assert read == {"train_loss": ("train/loss", 80), "test_loss": ("eval/loss", 80), "lr": ("lr", 80)}


def test_train_and_eval_beside_each_other(tmp_path):
    for name, values in ("train", LOSS), ("val", OTHER):
        csv(tmp_path / "run" / name / "loss.csv", {"step": T, "loss": values})
    (run,) = runs(tmp_path).values()
    assert {c["channel"] for c in run["columns"].values()} == {"train_loss", "test_loss"}


def test_tables_of_several_metrics_are_runs_of_their_own(tmp_path):
    for name in "train", "val":
        csv(tmp_path / name / "log.csv", {"step": T, "loss": LOSS, "acc": T / 100})
    assert len(runs(tmp_path)) == 2


def test_text_logs_are_read_and_other_texts_passed_over(tmp_path):
    lines = [f"step {t} loss {y:.4f}" for t, y in zip(T, LOSS, strict=True)]
    (tmp_path / "train.log").write_text("\n".join(lines))
    (tmp_path / "notes.txt").write_text("It went well at step 3, with a loss of 0.5.\n" * 30)
    (tmp_path / "requirements.txt").write_text("numpy==2.0\nscipy>=1.16\n")
    (tmp_path / "a.out").write_bytes(b"\x7fELF\0\0")
    shutil.copy(LOGS / "keras_history.json", tmp_path)
    assert list(runs(tmp_path)) == ["keras_history.json", "train.log"]
