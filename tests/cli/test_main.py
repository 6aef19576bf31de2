"""The command line as a user runs it: in a process of its own, by its exit status and what it prints."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import saddle
from installed import bestiary, layout

from bestiary import phenomena
from bestiary.catalog.parsed import catalog_path
from bestiary.catalog.read import read_catalog
from bestiary.train import runs

CATALOG = catalog_path()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A package whose catalog has one small entry."""
    return layout(tmp_path_factory.mktemp("small"), saddle.BLOCK, {"saddle": saddle.SETUP})


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("words", [["list"], ["show", "grokking"], ["cite", "grokking"]])
def test_reading_commands_import_no_jax(words):
    code = "import sys\nfrom bestiary.cli.main import main\n"
    code += f"try: main({words})\nexcept SystemExit as e: assert e.code == 0\n"
    ran = subprocess.run(
        [sys.executable, "-c", code + "sys.exit('jax' in sys.modules)"], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr


def test_list_names_every_entry_and_filters():
    shown = bestiary("list").stdout
    entries = read_catalog()
    assert all(key in shown for key in entries)
    attention = bestiary("list", "--particle", "attention").stdout
    assert "sparse_attention_emergence" in attention and "grokking " not in attention


def test_cite_prints_what_the_entry_rests_on():
    shown = bestiary("cite", "sparse_attention_emergence").stdout
    assert shown.startswith("@") and "2505.17863" in shown


def test_check_judges_and_a_second_run_trains_nothing(site, cache):
    first = bestiary("check", "saddle", "--json", site=site, cache=cache)
    assert first.returncode == 0, first.stderr
    report = json.loads(first.stdout)
    assert report["holds"] and [c["case"] for c in report["cases"]] == ["near", "far"]
    assert [v["outcome"] for c in report["cases"] for v in c["verdicts"]] == ["holds"] * 3
    second = bestiary("check", "saddle", site=site, cache=cache)
    assert second.returncode == 0 and "train" not in second.stderr
    assert "3 claims: 3 hold, 0 fail, 0 are inconclusive" in second.stdout


def test_a_wrong_claim_fails_and_is_named(site, cache, tmp_path):
    wrong = tmp_path / "catalog.yaml"
    wrong.write_text(saddle.BLOCK.replace("[130, 170]", "[10, 20]"))
    ran = bestiary("check", "--catalog", wrong, site=site, cache=cache)
    assert ran.returncode == 1
    assert "fails: saddle/near onset (root 1)" in ran.stdout


@pytest.mark.parametrize(
    ("time", "line"),
    [
        ("10", "--budget '10' is no time; want a number with s, m or h, as in 90s or 10m"),
        ("1s", "--budget 1 s: nothing that was measured is as cheap as that"),
    ],
)
def test_a_budget_that_is_none_or_buys_nothing(time, line, site, cache):
    done = bestiary("check", "saddle", "--budget", time, site=site, cache=cache)
    assert done.returncode == 2 and done.stderr.splitlines()[-1] == line and done.stdout == ""


def test_strict_turns_inconclusive_into_a_failure(site, cache):
    few = bestiary("check", "saddle", "--seeds", 3, site=site, cache=cache)
    assert few.returncode == 0 and "inconclusive: saddle/near found (root 1): 3 are too few" in few.stdout
    assert bestiary("check", "saddle", "--seeds", 3, "--strict", site=site, cache=cache).returncode == 1


def test_figures_and_measurements_are_written(site, cache, tmp_path):
    drawn = bestiary("check", "saddle", "--figures", tmp_path / "figures", site=site, cache=cache)
    assert drawn.returncode == 0, drawn.stderr
    assert [f.suffix for f in (tmp_path / "figures").iterdir()] == [".png"]
    done = bestiary("measure", "saddle", "--to", tmp_path, site=site, cache=cache)
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "saddle.json").read_text())
    assert len(record["cases"]["near"]["root 1"]["onsets"]) == len(record["cases"]["near"]["root 2"]["onsets"]) == 16
    assert record["machine"]["jax"] and record["date"]


def test_run_exports_what_it_trained(site, cache, tmp_path):
    words = ("run", "saddle", "--set", "lr=0.2", "--set", "steps=100", "--seeds", 3, "--root", 5, "--out", tmp_path)
    ran = bestiary(*words, site=site, cache=cache)
    assert ran.returncode == 0, ran.stderr
    ds = runs.read(tmp_path / "saddle.nc")
    assert ds.sizes["seed"] == 3 and float(ds["step"][-1]) == 100 and float(ds["lr"][0]) == 0.2
    assert ds.attrs["root"] == 5 and (tmp_path / "saddle.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    "words, says",
    [
        (["show", "saddel"], "no entry 'saddel'; did you mean 'saddle'?"),
        (["shw"], "No such command 'shw'"),
        (["list", "--zone", "5"], "--zone"),
        (["list", "--particle", "quark"], "--particle quark: want one of"),
        (["check", "--seeds", "0"], "--seeds"),
        (["check", "saddle", "--all"], "not both"),
        (["check", "--root", "-1"], "--root"),
        (["check", "--catalog", "nowhere.yaml"], "no such file"),
        (["check", "--cache", "/proc/nothing"], "--cache /proc/nothing: cannot be written"),
        (["run", "saddle", "--set", "lrr=1"], "no knob 'lrr'; did you mean 'lr'?"),
        (["run", "saddle", "--set", "lr"], "--set lr: want NAME=VALUE"),
        (["run", "saddle", "--set", "lr=fast"], "want a number, not 'fast'"),
        (["run", "saddle", "--set", "steps=1.5"], "want an integer, not '1.5'"),
        (["run", "saddle", "--case", "neer"], "no such case; did you mean 'near'?"),
    ],
)
def test_bad_input_is_one_line_and_status_2(site, cache, words, says):
    ran = bestiary(*words, site=site, cache=cache)
    assert ran.returncode == 2
    assert says in ran.stderr and len(ran.stderr.strip().splitlines()) == 1
    assert "Traceback" not in ran.stderr and ran.stdout == ""


def test_a_mistake_in_the_catalog_is_named_with_its_place(site, cache, tmp_path):
    bad = tmp_path / "catalog.yaml"
    bad.write_text(saddle.BLOCK.replace("{start: 0.5}", "{strat: 0.5}"))
    ran = bestiary("check", "--catalog", bad, site=site, cache=cache)
    assert (
        ran.returncode == 2
        and "catalog.yaml:19:15: saddle.cases.far.knobs.strat" in ran.stderr
        and "did you mean 'start'" in ran.stderr
    )


def test_adding_an_entry_takes_a_file_and_a_block(tmp_path, cache):
    blocks = CATALOG.read_text().split("\n\n")
    own = {f.stem: f.read_text() for f in Path(phenomena.__file__).parent.glob("[!_]*.py")}
    place = sum(block.lstrip("# \n").split(":")[0] < "saddle" for block in blocks[1:]) + 1  # the first has the modeline
    text = "\n\n".join(block.strip() for block in [*blocks[:place], saddle.BLOCK, *blocks[place:]]) + "\n"
    site = layout(tmp_path, text, own | {"saddle": saddle.SETUP})
    assert "saddle" in bestiary("list", site=site).stdout
    ran = bestiary("check", "saddle", site=site, cache=cache)
    assert ran.returncode == 0, ran.stderr + ran.stdout
