"""The README's table says what the catalog and the measurements say."""

from pathlib import Path

import pytest

from bestiary.catalog.drafts import lacking
from bestiary.catalog.read import read_catalog
from bestiary.cli import entries_page, interactions_page, laws_page, measured, published_page, readme
from bestiary.judge.setup import load
from bestiary.maps import judge as maps
from bestiary.train.store import machine

ROOT = Path(__file__).resolve().parents[2]
PAIRS = ("interactions", interactions_page.page)
SOURCE = ROOT / "benchmarks" / "measured"


def test_the_table_is_current():
    text = (ROOT / "README.md").read_text("utf-8")
    assert text == readme.renewed(text, read_catalog().values(), SOURCE), "stale: run `make readme`"


@pytest.mark.parametrize(
    "name, made",
    [("entries", entries_page.page), ("published", published_page.page), ("laws", laws_page.page), PAIRS],
)
def test_the_pages_of_numbers_are_current(name, made):
    text = (ROOT / "docs" / f"{name}.md").read_text("utf-8")
    assert text == made(read_catalog().values(), SOURCE), "stale: run `make readme`"


def test_every_entry_was_measured_and_every_claim_held():
    for entry in read_catalog().values():
        assert not entry.draft, f"{entry.key}: a draft; it lacks {', '.join(lacking(entry))}"
        record = measured.read(entry, SOURCE)
        assert record is not None, (
            f"{entry.key}: never measured: run `bestiary measure {entry.key}`, then `make readme`"
        )
        version = f"{entry.key}: measured as version {record['version']}, is {entry.version} now"
        assert record["version"] == entry.version, f"{version}: run `bestiary measure {entry.key}`, then `make readme`"
        parts = [*record["cases"].values(), *record.get("maps", {}).values()]
        claims = [c for part in parts for root in part.values() for c in root["claims"]]
        claimed = sum(len(case.claims) for case in entry.cases.values()) + len(maps.claims_of(entry))
        assert len(claims) == 2 * claimed, f"{entry.key}: other claims than those measured: run `make measure`"
        failed = [c["of"] for c in claims if c["outcome"] == "fails"]
        assert not failed, f"{entry.key}: the record says that {failed} fail: a claim is wrong, see CONTRIBUTING.md"


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


def test_a_draft_is_in_no_table():
    entries = list(read_catalog().values())
    first = entries[0].model_copy(update={"status": "draft"})
    first._key = entries[0].key
    text = (ROOT / "README.md").read_text("utf-8")
    assert f"`{first.key}`]" in readme.renewed(text, entries, SOURCE)
    assert f"`{first.key}`]" not in readme.renewed(text, [first], SOURCE)


def test_what_show_says_of_a_record():
    (entry, *_) = read_catalog().values()
    cases = {"a": {f"root {r}": {"claims": [{"outcome": "holds"}, {"outcome": "fails"}]} for r in (14, 3)}}
    record = {"version": entry.version, "date": "2026-11-22", "commit": "abcdef0123", "cases": cases}
    assert measured.told(record, entry) == "measured 2026-11-22 at commit abcdef0: 2/4 hold on roots 3 and 14"
    assert measured.told(record | {"version": 99}, entry).endswith("abcdef0: measured as version 99")
    mine = record | {"text": measured.text_of(entry), "python": measured.python()}
    assert measured.told(mine, entry) == measured.told(record, entry)
    assert measured.told(mine | {"text": "another"}, entry).endswith("on roots 3 and 14, measured with other code")
    assert measured.told(mine | {"text": "another", "python": "3.0"}, entry) == measured.told(record, entry)
    assert measured.told(None, entry) == "never measured"
    assert measured.roots_of(record) == [3, 14] and measured.roots_of(None) == []


def test_a_text_that_changed_while_the_code_did_not_is_noted():
    (entry, *_) = read_catalog().values()
    code = {"runs": "a", "judge": "b"}
    record = {"version": entry.version, "code": code, "python": measured.python(), "text": "older"}
    assert measured.restamped(record, entry, code) == record | {"text": measured.text_of(entry)}
    for other in ({"version": 99}, {"code": code | {"judge": "c"}}, {"python": "3.0"}):
        assert measured.restamped(record | other, entry, code)["text"] == "older"


def test_a_record_is_stale_if_code_claims_or_version_are_others():
    (entry, *_) = read_catalog().values()
    code = {"runs": "a", "judge": "b"}
    record = {"version": entry.version, "cases": {}, "code": code}
    assert not measured.is_stale(record, entry, code)
    assert measured.is_stale(None, entry, code) and measured.is_stale(record, entry, code | {"judge": "c"})
    assert measured.is_stale(record | {"version": 99}, entry, code)
    assert measured.is_stale({k: v for k, v in record.items() if k != "code"}, entry, code)


def test_hashes_of_other_versions_are_not_compared():
    """What decides runs leads into packages: with another jax, or another Python, nobody can tell."""
    setup = load(read_catalog()["period_doubling"])
    here = {"machine": dict(machine(setup.packages)), "python": measured.python()}
    assert measured.comparable_code(here, setup) == measured.code_of(setup)
    for other in ({"python": "3.0"}, {"machine": here["machine"] | {"jax": "0.0"}}):
        assert set(measured.comparable_code(here | other, setup)) == {"judge"}
    device = here | {"machine": here["machine"] | {"device": "a GPU"}}
    assert measured.comparable_code(device, setup) == measured.code_of(setup)
