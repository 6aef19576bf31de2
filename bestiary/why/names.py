"""Which value of somebody's configuration is which knob: by name, as far as names tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

SAME = (  # names of one quantity; the first are those of the catalog's knobs
    ("lr", "learning_rate", "eta", "step_size", "base_lr", "max_lr"),
    ("weight_decay", "wd", "weightdecay", "l2_reg"),
    ("momentum", "beta"),
    ("beta1", "adam_beta1", "b1"),
    ("beta2", "adam_beta2", "b2"),
    ("eps", "adam_epsilon", "adam_eps", "epsilon"),
    ("batch", "batch_size", "bs", "train_batch_size", "per_device_train_batch_size"),
    ("width", "hidden_size", "hidden_dim", "d_model", "n_embd", "dim", "hidden"),
    ("layers", "depth", "n_layers", "num_layers", "n_layer", "num_hidden_layers"),
    ("heads", "n_heads", "num_heads", "n_head", "num_attention_heads"),
    ("fraction", "train_fraction", "frac_train", "train_frac", "training_fraction", "train_pct", "frac"),
    ("modulus", "p", "prime"),
    ("samples", "points", "n_train", "num_samples", "train_size", "n_samples"),
    ("steps", "max_steps", "num_steps", "total_steps", "iterations", "max_iters"),
    ("tokens", "vocab", "vocab_size"),
    ("clip", "max_grad_norm", "grad_clip", "gradient_clip_val", "clip_grad"),
)
LOOSE = {"p", "dim", "points", "b1", "b2", "frac", "beta", "eta"}  # too short to be believed behind a prefix

T = TypeVar("T")


def matched(knobs: Iterable[str], values: Mapping[str, T]) -> dict[str, tuple[str, T]]:
    """Find for each knob the value of that name, or of another name for the same quantity.

    The last part of a nested name counts. Where several names fit the knob's own goes first, then the shortest.

    Args:
        knobs: names.
        values: {name: value}.

    Returns:
        {knob: (the name that was found, its value)}, of the knobs that have one.
    """
    found = {}
    for knob in knobs:
        own = _plain(knob)
        same = next(({_plain(name) for name in group} for group in SAME if own in map(_plain, group)), set()) | {own}
        fitting = [name for name in values if _fits(name, own, same)]
        if fitting:
            best = min(fitting, key=lambda name: (_plain(name.rpartition(".")[2]) != own, len(name), name))
            found[knob] = (best, values[best])
    return found


def _fits(name: str, own: str, same: set[str]) -> bool:
    last = name.rpartition(".")[2]
    plain = _plain(last)
    return plain in same and (plain == own or plain not in LOOSE or last == name)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
