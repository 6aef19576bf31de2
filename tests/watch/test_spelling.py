"""A misspelt channel is known; a name that is a word of its own is left alone."""

import pytest

from bestiary.watch.spelling import meant


@pytest.mark.parametrize(("name", "right"), [
    ("trian_loss", "train_loss"), ("train/los", "train_loss"), ("losss", "loss"), ("vall/loss", None),
    ("validation/acuracy", "validation_accuracy"), ("lerning_rate", "learning_rate"), ("grad_nrom", "grad_norm"),
    ("weihgt.norm", "weight_norm"), ("sprad", "spread"), ("kernel_distanse", "kernel_distance"),
])  # fmt: skip
def test_one_slip(name, right):
    assert meant(name) == right


@pytest.mark.parametrize("name", [
    "best_loss", "vae_loss", "mae_loss", "gloss", "d_loss", "kl_loss", "value_loss", "policy_loss", "train_acc5",
    "val_loss2", "loss_scale", "entropy", "layer_1/weight", "train_loss", "lr", "", "epoch", "\x1b]52;", "perplexity",
])  # fmt: skip
def test_words_of_their_own(name):
    assert meant(name) is None
