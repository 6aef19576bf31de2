"""An entry under work runs before its claims, and its block, are written; other commands do not mind it."""

import json

import pytest
import saddle
from installed import bestiary, layout

DRAFT = """\
draft_of_saddle:
  title: Escape from a saddle, under work
  definition: The loss stays on a plateau, then falls.
  particle: [optimiser]
  kind: plateau
  complexity: {network: 1, data: 1}
  status: draft
  version: 1
  added: {by: tests, date: 2026-11-22}
  detector: plateau_escape

"""
CASES = """\
  cases:
    near: {}
    far:
      control: the saddle
      knobs: {start: 0.5}
      claims:
        - {of: found, rate: [0.0, 0.05], source: theory, where: arithmetic}

"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A package with one entry, one draft, and one file without a block."""
    setups = dict.fromkeys(("draft_of_saddle", "saddle", "without_block"), saddle.SETUP)
    return layout(tmp_path_factory.mktemp("drafts"), DRAFT + saddle.BLOCK, setups)


@pytest.fixture(scope="module")
def asked(site, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    return lambda *words: bestiary(*words, site=site, cache=cache)


def test_list_shows_drafts_as_such(asked):
    shown = asked("list").stdout
    rows = {line.split()[0]: line for line in shown.splitlines() if line.strip()}
    assert "(draft) Escape" in rows["draft_of_saddle"] and "draft" not in rows["saddle"]
    assert "(draft) no block in catalog.yaml" in rows["without_block"]
    made = json.loads(asked("list", "--json").stdout)
    assert made["without_block"] == ["without_block"]
    assert [e["status"] for e in made["entries"]] == ["draft", "reported"]


@pytest.mark.parametrize("key", ["draft_of_saddle", "without_block"])
def test_run_and_map_train_it(asked, key, tmp_path):
    ran = asked("run", key, "--set", "steps=300", "--seeds", 4, "--out", tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert f"{key}: 4 found" in ran.stdout and (tmp_path / f"{key}.nc").is_file()
    assert (f"{key}: no block in the catalog yet; add one, with `status: draft`" in ran.stderr) == (key[0] == "w")
    ran = asked("map", key, "--over", "start=1e-6:1e-2:3:log", "--seeds", 2, "--out", tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "start" in ran.stdout and (tmp_path / f"{key}-start.png").is_file()


def test_show_says_what_a_draft_lacks(asked):
    shown = " ".join(asked("show", "draft_of_saddle").stdout.split())
    assert "a draft: it lacks references, a positive case, a control, another status" in shown and "lr" in shown


@pytest.mark.parametrize("command", ["check", "measure"])
def test_a_draft_without_claims_is_refused_by_name_and_left_out_else(asked, command, tmp_path):
    to = ["--to", tmp_path] if command == "measure" else []
    ran = asked(command, "draft_of_saddle", *to)
    assert ran.returncode == 2 and ran.stdout == ""
    line = f"{command} draft_of_saddle: a draft; it lacks references, a positive case, a control, another status\n"
    assert ran.stderr == line
    ran = asked(command, "--root", 1, *to)
    assert ran.returncode == 0, ran.stderr
    assert "left out: draft_of_saddle: a draft; it lacks" in ran.stderr and "saddle" in ran.stdout


@pytest.mark.parametrize("command", ["check", "show", "measure", "cite"])
def test_a_file_without_a_block_has_nothing_to_judge(asked, command):
    ran = asked(command, "without_block")
    assert ran.returncode == 2 and ran.stderr.count("\n") == 1
    assert (
        "no entry 'without_block'; its file is in phenomena/, so it can be run; add a block, with `status: draft`"
        in (ran.stderr)
    )


def test_the_claims_that_a_draft_has_are_judged(asked, tmp_path):
    file = tmp_path / "catalog.yaml"
    file.write_text(DRAFT.rstrip() + "\n" + CASES + saddle.BLOCK)
    ran = asked("check", "draft_of_saddle", "--catalog", file)
    assert ran.returncode == 0, ran.stderr
    assert "1 claims: 1 hold" in ran.stdout
    assert "draft_of_saddle: a draft; it lacks references, claims of near, another status" in ran.stderr


def test_only_a_draft_may_lack_them(asked, tmp_path):
    file = tmp_path / "catalog.yaml"
    file.write_text(DRAFT.replace("status: draft", "status: reported") + saddle.BLOCK)
    ran = asked("list", "--catalog", file)
    assert ran.returncode == 2
    assert "missing field 'references'" in ran.stderr and "missing field 'cases'" in ran.stderr
    file.write_text(saddle.BLOCK.replace("[saxe2013exact]", "[]"))
    assert "saddle.references: want at least one" in asked("list", "--catalog", file).stderr


def test_a_channel_with_the_name_of_a_knob_is_one_line(tmp_path):
    """The knobs are coordinates of the array in which the channels stand: nothing is trained for it."""
    clash = saddle.SETUP.replace('{"loss": loss(', '{"lr": knobs.lr, "loss": loss(').replace(
        'units={"loss": "1"}', 'units={"loss": "1", "lr": "1"}'
    )
    site = layout(tmp_path, saddle.BLOCK, {"saddle": clash, "without_block": clash.replace('"lr"', '"seed"')})
    for words, line in (
        (("run", "saddle"), "saddle: a knob is called 'lr' too; rename the channel\n"),
        (("check", "saddle"), "saddle: a knob is called 'lr' too; rename the channel\n"),
        (("run", "without_block"), "phenomena/without_block: an axis is called 'seed' too; rename the channel\n"),
    ):
        ran = bestiary(*words, site=site, cache=tmp_path / "cache")
        assert (ran.returncode, ran.stdout) == (2, "") and ran.stderr.endswith(line), ran.stderr


def test_a_file_under_work_that_cannot_be_imported_is_one_line(tmp_path):
    broken = saddle.SETUP + "\nPHENOMENON = Phenomenon(lr=1)\n"
    site = layout(tmp_path, saddle.BLOCK, {"saddle": saddle.SETUP, "broken": broken})
    ran = bestiary("run", "broken", site=site, cache=tmp_path / "cache")
    assert ran.returncode == 2 and "phenomena/broken.py: TypeError: " in ran.stderr and "Traceback" not in ran.stderr
