"""Columns of big tools that are no loss by name: parts of one, evaluation sets; and what is none of either."""

import json

import numpy as np
import pytest
from log_files import asked, read_one, reads

T = np.arange(60)
Y = 2 * np.exp(-T / 30) + 0.2


def log(path, *names, step="epoch"):
    rows = [f"{t}," + ",".join(f"{0.4 if 'acc' in n else Y[t] + i}" for i, n in enumerate(names)) for t in T]
    path.write_text("\n".join([",".join([step, *names]), *rows]) + "\n")
    return path


def test_parts_of_a_loss_are_added(tmp_path):
    """ultralytics/ultralytics, engine/trainer.py: results.csv of a detector."""
    parts = ["train/box_loss", "train/cls_loss", "train/dfl_loss"]
    others = ["metrics/precision(B)", "metrics/mAP50(B)", "val/box_loss", "val/cls_loss", "val/dfl_loss", "lr/pg0"]
    reading = read_one(log(tmp_path / "results.csv", *parts, *others))
    assert reads(reading) == {
        "lr": "lr/pg0",
        "train_loss": " + ".join(parts),
        "test_loss": "val/box_loss + val/cls_loss + val/dfl_loss",
        "test_score": "metrics/mAP50(B)",
    }
    assert reading.log["train_loss"].values.tolist() == pytest.approx((3 * Y + 3).tolist())
    assert f"train_loss is the sum of 3 losses, {', '.join(parts)}" in reading.notes
    assert {use.note for use in reading.uses if use.column in parts} == {"a part of train_loss"}


def test_of_parts_and_a_total_the_total_is_read(tmp_path):
    """tensorflow/models, research/object_detection/model_lib_v2.py."""
    parts = ["Loss/classification_loss", "Loss/localization_loss", "Loss/total_loss"]
    reading = read_one(log(tmp_path / "x.csv", *parts, step="step"))
    assert (
        reads(reading) == {"train_loss": "Loss/total_loss"}
        and "train_loss is `Loss/total_loss`, the total" in reading.notes
    )


def test_scores_behind_a_path(tmp_path):
    """facebookresearch/detectron2, detectron2/utils/events.py: metrics.json, a line for each evaluation."""
    rows = [{"iteration": 20 * int(t) + 19, "total_loss": Y[t], "loss_cls": Y[t] / 2, "lr": 1e-3} for t in T]
    rows = [row | ({"bbox/AP": 10 + t / 5, "bbox/AP50": 20.0} if t % 10 == 9 else {}) for t, row in enumerate(rows)]
    (tmp_path / "metrics.json").write_text("".join(json.dumps(row) + "\n" for row in rows))
    reading = read_one(tmp_path / "metrics.json")
    assert reads(reading) == {"lr": "lr", "train_loss": "total_loss", "test_score": "bbox/AP"}
    assert reading.log["test_score"].steps.size == 6


def test_a_loss_that_is_there_is_no_sum(tmp_path):
    """open-mmlab/mmdetection: parts and their total."""
    reading = read_one(log(tmp_path / "x.csv", "loss_rpn_cls", "loss_bbox", "loss", step="iter"))
    assert reads(reading) == {"train_loss": "loss"}


def test_parts_that_are_logged_at_other_steps(tmp_path):
    rows = [f"{t},{Y[t]},{Y[t] if t % 2 else ''}" for t in T]
    (tmp_path / "x.csv").write_text("\n".join(["step,a_loss,b_loss", *rows]) + "\n")
    assert read_one(tmp_path / "x.csv").log["train_loss"].steps.tolist() == T[1::2].tolist()


def test_of_several_evaluation_sets_the_first_is_read(tmp_path):
    """huggingface/transformers, trainer.py: eval_dataset may be a dictionary."""
    names = ["loss", "eval_mnli_loss", "eval_mnli_accuracy", "eval_qqp_loss", "eval_qqp_accuracy", "eval_mnli_runtime"]
    path = log(tmp_path / "x.csv", *names, step="step")
    reading = read_one(path)
    assert reads(reading) == {"train_loss": "loss", "test_loss": "eval_mnli_loss", "test_acc": "eval_mnli_accuracy"}
    assert "test_loss is `eval_mnli_loss`, the first of 2 evaluation sets" in reading.notes


@pytest.mark.parametrize(
    "names",
    [
        ("D_x", "G_x", "cycle_A"),
        ("train/policy_loss", "train/value_loss", "train/entropy_loss"),
        ("loss_scale", "best_loss", "min_loss"),
        ("advantage", "value"),
    ],
)
def test_what_is_no_part_of_a_loss(names, tmp_path):
    """Outputs of two players, reinforcement learning: a sum of these says nothing."""
    path = log(tmp_path / "x.csv", *names)
    assert reads(read_one(path)) == {}
    done = asked(path)
    assert done.exit_code == 2 and "nothing could be looked at" in done.stderr


@pytest.mark.parametrize(
    "names, generator, discriminator",
    [
        (("loss_D", "loss_G", "D_x"), "loss_G", "loss_D"),  # pytorch/examples, dcgan
        (("D_A", "G_A", "cycle_A", "idt_A", "D_B", "G_B", "cycle_B"), "G_A", "D_A"),  # CycleGAN
        (("G_GAN", "G_L1", "D_real", "D_fake"), "G_GAN", "D_real + D_fake"),  # pix2pix
        (("Loss/G/loss/mean", "Loss/D/loss/mean", "Loss/scores/real/mean"), "Loss/G/loss/mean", "Loss/D/loss/mean"),
        (("train/g_loss", "train/d_loss"), "train/g_loss", "train/d_loss"),
        (("generator_loss", "discriminator_loss"), "generator_loss", "discriminator_loss"),
        (("errG", "errD"), "errG", "errD"),
    ],
    ids=["dcgan", "cyclegan", "pix2pix", "stylegan", "paths", "words", "lua"],
)
def test_two_players(names, generator, discriminator, tmp_path):
    """No sum of the two is a training loss."""
    seen = reads(read_one(log(tmp_path / "x.csv", *names)))
    assert seen == {"gen_loss": generator, "disc_loss": discriminator}


def test_what_stands_beside_a_reward_alone_is_nothing_to_look_at(tmp_path):
    path = log(tmp_path / "x.csv", "advantage", "kl", "entropy")
    assert reads(read_one(path)) == {"kl": "kl", "entropy": "entropy"}
    assert asked(path).exit_code == 2


@pytest.mark.parametrize(
    "name, channel",
    [
        ("train_loss_local", "train_loss"),
        ("token_acc", "train_acc"),
        ("mean_token_accuracy", "train_acc"),
        ("eval_token_acc", "test_acc"),
        ("metrics/accuracy_top1", "test_acc"),
        ("train/accuracy_top1", "train_acc"),
        ("lr/pg0", "lr"),
        ("base_lr", "lr"),
        ("rollout/ep_rew_mean", "reward"),
    ],
)
def test_names_of_big_tools(name, channel):
    from bestiary.logs.channels import channel as of

    assert (found := of(name)) == found and (found and found[0]) == channel
