"""Stand-ins of the Hugging Face Trainer and of Lightning's: one weight, whose loss is lost while the weight is broken.

The update at step `breaks` sets the weight to `broken`. The loss jumps from about 1 to that, and stays there until
somebody loads the weight of a checkpoint from before.
"""

import pickle
from pathlib import Path
from types import ModuleType, SimpleNamespace


class Number(float):
    """A tensor of one number, as far as a checkpoint is concerned."""

    shape, whole = (), None

    def data_ptr(self):
        return id(self if self.whole is None else self.whole)

    def detach(self):
        view = Number(self)
        view.whole = self
        return view


class Model:
    """One weight."""

    def __init__(self):
        self.weight, self.loaded = Number(1.0), 0

    def state_dict(self):
        return {"weight": self.weight}

    def load_state_dict(self, state, strict=True):
        self.weight, self.loaded = state["weight"], self.loaded + 1

    def on_load_checkpoint(self, content):
        """A hook of Lightning's modules."""


class Optimizer:
    """Counts its steps; one without gradients is none, and its rate falls."""

    def __init__(self):
        self.parameter = SimpleNamespace(grad=1.0)
        self.param_groups, self.steps, self.skipped = [{"params": [self.parameter], "lr": 1.0}], 0, []

    def step(self, at):
        if self.parameter.grad is None:
            self.skipped.append(at)
        else:
            self.steps += 1
        self.parameter.grad = 1.0
        self.param_groups[0]["lr"] *= 0.999

    def state_dict(self):
        return {"steps": self.steps, "lr": self.param_groups[0]["lr"]}

    def load_state_dict(self, state):
        self.steps, self.param_groups[0]["lr"] = state["steps"], state["lr"]


def loss_of(model, step):
    """A loss that falls a little, with a small ripple."""
    return float(model.weight) * (1 + 0.5 / (1 + step / 50)) * (1 + 0.002 * (step % 7))


def modules():
    """{name: module} of what the callbacks import to read a checkpoint."""
    torch, safetensors, inner = ModuleType("torch"), ModuleType("safetensors"), ModuleType("safetensors.torch")
    torch.load = lambda file, map_location, weights_only: pickle.loads(Path(file).read_bytes())
    inner.load_file = lambda file, device: pickle.loads(Path(file).read_bytes())
    return {"torch": torch, "safetensors": safetensors, "safetensors.torch": inner}


class HuggingFace:
    """What the Trainer does to one callback.

    As the Trainer does (huggingface/transformers, src/transformers/trainer.py, `_maybe_log_save_evaluate`), it sets its
    sum of losses back by taking it away from itself, so that one that is not finite stays so.
    """

    def __init__(self, callback, folder, breaks=(), save_steps=50, broken=9.0, **more):
        self.broken = broken
        self.callback, self.breaks, self.save_steps = callback, breaks, save_steps
        self.args = SimpleNamespace(output_dir=str(folder), **more)
        self.state = SimpleNamespace(global_step=0, is_world_process_zero=True)
        self.model, self.optimizer, self.saves, self.sum = Model(), Optimizer(), [], 0.0

    def save(self):
        step = self.state.global_step
        path = Path(self.args.output_dir) / f"checkpoint-{step}"
        path.mkdir()
        (path / "model.safetensors").write_bytes(pickle.dumps(self.model.state_dict()))
        (path / "optimizer.pt").write_bytes(pickle.dumps(self.optimizer.state_dict()))
        self.saves.append(step)

    def train(self, steps):
        control = SimpleNamespace(should_training_stop=False, should_save=False)
        given = {"model": self.model, "optimizer": self.optimizer}
        hook, state = self.callback, self.state
        hook.on_train_begin(self.args, state, control, **given)
        while state.global_step < steps and not control.should_training_stop:
            hook.on_pre_optimizer_step(self.args, state, control, **given)
            self.optimizer.step(state.global_step + 1)
            state.global_step += 1
            if state.global_step in self.breaks:
                self.model.weight = Number(self.broken)
            self.sum += loss_of(self.model, state.global_step)
            logs = {"loss": self.sum, "grad_norm": float(self.model.weight)}
            self.sum -= self.sum
            hook.on_log(self.args, state, control, logs=logs, **given)
            if control.should_save or state.global_step % self.save_steps == 0:
                self.save()
                hook.on_save(self.args, state, control, **given)
                control.should_save = False
        hook.on_train_end(self.args, state, control, **given)
        return state.global_step


class Lightning:
    """What Lightning's Trainer does to one callback: epochs of fifty batches, a checkpoint after each."""

    def __init__(self, callback, folder, breaks=(), world=1, broken=9.0):
        self.broken = broken
        self.callback, self.breaks, self.default_root_dir, self.world_size = callback, breaks, str(folder), world
        self.module, self.optimizers = Model(), [Optimizer()]
        self.checkpoint_callbacks = [SimpleNamespace(dirpath=str(folder / "own"))]
        self.global_step, self.log_every_n_steps, self.should_stop = 0, 1, False
        self.is_global_zero, self.sanity_checking, self.computed = True, False, {}
        self.saves, self.broadcasts = [], 0
        self.strategy = SimpleNamespace(
            reduce_boolean_decision=lambda mine, all: mine,
            broadcast=self.broadcast,
            load_checkpoint=lambda file, weights_only: pickle.loads(file.read_bytes()),
            load_model_state_dict=lambda content, strict: self.module.load_state_dict(content["state_dict"]),
            load_optimizer_state_dict=lambda content: self.optimizers[0].load_state_dict(
                content["optimizer_states"][0]
            ),
        )

    @property
    def callback_metrics(self):
        """A view of what was computed last, another object each time (Lightning 2.6, `_get_cache`)."""
        return {name: value.detach() for name, value in self.computed.items()}

    def broadcast(self, thing, src):
        assert src == 0
        self.broadcasts += 1
        return thing

    def save_checkpoint(self, path):
        Path(path).parent.mkdir(exist_ok=True)
        content = {"global_step": self.global_step, "state_dict": self.module.state_dict()}
        content["optimizer_states"] = [self.optimizers[0].state_dict()]
        Path(path).write_bytes(pickle.dumps(content))
        self.saves.append(Path(path).name)

    def fit(self, epochs):
        hook = self.callback
        hook.on_fit_start(self, self.module)
        for epoch in range(epochs):
            hook.on_train_epoch_start(self, self.module)
            for i in range(50):
                hook.on_before_optimizer_step(self, self.module, self.optimizers[0])
                self.optimizers[0].step(self.global_step + 1)
                self.global_step += 1
                if self.global_step in self.breaks:
                    self.module.weight = Number(self.broken)
                self.computed["train_loss"] = Number(loss_of(self.module, self.global_step))
                hook.on_train_batch_end(self, self.module, None, None, i)
                if self.should_stop:
                    break
            hook.on_train_epoch_end(self, self.module)
            if self.should_stop:
                break
            self.save_checkpoint(Path(self.default_root_dir) / "own" / f"epoch={epoch}.ckpt")
        hook.on_train_end(self, self.module)
        return self.global_step
