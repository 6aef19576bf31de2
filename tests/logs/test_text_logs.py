"""What programs print while they train is read as it stands, and what is no log is refused in one line."""

import time
from pathlib import Path

import console_logs
import numpy as np
import pytest
from console_logs import TEST, TRAIN
from log_files import asked, read_one, reads

from bestiary.logs import console, formats
from bestiary.logs.boxes import Boxes
from bestiary.logs.channels import readings
from bestiary.logs.headed import Headed
from bestiary.logs.kinds import announces
from bestiary.logs.lines import pairs
from bestiary.logs.markdown import Markdown
from bestiary.watch.follow import Follower

ROOT = Path(__file__).resolve().parents[2]
# {tool: {channel: (column, records)}}
EXPECTED = {
    "llm_c": {"test_loss": ("val loss", 6), "train_loss": ("train loss", 60), "lr": ("lr", 60)},
    "llm_c_console": {"test_loss": ("val loss", 5), "train_loss": ("loss", 60), "grad_norm": ("grad norm", 60)},
    "build_nanogpt": {"test_loss": ("val loss", 6), "train_loss": ("train loss", 60)},
    "nanogpt": {"test_loss": ("val loss", 6), "train_loss": ("loss", 60)},
    "modded_nanogpt": {"test_loss": ("val_loss", 6), "train_loss": ("train_loss", 60)},
    "megatron": {"test_loss": ("val lm loss value", 6), "train_loss": ("lm loss", 60), "grad_norm": ("grad norm", 60)},
    "torchtitan": {"test_loss": ("val loss", 6), "train_loss": ("loss", 60), "grad_norm": ("grad_norm", 60)},
    "mmengine": {"test_loss": ("val loss", 6), "train_loss": ("loss", 60), "grad_norm": ("grad_norm", 60)},
    "mmengine_json": {"test_loss": ("loss_val", 6), "train_loss": ("loss", 60), "lr": ("lr", 60)},
    "nnunet": {"lr": ("Current learning rate", 60), "train_loss": ("train_loss", 60), "test_loss": ("val_loss", 60)},
    "cyclegan": {},
    "fairseq": {"test_loss": ("val loss", 6), "train_loss": ("loss", 60), "grad_norm": ("gnorm", 60)},
    "boxes": {"train_loss": ("train/loss", 60), "lr": ("train/learning_rate", 60)},
    "keras": {"train_acc": ("accuracy", 60), "train_loss": ("loss", 60), "test_loss": ("val_loss", 60)},
    "keras_pasted": {"train_loss": ("loss", 10), "test_loss": ("val_loss", 10), "test_acc": ("val_accuracy", 10)},
    "huggingface": {"train_loss": ("loss", 60), "test_loss": ("eval_loss", 6), "grad_norm": ("grad_norm", 60)},
    "tqdm": {"train_loss": ("loss", 60)},
    "markdown": {"train_loss": ("train loss", 60), "test_acc": ("val acc %", 60)},
    "pytorch_examples": {
        "train_loss": ("Loss", 60),
        "test_loss": ("val Average loss", 6),
        "test_acc": ("val Accuracy", 6),
    },
    "imagenet": {"train_loss": ("Loss", 60), "train_acc": ("Acc@1", 60)},
}
STEPS = {
    "llm_c": "`step`",
    "megatron": "`iteration`",
    "nanogpt": "`iter`",
    "nnunet": "`Epoch`",
    "cyclegan": "`iters` within `epoch`, counted through",
    "fairseq": "`num_updates`",
    "boxes": "`time/total_timesteps`",
    "keras": "`Epoch`",
    "keras_pasted": "`Epoch`",
    "huggingface": "`progress`",
    "mmengine": "`progress`",
    "markdown": "`epoch`",
    "mmengine_json": "`step`",
}


def sample(name, path):
    (path / "x.log").write_text(getattr(console_logs, name)(), newline="")
    return path / "x.log"


@pytest.mark.parametrize("name", EXPECTED)
def test_what_tools_print(name, tmp_path):
    reading = read_one(sample(name, tmp_path))
    seen = {use.channel: (use.column, use.records) for use in reading.uses if use.channel}
    assert EXPECTED[name].items() <= seen.items()
    assert reading.steps == STEPS.get(name, reading.steps) and reading.warnings == ()
    if "train_loss" in seen and name not in ("keras_pasted", "nnunet"):
        curve = reading.log["train_loss"]
        np.testing.assert_allclose(curve.values, list(TRAIN.values()), atol=0.06)
        assert np.ptp(np.diff(curve.steps)) == pytest.approx(0) or name == "pytorch_examples"
    if EXPECTED[name].get("test_loss", ("", 0))[1] == 6:
        np.testing.assert_allclose(reading.log["test_loss"].values, list(TEST.values()), atol=6e-4)


@pytest.mark.parametrize("name", ["megatron", "torchtitan", "llm_c"])
def test_an_evaluation_is_at_its_own_step(name, tmp_path):
    assert read_one(sample(name, tmp_path)).log["test_loss"].steps.tolist() == list(TEST)


def test_two_names_of_one_counter_are_one(tmp_path):
    """nanoGPT says `iter` of training and `step` of evaluation."""
    assert read_one(sample("nanogpt", tmp_path)).log["test_loss"].steps.tolist() == list(TEST)


def test_the_share_of_a_table_in_markdown(tmp_path):
    assert read_one(sample("markdown", tmp_path)).log["test_acc"].values[[0, -1]].tolist() == [0.305, 0.895]


def test_a_loss_that_is_not_a_number(tmp_path):
    rows = [f"{{'loss': {0.0 if t > 30 else TRAIN[t]}, 'grad_norm': {'nan' if t > 30 else 1.5}}}" for t in range(60)]
    (tmp_path / "x.log").write_text("\n".join(rows))
    reading = read_one(tmp_path / "x.log")
    assert reads(reading) == {"train_loss": "loss", "grad_norm": "grad_norm"}
    assert reading.log["grad_norm"].diverged_at == 31


PROSE = (
    """The loss of step 3 was 0.5, which surprised all 7 of us; in step 4 it was 0.25.
We used a learning rate of 0.1 and 3 seeds. Figure 2 shows the loss of 10 runs.
"""
    * 20
)


@pytest.mark.parametrize("text", [PROSE, "alpha = 1\nbeta = 2\n" * 3, "hello\n", "12\n13\nfoo 14\n"])
@pytest.mark.parametrize("suffix", [".log", ".txt", ""])
def test_prose_is_refused_in_one_line(text, suffix, tmp_path):
    (tmp_path / f"x{suffix}").write_text(text)
    done = asked(tmp_path / f"x{suffix}")
    assert done.exit_code == 2 and done.stderr.count("\n") == 1, done.output


@pytest.mark.parametrize(
    "file", ["bestiary/logs/*.py", "phenomena/*.py", "tests/logs/*.py", "docs/*.md", "catalog.yaml"]
)
def test_source_code_and_documents_are_refused(file, tmp_path):
    for path in sorted(ROOT.glob(file))[:12]:
        (tmp_path / "x.txt").write_text(path.read_text("utf-8"))
        done = asked(tmp_path / "x.txt")
        assert done.exit_code == 2 and done.stderr.count("\n") == 1, (path, done.output)


def test_a_bar_tells_the_step_of_the_lines_below_it(tmp_path):
    """Every eighth dictionary has a bar above it; the others lie evenly between."""
    rows = []
    for t in range(1, 81):
        rows += [f"{t:3d}%|█    | {10 * t}/800 [00:10<36:34, 10.13s/it]"] if t % 8 == 0 else []
        rows += [f"{{'loss': {TRAIN[t % 60]}, 'learning_rate': 5e-05, 'epoch': {t / 400:.2f}}}"]
    (tmp_path / "x.log").write_text("\n".join(rows))
    reading = read_one(tmp_path / "x.log")
    assert reading.steps == "`progress`"
    np.testing.assert_allclose(reading.log["train_loss"].steps, 10 * np.arange(1, 81), atol=12)


def test_of_a_bar_of_which_only_ends_are_there_the_epoch_is_the_step(tmp_path):
    rows = [f"Epoch {t + 1}/60: 100%|████| 438/438 [01:00<00:00, 7.2it/s, loss={TRAIN[t]:.3f}]" for t in range(60)]
    (tmp_path / "x.log").write_text("\n".join(rows))
    reading = read_one(tmp_path / "x.log")
    assert reading.steps == "`Epoch`" and reading.log["train_loss"].steps.tolist() == list(range(1, 61))


@pytest.mark.parametrize(
    "line, seen",
    [
        ("[rank0]: step: 3 loss=0.5", {"step": 3, "loss": 0.5}),
        ("INFO:root:step: 3 loss: nan", {"step": 3, "loss": np.nan}),
        ("number of nan iterations:   0 | grad norm: 1.5", {"grad norm": 1.5}),
        ("[/data/test/run.py:12] step 3 loss 0.5", {"step": 3, "loss": 0.5}),
        ("Epoch [1/10], Step [100/600], Loss: 2.3", {"Epoch": 1, "Step": 100, "Loss": 2.3}),
        ("step 3 loss 1,234.5 tok/s 171531 12.3ms", {"step": 3, "loss": 1234.5}),
        ("Epoch 5 | Val. Acc: 85.0%", {"Epoch": 5, "Val. Acc %": 85}),
        (
            "Epoch: 01, Loss: 0.5, Train: 0.9, Val: 0.8",
            {"Epoch": 1, "Loss": 0.5, "train accuracy": 0.9, "val accuracy": 0.8},
        ),
        (
            "Test set: Average loss: 0.05, Accuracy: 9833/10000 (98%)",
            {"val Average loss": 0.05, "val Accuracy": 0.9833},
        ),
        ("train Loss: 0.6 Acc: 0.7", {"train Loss": 0.6, "Acc": 0.7}),
        ("val Loss: 0.2 Acc: 0.9", {"val Loss": 0.2, "val Acc": 0.9}),
        ('{"train": {"loss": 0.5}, "val": {"loss": 0.6}}', {"loss": 0.5, "val loss": 0.6}),
        ("aux loss: 0.1 loss: 0.5", {"aux loss": 0.1, "loss": 0.5}),
        ("best epoch: 12", {"best epoch": 12}),
        ("2026-01-02 03:04:05 took 0:01:05", {}),
        ("commit 3f2a11 of 2024-01-01", {}),
    ],
)
def test_one_line(line, seen):
    found = {pair.name: pair.value for pair in pairs(line)}
    assert {k: v for k, v in found.items() if k in seen or not seen} == pytest.approx(seen, nan_ok=True)


@pytest.mark.parametrize(
    "piece", ["a", "[", "1,111", " ", "-", "|-", "a=1 ", "1", "1:", "\x1b[", "a 1/", "'", "nan ", "a:"]
)
def test_a_long_line_takes_no_long_time(piece):
    since = time.process_time()
    for line in (piece * (20_000 // len(piece)), piece * (20_000 // len(piece)) + " loss 1"):
        pairs(line)
        Boxes().take(line)
        Markdown().take(line)
        Headed().take(line)
        announces(line)
    assert time.process_time() - since < 1


def test_a_text_log_has_a_longest(tmp_path, monkeypatch):
    monkeypatch.setattr(console, "MOST", 100)
    done = asked(sample("llm_c", tmp_path))
    assert done.exit_code == 2 and "is a text log of more than 0 MiB; keep the lines" in done.stderr


def test_a_text_log_has_so_many_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(console, "ROWS", 50)
    done = asked(sample("llm_c", tmp_path))
    assert done.exit_code == 2 and "is a text log of more than 50 lines with numbers; keep the lines" in done.stderr


def test_text_without_a_line_of_a_log_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(console, "LOOKED", 1000)
    (tmp_path / "x.log").write_text("hello\n" * 1000 + console_logs.llm_c())
    done = asked(tmp_path / "x.log")
    assert done.exit_code == 2 and "is no log: want a table under a line of names, or lines such as" in done.stderr


@pytest.mark.parametrize("name", ["nanogpt", "huggingface", "boxes"])
def test_on_standard_input_and_while_it_grows(name, tmp_path, monkeypatch):
    path = sample(name, tmp_path)
    with path.open() as given:
        monkeypatch.setattr("sys.stdin", given)
        ((_, tables),) = formats.walk(formats.STANDARD_INPUT)
    (reading,) = readings(tables[0], {}, path)
    assert reading.log["train_loss"].values.tolist() == read_one(path).log["train_loss"].values.tolist()
    text, follower = path.read_text(), Follower(path)
    path.write_text(text[: len(text) // 2])
    assert any("train_loss is " in event.text for event in follower.poll())
    path.write_text(text)
    assert not any(getattr(event, "failed", False) for event in follower.poll())


@pytest.mark.parametrize("text, names", [("0 1.5\n1 0.5\n", "step loss"), ("0,1.5,3\n1,0.5,3\n", "step,loss,name3")])
def test_a_table_without_names_is_asked_for_them(text, names, tmp_path):
    (tmp_path / "x.txt").write_text(text * 20)
    done = asked(tmp_path / "x.txt")
    assert done.exit_code == 2 and done.stderr.count("\n") == 1
    assert f"(printf '{names}\\n'; cat x.txt) | bestiary detect -" in done.stderr
