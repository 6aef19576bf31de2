"""`bestiary measure`: what is stale is measured anew, on the roots of its record, and nothing else is."""

import json

import pytest
import saddle
from installed import bestiary, layout

OTHER = saddle.BLOCK.replace("saddle:", "tother:")


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    site = layout(
        tmp_path_factory.mktemp("two"), saddle.BLOCK + "\n" + OTHER, dict.fromkeys(("saddle", "tother"), saddle.SETUP)
    )
    cache = tmp_path_factory.mktemp("cache")
    return lambda *words: bestiary("measure", *words, site=site, cache=cache)


def test_only_what_is_stale_is_measured_on_the_roots_it_has(asked, tmp_path):
    first = asked("saddle", "--root", 4, "--root", 7, "--to", tmp_path)
    assert first.returncode == 0, first.stderr
    file = tmp_path / "saddle.json"
    record = json.loads(file.read_text())
    assert list(record["cases"]["near"]) == ["root 4", "root 7"]

    done = asked("--stale", "--to", tmp_path)
    assert done.stdout == f"wrote {tmp_path / 'tother.json'}\n" and "tother: roots 1, 2" in done.stderr
    assert asked("--stale", "--to", tmp_path).stdout == ""

    file.write_text(json.dumps(record | {"code": {"runs": "other", "judge": "other"}}))
    done = asked("--stale", "--to", tmp_path)
    assert done.stdout == f"wrote {file}\n" and "saddle: roots 4, 7" in done.stderr
    again = json.loads(file.read_text())
    assert again["cases"] == record["cases"] and again["code"] == record["code"]
