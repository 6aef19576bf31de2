"""Logs of strangers: what must be said of each, and what not. Drawn anew after the shape of real public logs."""

import re
import shutil

import pytest
from log_files import LOGS, asked

# log: (exit statuses allowed, patterns that must appear, patterns that must not)
RIGHT = {
    "classes_a.csv": ({0, 1}, [r"4,?8[0-9]\d", r"generali"], [r"diverge"]),
    "lm_run_a.csv": ({1}, [r"diverg|lost|blow", r"16,?[456]\d\d"], []),
    "spectral_a.csv": ({1}, [r"diverg|lost|runs away|minus infinity|without bound"], []),
    "trainer_a": ({1}, [r"35\d", r"\b0\b|zero"], []),
    "epochs_a.csv": ({0, 1}, [r"0\.69|ln 2|chance|guess", r"test|valid"], [r"64 records"]),
    "trainer_b": ({0, 1}, [r"overfit|lowest", r"1,?000"], [r"a hump takes"]),
    "classes_b.csv": ({0, 1}, [r"20,?500", r"38,?000"], [r"\bhump\b|double descent"]),
    "rounds_a.csv": ({0, 1}, [], [r"\bhump\b|double descent", r"64 records"]),
    "classes_c.csv": ({0, 1}, [r"spike|relapse|lost|instab"], []),
    "lm_run_b.csv": ({0, 1}, [r"spike", r"40,?[01]\d\d"], []),
    "lm_run_c.csv": ({0, 1}, [r"spike", r"1,?80\d"], []),
    "lm_run_d.csv": ({0, 1}, [r"shift|jump|level|step up", r"2,?6\d\d"], []),
    "classes_d.jsonl": ({0, 1}, [r"generali", r"\b100\b"], [r"too early", r"64 records"]),
    "classes_e.csv": ({1}, [r"collaps|chance|lost", r"54,?\d\d\d", r"35,?000"], [r"206 times"]),
    "policy_a": ({0, 1}, [r"total_timesteps", r"39\d,?\d\d\d", r"collaps|fall|declin|drop"], []),
    "tuning_a": ({0, 1}, [r"step.{0,40}current_steps"], []),
    "tuning_b": ({0, 1}, [r"step.{0,40}(current_steps|epoch)"], [r"rows counted"]),
    "epochs_b.csv": ({0, 1}, [r"4 runs|four runs"], [r"64 records"]),
    "segments_a.log.json": ({0, 1}, [r"iter"], [r"overwritten"]),
    "boxes_a": ({0, 1}, [r"box_loss", r"lowest|overfit"], []),
    "metric_files_a": ({0, 1}, [r"lowest|overfit", r"\b30\b"], [r"2 runs"]),
    "console_a.log": ({0, 1}, [r"train_loss", r"grad_norm", r"test_loss"], []),
    "console_b.log": ({0, 1}, [r"train_loss", r"grad_norm", r"test_loss"], []),
    "console_c.log": ({1}, [r"diverg", r"grad_norm"], []),
    "console_d.txt": ({0, 1}, [r"train_loss|loss", r"grad_norm"], []),
    "tuning_c.csv": ({0}, [r"epoch", r"stair|boundar|start of"], []),
    "lm_run_e.csv": ({0}, [], [r"plateau", r"undecided"]),
    "epochs_c.csv": ({0}, [], [r"0\.99", r"64 records"]),
    "lm_run_f.csv": ({0, 1}, [r"1,?140|2 parts|two parts|counted|set back"], []),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_said(name, tmp_path):
    codes, must, never = RIGHT[name]
    source = LOGS / "strangers" / name
    path = tmp_path / ("case" + "".join(source.suffixes))  # no name answers for what is in it
    shutil.copytree(source, path) if source.is_dir() else shutil.copy(source, path)
    done = asked(path)
    said = " ".join((done.stdout + done.stderr).split()).replace(str(tmp_path), "")
    assert done.exit_code in codes, said
    assert [p for p in must if not re.search(p, said, re.IGNORECASE)] == [], said
    assert [p for p in never if re.search(p, said, re.IGNORECASE)] == [], said


def test_every_log_is_asked_about():
    assert sorted(path.name for path in (LOGS / "strangers").iterdir()) == sorted(RIGHT)
