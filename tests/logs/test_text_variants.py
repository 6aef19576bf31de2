"""What tools print in other settings, and what further tools print, is read as what it is."""

import console_others
import console_variants
import numpy as np
import pytest
from console_logs import TEST, TRAIN
from log_files import read_one, reads

NORM, LR = "grad_norm", "lr"
# {tool: (step, {channel: (column, records)})}
VARIANTS = {
    "mmengine_iterations": ("Iter", {"train_loss": ("loss", 60), "test_score": ("val mIoU", 6)}),
    "mmengine_detection": ("progress", {"train_loss": ("loss", 60), "test_score": ("val coco/bbox_mAP", 6)}),
    "mmcv": ("progress", {"train_loss": ("loss", 60), "test_acc": ("val aAcc", 6), "test_score": ("val mIoU", 6)}),
    "fairseq_whole": ("num_updates", {"train_loss": ("loss", 60), "test_loss": ("val loss", 6), NORM: ("gnorm", 60)}),
    "fairseq_json": ("update", {"train_loss": ("loss", 60), "test_loss": ("valid_loss", 6)}),
    "keras_two": ("Epoch", {"train_loss": ("loss", 60), "test_loss": ("val_loss", 60)}),
    "keras_without_test": ("Epoch", {"train_loss": ("loss", 60)}),
    "baselines": (
        "misc/total_timesteps",
        {"reward": ("eprewmean", 60), "kl": ("loss/approxkl", 60), "entropy": ("loss/policy_entropy", 60)},
    ),
    "huggingface_five": (
        "progress",
        {"train_loss": ("loss", 60), "test_loss": ("eval_loss", 6), LR: ("learning_rate", 60)},
    ),
    "tqdm_without_end": ("iter", {"train_loss": ("loss", 60), LR: ("lr", 60)}),
    "tqdm_thousands": ("progress", {"train_loss": ("loss", 60)}),
    "llm_c_eval": ("step", {"train_loss": ("train loss", 60), "test_loss": ("val loss", 6)}),
    "modded_nanogpt_now": ("step", {"test_loss": ("val_loss", 6)}),
    "megatron_whole": (
        "iteration",
        {"train_loss": ("lm loss", 60), "test_loss": ("val lm loss value", 6), "weight_norm": ("params norm", 60)},
    ),
    "nnunet_one": ("epoch", {"train_loss": ("train loss", 60), "test_loss": ("validation loss", 60), LR: ("lr", 60)}),
    "cyclegan_whole": ("`iters` within `epoch`, counted through", {LR: ("learning rate", 6)}),
}
OTHERS = {
    "yolov5": ("Epoch", {"train_loss": ("box_loss + obj_loss + cls_loss", 60), "test_score": ("mAP50-95", 60)}),
    "spacy": ("step", {"train_loss": ("LOSS TOK2VEC + LOSS NER", 60)}),
    "caffe": ("Iteration", {"train_loss": ("loss", 60), "test_loss": ("val loss", 6), "test_acc": ("val accuracy", 6)}),
    "estimator": ("step", {"train_loss": ("loss", 60), "test_loss": ("val loss", 6), "test_acc": ("val accuracy", 6)}),
    "mxnet": ("Epoch", {"train_loss": ("Train-cross-entropy", 60), "test_loss": ("Validation-cross-entropy", 60)}),
    "timm": ("progress", {"train_loss": ("Loss", 60), "test_loss": ("val Loss", 6), "test_acc": ("val Acc@1", 6)}),
    "deit": ("progress", {"train_loss": ("loss", 60), "test_loss": ("val loss", 6), "test_acc": ("val acc1", 6)}),
    "open_clip": ("progress", {"train_loss": ("Loss", 60), "test_acc": ("imagenet-zeroshot-val-top1", 6)}),
    "maxtext": ("step", {"train_loss": ("loss", 60), "test_loss": ("val loss", 6)}),
    "olmo": ("step", {"train_loss": ("train/CrossEntropyLoss", 60), NORM: ("optim/total_grad_norm", 60)}),
    "espnet": ("`batch` within `epoch`, counted through", {"train_loss": ("loss", 60), "test_loss": ("val loss", 6)}),
    "lightning_bar": ("progress", {"train_loss": ("train_loss", 60), "test_loss": ("val_loss", 40)}),
    "clu": ("step", {"train_loss": ("loss", 60), "test_loss": ("eval_loss", 6), "test_acc": ("eval_accuracy", 6)}),
    "darknet": ("step", {"train_loss": ("avg loss", 60)}),
    "pytorch_tutorials": ("progress", {"train_loss": ("loss", 60), "test_loss": ("val Avg loss", 6)}),
    "pytorch_cifar": ("`batch` within `epoch`, counted through", {"train_loss": ("loss", 60)}),
    "turns": ("Epoch", {"train_loss": ("loss", 60), "test_loss": ("val loss", 60), "test_acc": ("val accuracy", 60)}),
}


@pytest.mark.parametrize(
    "helper, name", [(console_variants, n) for n in VARIANTS] + [(console_others, n) for n in OTHERS]
)
def test_what_is_printed(helper, name, tmp_path):
    step, channels = (VARIANTS | OTHERS)[name]
    (tmp_path / "x.log").write_text(getattr(helper, name)(), newline="")
    reading = read_one(tmp_path / "x.log")
    seen = {channel: (column, reading.log[channel].steps.size) for channel, column in reads(reading).items()}
    assert channels.items() <= seen.items()
    assert reading.steps.strip("`") == step.strip("`") and reading.warnings == ()
    if "train_loss" in channels:
        np.testing.assert_allclose(reading.log["train_loss"].values, list(TRAIN.values()), atol=6e-3)
    if channels.get("test_loss", ("", 0))[1] == 6:
        np.testing.assert_allclose(reading.log["test_loss"].values, list(TEST.values()), atol=6e-3)


def test_every_sample_is_asked_about():
    for helper, table in (console_variants, VARIANTS), (console_others, OTHERS):
        made = {n for n, f in vars(helper).items() if callable(f) and f.__module__ == helper.__name__}
        assert made - {"every_ten"} == set(table)
