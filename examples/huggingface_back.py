"""A Hugging Face Trainer that goes back to a checkpoint by itself: one batch has labels in the wrong unit."""

import sys
from pathlib import Path

import torch
from transformers import PrinterCallback, Trainer, TrainingArguments

from bestiary.callbacks import huggingface
from bestiary.watch.acts import Done
from bestiary.watch.monitor import Monitor


class Net(torch.nn.Module):
    """Learns |x|, until a batch as large as 10,000 leaves its units dead or its weights not finite."""

    def __init__(self, bad: int) -> None:
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
        self.bad, self.seen = bad, 0

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the loss, as the Trainer wants it."""
        self.seen += 1
        guess = self.body(x)[:, 0]
        return {"loss": ((guess - labels * (1e4 if self.seen == self.bad else 1)) ** 2).mean(), "logits": guess}


def main(folder: Path, steps: int = 600, bad: int = 320) -> tuple[Trainer, list[Done]]:
    """Train; return the trainer, and what was done."""
    x = 2 * torch.rand(640, 2, generator=torch.Generator().manual_seed(0)) - 1
    data = [{"x": row, "labels": row[0].abs()} for row in x]
    options = {"optim": "sgd", "learning_rate": 0.1, "lr_scheduler_type": "constant", "max_grad_norm": 0.0}
    often = {"logging_steps": 1, "save_steps": 50}
    quiet = {"report_to": "none", "disable_tqdm": True, "use_cpu": True, "max_steps": steps}
    args = TrainingArguments(str(folder), per_device_train_batch_size=32, **options, **often, **quiet)
    callback = huggingface(Monitor(on_finding=print), act={"error": "back"})
    trainer = Trainer(Net(bad), args, train_dataset=data, callbacks=[callback])
    trainer.remove_callback(PrinterCallback)  # a line for each of 600 steps
    trainer.train()
    return trainer, callback.acts.done


if __name__ == "__main__":
    main(Path(sys.argv[1] if sys.argv[1:] else "huggingface_back"))
