"""The page about clusters shows a script that runs, with warnings as errors."""

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cluster.md"


def test_the_script_of_the_page_runs(tmp_path):
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    (tmp_path / "page.py").write_text(block, "utf-8")
    env = os.environ | {"BESTIARY_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-W", "error", "page.py"]
    ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, encoding="utf-8", timeout=300)
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"0\.9 +0\.0\n1\.2 +1\.0\n", ran.stdout), ran.stdout


def test_every_place_of_the_page_is_one():
    from bestiary.train.executors.protocol import parse

    places = re.findall(r"--on (\S+)", PAGE.read_text("utf-8"))
    kinds = {parse(place.strip("`;,").replace("HOST", "node1")).kind for place in places if place[0] in "dtl"}
    assert {"own", "address"} <= kinds
