"""What `bestiary why` prints: boundaries, the nearest case, laws; of a log what is found, and what could be said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bestiary.cli.output.page import Page
from bestiary.why import words
from bestiary.why.boundaries import Side

if TYPE_CHECKING:
    from bestiary.catalog.entries import Entry
    from bestiary.why.boundaries import Precondition
    from bestiary.why.cases import Along, Near
    from bestiary.why.of_log import Candidate, OfRun
    from bestiary.why.together import Together

CANDIDATES = 4  # entries that are told of one finding
CONFIG = 12  # values of a configuration that are named


def of_entry(
    entry: Entry,
    label: str,
    found: Sequence[Precondition],
    cases: Sequence[Near],
    along: Sequence[Along],
    both: Sequence[Together],
    measured: str,
    page: Page,
) -> None:
    """Print where a setting of an entry lies.

    Args:
        entry: the catalog's block.
        label: the setting, as it was asked for.
        found: its boundaries.
        cases: the nearest first.
        along: its laws.
        both: its interactions with what is on in the setting.
        measured: when, in words.
        page: where.
    """
    page.say(f"{entry.key}: {entry.title}; {label}", "bold")
    page.say(measured, "dim")
    for one in found:
        page.say("")
        page.say(f"{one.boundary}: {words.boundary(one)}", _style(one), hang=2)
        if told := words.caveat(one):
            page.say(told, "dim", indent=2)
    if not found:
        page.say("no boundary of it was measured: what lies between its cases is not known", hang=2)
    if told := words.needed(found):
        page.say("")
        page.say(f"by these boundaries: {told}", "bold", hang=2)
    if cases:
        page.say("")
        nearest = [cases[0], *([one for one in cases if not one.control][:1] if cases[0].control else [])]
        for what, one in zip(("nearest case", "nearest positive case"), nearest, strict=False):
            page.say(f"{what}: {words.case(one)}" if not one.same else words.case(one), hang=2)
    for one in along:
        page.say(f"law {one.law}: {words.law(one)}", hang=2)
        if told := words.caveat(one):
            page.say(told, "dim", indent=2)
    for one in both:
        page.say(f"interaction {one.interaction}: {words.together(one)}", "" if one.inside else "yellow", hang=2)


def _style(one: Precondition) -> str:
    return "yellow" if one.side in (Side.OUTSIDE, Side.AT) or not one.applies else ""


def of_run(run: OfRun, page: Page) -> None:
    """Print what is found in a run, the entries that it may be of, and what their boundaries say."""
    page.say(f"{run.path}{f', {run.run}' if run.run else ''}", "bold")
    if run.config.values:
        named = [f"{name} {words.number(value)}" for name, value in list(run.config.values.items())[:CONFIG]]
        more = f" and {len(run.config.values) - CONFIG} more" if len(run.config.values) > CONFIG else ""
        where = f" ({', '.join(file.name for file in run.config.files)})" if run.config.files else ""
        page.say(f"known of it: {', '.join(named)}{more}{where}", "dim", hang=2)
    else:
        page.say("nothing is known of how it was trained: no hparams.yaml, config.yaml or other lies beside it", "dim")
    if run.own is not None:
        page.say(f"a run of {run.own.entry.key}: {run.own.entry.title}", "bold")
        for one in run.own.preconditions:
            page.say(f"{one.boundary}: {words.boundary(one)}", _style(one), indent=2, hang=2)
            if told := words.caveat(one):
                page.say(told, "dim", indent=4)
        if not run.own.preconditions:
            page.say("no boundary of it was measured", indent=2)
    if not run.told:
        page.say("nothing is found: `bestiary detect -v` says what each detector saw")
    for told in run.told:
        page.say("")
        page.say(f"{told.answer.detector}: {told.answer.finding.headline}: {told.answer.finding.reason}", hang=2)
        if not told.candidates and run.own is None:
            page.say("no entry of the catalog has it: it is for logs alone", indent=2)
        for candidate in told.candidates[:CANDIDATES]:
            _candidate(candidate, page)
        if len(told.candidates) > CANDIDATES:
            rest = ", ".join(candidate.entry.key for candidate in told.candidates[CANDIDATES:])
            page.say(f"less is known beside {rest}: `bestiary why ENTRY` has their boundaries", indent=2)
    page.say("")


def _candidate(candidate: Candidate, page: Page) -> None:
    page.say(f"{candidate.entry.key}: {candidate.entry.title}", "bold", indent=2)
    for one in candidate.preconditions:
        if one.yours is None:
            continue
        name = candidate.known[one.knob.name][0]
        taken = f"{name} is taken for {one.knob.name}, {_meaning(one.knob.unit, one.knob.meaning)}"
        page.say(f"{one.boundary} ({taken}): {words.boundary(one)}", indent=4, hang=2)
    if any(one.yours is not None for one in candidate.preconditions):
        page.say("where it lies in your task nobody has measured: the numbers are the toy's", "dim", indent=4)
    if candidate.lacking:
        needed = [f"{knob.name} ({_meaning(knob.unit, knob.meaning)})" for knob in candidate.lacking]
        page.say(f"to be known: {', '.join(needed)}", indent=4, hang=2)
    if not candidate.preconditions:
        page.say("no boundary of it was measured", indent=4)


def _meaning(unit: str, meaning: str) -> str:
    return " ".join(filter(None, [f"[{unit}]" if unit else "", meaning])) or "no meaning is stated"
