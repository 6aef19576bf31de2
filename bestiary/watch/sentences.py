"""What is said of findings, in sentences that need no knowledge of the catalog."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from bestiary.log import State
from bestiary.watch import detect
from bestiary.watch.detect import Answer, Read

NEAR = 0.02  # [1] of the run within which two findings are of one event
NAMED = 3  # runs of a kind that are named
PHASES = {
    ("overfitting", "drifting"): "validation loss rises",
    ("overfitting", "memorised"): "memorised so far",
    ("reward_lost", "accuracy"): "accuracy lost",
    ("reward_lost", "score"): "score lost",
}
GONE = {"lost", "zero_loss", "runs_away", detect.DIVERGED}  # after which a run is no run any more
EXPLAINED = {"decline", "hump", "level_shift", "lr_drop", "overfitting", "plateau_escape"}  # by that
STAIRS = {"epoch_stairs", "lr_drop"}  # whose drops end no plateau
Told = tuple[Read, Answer]


def told(answers: Iterable[Answer]) -> list[Answer]:
    """Choose what is told of one run without being asked: what was found, and where somebody has to decide something.

    A rise of the test loss between memorising and generalising is part of that story, and no second one. One event is
    told once: a jump that is not made good is no spike, and what befalls two curves at once is one finding.
    """
    found = [answer for answer in answers if answer.severity is not None or answer.to_decide]
    late = [a.finding.onset for a in found if a.detector == detect.DELAYED and a.finding.state is State.FOUND]
    if late:
        found = [a for a in found if a.detector not in ("hump", "overfitting") or not a.finding.onset < late[0]]
    over = {a.detector for a in found}
    if over & GONE:
        found = [a for a in found if a.detector not in EXPLAINED and a.finding.phase not in ("accuracy", "score")]
    gone = [a.finding.onset for a in found if a.detector == "lost"]
    if gone:
        found = [a for a in found if a.detector != "spike" or a.where is None or a.where[1] < min(gone)]
    shifts = [a.finding.onset for a in found if a.detector == "level_shift"]
    found = [a for a in found if a.detector != "spike" or not shifts or not _only_at(a, shifts)]
    if over & STAIRS:
        found = [a for a in found if a.detector != "plateau_escape"]
    if "spikes" in over:
        found = [a for a in found if a.detector != "spike"]
    if any(a.finding.phase in ("accuracy", "score") for a in found):
        found = [a for a in found if a.detector != "overfitting" or a.key[1] not in ("test_acc", "test_score")]
    if any(a.key == ("overfitting", "test_loss") for a in found):
        found = [a for a in found if a.key != ("overfitting", "test_acc")]  # whether it rises is said there
    if "relapses" in over:
        found = [a for a in found if a.detector not in ("spikes", "spike")]
    if any(a.to_decide for a in found):
        found = [a for a in found if a.detector != "overfitting"]  # the one sentence says both
    return _at_once(found)


def _near(a: float, b: float, answer: Answer) -> bool:
    """Whether two steps are one event, as far as the finding's own stretch goes."""
    last = max([a, b, *(span.stop for span in answer.finding.spans)])
    return abs(a - b) <= NEAR * last


def _only_at(answer: Answer, steps: Sequence[float]) -> bool:
    """Whether all that a finding marks begins at one of these steps."""
    spans = answer.finding.spans
    return bool(spans) and all(any(_near(span.start, step, answer) for step in steps) for span in spans)


def _at_once(found: Sequence[Answer]) -> list[Answer]:
    """Put what one detector found in several curves at one step into one finding, that of the first curve."""
    made: list[Answer] = []
    for answer in found:
        kind = (answer.detector, answer.finding.phase)
        first = next(
            (
                i
                for i, other in enumerate(made)
                if (other.detector, other.finding.phase) == kind
                and answer.finding.state is State.FOUND
                and _near(other.finding.onset, answer.finding.onset, other)
            ),
            None,
        )
        if first is None:
            made.append(answer)
            continue
        finding = made[first].finding
        reason = f"{finding.reason}; {answer.reads[0]}, too" if answer.reads else finding.reason
        made[first] = made[first]._replace(finding=replace(finding, reason=reason))
    return made


def by_kind(found: Sequence[Told]) -> list[tuple[tuple[str, int], list[Told]]]:
    """Put findings of one kind together, the most severe first."""
    kinds: dict[tuple[str, int], list[Told]] = {}
    for read, answer in found:
        severity = -1 if answer.severity is None else int(answer.severity)
        kinds.setdefault((answer.detector, severity), []).append((read, answer))
    return sorted(kinds.items(), key=lambda kind: -kind[0][1])


def remedy(detector: str) -> str:
    """What people do about a finding, and where that is written."""
    of = detect.about(detector)
    return of.do + (f" ({of.source})" if of.source else "")


def name(answer: Answer) -> str:
    """What was found, in words."""
    word = PHASES.get((answer.detector, answer.finding.phase), answer.detector.replace("_", " "))
    return word + "".join(f", {threshold} {value:g}" for threshold, value in answer.thresholds.items())


def where(read: Read, answer: Answer) -> str:
    """Where in a run something is, in the unit of its steps."""
    if answer.where is None:
        return ""
    lo, hi = answer.where
    return in_unit(read, f"step {lo:g}" + (f" to {hi:g}" if hi > lo else ""))


def in_unit(read: Read, text: str) -> str:
    """Call steps epochs where the log counts epochs."""
    if "epoch" not in read.reading.steps.split(",")[0].lower() or "counted" in read.reading.steps:
        return text
    return re.sub(r"\bstep(s?)\b", r"epoch\1", text)


def of_one(read: Read, answer: Answer) -> str:
    """Say in one sentence what is in a run."""
    at = where(read, answer)
    return f"{name(answer)}{f', {at}' if at else ''}: {in_unit(read, answer.finding.reason)}"


def of_several(same: Sequence[Told], runs: int, title: Callable[[Read], str]) -> str:
    """Say in one sentence in how many runs something is, and in which."""
    if len({id(read) for read, _ in same}) == 1:
        read, answer = same[0]
        return f"{name(answer)} in {title(read)}: {in_unit(read, answer.finding.reason)}"
    some = [f"{title(read)} ({at})" if (at := where(read, answer)) else title(read) for read, answer in same[:NAMED]]
    more = f" and {len(same) - NAMED} more" if len(same) > NAMED else ""
    return f"{name(same[0][1])} in {len({id(read) for read, _ in same})} of {runs} runs: {', '.join(some)}{more}"
