"""The step is found whatever it is called, and no reading throws records away without being doubted."""

import json

import numpy as np
import pytest
from log_files import asked, read_all, read_one, reads, report

T = np.arange(200)
Y = 2 * np.exp(-T / 60) + 0.5
NOISY = Y + 0.01 * np.random.default_rng(0).standard_normal(T.size)


def csv(path, header, *columns):
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in zip(*columns, strict=True))]) + "\n")
    return path


def jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    "name", ["current_steps", "total_timesteps", "time/total_timesteps", "num_timesteps", "episode", "consumed samples"]
)
def test_names_of_counters(name, tmp_path):
    """Beside an epoch of two digits, which comes again."""
    reading = read_one(csv(tmp_path / "x.csv", f"epoch,{name},loss", np.round(T / 300, 2), 10 * T, Y))
    assert reading.steps == f"`{name}`" and reading.log["train_loss"].steps.tolist() == (10 * T).tolist()


def test_a_counter_of_so_many(tmp_path):
    rows = [{"loss": y, "epoch": round(t / 300, 2), "global_step/max_steps": f"{t + 1}/200"} for t, y in enumerate(Y)]
    reading = read_one(jsonl(tmp_path / "x.jsonl", rows))
    assert reading.steps == "`global_step/max_steps`" and reading.log["train_loss"].steps[-1] == 200


def test_shares_of_a_hundred_are_numbers(tmp_path):
    reading = read_one(csv(tmp_path / "x.csv", "step,loss,acc", T, Y, [f"{50 + t / 8:.2f}%" for t in T]))
    assert reading.log["train_acc"].values[-1] == pytest.approx(0.7488)


@pytest.mark.parametrize("batches", [30, 103, 150])
def test_an_epoch_that_is_rounded_loses_no_record(batches, tmp_path):
    """However few come again."""
    digits = 1 if batches == 30 else 2
    reading = read_one(csv(tmp_path / "x.csv", "epoch,loss", np.round(T / batches, digits), Y))
    assert reading.log["train_loss"].steps.tolist() == T.tolist() and reading.warnings == ()
    assert reading.steps == "rows counted, `epoch` repeats itself"


@pytest.mark.parametrize("shift", [0.0, 1e-4])
@pytest.mark.parametrize("name", ["current_steps", "epoch"])
def test_two_processes_write_each_record(name, shift, tmp_path):
    values = np.repeat(Y, 2) + shift * (np.arange(400) % 2)
    reading = read_one(csv(tmp_path / "x.csv", f"{name},loss", np.repeat(T / 7, 2), values))
    assert reading.steps == f"`{name}`" and reading.log["train_loss"].steps.size == 200
    assert any("each record is there 2 times, as of 2 processes" in note for note in reading.notes)
    assert reading.warnings == ()


@pytest.mark.parametrize("offset", [0, 0.1])
def test_two_processes_write_each_its_own_loss(offset, tmp_path):
    values = np.repeat(Y, 2) + offset * (np.arange(400) % 2) + 0.3 * np.random.default_rng(1).standard_normal(400)
    reading = read_one(csv(tmp_path / "x.csv", "current_steps,loss", np.repeat(T, 2), values))
    assert reading.log["train_loss"].steps.size == 200


def test_a_record_that_is_there_twice_is_not_lost(tmp_path):
    steps = np.repeat(T, np.where(T % 8, 1, 2))
    reading = read_one(csv(tmp_path / "x.csv", "step,loss", steps, Y[steps]))
    assert reading.steps == "`step`" and reading.log["train_loss"].steps.size == 200 and reading.warnings == ()


def test_two_batches_of_an_epoch_are_no_two_processes(tmp_path):
    reading = read_one(csv(tmp_path / "x.csv", "epoch,loss", T // 2, Y))
    assert reading.log["train_loss"].steps.size == 200


def openmmlab(mode):
    """Training every 10 iterations; after each 100 a validation, which counts its own batches."""
    rows = []
    for t in range(1, 31):
        row = {"epoch": 1, "iter": 10 * t, "lr": 0.1 - t / 1000, "loss": float(Y[t]), "time": 0.3}
        rows.append(({"mode": "train"} if mode else {}) | row)
        if t % 10 == 0:
            row = {"epoch": 1, "iter": 48, "lr": 0.1, "accuracy": t / 100, "time": 0.3}
            rows.append({"mode": "val"} | row if mode else {k: v for k, v in row.items() if k != "lr"})
    return rows


@pytest.mark.parametrize("mode", [True, False], ids=["says so", "says nothing"])
def test_a_validation_that_counts_its_own_batches(mode, tmp_path):
    reading = read_one(jsonl(tmp_path / "x.log.json", openmmlab(mode)))
    assert reads(reading) == {"lr": "lr", "train_loss": "loss", "test_acc": "val/accuracy"}
    assert reading.log["lr"].steps.tolist() == reading.log["train_loss"].steps.tolist() == list(range(10, 301, 10))
    assert reading.log["test_acc"].steps.tolist() == [100, 200, 300]
    assert "overwritten" not in " ".join(reading.notes) and reading.warnings == ()


def test_a_column_says_which_rows_are_of_evaluation(tmp_path):
    split, loss = np.where(T % 2, "validation", "train"), np.where(T % 2, 2 * Y, Y)
    reading = read_one(csv(tmp_path / "x.csv", "step,split,loss", T // 2, split, loss))
    assert reads(reading) == {"train_loss": "loss", "test_loss": "val/loss"}
    assert reading.log["test_loss"].steps.tolist() == list(range(100))


def test_all_training_rows_first_and_then_all_of_validation(tmp_path):
    reading = read_one(
        csv(tmp_path / "x.csv", "step,split,loss", T % 100, np.where(T < 100, "train", "val"), np.r_[Y[:100], Y[:100]])
    )
    assert reading.log["train_loss"].steps.tolist() == reading.log["test_loss"].steps.tolist() == list(range(100))


def test_a_counter_that_is_set_back_is_counted_on(tmp_path):
    steps = np.r_[0:150, 30:80]
    reading = read_one(csv(tmp_path / "x.csv", "step,loss", steps, NOISY))
    assert reading.log["train_loss"].steps.tolist() == T.tolist()
    told = "`step` is set back from 149 to 30 and the run goes on: counted on from there"
    assert told in reading.notes and reading.warnings == ()


def test_a_run_that_was_resumed_is_not_counted_on(tmp_path):
    """The loss goes back with the counter."""
    steps = np.r_[0:120, 40:200]
    reading = read_one(csv(tmp_path / "x.csv", "step,loss", steps, NOISY[steps]))
    assert reading.log["train_loss"].steps.tolist() == T.tolist() and reading.warnings == ()
    assert reading.notes == ("loss: goes from step 119 back to 40: 80 records overwritten by the later",)


def test_what_a_resumed_run_has_not_logged_anew_yet_is_warned_of(tmp_path):
    steps = np.r_[0:120, 60:80]
    path = csv(tmp_path / "x.csv", "step,loss", steps, NOISY[steps])
    told = "loss: 40 of 140 records lost, goes from step 119 back to 60: 60 records overwritten by the later"
    assert read_one(path).warnings == (told,) and read_one(path).notes == ()
    assert report(path)["runs"][0]["warnings"] == [told]
    assert f"warning: {told}" in " ".join(asked(path).stdout.split())


def test_another_column_is_taken_if_the_best_by_name_loses_records(tmp_path):
    reading = read_one(csv(tmp_path / "x.csv", "step,iteration,loss", T // 10 * 10, T, Y))
    assert reading.steps == "`iteration`"


@pytest.mark.parametrize("lengths", [(5, 4, 10, 5), (2, 2, 2), (3, 40, 3)])
def test_short_runs_appended_to_one_file(lengths, tmp_path):
    epochs = np.concatenate([np.arange(n) for n in lengths])
    found = read_all(csv(tmp_path / "x.csv", "epoch,loss,val_loss", epochs, Y[epochs], Y[epochs]))
    assert [reading.log["train_loss"].steps.size for reading in found] == list(lengths)


def test_runs_of_batches_within_epochs_appended(tmp_path):
    epoch, batch = np.tile(np.repeat(np.arange(5), 20), 2), np.tile(np.arange(20), 10)
    found = read_all(csv(tmp_path / "x.csv", "epoch,batch,loss", epoch, batch, Y))
    assert [reading.log["train_loss"].steps.tolist() for reading in found] == [list(range(100))] * 2


def test_records_of_one_step_in_event_files_are_spread_over_it():
    from pathlib import Path

    from bestiary.logs.channels import readings
    from bestiary.logs.run_table import Column, RunTable

    table = RunTable("", {"loss": Column(T // 10 * 1.0, Y), "val_loss": Column(T[:20] * 1.0, Y[:20])}, clock="steps")
    (reading,) = readings(table, {}, Path("x"))
    assert reading.log["train_loss"].steps.tolist() == pytest.approx((T / 10).tolist())
    assert reading.log["test_loss"].steps.tolist() == list(range(20))
