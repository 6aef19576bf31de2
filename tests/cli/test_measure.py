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
    cost = record["cost"]
    assert cost["cases"].keys() == record["cases"].keys() and all(s > 0 for s in cost["cases"].values())
    assert cost["bytes"] > 0 and ("beyond" in cost) == ("maps" in record)

    done = asked("--stale", "--to", tmp_path)
    assert done.stdout == f"wrote {tmp_path / 'tother.json'}\n" and "tother: roots 1, 2" in done.stderr
    assert asked("--stale", "--to", tmp_path).stdout == ""

    file.write_text(json.dumps(record | {"code": {"runs": "other", "judge": "other"}}))
    done = asked("--stale", "--to", tmp_path)
    assert done.stdout == f"wrote {file}\n" and "saddle: roots 4, 7" in done.stderr
    again = json.loads(file.read_text())
    assert again["cases"] == record["cases"] and again["code"] == record["code"]
    assert "cost" not in again  # all runs were there, and what others cost is not known


def test_what_costs_nothing_keeps_the_cost_that_was_measured(asked, tmp_path):
    asked("saddle", "--root", 4, "--to", tmp_path)
    file = tmp_path / "saddle.json"
    record = json.loads(file.read_text()) | {"cost": {"cores": 2, "cases": {"near": 3.0}, "bytes": 1}}
    file.write_text(json.dumps(record))
    asked("saddle", "--root", 4, "--to", tmp_path)
    assert json.loads(file.read_text())["cost"] == record["cost"]
