"""The adapters of docs/certify.md against the packages themselves, where they are installed; run every night."""

import re
import sys
from pathlib import Path

import pytest

from bestiary.certify import asking, scores
from bestiary.certify.cases import cases
from bestiary.certify.certificate import asker_of, certified
from bestiary.certify.kinds import KINDS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "certify.md").read_text("utf-8")
SPIKE = KINDS["spike"]

pytestmark = pytest.mark.packages


def adapter(name, folder, monkeypatch):
    """Who asks the function `spike` of a file of the page."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (code,) = re.findall(rf"^```python\n(# {name}\n.*?)^```$", PAGE, re.M | re.S)
    (folder / name).write_text(code)
    return asker_of(f"{folder / name}:spike", SPIKE)


def test_lightning_fires_where_our_copy_of_its_rule_does(tmp_path, monkeypatch):
    pytest.importorskip("lightning", reason="needs lightning, of the extra callbacks")
    asker = adapter("lightning_rule.py", tmp_path, monkeypatch)
    asked = [case for case in cases(SPIKE, 0, 1) if case.log["loss"].steps.size <= 1000]
    theirs = asking.rows(asker, asked, 60.0)
    copy = asking.rows(asking.rule("copy", SPIKE.rules["lightning_spike_detection"]), asked)
    assert len(asked) > 10 and not any(row.answer.failure for row in theirs)
    different = [a.case.name for a, b in zip(theirs, copy, strict=True) if a.answer.found != b.answer.found]
    assert different == []


def test_ruptures_finds_spikes_with_the_adapter_of_the_page(tmp_path, monkeypatch):
    pytest.importorskip("ruptures", reason="needs ruptures, of the extra rules")
    asker = adapter("ruptures_rule.py", tmp_path, monkeypatch)
    made = certified(asker, SPIKE, root=0, seeds=4, beside=False)
    of = scores.score(made.rows)
    assert isinstance(of, scores.Detected) and of.failures.k == 0
    assert of.hits.share > 0.8 and of.false_alarms.share < 0.2, of
