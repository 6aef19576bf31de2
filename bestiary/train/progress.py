"""Live progress: a bar per job on a terminal, one bar over all jobs in a notebook, lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.text import Text

from bestiary.train import tally
from bestiary.train.tally import Clock, Tally

if TYPE_CHECKING:
    from bestiary.train.event import OnProgress, Progress

SILENCE = 9.0  # [s] longest pause between lines while training; the host reports every half a second or so
REDRAW = 0.25  # [s] shortest pause between two updates of a notebook: each is a message that a browser must draw


@contextmanager
def bars(
    hide: bool = False, *, console: Console | None = None, clock: Clock = time.perf_counter
) -> Iterator[OnProgress]:
    """Show phase, runs, share, speed and time left of each job; yields what `campaign` calls with each Progress.

    A notebook whose kernel is this process shows one bar over all jobs, updated in place. A terminal shows a bar for
    each job. A pipe gets a line for each change of phase, and one at least every ten seconds of training. So does the
    terminal of `!bestiary` in a notebook, where every refresh would be a new line.

    Args:
        hide: show nothing, for output that machines read.
        console: where bars and lines go; default: standard error.
        clock: () -> time [s].
    """
    console = console or Console(stderr=True)
    if hide:
        yield lambda p: None
    elif in_notebook():
        with _notebook(clock) as on_progress:
            yield on_progress
    elif console.is_terminal and "JPY_PARENT_PID" not in os.environ:  # which a kernel hands to its children
        with _terminal(console) as on_progress:
            yield on_progress
    else:
        yield _lines(console, clock)


def in_notebook() -> bool:
    """Return whether a notebook's kernel runs in this process; imports no IPython that is not there."""
    get = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = get() if get is not None else None
    return any(kind.__name__ == "ZMQInteractiveShell" for kind in type(shell).__mro__)


# Lines.


def _lines(console: Console, clock: Clock) -> OnProgress:
    """Return what prints a line at each change of phase, and one where a line is due."""
    started = said = clock()
    jobs, lock = Tally(clock), Lock()

    def on_progress(p: Progress) -> None:
        nonlocal said
        with lock:
            entered, now = jobs.add(p), clock()
            if not entered and (p.phase != "train" or now - said < SILENCE):
                return
            said = now
            parts = [p.phase, f"{p.seeds} runs", f"{p.done:,} of {p.total:,} steps"]
            if not entered:
                parts += [f"{100 * tally.share(p.done, p.total):.0f} %", *jobs.outlook(p.total - p.done)]
            line = f"[{now - started:6.1f} s] {tally.name(p)}: {', '.join(parts)}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    return on_progress


# A terminal.


class _Speed(ProgressColumn):
    """Run-steps per second, while training."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} steps/s" if speed else "", style="cyan")


@contextmanager
def _terminal(console: Console) -> Iterator[OnProgress]:
    """Show a bar for each job."""
    tasks: dict[tuple, TaskID] = {}
    columns = (
        TextColumn("{task.description:<28}"),
        TextColumn("{task.fields[phase]:<10}"),
        TextColumn("{task.fields[seeds]:>4} runs"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"),
        _Speed(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console) as live:

        def on_progress(p: Progress) -> None:
            key = tally.key(p)
            if key not in tasks:
                tasks[key] = live.add_task(tally.name(p), total=p.total, phase=p.phase, seeds=p.seeds, start=False)
            if p.phase == "train" and not live.tasks[tasks[key]].started:
                live.start_task(tasks[key])
            live.update(tasks[key], completed=p.done, phase=p.phase)

        yield on_progress


# A notebook.


@contextmanager
def _notebook(clock: Clock) -> Iterator[OnProgress]:
    """Show one bar over all jobs; what an interruption leaves behind says so."""
    jobs, lock, shown = Tally(clock), Lock(), _Cell()
    drawn = clock()

    def on_progress(p: Progress) -> None:
        nonlocal drawn
        with lock:
            jobs.add(p)
            if shown.empty or clock() - drawn >= REDRAW:
                drawn = clock()
                shown.draw(_html(jobs, jobs.phase))

    end = "stopped"
    try:
        yield on_progress
        end = jobs.phase
    except KeyboardInterrupt:
        end = "interrupted"
        raise
    finally:
        if not shown.empty:
            shown.draw(_html(jobs, end))


class _Cell:
    """The one piece of output that is drawn again and again."""

    def __init__(self) -> None:
        self._handle: Any = None

    @property
    def empty(self) -> bool:
        """Return whether nothing was drawn."""
        return self._handle is None

    def draw(self, html: str) -> None:
        """Put this HTML where the last one was."""
        display = import_module("IPython.display")  # only in a kernel: the package does not depend on it
        if self._handle is None:
            self._handle = display.display(display.HTML(html), display_id=True)
        else:
            self._handle.update(display.HTML(html))


def _html(jobs: Tally, phase: str) -> str:
    """Draw the bar, and say beside it what all jobs are at."""
    names, share = dict.fromkeys(map(tally.name, jobs.jobs.values())), tally.share(jobs.done, jobs.total)
    title = next(iter(names)) if len(names) == 1 else f"{len(names)} entries"
    parts = [phase, f"{jobs.runs} runs", f"{100 * share:.0f} %"]
    if phase == "train":
        parts += jobs.outlook(jobs.total - jobs.done)
    bar = f'<progress value="{share:.4f}" max="1" style="width: 20em"></progress>'
    return f"<div>{bar} {escape(f'{title}: ' + ', '.join(parts))}</div>"
