"""The package lists its entries without importing them, and imports the one that is asked for."""

import subprocess
import sys

import pytest

import bestiary.phenomena
from bestiary.files import modules


def test_the_entries_are_listed():
    assert dir(bestiary.phenomena) == sorted(modules("phenomena"))


def test_none_is_imported_before_it_is_asked_for():
    code = (
        "import sys, bestiary.phenomena as p\n"
        "names = dir(p)\n"
        "print('jax' in sys.modules, p.catapult.__name__, 'bestiary.phenomena.grokking' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "bestiary.phenomena.catapult", "False"]


def test_what_is_no_entry_is_said_to_be_none():
    with pytest.raises(AttributeError, match=r"no attribute 'grok'; there are .*grokking"):
        _ = bestiary.phenomena.grok
