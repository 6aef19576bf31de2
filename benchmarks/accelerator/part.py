"""One part in a process of its own: python -m accelerator.part NAME FILE SECONDS [OPTIONS IN JSON]."""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from pathlib import Path

from accelerator.kept import Kept


def main(name: str, file: str, seconds: str, options: str = "{}") -> None:
    """Run a part; that it came to its end, or why not, is in its file."""
    kept = Kept(Path(file), float(seconds))
    kept.put("seconds", value=float(seconds))

    def part() -> str:
        import_module(f"accelerator.{name}").run(kept, **json.loads(options))
        return f"to its end, with {max(0.0, kept.left()):.0f} s left"

    kept.attempt("ran", of=part)
    sys.stdout.flush()
    os._exit(0)  # what still compiles in a thread is not waited for: all that was found is on disk


if __name__ == "__main__":
    main(*sys.argv[1:])
