"""Verdicts on the claims of an entry, as a table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from bestiary.catalog.words import called
from bestiary.cli.output.verdicts import summary
from bestiary.judge.check import CaseResult
from bestiary.judge.outcome import Outcome, Verdict
from bestiary.maps.judge import MapResult


class Verdicts:
    """What the runs say of every claim.

    Attributes:
        cases: the cases, each with its runs, findings and verdicts.
        maps: laws, boundaries, paths and interactions, if they were judged.
        alpha: false-alarm rate of one claim.
    """

    def __init__(self, cases: Sequence[CaseResult], maps: Sequence[MapResult], alpha: float) -> None:
        self.cases, self.maps, self.alpha = tuple(cases), tuple(maps), alpha

    def __iter__(self) -> Iterator[Verdict]:
        return iter([v for r in (*self.cases, *self.maps) for v in r.verdicts])

    def __len__(self) -> int:
        return sum(len(r.verdicts) for r in (*self.cases, *self.maps))

    @property
    def holds(self) -> bool:
        """Whether no claim fails."""
        return not any(v.outcome is Outcome.FAILS for v in self)

    def to_frame(self) -> pd.DataFrame:
        """Return a row per claim: root, case or law, claim, verdict, measured, claimed, published, source, reason.

        `estimate`, `low` and `high` are the measured number and its limits at 95 %; `difference` is measured minus
        published, and `agrees` whether the published number lies within the limits; NaN or None where there is none.
        """
        rows = [(r.root, r.case.name, "", v) for r in self.cases for v in r.verdicts]
        rows += [(m.root, f"{m.kind} {m.block.name}", rung, v) for m in self.maps for rung, v in m.headed()]
        made = [
            {
                "root": root,
                "case": f"{name}: {rung}" if rung else name,
                "claim": called(v.claim.of),
                "verdict": str(v.outcome),
                "measured": v.measured,
                "claimed": v.expected,
                **dict(zip(("estimate", "low", "high"), v.estimate or [math.nan] * 3, strict=True)),
                "published": v.claim.published.words() if v.claim.published else "",
                "difference": v.difference.value if v.difference else math.nan,
                "agrees": v.difference.agrees if v.difference else None,
                "source": v.claim.source,
                "reason": v.reason,
            }
            for root, name, rung, v in rows
        ]
        return pd.DataFrame(made)

    def summary(self) -> str:
        """Say in one sentence how many claims hold, fail and are inconclusive, and the family-wise false-alarm rate."""
        return summary(list(self), self.alpha)

    def save_figures(self, folder: str | Path) -> list[Path]:
        """Draw all that was judged into a folder, as `check --figures` does; return the paths."""
        from bestiary.figures import claims, runs

        return runs.draw_all(self.cases, Path(folder)) + claims.draw_all(self.maps, Path(folder))

    def __repr__(self) -> str:
        return f"{self.summary()}\n{self.to_frame().drop(columns='reason').to_string(index=False)}"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p>{escape(self.summary())}</p>{self.to_frame().to_html(index=False)}"
