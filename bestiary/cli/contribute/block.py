"""The block of catalog.yaml that `bestiary new` writes: a draft, with the fields that must be filled named."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any, get_args

from bestiary.catalog.claims import Case
from bestiary.catalog.entries import Entry
from bestiary.catalog.words import Kind, Particle
from bestiary.cli.contribute.template import CASES, DETECTOR

PLAIN = re.compile(r"[A-Za-z][\w. -]*[\w.]|[A-Za-z]")  # text that means itself in YAML
WORDS = {"true", "false", "null", "yes", "no", "on", "off", "nan", "inf"}  # that mean something else to some readers


def block(key: str, work: str, today: date, like: Entry | None = None) -> str:
    """Write the block of a new entry.

    Args:
        key: of the entry.
        work: key of the stub in references.bib.
        today: the day on which it is added.
        like: the entry that is copied: its grades, its detector and the settings of its cases, none of its claims.
    """
    particle, kind, detector = (like.particle, like.kind, like.detector) if like else (("linear",), "plateau", DETECTOR)
    grades = (like.complexity.network, like.complexity.data) if like else (0, 0)
    cases = "".join(_case(name, case) for name, case in like.cases.items()) if like else CASES
    return f"""\
{key}:
  title: TODO what happens, in a few words
  definition: TODO one sentence, what is seen and when
  particle: [{", ".join(particle)}]  # TODO some of {", ".join(get_args(Particle))}
  kind: {kind}  # TODO one of {", ".join(get_args(Kind))}
  complexity: {{network: {grades[0]}, data: {grades[1]}}}  # TODO 0 by hand, 1 a toy, 2 small but real, 3 as used
  also_known_as: [TODO the field's other names]
  open: []  # TODO ids of open_questions.json on which it bears
  status: draft
  version: 1
  references: [{work}]  # TODO fill the stub in references.bib, and name it after the work
  added: {{by: TODO, date: {today.isoformat()}}}
  detector: {detector}
  cases:
{cases}"""


def _case(name: str, case: Case) -> str:
    """A case with its settings, and the one claim that every case makes."""
    lines = [f"    {name}:"]
    if case.control is not None:
        lines.append(f"      control: {scalar(f'TODO in {name}: {case.control}')}")
    for part, values in (("knobs", case.knobs), ("static", case.static)):
        if values:
            lines.append(f"      {part}: {flow(values)}")
    rate = "[0.8, 1.0]" if case.control is None else "[0.0, 0.05]"
    return "\n".join([*lines, "      claims:", f"        - {{of: found, rate: {rate}, source: measured}}", ""])


def flow(values: Mapping[str, Any]) -> str:
    """Write a mapping on one line: `{lr: 0.1, width: 64}`."""
    return "{" + ", ".join(f"{name}: {scalar(value)}" for name, value in values.items()) + "}"


def scalar(value: Any) -> str:
    """Write a value so that YAML 1.2 reads it back."""
    if not isinstance(value, str):
        return repr(value)
    plain = PLAIN.fullmatch(value) and value.lower() not in WORDS
    return value if plain else json.dumps(value, ensure_ascii=False)


def stub(work: str, key: str, year: int) -> str:
    """Write the stub of a work in references.bib; the catalog's tests read it as one."""
    return f"""\
@misc{{{work},
  author = {{TODO, First}},
  title = {{TODO {key.replace("_", " ")}}},
  year = {{{year}}},
  url = {{https://TODO}},
}}
"""


def work_of(key: str, year: int) -> str:
    """Return the key of the stub: author, year and a word of the title."""
    return f"todo{year}{re.sub('[^a-z]', '', key)}"
