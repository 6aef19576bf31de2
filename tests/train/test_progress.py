"""What is shown of training: one bar in a notebook, lines in a pipe, bars on a terminal."""

import io
import re
import sys
from types import ModuleType, SimpleNamespace

import pytest
from rich.console import Console

from bestiary.train.event import Progress
from bestiary.train.progress import bars, in_notebook


class Clock:
    """Time goes on when it is told to."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    return Clock()


def report(phase, done, total=10_000, entry="grokking", job="first", root=1, seeds=16):
    return Progress(entry, root, job, phase, done, total, seeds)  # type: ignore[arg-type]


def train(on_progress, clock, seconds, per_second=100, **job):
    """Half a second at a time, as the host reports."""
    on_progress(report("compile", 0, **job))
    for half in range(1, 2 * seconds + 1):
        clock.now += 0.5
        on_progress(report("train", half * per_second // 2, **job))


def piped(**how):
    return Console(file=io.StringIO(), **how)


def lines(console):
    return console.file.getvalue().splitlines()


# A pipe.


def test_a_pipe_gets_a_line_at_least_every_ten_seconds_of_training(clock):
    console = piped(width=40)
    with bars(console=console, clock=clock) as on_progress:
        train(on_progress, clock, 73)
        on_progress(report("done", 10_000))
    when = [float(re.match(r"\[ *([\d.]+) s\] grokking: ", line).group(1)) for line in lines(console)]
    assert max(b - a for a, b in zip(when, [*when[1:], 73.0], strict=True)) <= 10
    assert len(when) <= 3 + 8
    first, begun, *_, last = lines(console)
    assert first == "[   0.0 s] grokking: compile, 16 runs, 0 of 10,000 steps"
    assert begun == "[   0.5 s] grokking: train, 16 runs, 50 of 10,000 steps"
    assert last == "[  73.0 s] grokking: done, 16 runs, 10,000 of 10,000 steps"


def test_a_line_tells_share_speed_and_time_left(clock):
    console = piped()
    with bars(console=console, clock=clock) as on_progress:
        train(on_progress, clock, 10, per_second=250)
    assert lines(console)[-1] == (
        "[   9.5 s] grokking: train, 16 runs, 2,375 of 10,000 steps, 24 %, 250 steps/s, 0:00:30 left"
    )


def test_speed_counts_what_was_trained_and_is_that_of_the_last_half_minute(clock):
    console = piped()
    with bars(console=console, clock=clock) as on_progress:
        on_progress(report("compile", 5_000))  # known from before
        on_progress(report("train", 5_000))
        for done in range(5_010, 5_610, 10):  # a minute of 10 steps/s
            clock.now += 1
            on_progress(report("train", done))
        for done in range(5_630, 6_440, 20):  # twice as fast, for longer than the window
            clock.now += 1
            on_progress(report("train", done))
    speeds = [re.search(r"([\d,]+) steps/s", line) for line in lines(console)]
    told = [int(found.group(1)) for found in speeds if found]
    assert told[0] == 10 and told[-1] == 20 and told == sorted(told)


def test_a_short_job_takes_three_lines_and_a_known_one_two(clock):
    console = piped()
    with bars(console=console, clock=clock) as on_progress:
        train(on_progress, clock, 3)
        on_progress(report("done", 10_000))
        on_progress(report("compile", 10_000, job="known", root=2))
        on_progress(report("done", 10_000, job="known", root=2))
    assert [line.partition("] ")[2].split(",")[0] for line in lines(console)] == [
        "grokking: compile",
        "grokking: train",
        "grokking: done",
        "grokking (root 2): compile",
        "grokking (root 2): done",
    ]


# A terminal.


def test_a_terminal_gets_bars_and_its_cursor_back(clock):
    console = piped(force_terminal=True, width=120)
    with pytest.raises(KeyboardInterrupt):
        with bars(console=console, clock=clock) as on_progress:
            train(on_progress, clock, 1)
            raise KeyboardInterrupt
    shown = console.file.getvalue()
    assert "━" in shown and shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


def test_the_pseudo_terminal_of_a_notebook_cell_gets_lines(clock, monkeypatch):
    monkeypatch.setenv("JPY_PARENT_PID", "1")
    console = piped(force_terminal=True, width=40)
    with bars(console=console, clock=clock) as on_progress:
        train(on_progress, clock, 20)
    assert len(lines(console)) == 4 and not re.search(r"[\x1b\r━]", console.file.getvalue())


# A notebook.


class Notebook:
    """What IPython shows: pieces of output, each with all that was ever put into it."""

    def __init__(self, shell):
        self.outputs = []
        self.module = ModuleType("IPython")
        self.module.get_ipython = lambda: shell  # type: ignore[attr-defined]
        self.display = SimpleNamespace(HTML=str, display=self._display)

    def _display(self, html, display_id=False):
        history = [html]
        self.outputs.append(history)
        return SimpleNamespace(update=history.append) if display_id else None


@pytest.fixture
def notebook(monkeypatch):
    shell = type("Shell", (type("ZMQInteractiveShell", (), {}),), {})()  # hosts derive their own from Jupyter's
    made = Notebook(shell)
    monkeypatch.setitem(sys.modules, "IPython", made.module)
    monkeypatch.setitem(sys.modules, "IPython.display", made.display)
    monkeypatch.setenv("JPY_PARENT_PID", "1")  # a kernel has it too
    return made


def words(html):
    return re.sub(r"<[^>]*>", "", html).strip()


def test_a_notebook_shows_one_bar_over_all_jobs(clock, notebook):
    console = piped()
    with bars(console=console, clock=clock) as on_progress:
        on_progress(report("compile", 0, job="second", seeds=8))
        train(on_progress, clock, 10)
        (history,) = notebook.outputs
        assert words(history[-1]) == "grokking: train, 24 runs, 5 %, 100 steps/s, 0:03:10 left"
        assert 'value="0.0500"' in history[-1]
        on_progress(report("done", 10_000))
        on_progress(report("done", 10_000, job="second", seeds=8))
    (history,) = notebook.outputs
    assert words(history[0]) == "grokking: compile, 8 runs, 0 %"
    assert words(history[-1]) == "grokking: done, 24 runs, 100 %"
    assert console.file.getvalue() == ""


def test_a_notebook_is_not_flooded(clock, notebook):
    with bars(clock=clock) as on_progress:
        on_progress(report("compile", 0))
        for done in range(1000):
            clock.now += 0.001
            on_progress(report("train", done))
    (history,) = notebook.outputs
    assert len(history) <= 6


@pytest.mark.parametrize("error, says", [(KeyboardInterrupt, "interrupted"), (ValueError, "stopped")])
def test_what_was_cut_short_says_so_and_goes_on_to_raise(clock, notebook, error, says):
    with pytest.raises(error):
        with bars(clock=clock) as on_progress:
            train(on_progress, clock, 10)
            raise error
    (history,) = notebook.outputs
    assert words(history[-1]) == f"grokking: {says}, 16 runs, 10 %"


def test_several_entries_are_counted_and_names_escaped(clock, notebook):
    with bars(clock=clock) as on_progress:
        on_progress(report("compile", 0, entry="<b>"))
        assert "&lt;b&gt;: compile" in notebook.outputs[0][-1]
        on_progress(report("compile", 0))
    assert words(notebook.outputs[0][-1]) == "2 entries: compile, 32 runs, 0 %"


def test_nothing_to_train_leaves_nothing_in_the_notebook(clock, notebook):
    with bars(clock=clock):
        pass
    assert notebook.outputs == []


def test_nothing_is_shown_to_machines(clock, notebook):
    console = piped()
    with bars(hide=True, console=console, clock=clock) as on_progress:
        train(on_progress, clock, 20)
    assert notebook.outputs == [] and console.file.getvalue() == ""


@pytest.mark.parametrize("name", ["TerminalInteractiveShell", None])
def test_ipython_at_a_prompt_is_no_notebook(monkeypatch, name):
    shell = type(name, (), {})() if name else None
    monkeypatch.setitem(sys.modules, "IPython", Notebook(shell).module)
    assert not in_notebook()


def test_without_ipython_there_is_no_notebook(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook() and "IPython" not in sys.modules
