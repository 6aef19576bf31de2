"""`bestiary interact`, as a user runs it."""

import json

import pytest

from bestiary.cli import main as cli


@pytest.fixture
def bestiary(capsys, monkeypatch, tmp_path):
    """words -> (exit status, standard output, standard error), in this process."""
    monkeypatch.setenv("BESTIARY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("bestiary.train.jax_setup.prepare", lambda folder: None)  # the tests have set JAX up
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words):
        try:
            cli.main([str(word) for word in words])
            status = 0
        except SystemExit as end:
            status = end.code or 0
        return status, *capsys.readouterr()

    return run


ROTATION = ("interact", "rotational_equilibrium", "--of", "settled")
FACTOR = ("--rule", "factor", "--formula", "1 / sqrt(1 + momentum)")
ON = ("--with", "momentum=0.9")
BAD = {
    ("interact", "rotational", *ON): "did you mean 'rotational_equilibrium'?",
    (*ROTATION, "--with", "momentun=0.9"): "--with momentun: no such knob; did you mean 'momentum'?",
    (*ROTATION, "--with", "momentum=0.9:x:3"): "--with momentum=0.9:x:3: 'x' is not a number",
    (*ROTATION, "--with", "momentum=1.5"): "--with: momentum=1.5: want >= 0 and < 1, not 1.5",
    (*ROTATION, "--with", "momentum=0,0.9"): "--with: B is on already: momentum is 0.0 by itself",
    (*ROTATION, *ON, "--set", "momentum=0.9"): "--with: B is on already: momentum is 0.9 by itself",
    (*ROTATION, *ON, "--off", "0.9"): "--with: B is on already: momentum is 0.9 by itself",
    (*ROTATION, *ON, "--off", "none"): "--off: want a number, not 'none'",
    (*ROTATION, *ON, "--rule", "fact"): "'fact' is not one of 'independent', 'factor'",
    (*ROTATION, *ON, "--rule", "factor"): "--rule: the rule factor, Q f(on) / f(off), needs `formula`",
    (*ROTATION, *ON, "--rule", "factor", "--formula", "lrr"): "--formula: the setup has no number 'lrr'",
    (*ROTATION, *ON, "--rule", "factor", "--formula", "lr("): "--rule: 'lr(' is no formula",
    (
        *ROTATION,
        *ON,
        "--rule",
        "first",
        "--of-b",
        "relaxation",
    ): "no common unit: settled is in 'rad', relaxation in 'step'",
    (
        *ROTATION,
        *ON,
        "--rule",
        "first",
        "--formula",
        "lr",
        "--unit",
        "step",
    ): "no common unit: settled is in 'rad', lr in",
    (*ROTATION, *ON, "--of", "settles"): "--of: no effect 'settles'; did you mean 'settled'?",
    (*ROTATION, *ON, "--present", "gone"): "--present: no state or phase 'gone'",
    (*ROTATION, *ON, "--without", "momentum=0"): "--with: --without fixes momentum, which turns B on",
    (*ROTATION, *ON, "--without", "weight_decay=0.01"): "--without: it changes nothing: A is gone already",
    (*ROTATION, *ON, "--without", "decay=0"): "--without decay=0: ",
    (*ROTATION, *ON, "--also", "momentum=0"): "--with: B is on already: '--also' fixes momentum",
    (*ROTATION, *ON, "--along", "momentum=0.1,0.2"): "along: momentum turns B on; the threshold is of another knob",
    (*ROTATION, *ON, "--seeds", "5"): "5 is not in the range",
    (*ROTATION, *ON, "--figure", "x.jpg"): "--figure x.jpg: name it .png, .pdf, .svg",
    (*ROTATION, "--with", "weight_decay=0.02", "--without", "normalised=x"): "--without normalised=x: want a number",
}


@pytest.mark.parametrize("words, says", BAD.items(), ids=[" ".join(words[1:]) for words in BAD])
def test_bad_input_is_one_line_and_status_2(bestiary, words, says):
    status, out, err = bestiary(*words)
    assert (status, out) == (2, "")
    assert says in err
    assert err.strip().count("\n") == 0
    assert "Traceback" not in out + err


SMALL = ("--seeds", 8, "--set", "steps=2000", "--set", "width=16")


def test_the_product_of_theory_is_the_sum_of_parts_and_without_it_is_not(bestiary, tmp_path):
    """The angle is sqrt(2 lr wd / (1 + a)), exactly; the first control, no weight decay, takes it away."""
    picture = tmp_path / "figures" / "pair.png"
    status, out, err = bestiary(*ROTATION, *ON, *FACTOR, *SMALL, "--figure", picture)
    assert status == 0 and "4 x" not in err and "32 runs, 64,000 steps, 1 program" in err
    rows = [line.split() for line in out.splitlines() if line.startswith(("0 ", "0.9 "))]
    assert rows[0][:3] == ["0", "0/8", "8/8"] and rows[1][:3] == ["0.9", "0/8", "8/8"]
    assert "sum of parts" in out and "is not shown to leave 0.1 here" in out and "99.2 %" in out
    assert picture.stat().st_size > 5000 and f"wrote {picture}" in out
    status, out, _ = bestiary(*ROTATION, *ON, *SMALL, "--json")
    made = json.loads(out)
    assert made["rule"] == {"name": "independent"} and made["without"] == {"weight_decay": 0.0}
    (point,) = made["points"]
    assert point["outcome"] == "antagonism" and point["kappa"] == pytest.approx(-0.32, abs=0.02)  # ln sqrt(1 / 1.9)
    assert len(point["pairs"]) == 8 and made["leaves"]["low"] == 0 and made["leaves"]["high"] == pytest.approx(0.9)


def test_of_an_entry_whose_controls_all_turn_the_knob_one_must_say_what_goes(bestiary):
    words = ("interact", "rotational_equilibrium", "--of", "settled", "--with", "weight_decay=0.02", *SMALL)
    status, out, _ = bestiary(*words, "--json")
    assert status == 0 and json.loads(out)["without"] == {"normalised": 0.0}  # the second control
    status, _, err = bestiary("interact", "edge_of_stability", "--with", "lr=0.5", "--of", "hover")
    assert status == 2 and err.strip() == (
        "--without: no control of edge_of_stability leaves lr alone; say what takes A away"
    )
