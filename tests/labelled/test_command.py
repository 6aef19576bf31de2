"""`bestiary data build`: files, a manifest, and one line for bad input."""

import json

import pytest
import saddle
from installed import bestiary, layout


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    site = layout(tmp_path_factory.mktemp("one"), saddle.BLOCK, {"saddle": saddle.SETUP})
    cache = tmp_path_factory.mktemp("cache")
    return lambda *words: bestiary("data", *words, site=site, cache=cache)


def test_a_build_writes_files_and_a_manifest(asked, tmp_path):
    done = asked("build", "saddle", "--out", tmp_path, "--runs", 1, "--seeds", 2)
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    (shard,) = manifest["files"]
    assert shard["file"] == "saddle-1000.nc" and (tmp_path / shard["file"]).stat().st_size == shard["bytes"]
    assert done.stdout.splitlines()[-1].startswith(f"{shard['runs']} runs in 1 files")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("build", "saddle", "--out", "here", "--budget", "soon"),
            "--budget 'soon' is no time; want a number with s, m",
        ),
        (("build", "nobody", "--out", "here"), "no entry 'nobody'"),
        (("build", "saddle"), "Missing option '--out'"),
        (("small",), "data small: an installed package comes with its pack; run it in a checkout"),
    ],
)
def test_bad_input_is_one_line(words, line, asked, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = asked(*words)
    assert done.returncode == 2 and line in done.stderr and "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
