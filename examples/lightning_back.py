"""A Lightning Trainer that goes back to a checkpoint by itself: one batch has labels in the wrong unit."""

import sys
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.utils.data import DataLoader, TensorDataset

from bestiary.callbacks import lightning
from bestiary.watch.acts import Done
from bestiary.watch.monitor import Monitor


class Net(pl.LightningModule):
    """Learns |x|, until a batch as large as 10,000 leaves its units dead or its weights not finite."""

    def __init__(self, bad: int) -> None:
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
        self.bad, self.seen = bad, 0

    def training_step(self, batch: Any, i: int) -> torch.Tensor:
        """Return the loss, and log it."""
        self.seen += 1
        goal = batch[0][:, 0].abs() * (1e4 if self.seen == self.bad else 1)
        loss = ((self.body(batch[0])[:, 0] - goal) ** 2).mean()
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Plain gradient descent."""
        return torch.optim.SGD(self.parameters(), lr=0.1)


def main(folder: Path, steps: int = 600, bad: int = 320) -> tuple[pl.Trainer, list[Done]]:
    """Train; return the trainer, and what was done."""
    x = 2 * torch.rand(640, 2, generator=torch.Generator().manual_seed(0)) - 1
    watch = lightning(Monitor(on_finding=print), act={"error": "back"})
    kept = ModelCheckpoint(folder, every_n_train_steps=50, save_top_k=-1)  # all, as the newest may be of a lost run
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    often = {"max_steps": steps, "log_every_n_steps": 1}
    trainer = pl.Trainer(default_root_dir=folder, callbacks=[watch, kept], **often, **quiet)
    trainer.fit(Net(bad), DataLoader(TensorDataset(x), batch_size=32, shuffle=True))
    return trainer, watch.acts.done


if __name__ == "__main__":
    main(Path(sys.argv[1] if sys.argv[1:] else "lightning_back"))
