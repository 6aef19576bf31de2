"""What is done about a finding while a run trains: which action, and how often. No framework is named here."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bestiary.about import Severity
from bestiary.watch import detect
from bestiary.watch.monitor import Monitor
from bestiary.watch.notice import Notice

ACTIONS = ("save", "skip", "back", "stop")  # in the order in which they are done
AT_MOST = 2  # [1] times that one action is done
Wanted = Mapping[Any, str | Sequence[str]]  # {detector or severity: action or actions}


class Done(NamedTuple):
    """Something that was done.

    Attributes:
        action: which.
        at: [step] of the record at which the finding was given.
        onset: [step] at which what was found began.
        good: [step] of the last record before it.
        detector: what was found.
        checkpoint: that was saved or gone back to, where that is known.
    """

    action: str
    at: float
    onset: float
    good: float
    detector: str
    checkpoint: str = ""


def onset(notice: Notice) -> float:
    """[step] at which what was found began; of the latest record if the detector gives no place."""
    return notice.at if notice.answer.where is None else notice.answer.where[0]


class Acts:
    """Picks the actions for a monitor's new notices.

    Args:
        monitor: of this run; what it has found before is not acted on.
        wanted: {finding: action or actions}. A finding is a detector's name, or a severity, which stands for every
            finding at or above it that is not named.
        at_most: [1] times that each action is done.

    Raises:
        ValueError: there is no such finding or action, or the number is below one.
    """

    def __init__(self, monitor: Monitor, wanted: Wanted | None, at_most: int = AT_MOST) -> None:
        if type(at_most) is not int or at_most < 1:
            raise ValueError(f"at_most={at_most!r}: want a whole number from 1 on")
        self._wanted = {str(finding): _actions(finding, actions) for finding, actions in (wanted or {}).items()}
        self._monitor, self._at_most = monitor, at_most
        self._seen = {(notice.answer.key, notice.at) for notice in monitor.notices}
        self._warned: set[str] = set()
        self.done: list[Done] = []

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def wants(self, action: str) -> bool:
        """Whether the action is asked for, whatever is found."""
        return any(action in actions for actions in self._wanted.values())

    def due(self) -> list[Done]:
        """Return what is to be done about the notices since the last call, each action once."""
        made: dict[str, Done] = {}
        for notice in self._monitor.notices:
            if (mark := (notice.answer.key, notice.at)) in self._seen:
                continue
            self._seen.add(mark)
            for action in self._of(notice):
                first = onset(notice)
                new = Done(action, notice.at, first, self._monitor.before(first), notice.detector)
                if action not in made or new.onset < made[action].onset:
                    made[action] = new
        return [made[action] for action in ACTIONS if action in made and self._left(made[action])]

    def note(self, done: Done) -> None:
        """Count what was done."""
        self.done.append(done)

    def usable(self, wanted: Done, step: float) -> bool:
        """Whether a checkpoint of this step is good: a good record came after it, and it is of no lost stretch.

        A loss is computed before the update of its step, so weights that were broken by an update are in a checkpoint
        of that step, and in the loss of the next record only.
        """
        lost = any(done.action == "back" and done.good <= step <= done.at for done in self.done)
        return step < wanted.good and not lost

    def went_back(self, wanted: Done, step: float, checkpoint: str) -> None:
        """Count a step back to a checkpoint, say so, and let the monitor find again what lies beyond it."""
        self._monitor.forget(step)
        self.note(wanted._replace(checkpoint=checkpoint))
        told = f"Monitor: {wanted.detector} from step {wanted.onset:g}: went back to {checkpoint} at step {wanted.at:g}"
        warnings.warn(told, stacklevel=2)

    def not_done(self, wanted: Done, why: str) -> None:
        """Say, once for each action, why it was not done; it does not count."""
        if wanted.action not in self._warned:
            self._warned.add(wanted.action)
            told = f"Monitor: {wanted.action} because of {wanted.detector} at step {wanted.onset:g} is not done: {why}"
            warnings.warn(told, stacklevel=2)

    def _of(self, notice: Notice) -> tuple[str, ...]:
        if notice.detector in self._wanted:
            return self._wanted[notice.detector]
        at_or_below = [level for level in Severity if level <= notice.severity and str(level) in self._wanted]
        return self._wanted[str(max(at_or_below))] if at_or_below else ()

    def _left(self, wanted: Done) -> bool:
        if sum(done.action == wanted.action for done in self.done) < self._at_most:
            return True
        self.not_done(wanted, f"it was done as often as at_most={self._at_most} allows")
        return False


def _actions(finding: Any, actions: Any) -> tuple[str, ...]:
    """Check one pair of finding and actions."""
    finding = str(finding) if isinstance(finding, Severity) else finding
    known = [*map(str, Severity), *sorted({detect.DIVERGED, *detect.detectors()})]
    if finding not in known:
        raise ValueError(f"act={{{finding!r}: ...}}: no such finding; want one of {', '.join(known)}")
    listed = (actions,) if isinstance(actions, str) or not isinstance(actions, Sequence) else tuple(actions)
    if bad := [action for action in listed if action not in ACTIONS]:
        raise ValueError(f"act={{{finding!r}: {bad[0]!r}}}: no such action; want stop, save, skip or back")
    return listed
