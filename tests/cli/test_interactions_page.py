"""docs/interactions.md says what the catalog claims and the records have, and what nobody measured stays open."""

import json

from planted_pair import SUM, block, setup

from bestiary.cli import interactions_page

KAPPA = {"kappa": [-0.5, -0.2], "at": 1, "source": "measured", "published": {"value": -0.3, "where": "someone2020pair"}}


def page(tmp_path, record=None):
    entry = setup(planted=block(SUM, KAPPA, title="Two halves")).entry
    if record is not None:
        (tmp_path / "pair.json").write_text(json.dumps(record))
    return interactions_page.page([entry], tmp_path)


def test_what_was_never_measured_is_said_so(tmp_path):
    text = page(tmp_path)
    assert "1 interaction; of the 0 ordered pairs of entries 0." in text
    assert "| `pair` | q: not measured |" in text
    assert "| `pair` | Two halves | kappa at 1 | not measured | -0.5 to -0.2 | measured | -0.3 |  |" in text


def test_a_record_fills_the_cell_the_knob_and_the_claims(tmp_path):
    rates = {"neither": 0, "a": 24, "b": 1, "both": 23, "n": 24}
    points = [
        {"at": 0.5, "kappa": [0.01, -0.02, 0.03], "found": rates, "outcome": "sum of parts"},
        {"at": 1.0, "kappa": [-0.36, None, -0.3], "found": rates, "outcome": "undecided"},
    ]
    claims = [
        {
            "of": "outcome",
            "claimed": "sum_of_parts",
            "outcome": "fails",
            "measured": "undecided: -0.36 at 95 % (24 of 24 runs)",
        },
        {
            "of": "kappa at 1",
            "kappa": [-0.5, -0.2],
            "measured": "-0.36",
            "outcome": "holds",
            "estimate": [-0.36, -0.4, -0.32],
        },
    ]
    record = {
        "version": 1,
        "cases": {},
        "maps": {"interaction planted": {"root 3": {"claims": claims, "points": points}}},
    }
    text = page(tmp_path, record)
    assert "| `pair` | -0.36 undecided (q, b=1) |" in text
    assert (
        "| `pair` | Two halves | q: factor, Q f(on) / f(off), f = `1 + b` | b=0.5 | 0/24, 24/24, 1/24, 23/24 |" in text
    )
    assert "| +0.01 (-0.02 to +0.03) | sum of parts |" in text
    assert "| outcome | undecided: -0.36 (24 of 24 runs) | sum of parts | theory |" in text
    assert "-0.5 to -0.2 | measured | -0.3 | -0.06 (-0.1 to -0.02), disagrees |" in text
