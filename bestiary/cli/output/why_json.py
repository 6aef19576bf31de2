"""What `bestiary why --json` prints: the facts of its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bestiary.why import words

if TYPE_CHECKING:
    from bestiary.catalog.entries import Entry
    from bestiary.catalog.values import Key
    from bestiary.why.boundaries import Other, Precondition
    from bestiary.why.cases import Along, Near
    from bestiary.why.of_log import Candidate, OfRun
    from bestiary.why.together import Together


def of_entry(
    entry: Entry,
    setting: Mapping[Key, Any],
    found: Sequence[Precondition],
    cases: Sequence[Near],
    along: Sequence[Along],
    both: Sequence[Together],
) -> dict[str, Any]:
    """Return what is printed of a setting of an entry."""
    return {
        "entry": entry.key,
        "setting": {name: value for (_, name), value in reversed(list(setting.items()))},
        "boundaries": [precondition(one) for one in found],
        "needed": words.needed(found),
        "cases": [case(one) for one in cases],
        "laws": [law(one) for one in along],
        "interactions": [together(one) for one in both],
    }


def precondition(one: Precondition) -> dict[str, Any]:
    """Return a boundary beside a setting."""
    return {
        "entry": one.entry,
        "boundary": one.boundary,
        "says": words.boundary(one),
        "knob": one.knob.name,
        "unit": one.knob.unit,
        "of": one.of,
        "direction": one.direction,
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "roots": list(one.measured),
        "tried": list(one.axis),
        "yours": one.yours,
        "side": str(one.side),
        "there": one.there,
        "beyond": one.beyond,
        "applies": one.applies,
        "elsewhere": others(one.elsewhere),
        "unknown": list(one.unknown),
    }


def others(elsewhere: Sequence[Other]) -> list[dict[str, Any]]:
    """Return values that a measurement had otherwise."""
    return [{"knob": o.knob, "there": o.there, "yours": o.yours, "looking": o.looking} for o in elsewhere]


def case(one: Near) -> dict[str, Any]:
    """Return a case beside a setting."""
    counts = {"found": one.found, "runs": one.runs, "roots": list(one.roots)}
    return {
        "case": one.case,
        "control": one.control or None,
        "same": one.same,
        **counts,
        "elsewhere": others(one.elsewhere),
    }


def law(one: Along) -> dict[str, Any]:
    """Return a law beside a setting."""
    parameters = {name: dict(zip(("value", "low", "high"), of, strict=True)) for name, of in one.measured.items()}
    inside = {"yours": one.yours, "inside": one.inside, "predicted": one.predicted if one.inside else None}
    return {
        "law": one.law,
        "of": one.of,
        "knob": one.knob,
        "tried": list(one.axis),
        **inside,
        "parameters": parameters,
    } | {"elsewhere": others(one.elsewhere)}


def candidate(one: Candidate) -> dict[str, Any]:
    """Return an entry that a run may be of."""
    return {
        "entry": one.entry.key,
        "known": {knob: {"name": name, "value": value} for knob, (name, value) in one.known.items()},
        "boundaries": [precondition(p) for p in one.preconditions],
        "to_be_known": [{"knob": k.name, "unit": k.unit, "meaning": k.meaning} for k in one.lacking],
    }


def together(one: Together) -> dict[str, Any]:
    """Return an interaction that speaks of a setting."""
    said = [{"of": s.of, "claimed": s.claimed, "measured": s.measured} for s in one.said]
    values = {"knob": one.knob, "off": one.off, "yours": one.yours, "tried": one.tried, "inside": one.inside}
    return {"interaction": one.interaction, "with": one.partner, "says": words.together(one), **values, "claims": said}


def of_run(run: OfRun) -> dict[str, Any]:
    """Return what is printed of a run of a log."""
    found = [
        {
            "detector": told.answer.detector,
            "state": str(told.answer.finding.state),
            "phase": told.answer.finding.phase,
            "onset": told.answer.finding.onset,
            "reason": told.answer.finding.reason,
            "entries": [candidate(one) for one in told.candidates],
        }
        for told in run.told
    ]
    files = [str(file) for file in run.config.files]
    return {"path": str(run.path), "run": run.run, "config": run.config.values, "config_files": files} | {
        "own": None if run.own is None else candidate(run.own),
        "found": found,
    }
