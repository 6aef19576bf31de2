"""A command that is run for each finding, for so long and no longer."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence

LIMIT = 60.0  # [s] a command may take


def run(command: Sequence[str], report: str, limit: float = LIMIT) -> str:
    """Run a command with a report on its standard input; return in one line what went wrong, else nothing.

    The command is given a process group of its own. At the time limit the whole group is killed, and with it all that
    the command has started. What the command prints goes where our own output goes.

    Args:
        command: program and arguments; no shell reads them.
        report: one line of JSON.
        limit: [s] that the command may take.
    """
    try:
        running = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True)
    except OSError as error:
        return f"--exec {command[0]}: cannot be run ({error.strerror})"
    try:
        running.communicate(report + "\n", timeout=limit)
    except subprocess.TimeoutExpired:
        _kill(running)
        return f"--exec {command[0]}: killed after {limit:g} s; give it more with --exec-timeout"
    except BaseException:  # an interruption reaches us alone
        _kill(running)
        raise
    return f"--exec {command[0]}: exit status {running.returncode}" if running.returncode else ""


def _kill(running: subprocess.Popen[str]) -> None:
    """Kill a command and all of its group."""
    if hasattr(os, "killpg"):
        try:
            os.killpg(running.pid, signal.SIGKILL)  # the group has the number of its first process
        except ProcessLookupError:
            pass  # all of it has ended by itself
    else:
        running.kill()
    running.wait()
    if running.stdin is not None:
        try:
            running.stdin.close()
        except OSError:
            pass  # it holds a report that nobody reads any more
