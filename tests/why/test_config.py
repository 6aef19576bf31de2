"""What lies beside a log, whoever wrote it, and which knob each of its names is."""

import json

import pytest

from bestiary.why import config
from bestiary.why.names import matched


@pytest.mark.parametrize(
    "name, text, want",
    [
        ("hparams.yaml", "optim:\n  lr: 0.1\n  name: adam\nseed: null\n", {"optim.lr": 0.1, "optim.name": "adam"}),
        ("config.yaml", "lr:\n  desc: null\n  value: 0.1\n_wandb:\n  value: {cli: 1}\n", {"lr": 0.1}),
        ("files/config.yaml", "wd:\n  value: 1\n", {"wd": 1}),
        (
            "config.json",
            '{"hidden_size": 64, "layers": [1, 2], "deep": {"p": "97"}}',
            {"hidden_size": 64, "deep.p": 97},
        ),
        ("args.yaml", "fn: !!python/object/apply:os.system ['false']\nlr0: 0.01\n", {"lr0": 0.01}),
    ],
)
def test_what_training_tools_leave(tmp_path, name, text, want):
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    seen = config.beside(tmp_path / "metrics.csv")
    assert (seen.values, seen.files, seen.notes) == (want, (file,), ())


@pytest.mark.parametrize(
    "text", ["[" * 3000, "{", "[1]", '{"a": ' * 2000 + "1" + "}" * 2000, " " * (config.SIZE + 1)], ids=range(5)
)
def test_a_file_that_cannot_be_read_is_told_and_left_out(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    (tmp_path / "args.json").write_text('{"lr": 1}')
    seen = config.beside(tmp_path / "metrics.csv")
    assert seen.values == {"lr": 1} and len(seen.notes) == 1
    assert "config.json: left out" in seen.notes[0] and "\n" not in seen.notes[0]


def test_aliases_that_unfold_are_bounded(tmp_path):
    lines = ["a0: &a0 {x: 1}"] + [f"a{i}: &a{i} {{x: *a{i - 1}, y: *a{i - 1}}}" for i in range(1, 40)]
    (tmp_path / "config.yaml").write_text("\n".join(lines))
    assert "config.yaml: left out" in config.beside(tmp_path / "x.csv").notes[0]


def test_the_parameters_of_mlflow(tmp_path):
    (tmp_path / "meta.yaml").write_text("run_name: x\n")
    (tmp_path / "params").mkdir()
    (tmp_path / "params" / "lr").write_text("0.25\n")
    (tmp_path / "params" / "opt").write_text("adam")
    assert config.beside(tmp_path).values == {"lr": 0.25, "opt": "adam"}


def test_names_of_one_quantity_are_matched_and_others_are_not():
    values = {"optim.learning_rate": 1, "lr": 2, "model.p": 3, "p": 4, "trainer.wd": 5, "Batch-Size": 6, "grid": 7}
    assert matched(["lr", "weight_decay", "batch", "modulus", "width"], values) == {
        "lr": ("lr", 2),
        "weight_decay": ("trainer.wd", 5),
        "batch": ("Batch-Size", 6),
        "modulus": ("p", 4),
    }
    assert matched(["modulus"], {"model.p": 3}) == {}
    assert matched(["start"], {"init.start": 3, "starting": 4}) == {"start": ("init.start", 3)}
    assert json.loads(json.dumps(matched(["lr"], {"eta": 0.5}))) == {"lr": ["eta", 0.5]}
