"""Effects and phases that are read from text are those that detectors and entries give."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bestiary.catalog.fitting import AGAINST
from bestiary.catalog.read import check_text, read_catalog
from bestiary.catalog.setups.outcomes import STATES, like, outcomes_of
from bestiary.files import modules
from bestiary.log import State

KEYS = sorted(modules("phenomena"))
ENTRIES = read_catalog()
MEASURED = Path(__file__).resolve().parents[2] / "benchmarks" / "measured"


def test_the_catalog_that_ships_fits_its_setups():
    check_text(ENTRIES.values())


def test_states_are_those_of_a_finding():
    assert set(STATES) == {str(state) for state in State}


def test_a_law_is_against_what_the_judge_knows():
    from bestiary.maps.line import VARIABLES

    assert set(AGAINST) == set(VARIABLES)


@pytest.mark.parametrize("key", KEYS)
def test_the_detector_is_the_one_that_the_setup_calls(key):
    assert outcomes_of(key).detectors == (ENTRIES[key].detector,)


@pytest.mark.parametrize("key", KEYS)
def test_what_is_claimed_is_among_what_is_told(key):
    """Not only among the texts: a suggestion is made of the names that are told."""
    known, entry = outcomes_of(key), ENTRIES[key]
    cases = [*entry.cases.values(), *(rung for path in entry.paths.values() for rung in path.rungs)]
    names = [n for c in cases for claim in c.claims for n in (claim.of if isinstance(claim.of, tuple) else (claim.of,))]
    names += [law.of for law in entry.laws.values()] + [boundary.of for boundary in entry.boundaries.values()]
    told = ("onset", *STATES, *known.effects, *known.phases)
    if key != "superposition":  # its `detect` names the channels of its figure
        assert [name for name in names if not any(like(one, name) for one in told)] == []
    assert [known.without(name) for name in names if known.without(name)] == []


def test_phases_of_the_detectors():
    assert set(outcomes_of("grokking").phases) == {"confusion", "comprehension", "memorisation", "grokking"}
    assert set(outcomes_of("catapult").phases) == {"lazy", "catapult", "divergence"}
    assert set(outcomes_of("edge_of_stability").phases) == {"below", "edge", "beyond"}
    assert set(outcomes_of("lazy_to_rich").phases) == {"lazy", "rich"}
    assert set(outcomes_of("sparse_parity").phases) == {"plateau"}


def test_effects_of_numbered_parts():
    known = outcomes_of("saddle_to_saddle")
    assert {"half_*", "due_*", "half_over_law_*", "spread"} <= set(known.effects)
    assert known.without_effect("half_4") == known.without_effect("due_2") == ""
    assert known.without_effect("half_") and known.without_effect("halves")


def test_what_is_not_there_is_told_with_the_nearest():
    known = outcomes_of("grokking")
    assert known.without_effect("onst") == "no effect 'onst'; did you mean 'onset'?"
    assert known.without_effect("xyzzy").startswith("no effect 'xyzzy'; there are onset, t_train, t_test, delay_ratio")
    assert known.without_phase("fond") == "no state or phase 'fond'; did you mean 'found'?"
    assert known.without("memorization") == "no state, phase or effect 'memorization'; did you mean 'memorisation'?"
    assert known.without("found") == known.without("t_test") == known.without("onset") == ""


@pytest.mark.parametrize("key", KEYS)
def test_all_that_was_measured_is_known(key):
    """A name that runs really have is never refused."""
    cases = json.loads((MEASURED / f"{key}.json").read_text("utf-8"))["cases"].values()
    roots = [root for case in cases for root in case.values()]
    known, effects, phases = outcomes_of(key), *({n for r in roots for n in r[part]} for part in ("effects", "phases"))
    assert effects and [name for name in effects if known.without_effect(name)] == []
    assert phases <= {*known.phases, "", "none"}


def test_nothing_is_imported():
    code = (
        "import sys; from bestiary.catalog.setups.outcomes import outcomes_of; assert outcomes_of('grokking').effects\n"
    )
    code += "sys.exit(', '.join({'jax', 'numpy', 'bestiary.phenomena.grokking'} & sys.modules.keys()) or 0)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
