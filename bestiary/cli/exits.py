"""How a command ends: its exit status, and one line for what went wrong."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, TextIO

import click

from bestiary.cli.output.shown import echo
from bestiary.version import __version__

BAD = 2  # usage, bad input, or no room
FAULT = 70  # EX_SOFTWARE: a fault of bestiary
INTERRUPTED = 130
PIPED = 141  # what SIGPIPE would leave
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
KEPT = "interrupted; finished runs and checkpoints are kept, and the same command goes on from there"
LONGEST = 300  # characters of an error's message


class Commands(click.Group):
    """A group whose commands end in silence when nobody reads what they print, and fail when it cannot be written."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the words; `--help` prints here."""
        with _printed():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, and see that all it printed is out."""
        with _printed():
            try:
                return super().invoke(ctx)
            finally:
                if sys.stdout is not None:
                    sys.stdout.flush()


@contextmanager
def _printed() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        _discard(sys.stdout)
        raise SystemExit(PIPED) from None
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # rich has met it: 1 would say that a claim fails
            raise SystemExit(PIPED) from None
        raise


def _discard(stream: TextIO | None) -> None:
    """Let what a stream still holds go nowhere: the interpreter would stumble over it as it ends."""
    with suppress(OSError, ValueError, AttributeError):  # no stream, closed, or none of the system's
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())  # pyright: ignore[reportOptionalMemberAccess]
        os.close(nowhere)


def open_streams() -> None:
    """Let what is printed go nowhere where a caller has closed a stream."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))


def say(line: str) -> None:
    """Print a line on standard error, if anybody reads it."""
    try:
        echo(line, err=True)
    except OSError:
        _discard(sys.stderr)


def interruptible() -> None:
    """Let the first interrupt end the command in order, and a second one at once; both without a traceback."""

    def first(number: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, second)
        raise KeyboardInterrupt

    def second(number: int, frame: Any) -> None:
        _end_at_once()

    others = sys.unraisablehook

    def swallowed(what: sys.UnraisableHookArgs) -> None:
        if issubclass(what.exc_type, KeyboardInterrupt):  # raised in a callback of the garbage collector: JAX has one
            _end_at_once()
        others(what)

    with suppress(ValueError):  # not the main thread: whoever called handles interrupts
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a job in the background ignores them
            signal.signal(signal.SIGINT, first)
            sys.unraisablehook = swallowed


def _end_at_once() -> NoReturn:
    """End without the interpreter: files are whole at any time."""
    with suppress(OSError):
        os.write(2, f"{_CURSOR if os.isatty(2) else ''}\n{KEPT}\n".encode())
    os._exit(INTERRUPTED)


def interrupted() -> NoReturn:
    """End after an interrupt; what comes now is short, and a further interrupt would change the status."""
    with suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    say(KEPT)
    sys.exit(INTERRUPTED)


_CURSOR = "\x1b[?25h"  # shows the cursor, which a bar hides


def unexpected(error: Exception) -> int:
    """Tell of an error that no command foresaw in one line; return the exit status."""
    if os.environ.get("BESTIARY_DEBUG"):
        import traceback

        traceback.print_exception(error)
    text = "".join(c if c.isprintable() else " " for c in str(error))
    text = " ".join(text.split())
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in text:
        say("bestiary: out of memory; ask for fewer seeds, fewer steps or a smaller network")
        return BAD
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        _discard(sys.stdout)
        say(f"bestiary: {error.filename or 'what was printed'}: cannot be written ({error.strerror})")
        return BAD
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
    if text.startswith("Unable to initialize backend"):  # JAX, of a device that is not there, or has no driver
        say(f"bestiary: {text}; JAX_PLATFORMS names the devices to train on, and cpu is always there")
        return BAD
    what = f"{type(error).__name__}: {text}" if text else type(error).__name__
    say(f"bestiary {__version__}: {what}; this is a fault of bestiary, please report it{_with_traceback(error)}")
    return FAULT


def _with_traceback(error: Exception) -> str:
    if os.environ.get("BESTIARY_DEBUG"):
        return ""
    try:
        import tempfile  # a start that goes well needs neither
        import traceback

        number, path = tempfile.mkstemp(prefix="bestiary-", suffix=".txt")
        with os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"bestiary {__version__}, Python {sys.version}\n{sys.argv}\n")
            traceback.print_exception(error, file=file)
    except OSError:
        return "; BESTIARY_DEBUG=1 shows where it happened"
    return f" with {path}"
