"""Every Python block of the pages runs, in order, with warnings as errors, and prints what the page is about."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOG = "step,train_acc,test_acc\n" + "".join(f"{t},{float(t > 50)},{float(t > 900)}\n" for t in range(0, 2000, 10))
SAID = {  # page: words that it must print
    "README.md": ["3.0    1.0", "grokking appears at fraction"],
    "docs/python.md": [
        "delayed_generalization",
        "8 runs: 8 found (grokking)",
        "did you mean 'weight_decay'",
        "8 undecided (memorisation); the run ended too early",
        "grokking appears at fraction",
        "sum of parts",
        "12 hold",
        "warning: spikes from step 400",
    ],
    "docs/own_setup.md": [
        "24 runs: 24 absent",
        "8 runs: 8 absent",
        "found vanishes at start",
        "power law",
        "lacks log_every",
        "4 runs: 4 diverged",
    ],
    "docs/own_detector.md": ["gap 20: 100% hits, 0% false alarms", "['spike'] ['spikes']", "8 runs: 8 found"],
}
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)


def script(page: str) -> str:
    """The blocks of a page as one script, each line where it stands in the page."""
    lines = [""] * (page.count("\n") + 1)
    for block in BLOCK.finditer(page):
        first = page[: block.start(1)].count("\n")
        code = block[1].splitlines()
        lines[first : first + len(code)] = code
    return "\n".join(lines)


@pytest.mark.slow
@pytest.mark.parametrize("page", SAID)
def test_page(page, tmp_path):
    file = tmp_path / "page.py"
    file.write_text(script((ROOT / page).read_text("utf-8")), "utf-8")
    (tmp_path / "metrics.csv").write_text(LOG)  # what a reader has
    env = {"BESTIARY_CACHE_DIR": str(tmp_path / "cache")} | os.environ | {"MPLBACKEND": "agg", "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-W", "error", file.name]
    ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, encoding="utf-8")
    assert ran.returncode == 0, ran.stderr
    assert [words for words in SAID[page] if words not in ran.stdout] == []


def test_a_block_keeps_its_lines():
    page = "# title\n\n```python\na = 1\n\nb = 2\n```\n\ntext\n\n```python\nc = a + b\n```\n"
    assert script(page).splitlines()[3:12] == ["a = 1", "", "b = 2", *[""] * 5, "c = a + b"]
    assert script("```sh\nrm x\n```\n").strip() == ""
