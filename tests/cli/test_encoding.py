"""What is printed reaches a pipe whose encoding lacks some of its letters, as on Windows."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(("encoding", "name"), [("cp1252", r"\u640d\u5931"), ("utf-8", "\u640d\u5931")])
def test_a_column_in_any_script_is_told(tmp_path, encoding, name):
    (tmp_path / "log.csv").write_text("step,\u640d\u5931\n0,1\n1,0.5\n2,0.2\n", "utf-8")
    command = [sys.executable, "-m", "bestiary", "detect", "log.csv"]
    env = os.environ | {"PYTHONIOENCODING": encoding}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, encoding=encoding, check=False)
    assert done.returncode == 2, done.stderr  # it is told, but of no channel
    assert name in done.stdout
