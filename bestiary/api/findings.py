"""Findings of several runs as a sequence and as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import overload

import pandas as pd

from bestiary.log import Finding, State
from bestiary.logs.run_table import plural

LATER = "the run ended too early to tell: more steps would"


class Findings(Sequence[Finding]):
    """What a detector says of several runs, in their order.

    Args:
        findings: one per run.
        index: labels of the runs, one level for each dim: seeds, and the knobs that were turned.

    Examples:
        >>> from bestiary.log import Effect, Finding, State
        >>> told = Findings([Finding(State.FOUND, "it rises", 12.0, {"height": Effect(3.0)})], [(0,)], ["seed"])
        >>> told.rate()
        1.0
        >>> float(told.to_frame().loc[0, "height"])
        3.0
    """

    def __init__(self, findings: Sequence[Finding], index: Sequence[tuple], names: Sequence[str]) -> None:
        self._findings = tuple(findings)
        self._index, self._names = list(index), list(names)

    @overload
    def __getitem__(self, i: int) -> Finding: ...
    @overload
    def __getitem__(self, i: slice) -> Findings: ...
    def __getitem__(self, i: int | slice) -> Finding | Findings:
        if isinstance(i, slice):
            return Findings(self._findings[i], self._index[i], self._names)
        return self._findings[i]

    def __len__(self) -> int:
        return len(self._findings)

    def rate(self, name: str = "found") -> float:
        """Return the share of the runs in the state or phase of that name [1]."""
        hits = sum(name in (f.state, f.phase) for f in self._findings)
        return hits / len(self) if self._findings else float("nan")

    def to_frame(self) -> pd.DataFrame:
        """Return a table with a row per run: state, phase, onset [step], every effect in its unit, reason."""
        names = dict.fromkeys(name for f in self._findings for name in f.effects)
        rows = [
            {"state": str(f.state), "phase": f.phase, "onset": f.onset}
            | {name: f.effects[name].value if name in f.effects else float("nan") for name in names}
            | {"reason": f.reason}
            for f in self._findings
        ]
        one = len(self._names) == 1
        labels = [i[0] for i in self._index] if one else self._index
        index = pd.Index(labels, name=self._names[0]) if one else pd.MultiIndex.from_tuples(labels, names=self._names)
        return pd.DataFrame(rows, index=index)

    @property
    def units(self) -> dict[str, str]:
        """The units of the effects, by name."""
        return {name: effect.unit for f in self._findings for name, effect in f.effects.items()}

    def summary(self) -> str:
        """Say in one line how many runs are in which state, and what to do about those that ended too early."""
        counts = Counter(str(f.state) + (f" ({f.phase})" if f.phase else "") for f in self._findings)
        text = f"{plural(len(self), 'run')}: " + ", ".join(f"{n} {word}" for word, n in counts.most_common())
        return f"{text}; {LATER}" if any(f.state is State.UNDECIDED for f in self._findings) else text

    def __repr__(self) -> str:
        frame = self.to_frame().drop(columns="reason", errors="ignore")
        return f"{self.summary()}\n{frame.to_string(max_rows=20, float_format='{:.4g}'.format)}"

    def _repr_html_(self) -> str:
        from html import escape

        frame = self.to_frame()
        return f"<p>{escape(self.summary())}</p>{frame.to_html(max_rows=20, float_format='{:.4g}'.format)}"
