"""What the callbacks do about a finding, with transformers and lightning themselves where they are installed."""

import math
import runpy
from functools import partial
from pathlib import Path

import pytest

from bestiary import callbacks

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of other people's packages
@pytest.mark.parametrize(
    ("package", "weights", "hidden"),
    [("transformers", "model", True), ("transformers", "model", False), ("lightning", "lightning_module", True)],
)
def test_the_real_trainers_go_back(package, weights, hidden, tmp_path):
    """The examples, as they are; and with a Trainer that shows a loss that is not finite."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("accelerate" if package == "transformers" else package)
    pytest.importorskip(package)
    file = {"transformers": "huggingface_back.py", "lightning": "lightning_back.py"}[package]
    torch.manual_seed(0)
    main = runpy.run_path(str(EXAMPLES / file))["main"]
    if not hidden:
        shown = partial(main.__globals__["TrainingArguments"], logging_nan_inf_filter=False)
        main.__globals__["TrainingArguments"] = shown
    trainer, (done,) = main(tmp_path)
    assert done.action == "back" and 320 <= done.onset <= done.at < 350 and "300" in Path(done.checkpoint).name
    x = 2 * torch.rand(1000, 2) - 1
    assert ((getattr(trainer, weights).body(x)[:, 0] - x[:, 0].abs()) ** 2).mean() < 0.01


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("package", ["transformers", "lightning"])
def test_the_real_trainers_skip_one_update_save_and_stop(package, tmp_path):
    """Which weights the update after the finding leaves as they are; what is saved; where it ends."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("accelerate" if package == "transformers" else package)
    pytest.importorskip(package)
    name = {"transformers": "huggingface", "lightning": "lightning"}[package]
    torch.manual_seed(0)
    main = runpy.run_path(str(EXAMPLES / f"{name}_back.py"))["main"]
    weights, made = {}, []

    def acting(monitor, act):
        callback = getattr(callbacks, name)(monitor, act={"spike": ["skip", "save"], "error": "stop"})
        made.append(callback)
        return callback

    class Watched(main.__globals__["Net"]):
        """Breaks so little that one spike comes of it; at step 400 for good."""

        def __init__(self, bad):
            super().__init__(-1)

        def forward(self, x, labels):
            self.seen += self.training
            weights[self.seen] = self.body[0].weight.detach().clone()  # before the update of this step
            guess = self.body(x)[:, 0]
            return {"loss": ((guess - labels * self.wrong()) ** 2).mean(), "logits": guess}

        def training_step(self, batch, i):
            loss = self(batch[0], batch[0][:, 0].abs())["loss"]
            self.log("train_loss", loss)
            return loss

        def wrong(self):
            return {300: 5, 301: 5, 302: 5}.get(self.seen, 1) * (math.nan if self.seen == 450 else 1)

    main.__globals__.update({"Net": Watched, name: acting})
    trainer, done = main(tmp_path)
    assert [one.action for one in done] == ["save", "skip", "stop"]
    skipped = int(done[1].at) + 1
    same = [step for step in range(2, 449) if torch.equal(weights[step], weights[step + 1])]
    assert same == [skipped]
    step = (trainer.state if package == "transformers" else trainer).global_step
    assert step == done[2].at and 450 <= step <= 455
    if package == "transformers":
        assert (tmp_path / f"checkpoint-{int(done[0].at)}" / "optimizer.pt").is_file()
    else:
        assert Path(done[0].checkpoint).is_file()
