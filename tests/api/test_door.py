"""The names that `import bestiary` gives: quick, listed, documented, and the same as their modules'."""

import subprocess
import sys

import pytest

import bestiary


def test_importing_is_quick_and_names_nothing_heavy():
    code = "import sys, bestiary; dir(bestiary); print(sorted({'jax', 'xarray', 'numpy', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_dir_lists_the_public_names_and_no_others():
    assert dir(bestiary) == sorted(bestiary.__all__)
    assert set(bestiary._HOMES) | {"__version__"} == set(bestiary.__all__)
    for name in bestiary.__all__:
        assert getattr(bestiary, name) is not None


@pytest.mark.parametrize("name", sorted(bestiary._HOMES))
def test_every_name_says_what_it_is(name):
    thing = getattr(bestiary, name)
    text = thing.__doc__
    assert text and len(text.splitlines()[0]) > 20
    assert name in bestiary.__doc__


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        bestiary.lod  # noqa: B018


def test_entries_list_complete_and_load(cache):
    assert "grokking" in bestiary.entries and len(bestiary.entries) == len(list(bestiary.entries))
    assert bestiary.entries._ipython_key_completions_() == list(bestiary.entries)
    assert "grokking_digits" in repr(bestiary.entries) and "<table" in bestiary.entries._repr_html_()
    assert bestiary.entries["catapult"].key == "catapult"
    assert bestiary.entries.get("groking") is None and bestiary.entries.get("catapult").key == "catapult"
    for wrong in (lambda: bestiary.load("groking"), lambda: bestiary.entries["groking"]):
        with pytest.raises(ValueError, match="no entry 'groking'; did you mean 'grokking'"):
            wrong()
