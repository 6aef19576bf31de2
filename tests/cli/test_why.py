"""`bestiary why`: a setting of an entry, a stranger's log, and runs of our own, in words and as JSON."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from installed import bestiary

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "data" / "golden" / "delayed_generalization-grokking.csv"


def asked(*words, **more):
    ran = bestiary("why", *words, cwd=more.pop("cwd", ROOT), **more)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def flat(text):
    return " ".join(text.split())


def test_a_setting_beside_the_boundaries_of_its_entry():
    said = flat(asked("grokking", "--set", "fraction=0.3"))
    assert "From memorisation to grokking: grokking appears at fraction = 0.34" in said
    assert "yours is 0.3, below it, where less than half of the runs show grokking" in said
    assert "one looked otherwise: steps 1,200 there, 600 here" in said
    assert "by these boundaries: grokking needs fraction above 0.35" in said
    assert "nothing is known there" in said  # beside comprehension, which was sought from 0.4 on
    made = json.loads(asked("grokking", "--set", "fraction=0.3", "--json"))
    by_name = {one["boundary"]: one for one in made["boundaries"]}
    assert (by_name["enough_data"]["side"], by_name["enough_data"]["there"]) == ("below", False)
    assert by_name["plenty"]["side"] == "outside" and by_name["plenty"]["beyond"] == pytest.approx(0.1)
    assert made["setting"]["fraction"] == 0.3 and made["interactions"] == []


def test_an_interaction_speaks_where_its_other_feature_is_on():
    said = flat(asked("rotational_equilibrium", "--set", "momentum=0.95"))
    assert "interaction momentum: " in said and "heavy-ball momentum is on, momentum 0.95 (0 without)" in said
    assert "it was measured at 0.3, 0.6, 0.9, and nothing is known of yours" in said
    (one,) = json.loads(asked("rotational_equilibrium", "--set", "momentum=0.5", "--json"))["interactions"]
    assert (one["interaction"], one["inside"], one["off"]) == ("momentum", True, 0)
    assert json.loads(asked("rotational_equilibrium", "--set", "momentum=0", "--json"))["interactions"] == []


def test_a_case_is_told_as_the_very_same_setting():
    assert "this very setting is the case no_weight_decay (a control: " in flat(
        asked("grokking", "--case", "no_weight_decay")
    )


def test_a_stranger_s_log_beside_its_configuration(tmp_path):
    shutil.copy(GOLDEN, tmp_path / "metrics.csv")
    said = flat(asked(tmp_path))
    assert "nothing is known of how it was trained" in said and "to be known: fraction ([1] share" in said
    (tmp_path / "hparams.yaml").write_text("optim: {wd: 1.0}\ndata: {train_fraction: 0.3}\n")
    said = flat(asked(tmp_path, "--set", "modulus=97"))
    assert "known of it: optim.wd 1, data.train_fraction 0.3, modulus 97 (hparams.yaml)" in said
    assert "delayed_generalization: found (grokking)" in said and "data.train_fraction is taken for fraction" in said
    assert "where it lies in your task nobody has measured: the numbers are the toy's" in said
    made = json.loads(asked(tmp_path, "--json"))
    (run,) = made["runs"]
    first = run["found"][0]["entries"][0]
    assert first["entry"] == "grokking" and first["known"]["fraction"] == {"name": "data.train_fraction", "value": 0.3}


def test_runs_of_our_own_say_which_entry_they_are_of(tmp_path):
    cache = tmp_path / "cache"
    ran = bestiary(
        "run", "period_doubling", "--set", "lr=1.05", "--seeds", 1, "--out", tmp_path / "out", cwd=ROOT, cache=cache
    )
    assert ran.returncode == 0, ran.stderr
    (file,) = (tmp_path / "out").glob("*.nc")
    made = json.loads(asked(file, "--json"))
    own = made["runs"][0]["own"]
    (two,) = [b for b in own["boundaries"] if b["boundary"] == "two"]
    assert own["entry"] == "period_doubling" and two["yours"] == pytest.approx(1.05)
    assert (two["side"], two["unknown"]) == ("above", [])
    assert "a run of period_doubling: " in flat(asked(file))


def test_what_cannot_be_answered_is_one_line(tmp_path):
    for words, line in {
        ("grokkin",): "why grokkin: no entry and no log of that name; did you mean 'grokking'?",
        ("grokking", "--set", "fractoin=1"): "has no knob 'fractoin'; did you mean 'fraction'?",
        ("grokking", "--case", "nothing"): "grokking has no such case",
        (str(GOLDEN), "--case", "grokking"): "a log has no cases",
        (str(GOLDEN), "--set", "x"): "--set x: want NAME=VALUE",
        (str(tmp_path),): "has no log",
    }.items():
        ran = bestiary("why", *words, cwd=ROOT)
        assert ran.returncode == 2 and line in ran.stderr and ran.stdout == "", (words, ran.stderr)


def test_it_imports_no_jax():
    code = "import sys; from bestiary.cli.main import main\ntry: main(['why', 'grokking'])\nexcept SystemExit: pass\n"
    ran = subprocess.run(
        [sys.executable, "-c", f"{code}print('jax' in sys.modules)"], capture_output=True, text=True, cwd=ROOT
    )
    assert ran.stdout.splitlines()[-1] == "False", ran.stderr
