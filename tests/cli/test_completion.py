"""What a shell is offered after a tab, asked through click as the shells ask."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from saddle import BLOCK

from bestiary.catalog import parsed
from bestiary.catalog.read import read_catalog
from bestiary.catalog.setups.knobs import knobs_of
from bestiary.cli.main import cli
from bestiary.cli.threshold_text import thresholds_of
from bestiary.files import modules
from bestiary.watch import detect, thresholds

PAIRED = [("interact", option) for option in ("--set", "--without", "--also")]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "command-line.md"


def offered(*words):
    """{what is offered for the last word: its help}."""
    *before, word = words
    items = ShellComplete(cli, {}, "bestiary", "_BESTIARY_COMPLETE").get_completions(before, word)
    return {item.value: item.help for item in items}


@pytest.fixture(scope="module")
def catalog():
    return read_catalog()


@pytest.fixture(scope="module", autouse=True)
def one_reading():
    """Every file is read once, by a hundred questions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsed, "load", cache(parsed.load))
        yield


@pytest.mark.parametrize("command", ["show", "cite", "check", "measure", "run", "map", "interact", "review", "why"])
def test_an_entry_is_a_key_of_the_catalog_with_its_title(command, catalog):
    assert offered(command, "") == {key: entry.title for key, entry in catalog.items()}
    assert set(offered(command, "grokking_d")) == {"grokking_diagonal_linear", "grokking_digits"}


def test_where_no_entry_begins_so_the_shell_looks_for_files():
    (item,) = ShellComplete(cli, {}, "bestiary", "_BESTIARY_COMPLETE").get_completions(["why"], "runs/ver")
    assert (item.value, item.type) == ("runs/ver", "file")
    assert set(offered("new", "x", "--like", "grokking_d")) == {"grokking_diagonal_linear", "grokking_digits"}


def test_an_entry_is_offered_once():
    assert set(offered("check", "catapult", "grokking_digits", "grokking_d")) == {"grokking_diagonal_linear"}
    assert offered("show", "catapult", "") == {}


def test_entries_of_another_catalog(tmp_path):
    (tmp_path / "catalog.yaml").write_text(BLOCK)
    assert list(offered("show", "--catalog", str(tmp_path / "catalog.yaml"), "")) == ["saddle"]
    assert offered("show", "--catalog", str(tmp_path / "nowhere.yaml"), "") == {}
    (tmp_path / "broken.yaml").write_text("a: {\n")
    assert offered("show", "--catalog", str(tmp_path / "broken.yaml"), "") == {}


def test_a_path_and_the_entries_that_have_one(catalog):
    with_paths = {key: entry for key, entry in catalog.items() if entry.paths}
    assert set(offered("path", "")) == set(with_paths) and len(with_paths) < len(catalog)
    for key, entry in with_paths.items():
        assert offered("path", key, "") == {name: path.title for name, path in entry.paths.items()}
    assert offered("path", "catapult", "") == {}


@pytest.mark.parametrize("command", ["run", "map", "interact", "why"])
def test_a_case_of_the_entry_typed_before(command, catalog):
    cases = offered(command, "grokking", "--case", "")
    assert list(cases) == list(catalog["grokking"].cases)
    assert cases["grokking"] == "the setup's own values"
    assert cases["no_weight_decay"].startswith("control: weight decay, ")
    assert cases["no_weight_decay"].endswith("; weight_decay=0.0")
    assert offered(command, "grokking", "--seeds", "3", "--case", "no") == {"no_weight_decay": cases["no_weight_decay"]}
    assert offered(command, "--case", "") == {}
    assert offered(command, "grokkin", "--case", "") == {}


@pytest.mark.parametrize(
    "command, option", [("run", "--set"), ("map", "--set"), ("map", "--over"), ("why", "--set"), *PAIRED]
)
def test_a_knob_of_the_entry_typed_before(command, option):
    names = offered(command, "grokking", option, "")
    assert list(names) == [f"{knob.name}=" for knob in knobs_of("grokking")]
    assert names["lr="] == "0.01 [1] step size; > 0"
    assert list(offered(command, "grokking", option, "l")) == ["lr=", "log_every="]
    assert list(offered(command, "grokking", option, "lr=1", option, "l")) == ["log_every="]
    assert offered(command, "grokking", option, "lr=0.1") == {}
    assert offered(command, option, "") == offered(command, "grokkin", option, "") == {}


@pytest.mark.parametrize("option", ["--with", "--along"])
def test_a_knob_that_is_given_once(option):
    assert list(offered("interact", "grokking", option, "l")) == ["lr=", "log_every="]
    assert list(offered("interact", "grokking", "--with", "lr=1", "--set", "l")) == ["lr=", "log_every="]


def test_of_a_knob_and_a_static_value_with_one_name_the_knob_is_offered():
    assert [k.traced for k in knobs_of("associative_recall") if k.name == "pairs"] == [True, False]
    assert offered("run", "associative_recall", "--set", "pairs")["pairs="].startswith("4.0 [pair] ")


@pytest.mark.parametrize("command", ["detect", "watch"])
def test_a_threshold_of_a_detector(command):
    known = {f"{d}.{name}=" for d in detect.detectors() for name in thresholds.known(d)}
    assert set(offered(command, "log.csv", "--set", "")) == known
    assert list(offered(command, "--set", "spikes.h")) == ["spikes.height="]
    assert offered(command, "--set", "spikes.h")["spikes.height="].startswith("2.0 [1] peak over baseline")
    assert offered(command, "--set", "plateau_escape.level")["plateau_escape.level="].startswith("from the log [")


@pytest.mark.parametrize("detector", sorted(modules("detectors")))
def test_thresholds_in_the_text_are_those_of_the_function(detector):
    read = {threshold.name: threshold.default for threshold in thresholds_of(detector)}
    assert read == (thresholds.known(detector) if detector in detect.detectors() else {})
    assert all(threshold.meaning for threshold in thresholds_of(detector))


def test_a_particle():
    assert "attention" in offered("list", "--particle", "") and list(offered("list", "--particle", "M")) == ["MLP"]


def bestiary(**env):
    return subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bestiary"],
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=60,
    )


def asked(shell, words):
    last = {"fish": words.split(" ")[-1]}.get(shell, str(words.count(" ")))
    ran = bestiary(_BESTIARY_COMPLETE=f"{shell}_complete", COMP_WORDS=words, COMP_CWORD=last)
    assert ran.returncode == 0, ran.stderr
    imported = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert not imported & {"jax", "numpy", "pydantic", "xarray"}
    return ran.stdout.splitlines()


@pytest.mark.parametrize(
    "shell, knob, entry, threshold",
    [
        ("bash", ["plain,fraction="], ["plain,catapult"], ["plain,spikes.height="]),
        (
            "zsh",
            ["plain", "fraction=", "0.4 [1] share of the pairs that is trained on; 0 to 1"],
            ["plain", "catapult", "Catapult to a flatter minimum"],
            ["plain", "spikes.height=", "2.0 [1] peak over baseline of a spike that counts."],
        ),
        (
            "fish",
            ["plain,fraction=\t0.4 [1] share of the pairs that is trained on; 0 to 1"],
            ["plain,catapult\tCatapult to a flatter minimum"],
            ["plain,spikes.height=\t2.0 [1] peak over baseline of a spike that counts."],
        ),
    ],
)
def test_each_shell_is_answered_in_its_form_without_heavy_imports(shell, knob, entry, threshold):
    assert asked(shell, "bestiary run grokking --set f") == knob
    assert asked(shell, "bestiary show catap") == entry
    assert asked(shell, "bestiary detect --set spikes.h") == threshold


@pytest.mark.parametrize(
    "shell, no_space", [("bash", "compopt -o nospace"), ("zsh", '-U "${suffix[@]}"'), ("fish", "")]
)
def test_each_shell_gets_its_script(shell, no_space):
    ran = bestiary(_BESTIARY_COMPLETE=f"{shell}_source")
    assert f"_BESTIARY_COMPLETE={shell}_source bestiary" in PAGE.read_text()
    assert ran.returncode == 0 and "_bestiary_completion" in ran.stdout and no_space in ran.stdout


def test_bash_does_as_the_page_says_and_puts_no_space_behind_the_equals_sign(tmp_path):
    (tmp_path / "bestiary").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bestiary "$@"\n')
    (tmp_path / "bestiary").chmod(0o755)
    (line,) = [line for line in PAGE.read_text().splitlines() if line.startswith("| bash")]
    script = f"""
    {line.split("`")[-2]}
    compopt() {{ echo "$1 $2"; }}
    ask() {{
        COMPREPLY=(); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _bestiary_completion bestiary
        echo "${{COMPREPLY[*]}}"
    }}
    ask bestiary run grokking --set weight
    ask bestiary show catap
    """
    env = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ran = subprocess.run(["bash", "--norc", "-c", script], env=env, capture_output=True, text=True, timeout=60)
    assert ran.stdout.splitlines() == ["-o nospace", "weight_decay=", "catapult"], ran.stderr


def test_no_line_of_the_help_is_cut():
    ran = subprocess.run(
        [sys.executable, "-m", "bestiary", "--help"],
        env=os.environ | {"COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    commands = ran.stdout.partition("Commands:\n")[2].splitlines()
    assert len(commands) == len(cli.commands)
    assert all(re.fullmatch(r"  \w+ +\S.*\.", line) and not line.endswith("...") for line in commands)
