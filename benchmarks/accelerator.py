"""Everything about bestiary that needs an accelerator, in one go of a few minutes on a bare machine.

    python benchmarks/accelerator.py --minutes 8 --out FOLDER

In order of worth, each in a process of its own, killed at its deadline:

    contract         the trainer's promises, and a few steps of every entry: accelerator/contract.py
    agreement        claims judged on a root that they were recorded on, on a CPU: accelerator/agreement.py
    speed            seed-steps per second and bytes per run against width: accelerator/speed.py
    whole_map        2,048 runs from settings to phases: accelerator/whole_map.py
    torch_ensembles  the same training in PyTorch: accelerator/torch_ensembles.py

The first two share the device, since most of their time is compiling; speed is measured alone. A part writes its file
after every finding, and a part that fails stops no other. In the end FOLDER holds accelerator.json, with all that was
found and why the rest was not, and accelerator.md. Under one minute it is a trial on any device: a few programs of
every part, however long they take.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelerator.kept import say
from accelerator.table import markdown

from bestiary.files import replace_with

HERE = Path(__file__).resolve().parent
ENDS = {"agreement": 0.55, "speed": 0.83, "whole_map": 0.91, "torch_ensembles": 1.0}  # share of the time gone by then
ALONE = {"contract": 0.18}  # where it cannot share the device
GRACE = 8.0  # [s] a part that has noticed its deadline may take to leave
CORES = 8  # fewer, and parts run one after the other
SHARES = 3  # processes that check entries
TRIAL = 900.0  # [s] after which even a trial is killed
TRIES = 3  # of a part whose process died


@dataclass
class Part:
    """A part, its options, and its process."""

    name: str
    file: Path
    options: dict[str, Any] = field(default_factory=dict)
    process: subprocess.Popen | None = None
    tries: int = 0

    def start(self, until: float, **env: str) -> None:
        """Start the process; it is told how much time it has."""
        command = [sys.executable, "-u", "-m", "accelerator.part", self.name, str(self.file)]
        command += [str(max(1.0, until - time.monotonic())), json.dumps(self.options)]
        above = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        paths = os.pathsep.join([str(HERE), str(HERE.parent), *filter(None, above)])
        self.tries += 1
        self.process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": paths} | env)

    def found(self) -> dict[str, Any]:
        """Return what it has written so far."""
        with suppress(OSError, ValueError):
            return json.loads(self.file.read_text())
        return {}

    def wait(self, until: float, **env: str) -> dict[str, Any]:
        """Wait for its end or its deadline, start it anew if it died, and return what it found."""
        assert self.process is not None  # it was started
        killed = False
        while True:
            try:
                code = self.process.wait(max(0.0, until + GRACE - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.process.kill()
                code, killed = self.process.wait(), True
            found = self.found()
            begun = [key for key, known in found.get("entries", {}).items() if known.get("begun")]
            if code == 0 or killed or self.tries == TRIES or not begun or time.monotonic() > until - GRACE:
                break
            say(f"{self.name}: its process ended with {code} at {begun}; it goes on without")
            self.file.replace(self.file.with_suffix(f".{self.tries}"))
            self.options["skip"] = [*self.options.get("skip", []), *(k for k, v in found["entries"].items() if done(v))]
            self.options["skip"] += begun
            self.start(until, **env)
        if code:
            how = signal.Signals(-code).name if code < 0 else f"status {code}"
            found["failed"] = f"its process ended with {how}{' at its deadline' if killed else ''}"
            say(f"{self.name}: {found['failed']}")
        return found

    def earlier(self) -> list[dict[str, Any]]:
        """Return what processes of it that died had found."""
        files = sorted(self.file.parent.glob(f"{self.file.stem}.[0-9]"))
        return [json.loads(file.read_text()) for file in files]

    def clean(self) -> None:
        """Remove its files."""
        for file in (self.file, *self.file.parent.glob(f"{self.file.stem}.[0-9]")):
            file.unlink(missing_ok=True)


def done(known: dict[str, Any]) -> bool:
    """Return whether there is an answer about an entry."""
    return "not_reached" not in known


def whole(part: Part, found: dict[str, Any]) -> dict[str, Any]:
    """Return what a part found, with what its processes that died had found before."""
    for before in part.earlier():
        for key, known in before.get("entries", {}).items():
            if known.get("begun"):
                known = {"failed": "the process ended while this entry and others were run"}
            if done(known) or key not in found.get("entries", {}):
                found.setdefault("entries", {})[key] = known
    return found


def measure(out: Path, minutes: float, names: list[str], entries: list[str] | None = None) -> dict[str, Any]:
    """Run the parts, the checks of all entries or of some; return all that was found, which is saved after each."""
    started, quick = time.monotonic(), minutes < 1
    limit = TRIAL if quick else 60 * minutes
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    shared = cores >= CORES and importlib.util.find_spec("libtpu") is None and not quick  # one process holds a TPU
    all_found: dict[str, Any] = {"minutes": minutes, "quick": quick, "cores": cores}

    def until(share: float) -> float:
        return started + limit * share

    def save(name: str, found: dict[str, Any]) -> None:
        all_found[name] = found
        all_found["seconds"] = round(time.monotonic() - started, 1)
        replace_with(out / "accelerator.json", (json.dumps(all_found, indent=1) + "\n").encode())
        replace_with(out / "accelerator.md", markdown(all_found).encode())

    def part(name: str, number: int = 0, **options: Any) -> Part:
        return Part(name, out / f"{name}{number or ''}.json", {"quick": quick} | options)

    def run(parts: list[Part], share: float, **env: str) -> None:
        for one in parts:
            one.start(until(share), **env)
        ended = {one.file.name: whole(one, one.wait(until(share), **env)) for one in parts}
        for name in dict.fromkeys(one.name for one in parts):
            save(name, merged([ended[one.file.name] for one in parts if one.name == name]))
        for one in parts:
            one.clean()

    shares = SHARES if shared else 1
    checks = [part("agreement", i, share=i, shares=shares, only=entries) for i in range(shares) if "agreement" in names]
    contract = [part("contract")] if "contract" in names else []
    if shared:
        run([*contract, *checks], ENDS["agreement"], XLA_PYTHON_CLIENT_PREALLOCATE="false")
    else:
        run(contract, ALONE["contract"])
        run(checks, ENDS["agreement"])
    for name in ("speed", "whole_map", "torch_ensembles"):
        if name in names and (name != "torch_ensembles" or importlib.util.find_spec("torch")):
            run([part(name)], ENDS[name])
    return all_found


def merged(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what several processes of one part found, as of one."""
    if len(found) == 1:
        return found[0]
    entries = {key: known for one in found for key, known in one.get("entries", {}).items()}
    failed = [one["failed"] for one in found if "failed" in one]
    return {"entries": entries, "processes": [{k: v for k, v in one.items() if k != "entries"} for one in found]} | (
        {"failed": "; ".join(failed)} if failed else {}
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print the table."""
    known = ["contract", *ENDS]
    parser = argparse.ArgumentParser(description="What needs an accelerator: promises, verdicts, speed, memory.")
    parser.add_argument("--minutes", type=float, default=8.0, help="for all parts (%(default)s); below 1 it is a trial")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for accelerator.json and .md")
    parser.add_argument("--parts", nargs="+", choices=known, default=known, metavar="PART", help=f"of {known}")
    parser.add_argument("--entries", nargs="+", metavar="KEY", help="check these alone")
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    print(markdown(measure(asked.out, asked.minutes, asked.parts, asked.entries)))


if __name__ == "__main__":
    main()
