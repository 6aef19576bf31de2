"""Live progress: a bar per entry on a terminal, a line per event elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.text import Text

if TYPE_CHECKING:
    from bestiary.train.campaign import OnProgress, Progress


class _Speed(ProgressColumn):
    """Run-steps per second, while training."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} steps/s" if speed else "", style="cyan")


@contextmanager
def bars(hide: bool = False) -> Iterator[OnProgress]:
    """Show each job's phase, seeds, bar, speed and time left; yields what `campaign` calls with each Progress.

    Args:
        hide: show nothing, for output that machines read.
    """
    console = Console(stderr=True, quiet=hide)
    tasks: dict[tuple, TaskID] = {}
    phases: dict[tuple, str] = {}
    started = time.perf_counter()
    columns = (
        TextColumn("{task.description:<28}"),
        TextColumn("{task.fields[phase]:<10}"),
        TextColumn("{task.fields[seeds]:>4} runs"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"),
        _Speed(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console, disable=hide or not console.is_terminal) as live:

        def on_progress(p: Progress) -> None:
            name = p.entry if p.root == 1 else f"{p.entry} (root {p.root})"
            key = (p.entry, p.root, p.job)
            if key not in tasks:
                tasks[key] = live.add_task(name, total=p.total, phase=p.phase, seeds=p.seeds, start=False)
            if p.phase == "train" and not live.tasks[tasks[key]].started:
                live.start_task(tasks[key])
            live.update(tasks[key], completed=p.done, phase=p.phase)
            if not console.is_terminal and phases.get(key) != p.phase:
                seconds = time.perf_counter() - started
                console.print(f"[{seconds:6.1f} s] {name}: {p.phase}, {p.seeds} runs, {p.done:,} of {p.total:,} steps")
            phases[key] = p.phase

        yield on_progress
