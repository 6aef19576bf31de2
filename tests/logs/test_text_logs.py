"""What programs print while they train is read as it stands, and what is no log is refused in one line."""

from pathlib import Path

import console_logs
import numpy as np
import pytest
from console_logs import TEST, TRAIN
from log_files import asked, read_one, reads

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
    "mmengine": {"test_loss": ("val loss", 5), "train_loss": ("loss", 60), "grad_norm": ("grad_norm", 60)},
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
