"""Callbacks of the Hugging Face Trainer and of Lightning: with stand-ins, and with the packages where they are."""

import math
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from bestiary import callbacks
from bestiary.about import Severity
from bestiary.watch.monitor import Monitor

BAD_FROM = 100  # [step] first loss that is not finite


def loss(step):
    return math.nan if step >= BAD_FROM else 1 / (1 + step)


class Recorder(Monitor):
    """A monitor that keeps what it was given."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.calls, self.finished = [], 0

    def log(self, step, metrics=None, /, **more):
        self.calls.append((step, dict(metrics or {})))
        return super().log(step, metrics, **more)

    def finish(self):
        self.finished += 1
        return super().finish()


@pytest.fixture
def transformers(monkeypatch):
    """A module with a class, as the Trainer wants callbacks to be of it."""
    module = ModuleType("transformers")
    module.TrainerCallback = type("TrainerCallback", (), {"on_evaluate": lambda *args, **kwargs: None})
    monkeypatch.setitem(sys.modules, "transformers", module)
    return module


@pytest.fixture
def pytorch(monkeypatch):
    """Lightning, without torch; `callback_metrics` is a dict of objects that are new when they were computed anew."""
    package, module = ModuleType("lightning"), ModuleType("lightning.pytorch")
    module.Callback = type("Callback", (), {})
    package.pytorch = module
    monkeypatch.setitem(sys.modules, "lightning", package)
    monkeypatch.setitem(sys.modules, "lightning.pytorch", module)
    return module


def trained(callback, steps=200, first=True):
    """What the Trainer does to a callback, until it is to stop."""
    state = SimpleNamespace(global_step=0, is_world_process_zero=first)
    control = SimpleNamespace(should_training_stop=False)
    callback.on_train_begin(None, state, control, model=None)
    for step in range(steps):
        state.global_step = step
        callback.on_log(None, state, control, logs={"loss": loss(step), "grad_norm": 1.0, "epoch": 0.1}, model=None)
        if step % 50 == 0:
            callback.on_log(None, state, control, logs={"eval_loss": loss(step), "eval_runtime": 1.0}, model=None)
        if control.should_training_stop:
            break
    callback.on_train_end(None, state, control, model=None)
    return state.global_step


def test_huggingface_logs_and_stops(transformers):
    told = []
    monitor = Recorder(told.append)
    callback = callbacks.huggingface(monitor, "error")
    assert isinstance(callback, transformers.TrainerCallback) and callback.on_evaluate() is None
    assert trained(callback) == BAD_FROM + 2
    assert [notice.detector for notice in told] == ["diverged"] and monitor.finished == 1
    log = monitor.finish().reading.log
    assert set(log.channels) == {"loss", "train_loss", "test_loss", "grad_norm"}
    np.testing.assert_array_equal(log["test_loss"].steps, [0, 50, 100])


@pytest.mark.parametrize("stop_on", [None, Severity.ERROR])
def test_huggingface_goes_on_where_it_is_not_asked_to_stop(stop_on, transformers):
    assert trained(callbacks.huggingface(Recorder(), stop_on)) == (199 if stop_on is None else BAD_FROM + 2)
    assert trained(callbacks.huggingface(Recorder(), stop_on), steps=90) == 89


def test_huggingface_stops_every_process_at_one_step_and_tells_once(transformers):
    told = []
    stopped = [trained(callbacks.huggingface(Recorder(told.append), "error"), first=first) for first in (True, False)]
    assert stopped == [BAD_FROM + 2] * 2 and len(told) == 1


class Loop:
    """What Lightning's Trainer does to a callback: epochs of ten batches, a validation after each."""

    def __init__(self, callback, world=1, others=False):
        self.callback, self.world_size, self.asked = callback, world, 0
        self.global_step, self.log_every_n_steps, self.should_stop = 0, 5, False
        self.is_global_zero, self.sanity_checking, self.callback_metrics = True, False, {}
        self.strategy = SimpleNamespace(reduce_boolean_decision=lambda mine, all: self.reduced(mine, others, all))

    def reduced(self, mine, others, every):
        assert not every
        self.asked += 1
        return mine or others

    def fit(self, epochs):
        hook = self.callback
        hook.on_fit_start(self, None)
        self.sanity_checking, self.callback_metrics = True, {"val_loss": np.array(9.0)}
        hook.on_validation_end(self, None)
        self.sanity_checking, self.callback_metrics = False, {}
        for _ in range(epochs):
            hook.on_train_epoch_start(self, None)
            for i in range(10):
                self.global_step += 1
                self.callback_metrics["train_loss"] = np.array(loss(self.global_step))
                hook.on_train_batch_end(self, None, None, None, i)
                if self.should_stop:
                    break
            self.callback_metrics["val_loss"] = np.array(1.0)
            hook.on_validation_end(self, None)
            hook.on_train_epoch_end(self, None)
            self.callback_metrics["train_acc"] = np.array(0.5)  # by the module, after the hook
            if self.should_stop:
                break
        hook.on_train_end(self, None)
        return self.global_step


def test_lightning_reads_each_value_once_at_its_step(pytorch):
    monitor = Recorder()
    callback = callbacks.lightning(monitor)
    assert isinstance(callback, pytorch.Callback)
    assert Loop(callback).fit(4) == 40 and monitor.finished == 1
    log = monitor.finish().reading.log
    np.testing.assert_array_equal(log["train_loss"].steps, np.arange(5, 41, 5))
    np.testing.assert_array_equal(log["train_loss"].values, 1 / (1 + np.arange(5, 41, 5)))
    for name in ("test_loss", "train_acc"):
        np.testing.assert_array_equal(log[name].steps, [10, 20, 30, 40])
    assert sum("val_loss" in metrics for _, metrics in monitor.calls) == 4  # not that of the sanity check


def test_lightning_stops(pytorch):
    told = []
    assert Loop(callbacks.lightning(Recorder(told.append), "error")).fit(30) == 110  # read at 100, 105, 110
    assert [notice.detector for notice in told] == ["diverged"]
    assert Loop(callbacks.lightning(Recorder())).fit(30) == 300


def test_lightning_stops_every_process_together_at_an_epochs_end(pytorch):
    """To ask at every batch would cost a round of messages each; not to ask would leave the others waiting."""
    mine = Loop(callbacks.lightning(Recorder(), "error"), world=2)
    assert mine.fit(30) == 110 and mine.asked == 2 * 11  # a validation and an epoch's end for each of eleven epochs
    assert Loop(callbacks.lightning(Recorder(), "error"), world=2, others=True).fit(30) == 10


def test_lightning_tells_in_the_first_process_only(pytorch):
    told = []
    loop = Loop(callbacks.lightning(Recorder(told.append), "error"))
    loop.is_global_zero = False
    loop.fit(30)
    assert told == []


def failing(notice):
    raise OSError("no network")


def test_an_alert_that_raises_ends_no_training(transformers, pytorch):
    told = []
    with pytest.warns(
        UserWarning, match=r"^Monitor: OSError: no network; .*error: diverged.*; training goes on$"
    ) as caught:
        assert trained(callbacks.huggingface(Recorder([failing, told.append]))) == 199
        assert Loop(callbacks.lightning(Recorder([failing, told.append]))).fit(30) == 300
    assert len(caught) == 2 == len(told)
    with pytest.warns(UserWarning, match="no network") as caught:
        assert trained(callbacks.huggingface(Recorder([failing, failing]), "error")) == BAD_FROM + 2
    assert len(caught) == 2


def test_an_alert_that_raises_ends_training_where_that_is_asked_for(transformers, pytorch):
    for make, train in ((callbacks.huggingface, trained), (callbacks.lightning, lambda hook: Loop(hook).fit(30))):
        with pytest.raises(OSError, match="no network"):
            train(make(Recorder(failing), alerts_may_raise=True))


def test_lightning_under_its_older_name(monkeypatch):
    module = ModuleType("pytorch_lightning")
    module.Callback = type("Callback", (), {})
    for name in ("lightning", "lightning.pytorch"):
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    monkeypatch.setitem(sys.modules, "pytorch_lightning", module)
    assert isinstance(callbacks.lightning(Monitor()), module.Callback)


@pytest.mark.parametrize("make", [callbacks.huggingface, callbacks.lightning])
def test_what_is_missing_or_wrong_is_said(make, monkeypatch, transformers, pytorch):
    with pytest.raises(ValueError, match=r"^stop_on='fatal': want info, warning or error$"):
        make(Monitor(), "fatal")
    for name in ("transformers", "lightning", "lightning.pytorch", "pytorch_lightning"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"^(transformers|lightning) is not installed: pip install \1$"):
        make(Monitor())


def test_a_package_that_is_there_and_broken_is_not_said_to_be_missing(monkeypatch, tmp_path):
    (tmp_path / "transformers.py").write_text("import a_module_that_it_needs\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "transformers", raising=False)
    with pytest.raises(ModuleNotFoundError, match="a_module_that_it_needs"):
        callbacks.huggingface(Monitor())


def test_neither_package_is_imported_before_it_is_needed():
    code = "import sys, bestiary.callbacks; print({'torch', 'transformers', 'lightning'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of other people's packages
def test_the_real_trainer(tmp_path):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")

    class Model(torch.nn.Module):
        """A loss that is not finite from a step on."""

        def __init__(self):
            super().__init__()
            self.layer, self.calls = torch.nn.Linear(1, 1), 0

        def forward(self, x, labels):
            self.calls += self.training
            wrong = torch.tensor(math.nan if self.calls > BAD_FROM else 0.0)
            return {"loss": (self.layer(x) ** 2).mean() + wrong, "logits": self.layer(x)}

    monitor = Recorder()
    options = {"logging_steps": 1, "eval_strategy": "epoch", "save_strategy": "no", "logging_nan_inf_filter": False}
    trainer = transformers.Trainer(
        Model(),
        transformers.TrainingArguments(
            str(tmp_path), num_train_epochs=30, per_device_train_batch_size=1, use_cpu=True, report_to=[], **options
        ),
        train_dataset=[{"x": torch.ones(1), "labels": torch.ones(1)}] * 20,
        eval_dataset=[{"x": torch.ones(1), "labels": torch.ones(1)}] * 2,
        callbacks=[callbacks.huggingface(monitor, "error")],
    )
    trainer.train()
    assert trainer.state.global_step == BAD_FROM + 3 and monitor.finished == 1  # it counts from 1
    assert [notice.detector for notice in monitor.notices] == ["diverged"]
    log = monitor.finish().reading.log
    np.testing.assert_array_equal(log["train_loss"].steps, np.arange(1, BAD_FROM + 4))
    assert list(log["test_loss"].steps[:5]) == [20, 40, 60, 80, 100] and {"lr", "grad_norm"} <= set(log.channels)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("package", ["lightning.pytorch", "pytorch_lightning"])
def test_the_real_lightning(package, tmp_path):
    torch = pytest.importorskip("torch")
    pl = pytest.importorskip(package)
    if package == "pytorch_lightning" and "lightning.pytorch" in sys.modules:
        pytest.skip("lightning is installed, and is taken first")

    class Module(pl.LightningModule):
        """A loss that is not finite from a step on."""

        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(1, 1)

        def training_step(self, batch, i):
            value = (self.layer(batch[0]) ** 2).mean()
            self.log("train_loss", value.detach() * (math.nan if self.global_step >= BAD_FROM else 1.0))
            self.log("train_acc", 0.5, on_epoch=True, on_step=False)
            return value

        def validation_step(self, batch, i):
            self.log("val_loss", (self.layer(batch[0]) ** 2).mean())

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.01)

    monitor = Recorder()
    trainer = pl.Trainer(
        default_root_dir=tmp_path, max_epochs=30, log_every_n_steps=1, accelerator="cpu", devices=1, logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        callbacks=[callbacks.lightning(monitor, "error")],
    )  # fmt: skip
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(20, 1)), batch_size=1)
    trainer.fit(Module(), data, data)
    assert trainer.global_step == BAD_FROM + 3 and monitor.finished == 1
    assert [notice.detector for notice in monitor.notices] == ["diverged"]
    log = monitor.finish().reading.log
    np.testing.assert_array_equal(log["train_loss"].steps, np.arange(1, BAD_FROM + 4))
    for name in ("test_loss", "train_acc"):
        assert list(log[name].steps[:5]) == [20, 40, 60, 80, 100]
