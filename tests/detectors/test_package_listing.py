"""The package lists its detectors without importing them, and imports the one that is asked for."""

import subprocess
import sys

import pytest
from every_detector import DETECTORS

import bestiary.detectors


def test_the_detectors_are_listed():
    assert dir(bestiary.detectors) == DETECTORS


def test_none_is_imported_before_it_is_asked_for():
    code = (
        "import sys, bestiary.detectors as d\n"
        "names = dir(d)\n"
        "print('numpy' in sys.modules, d.spikes.ABOUT.also, 'bestiary.detectors.hump' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "('loss", "spikes',)", "False"]


def test_what_is_no_detector_is_said_to_be_none():
    with pytest.raises(AttributeError, match=r"no attribute 'spikelet'; there are .*spikes"):
        _ = bestiary.detectors.spikelet
    with pytest.raises(AttributeError):
        _ = bestiary.detectors.__wrapped__
    with pytest.raises(ImportError):
        from bestiary.detectors import spikelet  # noqa: F401
