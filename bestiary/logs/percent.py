"""Whether accuracies are shares of one or in per cent: the whole log decides, not each column for itself."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from bestiary.log import Series
from bestiary.logs.names import words

PERCENT = 100.0
ROUNDING = 1e-3  # [1] by which a share of one may exceed it, as a mean of single precision does
NAMED = re.compile(r"%|\b(?:pct|percent|percentage)\b")
ACCURACY = re.compile(r"\b(?:acc\d*|accuracy\d*)\b|\btop ?\d+\b")
NO_ACCURACY = re.compile(r"\b(?:grad|gradient|gradients|steps|loss|error|err|time|lr)\b")  # `grad_acc_steps`
LOW, HIGH = 0.6, 0.9  # [1] accuracy that rose from below the one to above the other is no share
FALLEN = 0.8  # [1] if the loss stayed at this part of its first value or above


def is_percent(column: str) -> bool:
    """Say whether a column's name says per cent."""
    return NAMED.search(" ".join(words(column)) + ("%" if "%" in column else "")) is not None


def in_percent(columns: Mapping[str, Series], chosen: Mapping[str, str]) -> set[str]:
    """Return the accuracies, of those that were chosen, that are in per cent.

    A column whose name says so is. The others are so, all together, if an accuracy of the log exceeds one, used or
    not; if another of the chosen has a name that says so; or if the train accuracy seems to have come near one while
    the train loss hardly fell. Nothing else tells an accuracy of 0.99 % from one of 0.99.

    Args:
        columns: every curve of the log.
        chosen: {channel: column}.
    """
    accuracies = [column for name, column in chosen.items() if name in ("train_acc", "test_acc")]
    named = {column for column in accuracies if is_percent(column)}
    others = {column for column in columns if _is_accuracy(column) and not is_percent(column)} | {*accuracies} - named
    tops = [float(values.max()) for column in others if (values := columns[column].finite().values).size]
    above = any(1 + ROUNDING < top <= PERCENT for top in tops)
    if above or named or _learnt_nothing(columns, chosen):
        return set(accuracies)
    return named


def _is_accuracy(column: str) -> bool:
    name = " ".join(words(column))
    return ACCURACY.search(name) is not None and NO_ACCURACY.search(name) is None


def _learnt_nothing(columns: Mapping[str, Series], chosen: Mapping[str, str]) -> bool:
    """Whether train accuracy, as a share, would have come near one while the loss hardly fell."""
    if "train_acc" not in chosen or "train_loss" not in chosen:
        return False
    right, loss = (columns[chosen[name]].finite().values for name in ("train_acc", "train_loss"))
    if min(right.size, loss.size) < 2 or loss[0] <= 0:
        return False
    last = np.median(right[-5:])
    return bool(right[0] < LOW and HIGH < last and right.max() < 1 and np.median(loss[-5:]) >= FALLEN * loss[0])
