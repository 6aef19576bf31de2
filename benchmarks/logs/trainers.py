"""A classifier of eight numbers, trained for write.py by each trainer that keeps logs of its own."""

from __future__ import annotations

import json
import os
from contextlib import chdir
from importlib.util import find_spec
from pathlib import Path

import numpy as np

STEPS, EVERY, BATCH, RATE = 100, 10, 32, 0.3
EPOCHS = 40
DATA = np.random.default_rng(0)
X = DATA.normal(size=(512, 8)).astype(np.float32)
Y = (X @ DATA.normal(size=8) + 0.5 * DATA.normal(size=512) > 0).astype(np.int64)
TRAIN, TEST = slice(0, 256), slice(256, 512)


def huggingface(home: Path) -> None:
    """The Trainer, evaluated as it trains, stopped, and resumed from its checkpoint; TensorBoard beside it."""
    import torch
    from transformers import Trainer, TrainingArguments, set_seed

    class Classifier(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(8, 2)

        def forward(self, x, labels=None):
            logits = self.layer(x)
            return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}

    def trainer(steps: int) -> Trainer:
        set_seed(0)
        train, test = ([{"x": x, "labels": y} for x, y in zip(X[s], Y[s], strict=True)] for s in (TRAIN, TEST))
        every = {"logging_steps": 2, "eval_strategy": "steps", "eval_steps": EVERY, "save_steps": STEPS // 4}
        report = {"report_to": ["tensorboard"] if find_spec("tensorboard") else [], "disable_tqdm": True}
        size = {"max_steps": steps, "per_device_train_batch_size": BATCH, "learning_rate": 0.03, "use_cpu": True}
        arguments = TrainingArguments(".", **every, **report, **size)

        def accuracy(p):
            return {"accuracy": float((p.predictions.argmax(-1) == p.label_ids).mean())}

        return Trainer(Classifier(), arguments, train_dataset=train, eval_dataset=test, compute_metrics=accuracy)

    os.environ["TENSORBOARD_LOGGING_DIR"] = "runs/resumed"  # else it is called by the time, of each part of the run
    with chdir(home):  # the log tells the folder
        trainer(STEPS // 2).train()
        resumed = trainer(STEPS)
        resumed.train(resume_from_checkpoint=True)
        resumed.save_state()


def lightning(home: Path) -> None:
    """CSVLogger, twice, and TensorBoardLogger; a loss that is logged on step and on epoch."""
    import torch
    from lightning.pytorch import LightningModule, Trainer, loggers, seed_everything
    from torch.utils.data import DataLoader, TensorDataset

    class Classifier(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(8, 2)

        def measured(self, batch):
            logits = self.layer(batch[0])
            return torch.nn.functional.cross_entropy(logits, batch[1]), (logits.argmax(-1) == batch[1]).float().mean()

        def training_step(self, batch, _):
            loss, accuracy = self.measured(batch)
            self.log("train_loss", loss, on_step=True, on_epoch=True)
            self.log("train_acc", accuracy)
            return loss

        def validation_step(self, batch, _):
            self.log_dict(dict(zip(("val_loss", "val_acc"), self.measured(batch), strict=True)))

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), RATE)

    train, test = (TensorDataset(torch.tensor(X[s]), torch.tensor(Y[s])) for s in (TRAIN, TEST))
    quiet = dict.fromkeys(("enable_progress_bar", "enable_model_summary", "enable_checkpointing"), False)
    events = [loggers.TensorBoardLogger] if find_spec("tensorboard") else []
    for seed, logger in enumerate([loggers.CSVLogger, loggers.CSVLogger, *events]):
        seed_everything(seed)
        log = logger(str(home), name=logger.__name__)
        trainer = Trainer(logger=log, max_steps=STEPS, log_every_n_steps=2, accelerator="cpu", **quiet)
        trainer.fit(Classifier(), DataLoader(train, BATCH, shuffle=True), DataLoader(test, 256))


def keras(home: Path) -> None:
    """CSVLogger of a run that was cut off and restored, the history as JSON, and TensorBoard where TensorFlow is."""
    os.environ.setdefault("KERAS_BACKEND", next(b for b in ("tensorflow", "torch", "jax") if find_spec(b)))
    import keras

    class CutOff(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == EPOCHS // 2:
                raise KeyboardInterrupt

    def fitted(*callbacks):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile(keras.optimizers.SGD(RATE / 10), "binary_crossentropy", metrics=["accuracy"])
        test = X[TEST], Y[TEST][:, None]
        fit = {"epochs": EPOCHS, "verbose": 0, "validation_data": test, "callbacks": list(callbacks)}
        return model.fit(X[TRAIN], Y[TRAIN][:, None], **fit).history

    def kept():
        file, backup = str(home / "log.csv"), str(home / "backup")
        return keras.callbacks.CSVLogger(file, append=True), keras.callbacks.BackupAndRestore(backup)

    try:
        fitted(*kept(), CutOff())
    except KeyboardInterrupt:
        fitted(*kept())
    board = (
        [keras.callbacks.TensorBoard(str(home / "logs"), update_freq=4, write_graph=False)]
        if find_spec("tensorflow")
        else []
    )
    (home / "history.json").write_text(json.dumps(fitted(*board)))
