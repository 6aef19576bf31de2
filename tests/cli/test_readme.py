"""The README's table says what the catalog and the measurements say."""

from pathlib import Path

import pytest

from bestiary.catalog.read import read_catalog
from bestiary.cli import measured, readme
from bestiary.maps import judge as maps

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "benchmarks" / "measured"


def test_the_table_is_current():
    text = (ROOT / "README.md").read_text("utf-8")
    assert text == readme.renewed(text, read_catalog().values(), SOURCE), "stale: run `make readme`"


def test_every_entry_was_measured_and_every_claim_held():
    for entry in read_catalog().values():
        record = measured.read(entry, SOURCE)
        assert record is not None and record["version"] == entry.version, entry.key
        parts = [*record["cases"].values(), *record.get("maps", {}).values()]
        claims = [c for part in parts for root in part.values() for c in root["claims"]]
        claimed = sum(len(case.claims) for case in entry.cases.values()) + len(maps.claims_of(entry))
        assert len(claims) == 2 * claimed, entry.key
        assert not [c for c in claims if c["outcome"] == "fails"], entry.key


def test_a_readme_without_marks_is_refused():
    with pytest.raises(ValueError, match="lacks the lines"):
        readme.renewed("no marks", [], SOURCE)


def test_words_of_a_record():
    (entry, *_) = read_catalog().values()
    assert measured.verdict(None, entry) == "not measured"
    assert (
        measured.verdict({"version": entry.version + 1, "cases": {}}, entry)
        == f"measured as version {entry.version + 1}"
    )
    record = {
        "version": entry.version,
        "cases": {"a": {"root 1": {"claims": [{"outcome": "holds"}, {"outcome": "fails"}]}}},
    }
    assert measured.verdict(record, entry) == "1/2 hold on 1 roots"
    code = {"runs": "a", "judge": "b"}
    assert measured.verdict(record | {"code": code}, entry, code) == "1/2 hold on 1 roots"
    other = measured.verdict(record | {"code": code}, entry, code | {"judge": "c"})
    assert other == "1/2 hold on 1 roots, measured with other code (judge)"
    assert measured.verdict(record, entry, code).endswith("measured with other code (runs, judge)")
