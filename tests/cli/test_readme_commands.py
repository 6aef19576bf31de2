"""README's commands work as they are printed, in their order, and show what the words beside them say.

What takes minutes is run where BESTIARY_NIGHTLY is set.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text("utf-8").replace("\\\n", " ")
BLOCKS = re.findall(r"^    ((?:bestiary|make|python) .*)$", TEXT, re.MULTILINE)
COMMANDS = [shlex.split(line, comments=True) for line in BLOCKS]
MINUTES = (  # what these begin with takes minutes
    ["check"],
    ["path"],
    ["map", "grokking", "--over", "weight_decay=0.1:30:16:log"],
)
SHOWN = {  # command: what README promises
    "why grokking --set fraction=0.3": "yours is 0.3, below it",
    "run grokking": "grokking: 16 found (grokking)",
    "run grokking --set weight_decay=0": "grokking: 16 absent (memorisation)",
    "map catapult --over lr=1.5:4.5:13 --seeds 16 --resolution 0.02": "found vanishes at lr = 4",
}


def minutes(words: list[str]) -> bool:
    return any(words[: len(start)] == start for start in MINUTES)


@pytest.mark.slow
def test_every_command_works_where_the_ones_before_it_have_run(tmp_path):
    env = os.environ | {"BESTIARY_CACHE_DIR": str(tmp_path / "cache"), "PYTHONWARNINGS": "ignore", "COLUMNS": "100"}
    run = 0
    for program, *words in COMMANDS:
        if program != "bestiary" or (minutes(words) and "BESTIARY_NIGHTLY" not in os.environ):
            continue
        done = subprocess.run(
            [sys.executable, "-m", "bestiary", *words], cwd=tmp_path, env=env, capture_output=True, text=True
        )
        told = f"bestiary {shlex.join(words)}\n{done.stdout}{done.stderr}"
        assert done.returncode in ((0, 1) if words[0] in ("detect", "watch") else (0,)), told
        assert SHOWN.get(shlex.join(words), "") in done.stdout, told
        run += 1
    assert run >= 9


def test_what_readme_promises_is_of_commands_that_it_has():
    assert set(SHOWN) <= {shlex.join(words) for _, *words in COMMANDS}
    assert all(any(words[: len(start)] == start for _, *words in COMMANDS) for start in MINUTES)


def test_make_has_the_targets_and_the_files_are_there():
    targets = set(re.findall(r"^([a-z.-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {words[0] for program, *words in COMMANDS if program == "make"} <= targets
    scripts = [words[0] for program, *words in COMMANDS if program == "python"]
    assert scripts and all((ROOT / script).is_file() for script in scripts)
