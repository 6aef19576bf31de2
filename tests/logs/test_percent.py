"""Per cent or share: the whole log decides, so that an accuracy of 0.99 % is never one of 0.99."""

import numpy as np
import pytest
from log_files import asked, read_one

from bestiary import Monitor
from bestiary.log import Series
from bestiary.logs.percent import in_percent, is_percent
from bestiary.watch import detect

T = np.arange(300.0)
SMALL = 0.1 + 0.893 * np.minimum(1, T / 30)  # 0.1 to 0.993
SHARE = np.minimum(0.995, 0.1 + T / 100)


def written(path, **columns):
    names = [name.replace("__", "/") for name in columns]
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    lines = [",".join(["step", *names]), *(f"{t}," + ",".join(map(repr, row)) for t, row in enumerate(rows))]
    path.write_text("\n".join(lines) + "\n")
    return path


def scale(reading, name="train_acc"):
    """[1] by which the column was divided."""
    column = next(use for use in reading.uses if use.channel == name)
    return 100 if column.note == "in per cent, divided by 100" else 1


def test_a_monitor_is_not_told_that_one_per_cent_is_memorised():
    """Of a thousand classes, read while it trains: train accuracy rises to 1.45 %, test accuracy later to 1.2 %."""
    monitor = Monitor()
    for step in range(1, 3001, 10):
        train = 0.1 + 1.35 * min(1, step / 300)
        assert not monitor.log(step, train_acc=train, test_acc=0.1 if step < 1500 else 1.2)
    answers = {answer.detector: answer.finding for answer in monitor.finish().answers}
    assert answers["delayed_generalization"].phase == "confusion"


@pytest.mark.parametrize(
    "others",
    [
        {"val_acc": 0.5 + T / 300},  # that exceeds one
        {"top5_acc": 5 * SMALL},  # that is no channel
        {"acc5": 5 * SMALL},
        {"val_accuracy_pct": SMALL},
        {"loss": 6.9 - 0.2 * T / 300},  # nothing is learnt
    ],
    ids=["validation", "top five", "acc5", "a name", "the loss"],
)
def test_small_accuracies_in_per_cent(others, tmp_path):
    reading = read_one(written(tmp_path / "x.csv", train_acc=SMALL, **others))
    assert scale(reading) == 100 and reading.log["train_acc"].values.max() == pytest.approx(0.00993)
    answers = {a.detector: a.finding for a in detect.answers(reading.log)}
    assert "memorised at" not in answers["delayed_generalization"].reason
    assert answers["delayed_generalization"].phase in ("", "confusion")


@pytest.mark.parametrize(
    "name", ["acc_pct", "train accuracy (%)", "train/acc_percent", "Train Accuracy %", "acc@1 pct"]
)
def test_a_name_that_says_per_cent(name, tmp_path):
    path = written(tmp_path / "x.csv", acc=SMALL)
    path.write_text(path.read_text().replace("acc", name, 1))
    reading = read_one(path)
    assert is_percent(name) and scale(reading) == 100


@pytest.mark.parametrize(
    "others",
    [
        {},
        {"val_acc": 0.2 + 0.5 * T / 300},
        {"loss": 6.9 * np.exp(-T / 30) + 0.01},
        {"grad_acc_steps": np.full(T.size, 8.0)},  # accumulated gradients are no accuracy
        {"top_k": np.full(T.size, 50.0)},
        {"train_acc_time": np.full(T.size, 12.0)},
        {"val_acc": np.full(T.size, 1 + 1e-7)},  # a mean of ones in single precision
    ],
    ids=["alone", "validation", "a loss that falls", "accumulation", "top k", "seconds", "rounding"],
)
def test_shares_stay_shares(others, tmp_path):
    reading = read_one(written(tmp_path / "x.csv", train_acc=SHARE, **others))
    assert scale(reading) == 1 and reading.log["train_acc"].values.max() == pytest.approx(0.995)


def test_a_share_of_one_is_reached_while_a_regularised_loss_stays(tmp_path):
    """No accuracy in per cent ends at one exactly."""
    reading = read_one(written(tmp_path / "x.csv", train_acc=np.minimum(1, 0.1 + T / 100), loss=np.full(T.size, 5.0)))
    assert scale(reading) == 1


def test_the_command_says_so(tmp_path):
    done = asked(written(tmp_path / "x.csv", train_acc=SMALL, val_acc=2 * SMALL))
    assert done.exit_code == 0 and done.stdout.count("in per cent, divided by 100") == 2
    assert "memorised at" not in done.stdout


def test_nothing_to_decide():
    assert in_percent({}, {}) == set()
    empty = Series(np.zeros(0), np.zeros(0))
    assert in_percent({"acc": empty}, {"train_acc": "acc"}) == set()
