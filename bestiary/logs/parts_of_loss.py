"""Logs without a loss of that name: the sum of the parts of a loss, or the first of several evaluation sets."""

from __future__ import annotations

from collections.abc import Collection
from functools import reduce

import numpy as np

from bestiary.log import Series
from bestiary.logs.names import ROLES, roles, words

# Losses that are no part of one that falls: of two players, of reinforcement learning, and what only belongs to a loss.
NO_PART = frozenset(
    "d g gen disc discriminator generator gan adv adversarial real fake critic actor policy value entropy vf pi q qf "
    "pg kl aux scale scaler scaling weight min max best lowest ema smooth smoothed ratio count num prev last norm grad "
    "alpha std var diff delta gap".split()
)
DISCRIMINATORS = frozenset({"d", "disc", "discriminator"})
REWARDS = frozenset({"reward", "test_reward", "success_rate", "test_success_rate"})
SETS = {"test_loss": ("loss",), "test_acc": ("accuracy", "acc", "acc1", "top1")}  # last words of `eval_NAME_loss`
_ROLE_WORDS = frozenset(word for known in ROLES.values() for word in known)


def part(name: str) -> str:
    """Of what a loss is: `box` for `train/box_loss`; empty for what is no part of a loss."""
    said = [word for word in words(name) if word not in _ROLE_WORDS]
    rest = [word for word in said if word != "loss"]
    return " ".join(rest) if "loss" in said and rest and not NO_PART & set(rest) else ""


def add(curves: dict[str, Series], chosen: dict[str, str], why: dict[str, str], named: Collection[str]) -> list[str]:
    """Choose losses that no column has by name, add sums to the curves, and say so.

    Args:
        curves: {column: curve}, to which sums are added.
        chosen: {channel: column}, to which what was found is added.
        why: {column: why it is not used}, of parts.
        named: columns that the user named.
    """
    notes = _halves(curves, chosen, why, named)
    if not REWARDS.isdisjoint(chosen):
        return notes  # what is minimised there is no measure of how it goes
    taken = {*chosen.values(), *named}
    free = [name for name, curve in curves.items() if name not in taken and curve.steps.size]
    train = {part(name): name for name in free if part(name) and roles(name) != {"test"}}
    test = {part(name): name for name in free if part(name) and roles(name) == {"test"}}
    if "train_loss" in chosen:
        train = {}
    shared = [key for key in test if key in train]
    for channel, parts in ("train_loss", train), ("test_loss", {key: test[key] for key in shared}):
        if channel not in chosen and parts:
            whole = [name for key, name in parts.items() if key.split()[-1] == "total"]
            parts = {part(whole[0]): whole[0]} if len(whole) == 1 else parts
            chosen[channel] = _sum(curves, list(parts.values()))
            several = f"the sum of {len(parts)} losses, {', '.join(parts.values())}"
            one = f"`{chosen[channel]}`, the {'total' if whole else 'one loss there is'}"
            notes.append(f"{channel} is {several if len(parts) > 1 else one}")
            why |= {name: f"a part of {channel}" for name in parts.values() if len(parts) > 1}
    for channel, last in SETS.items():
        sets = [name for name in free if roles(name) == {"test"} and words(name)[-1] in last and len(words(name)) > 2]
        sets = [name for name in sets if channel == "test_acc" or part(name)]
        if channel not in chosen and sets:
            chosen[channel] = sets[0]
            if len(sets) > 1:
                notes.append(f"{channel} is `{sets[0]}`, the first of {len(sets)} evaluation sets")
                why |= {name: f"{channel} is read from {sets[0]}" for name in sets[1:]}
    return notes


def _halves(
    curves: dict[str, Series], chosen: dict[str, str], why: dict[str, str], named: Collection[str]
) -> list[str]:
    """The loss of a discriminator is that on real and on fake together, where no column has it."""
    if "gen_loss" not in chosen or "disc_loss" in chosen:
        return []
    free = [name for name in curves if name not in {*chosen.values(), *named} and curves[name].steps.size]
    halves = [
        next((name for name in free if side in words(name) and DISCRIMINATORS & set(words(name))), "")
        for side in ("real", "fake")
    ]
    if not all(halves):
        return []
    chosen["disc_loss"] = _sum(curves, halves)
    why |= dict.fromkeys(halves, "a part of disc_loss")
    return [f"disc_loss is the sum of {' and '.join(halves)}"]


def _sum(curves: dict[str, Series], names: list[str]) -> str:
    """Add the sum of some curves, at the steps that all of them have; return its name."""
    if len(names) == 1:
        return names[0]
    steps = reduce(np.intersect1d, [curves[name].steps for name in names])
    total = sum(curves[name].values[np.searchsorted(curves[name].steps, steps)] for name in names)
    name = " + ".join(names)
    curves[name] = Series(steps, np.asarray(total, np.float64))
    return name
