"""What an estimator is asked: problems whose number is known from theory."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np


@dataclass(frozen=True)
class Problem:
    """One problem, and the truth about it.

    Attributes:
        name: of no other problem; no two share random numbers.
        group: what kind of problem.
        given: {field: function, array or number}, as the kind describes them.
        truth: the number.
        tolerance: error up to which an estimate counts as right.
        absolute: whether errors are differences; else they are over the truth.
        condition: as of logs; problems are not transformed.
        positive: as of logs; there is no event.
    """

    name: str
    group: str
    given: Mapping[str, Any]
    truth: float
    tolerance: float
    absolute: bool = False
    condition: str = "as_recorded"
    positive: None = None

    def error(self, value: float) -> float:
        """[1] Return by how much a value is off, over the truth unless errors are absolute."""
        return (value - self.truth) / (1.0 if self.absolute else abs(self.truth))

    def columns(self) -> dict[str, np.ndarray]:
        """Return the arrays of the problem as columns (K,): a matrix (K, M) has columns name_0 to name_(M - 1)."""
        made: dict[str, np.ndarray] = {}
        for name, value in self.given.items():
            if isinstance(value, np.ndarray) and value.ndim == 1:
                made[name] = value
            elif isinstance(value, np.ndarray) and value.ndim == 2:
                made |= {f"{name}_{i}": column for i, column in enumerate(value.T)}
        longest = max(map(len, made.values()))
        return {name: column for name, column in made.items() if len(column) == longest}


class EstimatorKind(NamedTuple):
    """A number that an estimator estimates.

    Attributes:
        name: what follows `--as`.
        question: in words.
        fields: {what an estimator may ask for: what it is}.
        make: (root, seed) -> the problems of one seed, one of each group.
        table: whether a command can be asked, since the fields are arrays of one length.
        published: {name: estimator in public use}.
        source: where the theory is.
    """

    name: str
    question: str
    fields: Mapping[str, str]
    make: Callable[[int, int], list[Problem]]
    table: bool
    published: Mapping[str, Callable[..., Any]]
    source: str


def problems(kind: EstimatorKind, root: int = 1, seeds: int = 16) -> list[Problem]:
    """Generate the problems of a kind: `seeds` of each group."""
    return [problem for seed in range(seeds) for problem in kind.make(root, seed)]


def rng(root: int, name: str, seed: int) -> np.random.Generator:
    """Return the source of randomness of one problem."""
    return np.random.default_rng([root, zlib.crc32(name.encode()), seed])
