"""Logs of policies, of scores, of two players, and of other shapes than those of `test_strangers.py`, drawn here."""

import numpy as np
import pytest
from log_files import asked
from written_logs import csv

N = 300
I = np.arange(N)  # noqa: E741
R = np.random.default_rng(0)
LEARNED = 1 - np.exp(-I / 40)
FALLS = np.exp(-I / 60)
NOISE = R.normal(size=N)
E = np.arange(1, 13)
PLAYERS = {"d_loss": 0.7 + 0.1 * NOISE, "g_loss": 0.9 + 0.3 * NOISE[::-1] + I / 60}
SPREAD = np.exp(0.2 * NOISE)
POLICY = {"rollout/ep_rew_mean": 400 * LEARNED + 15 * NOISE, "train/loss": 5 + 60 * LEARNED + 8 * NOISE[::-1]}
RESTARTS = 0.5 * (1 + np.cos(np.pi * (I % 100) / 100))
LOSSES = [0.42, 0.38, 0.39, 0.45, 0.52, 0.6, 0.66, 0.71, 0.74, 0.76, 0.77, 0.78]
WER = [32, 25, 22, 20.5, 20.1, 20.4, 21, 22, 23, 24.1, 24.9, 25.6]

# kind: (columns, step, exit status, what is said, what is not)
KINDS = {
    "a policy learns and its loss grows": (POLICY, "timesteps", 0, ["0 found"], []),
    "a loss of zero beside a reward": (
        {"loss": np.where(I < 150, 1e-4 * np.abs(NOISE), 0), "reward": LEARNED + 0.1 * NOISE},
        "step",
        0,
        ["0 found"],
        [],
    ),
    "a reward below zero falls back": (
        {"mean_reward": np.where(I < 180, -1500 + 1300 * LEARNED, -1500) + 40 * NOISE},
        "timesteps",
        1,
        ["reward lost, step 180"],
        [],
    ),
    "a noisy reward collapses": (
        {"reward": np.where(I < 200, LEARNED, 0.02) + 0.08 * NOISE, "kl": np.where(I < 200, 0.03, 6)},
        "step",
        1,
        ["reward lost", "kl jumps from 0.03 to 6"],
        [],
    ),
    "games are won or lost": (
        {"reward": (R.random(N) < 0.05 + I / 2 / N).astype(float)},
        "episode",
        0,
        ["0 found"],
        [],
    ),
    "only a success rate": (
        {"eval/success_rate": np.where(I < 200, 0.9 * LEARNED, 0.1) + 0.01 * NOISE},
        "step",
        1,
        ["reward lost, step 200"],
        ["nothing could be looked at"],
    ),
    "only a score": ({"bleu": np.where(I < 200, 30 * LEARNED, 0.3) + 0.1 * NOISE}, "step", 1, ["score lost"], []),
    "a score that falls": (
        {"loss": FALLS + 0.2, "mIoU": 0.7 * LEARNED - np.maximum(I - 150, 0) / 1500},
        "epoch",
        0,
        ["test_score highest at epoch 15"],
        [],
    ),
    "errors of words": ({"eval_wer": np.array(WER)}, "step", 0, ["lowest at step 4", "lower is better"], []),
    "the loss rises and the score, too": (
        {"loss": np.geomspace(0.6, 0.02, 12), "eval_loss": np.array(LOSSES), "eval_f1": 0.87 - 0.1 / E},
        "epoch",
        1,
        ["validation loss lowest at epoch 1 "],
        ["score lost", "highest"],
    ),
    "two players": (PLAYERS, "step", 0, ["0 found"], ["sum of"]),
    "a discriminator that wins": (
        {"loss_D": np.where(I < 120, 1.2, 2e-3) * SPREAD, "loss_G": np.where(I < 120, 1, 9) * SPREAD[::-1]},
        "iters",
        1,
        ["warning: one sided, step 120", "disc_loss is gone from step 120"],
        ["sum of"],
    ),
    "two players that go round": (
        {"D_loss": 1 + 0.5 * np.sin(I / 4) + 0.03 * NOISE, "G_loss": 1 + 0.5 * np.cos(I / 4) + 0.03 * NOISE},
        "step",
        1,
        ["cycling", "comes back every 25"],
        [],
    ),
    "a critic without a bound": (
        {"critic_loss": -np.exp(I / 20) * SPREAD, "generator_loss": np.exp(I / 20) * SPREAD},
        "step",
        1,
        ["error: runs away"],
        [],
    ),
    "a generator that is not finite": (
        PLAYERS | {"g_loss": np.where(I < 200, PLAYERS["g_loss"], np.nan)},
        "step",
        1,
        ["error: diverged", "gen_loss is not finite from step 200"],
        [],
    ),
    "two players and a distance": (
        PLAYERS | {"fid": 15 + 150 * FALLS + np.maximum(I - 150, 0)},
        "step",
        1,
        ["lowest at step 1", "test_loss is `fid`"],
        ["sum of"],
    ),
    "warm restarts": (
        {"loss": (2 + 1.5 * FALLS + RESTARTS) * (1 + 0.01 * NOISE), "lr": 1e-3 * RESTARTS + 1e-6},
        "step",
        0,
        ["0 found"],
        [],
    ),
    "a likelihood that falls below zero": ({"nll": 3 * FALLS - 2.5 + 0.1 * NOISE}, "step", 0, ["0 found"], []),
    "a likelihood that is lost": (
        {"nll": np.where(I < 200, 3 * FALLS - 2.5, 3) + 0.1 * NOISE},
        "step",
        1,
        ["error: lost, step 200"],
        [],
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said(kind, tmp_path):
    columns, step, status, must, never = KINDS[kind]
    done = asked(csv(tmp_path / "x.csv", step, **columns))
    said = " ".join((done.stdout + done.stderr).split())
    assert done.exit_code == status, said
    assert [words for words in must if words not in said] == [], said
    assert [words for words in never if words in said] == [], said


def test_the_level_of_logging_and_the_end_of_a_sentence_are_no_part_of_a_name(tmp_path):
    rows = [f"2024-05-01 10:00:00 INFO step {20 * i} | loss {2 + FALLS[i]:.4f}" for i in range(100)]
    (tmp_path / "a.log").write_text("\n".join(rows) + "\n")
    said = asked(tmp_path / "a.log").stdout
    assert "step: `step`" in said and "train_loss: `loss`, 100 records" in said
    rows = [
        f"[INFO] Walker. Step: {30 * i}. Time Elapsed: {i}.5 s. Mean Reward: {20 * LEARNED[i]:.3f}. Std of Reward: 1.2."
        for i in range(100)
    ]
    (tmp_path / "b.log").write_text("\n".join(rows) + "\n")
    said = asked(tmp_path / "b.log").stdout
    assert "step: `Step`" in said and "reward: `Mean Reward`, 100 records" in said


def test_one_event_is_told_once(tmp_path):
    """A jump that is not made good is no spike; what two curves do at one step is one finding."""
    jump = np.where(I < 180, 1.0, 1.5) * (0.5 + 2 * FALLS) * np.exp(0.01 * NOISE)
    said = asked(csv(tmp_path / "a.csv", "step", loss=jump)).stdout
    assert said.count("step 180 ") == 2 and "warning: level shift" in said and "spike" not in said
    lost = np.where(I < 150, 0.9 * LEARNED, 0.1)
    said = asked(
        csv(tmp_path / "b.csv", "step", train_acc=lost + 0.01 * NOISE, val_acc=lost + 0.01 * NOISE[::-1])
    ).stdout
    assert said.count("accuracy lost") == 1 and "train_acc, too" in said and "1 found" in said


def test_an_accuracy_that_falls_again_is_best_somewhere(tmp_path):
    accuracy = 0.9 * LEARNED - 0.001 * np.maximum(I - 150, 0) + 0.002 * NOISE
    said = asked(csv(tmp_path / "a.csv", "epoch", loss=FALLS + 0.1, val_acc=accuracy)).stdout
    assert "info: overfitting, epoch 1" in said and "test_acc highest at epoch 1" in said
    assert "validation loss" not in said and "the score that counts" in said
