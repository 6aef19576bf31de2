"""`bestiary new`: an entry that runs at once, from there to a check that holds, with nothing else touched."""

import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pytest
import saddle
from checkouts import git, saddles
from curves import AXES, null
from installed import bestiary, layout

from bestiary.catalog.yaml_source import parse
from bestiary.cli.contribute import detector_template, placed, plan

ROOT = Path(__file__).resolve().parents[3]
FILLED = {  # what a contributor writes at each mark of the template
    "title: TODO what happens, in a few words": "title: A product of two weights leaves zero late",
    "definition: TODO one sentence, what is seen and when": "definition: The loss stays at one half, then falls.",
    "also_known_as: [TODO the field's other names]": "also_known_as: [saddle]",
    "references: [{stub}]": "references: [saxe2013exact]",
    "by: TODO": "by: tests",
    "control: TODO the one cause that is removed, in words": "control: the small start",
    "status: draft": "status: reported",
}


@pytest.fixture
def root(tmp_path):
    return saddles(tmp_path / "checkout", "other", "saddle")


@pytest.fixture
def asked(root, tmp_path):
    return lambda *words: bestiary(*words, site=root, cache=tmp_path / "cache")


def files(root):
    """What git sees of a checkout: state and path of each file that is not as committed."""
    return sorted(git(root, "status", "--porcelain", "--untracked-files=all").splitlines())


def test_from_new_to_a_check_that_holds(root, asked):
    before = {name: (root / name).read_text() for name in ("catalog.yaml", "references.bib")}
    made = asked("new", "product", "--json")
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    assert told["files"] == ["phenomena/product.py", "catalog.yaml", "references.bib"]
    assert files(root) == [" M catalog.yaml", " M references.bib", "?? phenomena/product.py"]

    catalog = (root / "catalog.yaml").read_text()
    block = re.search(r"^product:\n(?: .*\n)*\n", catalog, re.MULTILINE)[0]
    assert catalog.replace(block, "", 1) == before["catalog.yaml"]
    assert list(parse(catalog.encode(), "catalog.yaml")[0]) == ["other", "product", "saddle"]
    stub = told["to_fill"] and re.search(r"todo\d{4}product", block)[0]
    works = (root / "references.bib").read_text()
    assert re.sub(rf"@misc\{{{stub},\n(?:.*\n)*?\}}\n\n?", "", works, count=1) == before["references.bib"]
    fields = " ".join(place["text"] for place in told["to_fill"] if place["file"] == "catalog.yaml")
    for field in ("title", "definition", "particle", "kind", "complexity", "also_known_as", "references", "added"):
        assert f"{field}:" in fields

    ran = asked("run", "product", "--seeds", 4)
    assert ran.returncode == 0 and "4 found" in ran.stdout, ran.stderr
    lacking = asked("show", "product").stdout
    assert "a draft: it lacks title, definition, also_known_as[0]," in " ".join(lacking.split())

    for old, new in FILLED.items():
        old = old.format(stub=stub)
        assert old in block, old
        block = block.replace(old, new)
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")  # whose examples of a law and a boundary are of the template
    block = (
        block.rstrip()
        + "\n"
        + re.sub("^     ", "", re.search(r"^ +laws:\n(?: .*\n)+", page, re.M)[0], flags=re.M)
        + "\n"
    )
    start = catalog.index("product:")
    end = catalog.index("saddle:\n", start)
    (root / "catalog.yaml").write_text(catalog[:start] + block + catalog[end:])
    (root / "references.bib").write_text(before["references.bib"])
    done = asked("check", "product", "--root", 0, "--laws")
    assert done.returncode == 0, done.stderr + done.stdout
    assert "5 claims: 5 hold" in done.stdout


def test_what_is_not_filled_in_is_no_entry_yet(root, asked):
    assert asked("new", "product").returncode == 0
    catalog = (root / "catalog.yaml").read_text().replace("status: draft", "status: reported")
    (root / "catalog.yaml").write_text(catalog)
    ran = asked("list")
    assert ran.returncode == 2
    assert "product.title: still TODO: write it, or go back to `status: draft`" in ran.stderr


def test_a_copy_runs_with_the_settings_of_what_it_is_like(root, asked):
    assert asked("new", "twin", "--like", "saddle").returncode == 0
    data = parse((root / "catalog.yaml").read_bytes(), "catalog.yaml")[0]
    assert list(data["twin"]["cases"]) == list(data["saddle"]["cases"])
    assert data["twin"]["cases"]["far"]["knobs"] == data["saddle"]["cases"]["far"]["knobs"]
    assert data["twin"]["detector"] == "plateau_escape" and data["twin"]["status"] == "draft"
    text = (root / "phenomena" / "twin.py").read_text()
    assert "Begun as a copy of saddle" in text and text.endswith(saddle.SETUP.partition('Arithmetic.\n"""\n')[2])
    done = asked("check", "twin", "--root", 0)
    assert done.returncode == 0 and "2 claims: 2 hold" in done.stdout, done.stderr


REFUSED = {
    "saddle": "phenomena/saddle.py is there already",
    "Saddle": "Saddle is not in snake_case",
    "lambda": "lambda is a word of Python",
    "../x": "../x is not in snake_case",
    "gone": "catalog.yaml has a block gone already",
}


def test_what_exists_is_refused_and_nothing_is_written(root, asked):
    for key, why in REFUSED.items():
        if key == "gone":
            (root / "catalog.yaml").write_text((root / "catalog.yaml").read_text().replace("other:", "gone:"))
            (root / "phenomena" / "gone.py").write_text("")
            git(root, "commit", "--quiet", "-am", "gone")
            (root / "phenomena" / "other.py").unlink()
            git(root, "commit", "--quiet", "-am", "gone")
        before = files(root)
        ran = asked("new", key)
        assert ran.returncode == 2 and ran.stdout == "" and ran.stderr.count("\n") == 1, ran.stderr
        if key != "gone":  # whose file is there
            assert why in ran.stderr
        assert files(root) == before
    ran = asked("new", "product", "--like", "sadle")
    assert ran.returncode == 2 and "no entry 'sadle'; did you mean 'saddle'?" in ran.stderr
    ran = asked("new", "saddle", "--kind", "detector", "--like", "saddle")
    assert ran.returncode == 2 and "a detector is no copy of an entry" in ran.stderr


def test_an_installed_package_is_no_place_for_one(tmp_path):
    site = layout(tmp_path, saddle.BLOCK, {"saddle": saddle.SETUP})
    ran = bestiary("new", "product", site=site, cache=tmp_path / "cache")
    assert ran.returncode == 2 and "run it in a clone of the repository" in ran.stderr


def test_a_write_that_fails_undoes_those_before_it(tmp_path):
    kept, made = tmp_path / "kept", tmp_path / "made"
    kept.write_bytes(b"old")
    changed = plan.Writing(tmp_path / "changed", b"new", b"old")
    changed.path.write_bytes(b"somebody else's")
    with pytest.raises(OSError, match="was changed meanwhile"):
        plan.write([plan.Writing(made, b"new", None), plan.Writing(kept, b"new", b"old"), changed])
    assert not made.exists() and kept.read_bytes() == b"old" and changed.path.read_bytes() == b"somebody else's"
    with pytest.raises(FileExistsError):
        plan.write([plan.Writing(kept, b"new", None)])
    assert kept.read_bytes() == b"old"


TEXT = "# head\nb:\n  x: 1\n\n# of d\nd:\n  x: 2\n"


@pytest.mark.parametrize(
    "key, want",
    [
        ("a", "# head\na:\n  x: 0\n\nb:\n  x: 1\n\n# of d\nd:\n  x: 2\n"),
        ("c", "# head\nb:\n  x: 1\n\nc:\n  x: 0\n\n# of d\nd:\n  x: 2\n"),
        ("e", "# head\nb:\n  x: 1\n\n# of d\nd:\n  x: 2\n\ne:\n  x: 0\n"),
    ],
)
def test_a_block_goes_to_its_place_and_comments_stay_where_they_belong(key, want):
    assert placed.in_catalog(TEXT, key, f"{key}:\n  x: 0\n") == want


def test_a_new_detector_is_one_file_that_keeps_the_contract(root, asked):
    ran = asked("new", "high_end", "--kind", "detector")
    assert ran.returncode == 0 and files(root) == ["?? detectors/high_end.py"], ran.stderr
    spec = importlib.util.spec_from_file_location("bestiary.detectors.high_end", root / "detectors" / "high_end.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for steps in AXES.values():
        log, onset = module.planted(steps)
        finding = module.high_end(log)
        assert finding.found and finding.onset == onset
    for name in re.findall(r"\w+", detector_template.NULLS):
        assert not any(module.high_end(null(name, ["loss"], seed)).found for seed in range(5)), name
    assert not module.high_end(null("linear", ["loss"])).found and np.isnan(
        module.high_end(null("flat", ["loss"])).onset
    )
