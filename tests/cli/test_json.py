"""--json: standard output is JSON and nothing else, with the facts of the tables under the keys that are documented."""

import json
import re
from pathlib import Path

import pytest

from bestiary.catalog.read import read_catalog
from bestiary.catalog.setups.knobs import knobs_of
from bestiary.cli import main as cli
from bestiary.cli.output.as_json import text

CATALOG = read_catalog()
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "command-line.md").read_text("utf-8")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def asked(capsys, monkeypatch, cache):
    """words -> (what was parsed of standard output, standard error), in this process."""
    monkeypatch.setenv("BESTIARY_CACHE_DIR", str(cache))
    monkeypatch.setattr("bestiary.train.jax_setup.prepare", lambda folder: None)  # the tests have set JAX up

    def run(*words):
        with pytest.raises(SystemExit) as end:
            cli.main([*map(str, words), "--json"])
        out, err = capsys.readouterr()
        assert end.value.code == 0, err
        return json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON")), err

    return run


def documented(command: str) -> set[str]:
    """The keys that the page lists for a command."""
    (row,) = re.findall(rf"^\| `{command}` \| (.*) \|$", PAGE, re.MULTILINE)
    return set(re.findall(r"`([a-z_]+)`", row))


def test_list(asked):
    made, _ = asked("list", "--zone", 2)
    assert [e["entry"] for e in made["entries"]] == [key for key, e in CATALOG.items() if e.zone == 2]
    assert made.keys() | made["entries"][0].keys() == documented("list")


def test_show(asked):
    made, _ = asked("show", "grokking")
    entry = CATALOG["grokking"]
    assert [k["name"] for k in made["knobs"]] == [k.name for k in knobs_of("grokking")]
    assert made["cases"]["grokking"]["claims"][0]["rate"] == list(entry.cases["grokking"].claims[0].interval)
    (first, *_), keys = made["compared"], documented("show")
    assert first["published"]["where"] and first["roots"][0]["difference"]["agrees"] in (True, False, None)
    assert made["measured"].startswith("measured 20")
    assert keys <= made.keys() | first.keys() | first["roots"][0].keys()


def test_run(asked, tmp_path):
    made, err = asked("run", "catapult", "--seeds", 3, "--set", "lr=2.5", "--set", "steps=60", "--out", tmp_path)
    assert made.keys() | made["runs"][0].keys() | made["effects"][0].keys() == documented("run")
    assert [r["seed"] for r in made["runs"]] == [0, 1, 2] and sum(made["states"].values()) == made["seeds"] == 3
    assert made["knobs"]["lr"] == 2.5 and made["static"]["steps"] == 60
    assert "wrote" in err


def test_map_along_one_knob(asked):
    made, err = asked("map", "catapult", "--over", "lr=1:4.5:3", "--seeds", 12, "--set", "steps=60")
    keys = made.keys() | made["points"][0].keys() | made["laws"][0].keys() if made["laws"] else made.keys()
    assert [point["lr"] for point in made["points"]] == [1, 2.75, 4.5]
    assert [point["found"] for point in made["points"]] == [0, 12, 0]
    assert [c["direction"] for c in made["boundaries"]] == ["appears", "vanishes"]
    assert made["points"][0]["median"] is None  # not NaN
    assert keys - {"lr"} <= documented("map") and "3 points x 12 seeds" in err


def test_map_over_several(asked):
    axes = ("--over", "lr=1,3", "--over", "width=16,64")
    made, _ = asked("map", "catapult", *axes, "--seeds", 2, "--set", "steps=60")
    assert made["cells"][0] == {"lr": 1.0, "width": 16, "phases": {"lazy": 2}} and len(made["cells"]) == 4
    assert made.keys() | made["factorises"].keys() | {"phases"} <= documented("map")


def test_interact(asked):
    words = ("--of", "settled", "--with", "momentum=0.9", "--set", "steps=400", "--set", "width=16", "--seeds", 6)
    made, err = asked("interact", "rotational_equilibrium", *words)
    (point,) = made["points"]
    assert made.keys() | point.keys() | {"estimate", "low", "high"} == documented("interact")
    assert point["found"]["n"] == made["seeds"] == 6 and "24 runs, 9,600 steps, 1 program" in err


def test_path(asked, monkeypatch):
    made, err = asked("path", "adam_loss_spikes", "--seeds", 1)
    (path,) = made["paths"]
    (block,) = CATALOG["adam_loss_spikes"].paths.values()
    assert [rung["rung"] for rung in path["rungs"]] == [rung.name for rung in block.rungs]
    rung = path["rungs"][0]
    parts = (made, path, rung, rung["without"], rung["marker"], path["steps"][0])
    assert set().union(*parts) | {"law"} == documented("path")
    assert re.search(r"adam_loss_spikes: \d+ runs, [\d,]+ steps, \d+ program", err)


def test_numbers_that_json_has_not_are_null():
    import numpy as np

    made = json.loads(text({"a": float("nan"), "b": [np.float32("inf"), np.int32(3)], "c": {"d": -1.5}, "e": True}))
    assert made == {"a": None, "b": [None, 3], "c": {"d": -1.5}, "e": True}
