"""What the callbacks do about a finding, with stand-ins; tests/watch/test_real_trainers.py has the packages."""

import math
import os
import pickle
import sys
from pathlib import Path
from types import ModuleType

import pytest
import stand_in_trainers as trainers

from bestiary import callbacks
from bestiary.about import Severity
from bestiary.watch.acts import ACTIONS
from bestiary.watch.monitor import Monitor

BREAKS = 330  # [step] from which on the run is lost; the monitor says so at step 380


@pytest.fixture(autouse=True)
def packages(monkeypatch):
    """Stand-ins of what is imported."""
    made = trainers.modules() | {name: ModuleType(name) for name in ("transformers", "lightning", "lightning.pytorch")}
    made["transformers"].TrainerCallback = type("TrainerCallback", (), {"on_pre_optimizer_step": None})
    made["lightning.pytorch"].Callback = type("Callback", (), {})
    made["lightning"].pytorch = made["lightning.pytorch"]
    for name, module in made.items():
        monkeypatch.setitem(sys.modules, name, module)


def huggingface(folder, act, breaks=(BREAKS,), at_most=2, steps=1000, **more):
    callback = callbacks.huggingface(Monitor(), act=act, at_most=at_most)
    trainer = trainers.HuggingFace(callback, folder, breaks, **more)
    trainer.train(steps)
    return trainer, trainer.model, trainer.optimizer


def lightning(folder, act, breaks=(BREAKS,), at_most=2, steps=1000, **more):
    trainer = trainers.Lightning(callbacks.lightning(Monitor(), act=act, at_most=at_most), folder, breaks, **more)
    trainer.fit(steps // 50)
    return trainer, trainer.module, trainer.optimizers[0]


both = pytest.mark.parametrize("train", [huggingface, lightning])


def done(trainer):
    return [(one.action, one.at, one.onset) for one in trainer.callback.acts.done]


@both
def test_back_loads_weights_and_optimiser_from_before_the_onset_and_keeps_the_rate(train, tmp_path):
    with pytest.warns(UserWarning, match=r"^Monitor: lost from step 330: went back to .* at step 380$") as said:
        trainer, model, optimizer = train(tmp_path, {"lost": "back"})
    assert len(said) == 1 and done(trainer) == [("back", 380, BREAKS)]
    assert float(model.weight) == 1 and model.loaded == 1
    assert optimizer.steps == 300 + (1000 - 380)  # of the checkpoint, and those after
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.999**1000)  # as if nothing had been loaded
    (one,) = trainer.callback.acts.done
    assert Path(one.checkpoint).name == {huggingface: "checkpoint-300", lightning: "epoch=5.ckpt"}[train]


@both
def test_back_from_what_is_not_finite_is_gone_once(train, tmp_path):
    """The Hugging Face Trainer's sum of losses is not finite for good; the gradient's norm is, once the weights are."""
    with pytest.warns(UserWarning) as said:
        trainer, model, _ = train(tmp_path, {Severity.ERROR: "back"}, broken=math.nan)
    assert done(trainer) == [("back", 332, BREAKS)] and float(model.weight) == 1
    went, *more = [str(one.message) for one in said]
    assert went.startswith("Monitor: diverged from step 330: went back to ") and went.endswith(" at step 332")
    assert [one.startswith("Monitor: the Trainer's sum of losses stays not finite") for one in more] == (
        [True] if train is huggingface else []
    )


def test_a_second_break_is_found_by_what_is_still_read(tmp_path):
    with pytest.warns(UserWarning) as said:
        trainer, model, _ = huggingface(tmp_path, {"diverged": "back"}, breaks=(BREAKS, 500), broken=math.nan)
    assert done(trainer) == [("back", 332, BREAKS), ("back", 502, 500)] and float(model.weight) == 1
    assert len(said) == 3  # the sum is spoken of once


@both
def test_a_checkpoint_at_the_last_good_record_may_be_broken_already(train, tmp_path):
    """An update breaks the weights after the loss of its step was computed: that checkpoint is not gone back to."""
    with pytest.warns(UserWarning, match="went back"):
        trainer, *_ = train(tmp_path, {"lost": "back"}, breaks=(351,))
    (one,) = trainer.callback.acts.done
    assert one.onset == 351 and one.good == 350
    assert Path(one.checkpoint).name in ("checkpoint-300", "epoch=5.ckpt")  # not 350, nor epoch 6


@both
def test_what_comes_again_is_acted_on_again_but_not_more_often_than_at_most(train, tmp_path):
    with pytest.warns(UserWarning) as said:
        trainer, model, _ = train(tmp_path, {"lost": "back"}, breaks=(BREAKS, 500, 700))
    assert [(action, onset) for action, _, onset in done(trainer)] == [("back", BREAKS), ("back", 500)]
    last = str(said[-1].message)
    told = "Monitor: back because of lost at step 700 is not done: it was done as often as at_most=2 allows"
    assert len(said) == 3 and last == told and float(model.weight) == 9


@both
def test_no_checkpoint_of_what_was_given_up_is_gone_back_to(train, tmp_path):
    """One was saved at step 350, while the run was lost, before it went back at step 380."""
    with pytest.warns(UserWarning):
        trainer, model, _ = train(tmp_path, {"lost": "back"}, breaks=(BREAKS, 390))
    assert "checkpoint-350" in os_names(tmp_path) or "epoch=6.ckpt" in os_names(tmp_path / "own")
    assert {Path(one.checkpoint).name for one in trainer.callback.acts.done} <= {"checkpoint-300", "epoch=5.ckpt"}
    assert len(trainer.callback.acts.done) == 2 and float(model.weight) == 1


def os_names(folder):
    return {path.name for path in folder.glob("*")}


@both
def test_a_checkpoint_of_another_run_is_not_gone_back_to(train, tmp_path):
    old = tmp_path / ("checkpoint-200" if train is huggingface else "own")
    old.mkdir()
    for name in ("model.safetensors", "optimizer.pt", "epoch=3.ckpt"):
        (old / name).write_bytes(pickle.dumps({"global_step": 200, "optimizer_states": [], "weight": 5}))
        os.utime(old / name, (1e9, 1e9))
    more = {"save_steps": 10_000} if train is huggingface else {}
    with pytest.warns(UserWarning, match=r"^Monitor: back because of lost at step 30 is not done: .* from before it$"):
        trainer, model, _ = train(tmp_path, {"lost": "back"}, breaks=(30,), steps=300, **more)
    assert done(trainer) == [] and model.loaded == 0


@both
def test_save_and_stop(train, tmp_path):
    trainer, model, _ = train(tmp_path, {"error": ["stop", "save"]})
    assert done(trainer) == [("save", 380, BREAKS), ("stop", 380, BREAKS)]
    assert trainer.saves[-1] == {huggingface: 380, lightning: "lost-step=380.ckpt"}[train]
    assert (trainer.state if train is huggingface else trainer).global_step == 380 and float(model.weight) == 9


@both
def test_skip_leaves_one_update_out(train, tmp_path):
    trainer, _, optimizer = train(tmp_path, {"lost": "skip"})
    assert optimizer.skipped == [381] and optimizer.steps == 999 and done(trainer) == [("skip", 380, BREAKS)]


@both
def test_a_named_detector_comes_before_a_severity_and_the_rest_is_left_alone(train, tmp_path):
    trainer, *_ = train(tmp_path, {"info": "save", "lost": "skip"}, steps=500)
    assert [action for action, *_ in done(trainer)] == ["save", "skip"]  # of the spike that lost begins as; of lost
    (tmp_path / "again").mkdir()
    trainer, *_ = train(tmp_path / "again", {"diverged": "stop", "warning": ()}, steps=500)
    assert done(trainer) == []


def test_a_scaler_of_gradients_is_left_some(tmp_path):
    trainer, _, optimizer = huggingface(tmp_path, None, steps=0, fp16=True, max_grad_norm=0)
    optimizer.parameter.grad = gradient = Zeroed()
    trainer.callback.skipping = True
    trainer.callback.on_pre_optimizer_step(trainer.args, trainer.state, None, optimizer=optimizer)
    assert optimizer.parameter.grad is gradient and gradient.zeroed and not trainer.callback.skipping


class Zeroed:
    zeroed = False

    def zero_(self):
        self.zeroed = True


@pytest.mark.parametrize("wrong", ["name", "shape", "torn"])
def test_weights_of_another_model_are_not_loaded(wrong, tmp_path, monkeypatch):
    def saved(trainer, save=trainers.HuggingFace.save):
        save(trainer)
        file = Path(trainer.args.output_dir) / f"checkpoint-{trainer.state.global_step}" / "model.safetensors"
        number = trainers.Number(5)
        number.shape = (2,) if wrong == "shape" else ()
        content = pickle.dumps({"other" if wrong == "name" else "weight": number})
        file.write_bytes(content[:-5] if wrong == "torn" else content)

    monkeypatch.setattr(trainers.HuggingFace, "save", saved)
    want = "UnpicklingError" if wrong == "torn" else "ValueError: checkpoint-300 has other weights than the model"
    with pytest.warns(UserWarning, match=want):
        trainer, model, _ = huggingface(tmp_path, {"lost": "back"})
    assert done(trainer) == [] and model.loaded == 0


@pytest.mark.parametrize("name", ["deepspeed", "fsdp"])
def test_split_weights_are_refused_at_the_start(name, tmp_path):
    with pytest.raises(ValueError, match=f"^act: back and skip are for whole weights in each process; {name} splits"):
        huggingface(tmp_path, {"lost": "back"}, **{name: "full_shard"})
    assert huggingface(tmp_path, {"lost": "stop"}, **{name: "full_shard"})[0].state.global_step == 380


def test_lightning_with_several_processes_acts_at_an_epochs_end_on_what_the_first_found(tmp_path):
    with pytest.warns(UserWarning, match="went back"):
        trainer, model, _ = lightning(tmp_path, {"lost": "back"}, world=2)
    assert trainer.broadcasts == 20 and done(trainer) == [("back", 380, BREAKS)] and float(model.weight) == 1


def test_lightning_that_loads_no_optimiser_is_not_gone_back(tmp_path):
    trainer = trainers.Lightning(callbacks.lightning(Monitor(), act={"lost": "back"}), tmp_path, (BREAKS,))
    trainer.strategy.lightning_restore_optimizer = False
    with pytest.warns(UserWarning, match="SimpleNamespace loads no optimiser by itself"):
        trainer.fit(10)
    assert done(trainer) == []


@pytest.mark.parametrize("make", [callbacks.huggingface, callbacks.lightning])
@pytest.mark.parametrize(
    ("act", "at_most", "told"),
    [
        ({"lost": "bak"}, 2, r"^act=\{'lost': 'bak'\}: no such action; want stop, save, skip or back$"),
        ({"lost": ["save", 3]}, 2, r"^act=\{'lost': 3\}: no such action; want stop, save, skip or back$"),
        ({"lost": None}, 2, r"^act=\{'lost': None\}: no such action"),
        (
            {"lots": "back"},
            2,
            r"^act=\{'lots': \.\.\.\}: no such finding; want one of info, warning, error, .*, lost, ",
        ),
        ({"lost": "back"}, 0, r"^at_most=0: want a whole number from 1 on$"),
        ({"lost": "back"}, "many", r"^at_most='many': want a whole number from 1 on$"),
        ({"lost": "back"}, True, r"^at_most=True: want a whole number from 1 on$"),
    ],
)
def test_bad_words_are_refused_in_one_line(make, act, at_most, told):
    with pytest.raises(ValueError, match=told):
        make(Monitor(), act=act, at_most=at_most)


def test_an_older_trainer_cannot_skip():
    del sys.modules["transformers"].TrainerCallback.on_pre_optimizer_step
    callbacks.huggingface(Monitor(), act={"spike": [action for action in ACTIONS if action != "skip"]})
    with pytest.raises(ValueError, match="skip needs transformers with on_pre_optimizer_step, "):
        callbacks.huggingface(Monitor(), act={"spike": "skip"})


def test_a_monitor_forgets_what_lies_beyond_a_step():
    monitor = Monitor()
    for step in range(400):
        monitor.log(step, loss=1.0 if step < 200 else 9.0, test_loss=1.0)
    assert "lost" in {notice.detector for notice in monitor.notices}
    gone = monitor.forget(150)
    assert "lost" in {notice.detector for notice in gone} and not monitor.notices and monitor.worst is None
    for step in range(400, 600):
        assert monitor.log(step, loss=1.0, test_loss=1.0) == []
    summary = monitor.finish()
    assert summary.new == () and summary.reading.log["train_loss"].steps.tolist() == [*range(151), *range(400, 600)]


class Renamed(trainers.Model):
    """A model that reads files in which its weight has another name."""

    @classmethod
    def from_pretrained(cls, path):
        model = cls()
        model.weight = pickle.loads((path / "model.safetensors").read_bytes())["old_name"]
        return model


def test_files_with_other_names_are_read_as_the_model_reads_them(tmp_path, monkeypatch):
    def saved(trainer, save=trainers.HuggingFace.save):
        save(trainer)
        file = Path(trainer.args.output_dir) / f"checkpoint-{trainer.state.global_step}" / "model.safetensors"
        file.write_bytes(pickle.dumps({"old_name": trainer.model.weight}))

    monkeypatch.setattr(trainers.HuggingFace, "save", saved)
    monkeypatch.setattr(trainers, "Model", Renamed)
    with pytest.warns(UserWarning, match="went back"):
        _, model, _ = huggingface(tmp_path, {"lost": "back"})
    assert float(model.weight) == 1
