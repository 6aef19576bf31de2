"""Columns become channels on an axis of steps as docs/detect.md says, and whatever is changed is said."""

import re
from pathlib import Path

import numpy as np
import pytest
from log_files import asked, read_all, read_one, reads, report

from bestiary.logs import aliases, channels
from bestiary.logs import steps as log_steps
from bestiary.watch import detect

DOCS = Path(__file__).resolve().parents[2] / "docs" / "detect.md"


def written(text, path, name="x.csv"):
    (path / name).write_text(text)
    return path / name


def table(header, *columns):
    """CSV text."""
    return "\n".join([header, *(",".join(map(str, row)) for row in zip(*columns, strict=True))]) + "\n"


@pytest.fixture(scope="module")
def documented():
    """{first cell: second cell} of the tables of aliases."""
    text = DOCS.read_text("utf-8")
    text = text[text.index("<!-- aliases") : text.index("<!-- end of aliases")]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    return {name: tuple(words.split(", ")) for name, words in rows if not words.startswith("written as")}


def test_the_documented_aliases_are_those_in_use(documented):
    documented = dict(documented)
    assert documented.pop("train") == channels.ROLES["train"] and documented.pop("test") == channels.ROLES["test"]
    assert documented.pop("padding") == channels.PADDING
    for quantity, phrases in channels.PHRASES.items():
        assert documented.pop(f"train_{quantity}, test_{quantity}") == phrases
    assert documented.pop("where there is no loss, and lower is better") == aliases.INSTEAD["loss"]
    for quantity, phrases in channels.ALONE.items():
        assert documented.pop(quantity) == phrases
    for name in detect.own_channels():
        assert documented.pop(name) == (name.replace("_", " "),)
    assert documented.pop("step") == log_steps.STEPS
    assert documented.pop("runs in one table") == log_steps.RUNS
    assert documented.pop("metrics in one table, beside `value`") == log_steps.METRICS
    assert documented == {}


def test_every_documented_alias_is_recognised(documented):
    for quantity in ("loss", "acc"):
        for phrase in documented[f"train_{quantity}, test_{quantity}"]:
            assert channels.channel(phrase.replace(" ", "_"))[0] == f"train_{quantity}", phrase
            for word in documented["train"]:
                assert channels.channel(f"{word}/{phrase}")[0] == f"train_{quantity}", (word, phrase)
            for word in documented["test"]:
                assert channels.channel(f"{phrase}.{word.upper()}")[0] == f"test_{quantity}", (word, phrase)
    for quantity in channels.ALONE:
        for phrase in documented[quantity]:
            assert channels.channel(phrase.replace(" ", "-"))[0] == quantity, phrase
    for name in detect.own_channels():
        assert channels.channel(documented[name][0].title(), detect.own_channels())[0] == name


def test_a_channel_of_one_detector_is_known_by_its_own_name_alone():
    """Those of detectors that say so; `value` and the like could be anything."""
    assert channels.channel("edge_ratio") is None
    assert set(detect.own_channels()) == {"deviation", "edge_ratio", "kernel_distance", "spread"}
    assert channels.channel("train/edge-ratio", ["edge_ratio"]) == ("edge_ratio", 0)
    assert channels.channel("val/edge_ratio", ["edge_ratio"]) is None
    assert channels.channel("train_loss", ["loss"]) == ("train_loss", 0)


def test_a_detectors_own_channel_is_read_from_a_file(tmp_path):
    (run,) = report(written(table("step,edge_ratio,value", T, Y, Y), tmp_path))["runs"]
    assert {name: use["channel"] for name, use in run["columns"].items()} == {"edge_ratio": "edge_ratio", "value": None}


@pytest.mark.parametrize(
    "name, channel",
    [
        ("train/loss", "train_loss"),
        ("Loss/train", "train_loss"),
        ("trainLoss", "train_loss"),
        ("loss", "train_loss"),
        ("train_loss_epoch", "train_loss"),
        ("eval_accuracy", "test_acc"),
        ("val/acc@1", "test_acc"),
        ("held_out.nll", "test_loss"),
        ("validation.mean_loss", "test_loss"),
        ("Val Accuracy", "test_acc"),
        ("learningRate", "lr"),
        ("train/grad_norm", "grad_norm"),
        ("rollout/ep_rew_mean", "reward"),
        ("eval/mean_reward", "test_reward"),
        ("rollout/success_rate", "success_rate"),
        ("objective/kl", "kl"),
        ("train/approx_kl", "kl"),
        ("policy/entropy", "entropy"),
        ("rollout/ep_len_mean", "episode_length"),
        ("eval_wer", "test_loss"),
        ("wer", "test_loss"),
        ("ppl", "train_loss"),
        ("valid_ppl", "test_loss"),
        ("metrics/mAP50-95(B)", "test_score"),
        ("train/f1", "train_score"),
        ("eval_rougeL", "test_score"),
        ("d_loss", "disc_loss"),
        ("val/d_loss", None),
        ("entropy_loss", None),
        ("val/kl", None),
        ("loss_scale", None),
        ("train_val_loss", None),
        ("eval_mnli_loss", None),
        ("val/lr", None),
        ("step", None),
        ("epoch", None),
        ("bloss", None),
        ("", None),
    ],
)
def test_names(name, channel):
    found = channels.channel(name)
    assert (found and found[0]) == channel


def test_a_perplexity_is_a_loss_only_where_there_is_none(tmp_path):
    both = read_one(written(table("step,loss,ppl,val_ppl", T, Y, np.exp(Y), np.exp(Y)), tmp_path))
    assert reads(both) == {"train_loss": "loss", "test_loss": "val_ppl"}
    assert "test_loss is `val_ppl`, lower is better" in both.notes


T = np.arange(100)
Y = np.round(1 / (1 + T), 6)


def test_of_two_columns_the_fuller_is_read_and_the_other_named(tmp_path):
    some = [y if t % 10 == 0 else "" for t, y in zip(T, Y, strict=True)]
    reading = read_one(written(table("step,test_loss,val_loss,dev_loss", T, some, Y, Y), tmp_path))
    assert reads(reading) == {"test_loss": "val_loss"}
    unused = {use.column: use.note for use in reading.uses if use.channel is None}
    assert unused == dict.fromkeys(["test_loss", "dev_loss"], "test_loss is read from val_loss")


def test_the_user_says_which_column_is_which_channel(tmp_path):
    path = written(table("tokens,step,loss,extra", 10 * T, T, Y, 2 * Y), tmp_path)
    reading = read_one(path, train_loss="extra", step="tokens", value="loss")
    assert reads(reading) == {"train_loss": "extra", "value": "loss"}
    assert reading.log["value"].steps[-1] == 990 and reading.steps == "`tokens`, as asked"
    done = asked(path, "--channel", "value=loss", "--json")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    "words, said",
    [
        (["--channel", "train_loss=gone"], "--channel train_loss=gone: no such column; the logs have loss, step"),
        (["--channel", "trian_loss=loss"], "--channel trian_loss=loss: no detector reads that; want step, or one of"),
        (["--channel", "loss"], "--channel loss: want NAME=COLUMN"),
        (["--channel", "loss=loss", "--channel", "loss=step"], "loss is loss already"),
        (["--plot", "x.gif"], "no figure can be saved as '.gif'"),
    ],
)
def test_bad_usage(words, said, tmp_path):
    done = asked(written(table("step,loss", T, Y), tmp_path), *words)
    assert done.exit_code == 2 and said in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("factor, noted", [(1, False), (100, True)])
def test_accuracies_in_per_cent_are_rescaled_together(factor, noted, tmp_path):
    """Test accuracy of a run that has only memorised is below 1.5 in per cent, too."""
    text = table("step,train_acc,val_acc", T, factor * (1 - 0.9 * Y), np.full(T.size, 0.01 * factor))
    reading = read_one(written(text, tmp_path))
    assert reading.log["train_acc"].values[-1] == pytest.approx(0.991)
    assert reading.log["test_acc"].values[-1] == pytest.approx(0.01)
    assert [use.note for use in reading.uses] == (["in per cent, divided by 100"] if noted else [""]) * 2


@pytest.mark.parametrize("odd", [150.0, -0.5])
def test_what_cannot_be_an_accuracy_is_none(odd, tmp_path):
    reading = read_one(written(table("step,loss,acc", T, Y, np.r_[Y[:-1], odd]), tmp_path))
    assert "train_acc" not in reading.log and reading.uses[-1].note == f"no accuracy: it reaches {odd:g}"


def steps_of(header, *columns, path, channel="train_loss"):
    reading = read_one(written(table(header, *columns), path))
    return reading.steps, reading.log[channel].steps


def test_the_step_is_the_best_name_that_is_full_and_increases(tmp_path):
    assert steps_of("epoch,global_step,loss", T // 10, 5 * T, Y, path=tmp_path)[0] == "`global_step`"
    some = [t if t % 10 == 0 else "" for t in T]
    assert steps_of("step,_step,loss", some, T, Y, path=tmp_path)[0] == "`_step`"
    assert steps_of("step,iteration,loss", np.zeros(100), T, Y, path=tmp_path)[0] == "`iteration`"
    assert steps_of("epoch,loss", T, Y, path=tmp_path)[0] == "`epoch`"


def test_a_batch_within_an_epoch_is_counted_through(tmp_path):
    told, steps = steps_of("epoch,batch,loss", T // 20, T % 20, Y, path=tmp_path)
    assert told == "`batch` within `epoch`, counted through" and steps.tolist() == T.tolist()


def test_an_epoch_that_repeats_itself_is_no_step(tmp_path):
    told, steps = steps_of("epoch,loss", T // 20, Y, path=tmp_path)
    assert told == "rows counted, `epoch` repeats itself" and steps.tolist() == T.tolist()


def test_rows_of_batches_and_of_epochs_are_mixed(tmp_path):
    rows = ["epoch,step,loss,val_loss"]
    for t in T:
        rows.append(f"{t // 10},{t},{Y[t]},")
        if t % 10 == 9:
            rows.append(f"{t // 10},,,{Y[t]}")  # and does not know the step
    reading = read_one(written("\n".join(rows) + "\n", tmp_path))
    assert reading.log["train_loss"].steps.tolist() == T.tolist()
    assert reading.log["test_loss"].steps.tolist() == list(range(9, 100, 10))


def test_after_a_resume_the_later_wins_and_it_is_said(tmp_path):
    steps, values = np.r_[0:60, 40:100], np.r_[np.ones(60), np.full(60, 2.0)]
    reading = read_one(written(table("step,loss", steps, values), tmp_path))
    loss = reading.log["train_loss"]
    assert loss.steps.tolist() == list(range(100)) and loss.values[39:41].tolist() == [1.0, 2.0]
    assert reading.notes == ("loss: goes from step 59 back to 40: 20 records overwritten by the later",)


def test_of_repeated_steps_the_later_wins(tmp_path):
    reading = read_one(written(table("step,loss", [0, 1, 1, 2, 3], [5, 4, 3, 2, 1]), tmp_path))
    assert reading.log["train_loss"].values.tolist() == [5, 3, 2, 1]
    assert reading.notes == ("loss: 1 repeated step, the later is read",)


def test_steps_that_start_anew_are_another_run(tmp_path):
    rows = ["step,loss,val_loss"]
    for _ in range(2):
        rows += [f"{t},{Y[t]},{Y[t] if t % 10 == 0 else ''}" for t in T]
    first, second = read_all(written("\n".join(rows) + "\n", tmp_path))
    assert (first.run, second.run) == ("part 1", "part 2")
    for reading in first, second:
        assert reading.log["train_loss"].steps.tolist() == T.tolist() and reading.log["test_loss"].steps.size == 10
        assert reading.notes == ("the steps start anew 1 time, at row 101 first: read as separate runs",)


def test_a_closing_summary_at_step_0_is_no_run(tmp_path):
    reading = read_one(written(table("step,loss", np.r_[T, 0], np.r_[Y, 9]), tmp_path))
    assert reading.log["train_loss"].steps.tolist() == T.tolist()
    assert "1 stretch of a single record left out" in reading.notes


def test_the_newest_first(tmp_path):
    reading = read_one(written(table("step,loss", T[::-1], Y[::-1]), tmp_path))
    assert reading.log["train_loss"].values.tolist() == Y.tolist()
    assert "the rows run backwards, and are read so" in reading.notes


def test_a_column_tells_runs_apart(tmp_path):
    """Interleaved, as workers that share a file write them."""
    name, seed = np.where(T % 2, "wide", "narrow"), T % 4 // 2
    found = read_all(written(table("run_name,seed,step,loss", name, seed, T // 4, Y), tmp_path))
    assert [r.run for r in found] == ["seed 0, narrow", "seed 0, wide", "seed 1, narrow", "seed 1, wide"]
    assert [r.log["train_loss"].steps.tolist() for r in found] == [list(range(25))] * 4


def test_records_before_the_first_step_are_left_out(tmp_path):
    reading = read_one(written(table("step,loss", ["", "", *T[:-2]], Y), tmp_path))
    assert reading.log["train_loss"].steps.size == 98
    assert reading.notes == ("loss: 2 records before the first step left out",)


def test_a_column_that_is_blank_to_the_end_may_have_been_nan(tmp_path):
    """As pandas writes it. A validation between evaluations, and one at the end, are none."""
    told = "loss: blank from step 59 to the end; if not a number was meant, it diverged there"
    lost = np.where(T < 60, Y.astype(str), "")
    assert read_one(written(table("step,loss,lr", T, lost, Y), tmp_path)).notes == (told,)
    rare = np.where(T % 25 == 0, Y.astype(str), "")
    assert read_one(written(table("step,loss,val_loss", T, Y, rare), tmp_path)).notes == ()
    nearly = np.where(T < 85, Y.astype(str), "")
    assert read_one(written(table("step,loss,val_loss", T, nearly, Y), tmp_path)).notes == ()


def test_if_nothing_could_be_looked_at_that_is_an_error(tmp_path):
    path = written(table("step,weather", T, Y), tmp_path)
    done = asked(path)
    assert done.exit_code == 2 and "name them with --channel" in done.stdout and "not used: weather" in done.stdout
    assert done.stderr == (
        f"{path}: nothing could be looked at: of weather none is a channel that a detector reads; "
        "name one with --channel train_loss=COLUMN\n"
    )
    (run,) = report(tmp_path)["runs"]
    assert run["findings"] == [] and run["columns"]["weather"]["channel"] is None
    assert asked(path, "--channel", "train_loss=weather").exit_code == 0
    written(table("step,loss", T, Y), tmp_path, "y.csv")
    assert asked(tmp_path).exit_code == 0  # beside a log that could be
