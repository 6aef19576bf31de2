"""What `bestiary detect --json` prints; `python -m bestiary.watch.report_schema` prints its JSON Schema."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bestiary.version import __version__
from bestiary.watch.detect import SHOWN, Answer, Read

Count = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=1)]]
BYTE = re.compile("[\ud800-\udfff]")  # stands for a byte in the name of a file that is no text
Number = Annotated[float | None, Field(description="null if not finite")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Quantity(_Part):
    """A measured quantity and its unit; "1" is dimensionless."""

    value: Number
    unit: str


class Stretch(_Part):
    """A stretch of the run; an instant has start == stop."""

    start: Number
    stop: Number
    label: str


class FindingRecord(_Part):
    """What one detector says of one run."""

    detector: str = Field(description="a file in detectors/, or diverged")
    state: Literal["found", "undecided", "diverged"]
    severity: Literal["info", "warning", "error"] | None = Field(description="null if nothing was found")
    reason: str = Field(description="one sentence, with the numbers that decided")
    channels: list[str] = Field(description="what it read")
    thresholds: dict[str, Number] = Field(description="that were set; of those the rates were not measured")
    onset: Number = Field(description="[step] where it begins; null unless found")
    strength: str | None = Field(description="name of the effect that says how strong it is")
    effects: dict[str, Quantity]
    spans: list[Stretch]
    phase: str
    do: str = Field(description="what people do about it")
    source: str = Field(description="where that is written; empty if it is common practice")
    hit: Count | None = Field(description="of n runs that have it, k in which it was found; null if not measured")
    false_alarm: Count | None = Field(description="of n runs without it, k in which it was found; null if not measured")


class Column(_Part):
    """How a column was read."""

    channel: str | None = Field(description="null if it is not used")
    records: int
    note: str


class Run(_Part):
    """One run of one path."""

    path: str
    run: str = Field(description="its name; empty if the path has but one")
    step: str = Field(description="which column is the step")
    columns: dict[str, Column]
    notes: list[str]
    warnings: list[str] = Field(description="channels that lost more than a few per cent of their records, and why")
    findings: list[FindingRecord]


class Report(_Part):
    """All that one call read and found."""

    bestiary: str = Field(description="version")
    runs: list[Run]
    errors: list[str] = Field(description="what could not be read, one line each")


def report(reads: Sequence[Read], errors: Sequence[str], rates: dict[str, dict[str, Any]]) -> Report:
    """The report of what was read and found."""
    runs = [
        Run(
            path=str(read.path),
            run=read.reading.run,
            step=read.reading.steps,
            columns={u.column: Column(channel=u.channel, records=u.records, note=u.note) for u in read.reading.uses},
            notes=list(read.reading.notes),
            warnings=list(read.reading.warnings),
            findings=[
                _finding_record(a, {} if a.thresholds else rates.get(a.detector, {}))
                for a in read.answers
                if a.finding.state in SHOWN
            ],
        )
        for read in reads
    ]
    return Report(bestiary=__version__, runs=runs, errors=list(errors))


def written(made: Report, indent: int | None = None) -> str:
    """Write a report as JSON, whatever the names of files are made of."""
    text = json.dumps(made.model_dump(mode="json"), indent=indent, ensure_ascii=False, allow_nan=False)
    return BYTE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _finding_record(answer: Answer, rate: dict[str, Any]) -> FindingRecord:
    finding, strength = answer.finding, answer.strength
    return FindingRecord.model_validate(
        {
            "detector": answer.detector,
            "state": str(finding.state),
            "severity": None if answer.severity is None else str(answer.severity),
            "reason": finding.reason,
            "channels": list(answer.reads),
            "thresholds": dict(answer.thresholds),
            "onset": _number(finding.onset),
            "strength": strength and strength[0],
            "effects": {name: {"value": _number(e.value), "unit": e.unit} for name, e in finding.effects.items()},
            "spans": [
                {"start": _number(span.start), "stop": _number(span.stop), "label": span.label}
                for span in finding.spans
            ],
            "phase": finding.phase,
            "do": answer.about.do,
            "source": answer.about.source,
            "hit": rate.get("hit"),
            "false_alarm": rate.get("false_alarm"),
        }
    )


def _number(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None


def schema() -> dict[str, Any]:
    """The schema, as draft 2020-12."""
    title = {"title": "What bestiary detect found"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Report.model_json_schema() | title


def text() -> str:
    """What detect.schema.json contains."""
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
