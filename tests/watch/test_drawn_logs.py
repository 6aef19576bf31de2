"""Logs drawn here, of formats, dirty steps and shapes that people have: what is said of each, and what not."""

import re

import pytest
from drawn_logs import LOGS
from log_files import asked


@pytest.mark.parametrize("name", LOGS)
def test_what_is_said(name, tmp_path):
    text, codes, must, never = LOGS[name]
    (tmp_path / name).write_text(text)
    done = asked(tmp_path / name)
    said = " ".join((done.stdout + done.stderr).replace(str(tmp_path / name), "").split())
    assert done.exit_code in codes, said
    assert [p for p in must if not re.search(p, said)] == [], said
    assert [p for p in never if re.search(p, said)] == [], said
