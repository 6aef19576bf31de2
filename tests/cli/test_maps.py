"""`bestiary map` and `bestiary path`, as a user runs them."""

import re

import numpy as np
import pytest

from bestiary.catalog.axes import parse
from bestiary.cli import main as cli
from bestiary.train import runs


@pytest.fixture
def bestiary(capsys, monkeypatch, tmp_path):
    """words -> (exit status, standard output, standard error), in this process."""
    monkeypatch.setenv("BESTIARY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("bestiary.train.jax_setup.prepare", lambda folder: None)  # the tests have set JAX up
    monkeypatch.setenv("COLUMNS", "150")

    def run(*words):
        try:
            cli.main([str(word) for word in words])
            status = 0
        except SystemExit as end:
            status = end.code or 0
        return status, *capsys.readouterr()

    return run


BAD = {
    ("map", "catapult", "--over", "lrr=1:2:3"): "--over lrr: no such knob; did you mean 'lr'?",
    ("map", "catapult", "--over", "lr=2:1:3"): "--over lr=2:1:3: the range is reversed; write lr=1:2:3",
    ("map", "catapult", "--over", "lr=1:1:3"): "--over lr=1:1:3: the range is empty",
    ("map", "catapult", "--over", "lr=a:1:3"): "--over lr=a:1:3: 'a' is not a number",
    ("map", "catapult", "--over", "lr=-1:1:3:log"): "cannot pass through zero",
    ("map", "catapult", "--over", "width=8:64:6"): "width is static and wants integers",
    ("map", "catapult", "--over", "lr=1:2:3", "--over", "lr=1:2:3"): "--over lr: an axis is there twice",
    ("map", "catapult", *(["--over", "lr=1:2:3"] * 4)): "twice",
    ("map", "catapult", "--over", "lr=1:2:3", "--over", "width=8,16", "--resolution", "0.1"): "--resolution",
    ("map", "catapult", "--over", "lr=1:2:3", "--resolution", "-1"): "--resolution",
    ("map", "catapult", "--over", "lr=1:2:3", "--set", "widht=8"): "did you mean 'width'?",
    ("map", "catapult", "--over", "lr=1:2:3", "--case", "lazi"): "did you mean 'lazy'?",
    ("map", "catapul", "--over", "lr=1:2:3"): "did you mean 'catapult'?",
    ("map", "catapult"): "--over",
    ("path", "catapult"): "no path of it; there are paths of ",
    ("path", "grokking_transformer", "towards"): "no such path",
}


@pytest.mark.parametrize("words, says", BAD.items(), ids=[" ".join(words) for words in BAD])
def test_bad_input_is_one_line_and_status_2(bestiary, words, says):
    status, out, err = bestiary(*words)
    assert status == 2
    assert says in err
    assert err.strip().count("\n") == 0
    assert "Traceback" not in out + err


def test_a_map_of_one_knob_finds_the_boundary_and_writes_what_it_saw(bestiary, tmp_path):
    words = ("--set", "width=64", "--set", "steps=100", "--seeds", 20, "--boundary-of", "divergence", "--of", "peak")
    status, out, err = bestiary("map", "catapult", "--over", "lr=3:5:3", *words, "--resolution", 0.1, "--out", tmp_path)
    assert status == 0
    assert "3 points x 20 seeds, 6,000 steps, 1 program" in err
    lo, hi = map(float, re.search(r"divergence appears at lr = \S+ \((\S+) to (\S+) at 95 %\)", out).groups())
    assert lo <= 4.0 <= hi + 0.05  # Lewkowycz et al., arXiv:2003.02218: exact for infinite width
    assert hi - lo <= 0.2
    assert "exponent" in out and "AIC" in out
    table = runs.read(tmp_path / "catapult-lr.nc")
    assert table.sizes["seed"] == 20
    assert table.sizes["lr"] > 3
    assert (tmp_path / "catapult-lr.png").stat().st_size > 5000
    again = bestiary("map", "catapult", "--over", "lr=3:5:3", *words, "--resolution", 0.1)
    assert again[:2] == (0, out.split("wrote ")[0])  # from the cache, the same


@pytest.mark.parametrize(
    ("option", "name", "says"),
    [
        ("--of", "loss", "--of loss: no run has an effect 'loss'; there are onset, "),
        ("--boundary-of", "loss", "--boundary-of loss: no run has a state or phase 'loss'; there are found, "),
    ],
)
def test_a_name_that_only_the_runs_refute_is_refused_below_what_was_found(bestiary, option, name, says):
    """`loss` is a text in the detector's file, so that only the runs tell that it is neither effect nor phase."""
    words = ("--set", "width=16", "--set", "steps=20", "--seeds", 2, option, name)
    status, out, err = bestiary("map", "catapult", "--over", "lr=1,3", *words)
    assert status == 2
    assert "lr" in out
    assert err.strip().splitlines()[-1].startswith(says)


def test_an_effect_that_no_run_happens_to_have_is_no_mistake(bestiary):
    words = ("--set", "steps=4", "--set", "log_every=1", "--seeds", 2, "--of", "t_test")
    status, out, _ = bestiary("map", "grokking", "--over", "lr=0.001,0.002", *words)
    assert status == 0
    assert "no law of t_test" in out


def test_a_map_of_two_knobs_is_a_diagram_in_letters(bestiary, tmp_path):
    axes = ("--over", "lr=1,3,4.5", "--over", "width=16,64")
    status, out, _ = bestiary("map", "catapult", *axes, "--set", "steps=60", "--seeds", 4, "--out", tmp_path)
    assert status == 0
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if re.match(r"[\d.]+ ", line)}
    assert rows["1"] == ["L", "L"]
    assert rows["4.5"] == ["D", "D"]
    table = runs.read(tmp_path / "catapult-lr-width.nc")
    assert dict(table.sizes) == {"lr": 3, "width": 2, "seed": 4}
    assert table["width"].dtype == np.int32
    assert (tmp_path / "catapult-lr-width.png").is_file()


def test_three_knobs_are_facets_and_more_are_refused(bestiary):
    status, out, _ = bestiary(
        "map", "catapult", "--over", "lr=1,3", "--over", "width=16", "--over", "steps=20,40", "--seeds", 2
    )
    assert status == 0
    assert "steps = 20" in out and "steps = 40" in out
    many = [word for name in ("lr", "width", "steps", "log_every") for word in ("--over", f"{name}=1,2")]
    status, _, err = bestiary("map", "catapult", *many)
    assert status == 2 and "at most 3 can be drawn" in err
    status, _, err = bestiary(
        "map", "catapult", "--over", "lr=1,3", "--over", "width=16", "--over", "steps=20,30,40,50,60,70,80"
    )
    assert status == 2 and "at most 6, not 7" in err


def test_show_tells_the_laws_boundaries_and_paths(bestiary):
    _, out, _ = bestiary("show", "catapult")
    assert "divergence" in out and "lr=3:5:4" in out and "3.96 to 4.04" in out
    _, out, _ = bestiary("show", "sparse_attention_transformer")
    assert "path towards_transformers" in out and "two_layers" in out and "layers=2" in out


def test_a_mistyped_axis_shows_itself():
    assert str(parse("lr=1:2:3")) == "lr=1:2:3"
    assert str(parse("network=pair,mlp")) == "network=pair,mlp"
