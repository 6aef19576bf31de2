"""Whether accuracies are shares of one or in per cent: the whole log decides, not each column for itself."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from bestiary.log import Series
from bestiary.logs.names import ROLES, words

PERCENT = 100.0
ROUNDING = 1e-3  # [1] by which a share of one may exceed it, as a mean of single precision does
NAMED = re.compile(r"%|\b(?:pct|percent|percentage)\b")
ACCURACY = re.compile(r"\b(?:acc\d*|accuracy\d*)\b|\btop ?\d+\b")
NO_ACCURACY = re.compile(r"\b(?:grad|gradient|gradients|steps|loss|error|err|time|lr)\b")  # `grad_acc_steps`
ROLE_WORDS = frozenset(word for known in ROLES.values() for word in known)
LOW, HIGH = 0.6, 0.9  # [1] accuracy that rose from below the one to above the other is no share
FALLEN = 0.8  # [1] if the loss stayed at this part of its first value or above


def is_percent(column: str) -> bool:
    """Say whether a column's name says per cent."""
    return NAMED.search(" ".join(words(column)) + ("%" if "%" in column else "")) is not None


def in_percent(columns: Mapping[str, Series], chosen: Mapping[str, str]) -> set[str]:
    """Return the accuracies, of those that were chosen, that are in per cent.

    A column whose name says so is. The others are so, all together, if an accuracy of the log exceeds one, and is
    used or has a like name; if another of the chosen has a name that says so; or if the train accuracy seems to have
    come near one while the train loss hardly fell. Nothing else tells an accuracy of 0.99 % from one of 0.99.
    `decode.acc_seg` of 70 says nothing of an `aAcc` of 0.9.

    Args:
        columns: every curve of the log.
        chosen: {channel: column}.
    """
    accuracies = [column for name, column in chosen.items() if name in ("train_acc", "test_acc")]
    named = {column for column in accuracies if is_percent(column)}
    like = {_kind(column) for column in accuracies} - {""}
    others = {column for column in columns if _kind(column) in like and not is_percent(column)} | {*accuracies} - named
    tops = [float(values.max()) for column in others if (values := columns[column].finite().values).size]
    above = any(1 + ROUNDING < top <= PERCENT for top in tops)
    if above or named or _learnt_nothing(columns, chosen):
        return set(accuracies)
    return named


def _kind(column: str) -> str:
    """The words of an accuracy's name that do not say train, test or of how many the best; empty for another name."""
    name = " ".join(words(column))
    if ACCURACY.search(name) is None or NO_ACCURACY.search(name) is not None:
        return ""
    told = [word.strip("0123456789") for word in words(column) if word not in ROLE_WORDS]
    return " ".join("acc" if word == "accuracy" else word for word in told if word not in ("", "top")) or "acc"


def _learnt_nothing(columns: Mapping[str, Series], chosen: Mapping[str, str]) -> bool:
    """Whether train accuracy, as a share, would have come near one while the loss hardly fell."""
    if "train_acc" not in chosen or "train_loss" not in chosen:
        return False
    right, loss = (columns[chosen[name]].finite().values for name in ("train_acc", "train_loss"))
    if min(right.size, loss.size) < 2 or loss[0] <= 0:
        return False
    last = np.median(right[-5:])
    return bool(right[0] < LOW and HIGH < last and right.max() < 1 and np.median(loss[-5:]) >= FALLEN * loss[0])
