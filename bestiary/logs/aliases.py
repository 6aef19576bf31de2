"""Which phrases are which channel; docs/detect.md has the same tables."""

from __future__ import annotations

# Words of a role say train or test, those of padding nothing; what is left has to be one of the phrases. Without a
# role it is train, of a score test.
PADDING = ("step", "epoch", "batch", "mean", "avg", "average", "metrics", "pct", "percent", "percentage")
PHRASES: dict[str, tuple[str, ...]] = {
    "loss": (
        *("loss", "nll", "nll loss", "ce", "ce loss", "cross entropy", "crossentropy", "cross entropy loss", "xent"),
        *("lm loss", "total loss", "mse", "mse loss", "cost", "objective", "loss total", "loss local"),
        *("lm loss value", "logloss", "log loss", "binary logloss", "bpb"),
    ),
    "acc": (
        *("acc", "accuracy", "acc1", "acc 1", "top1", "top 1", "top1 acc", "top 1 acc", "top1 accuracy"),
        *("top 1 accuracy", "accuracy top1", "accuracy top 1", "acc top1", "binary accuracy", "categorical accuracy"),
        *("sparse categorical accuracy", "token acc", "token accuracy", "prec 1", "a acc"),
    ),
    "score": (  # higher is better, and no accuracy
        *("m ap50 95 b", "m ap50 95", "m ap 50 95", "map50 95", "map 50 95", "bbox m ap", "m ap", "map", "m ap50 b"),
        *("m ap50", "map50", "bbox m ap 50", "m ap 50", "ap", "m io u", "miou", "iou", "dice", "dice score", "f1"),
        *("f1 score", "macro f1", "f1 macro", "micro f1", "f1 micro", "f1 weighted", "auc", "roc auc", "auroc"),
        *("exact match", "em", "bleu", "bleu score", "sacrebleu", "rouge l", "rougel", "rouge lsum", "rougelsum"),
        *("rouge1", "rouge 1", "rouge2", "rouge 2", "meteor", "cider", "chrf", "mcc", "matthews correlation"),
        *("ndcg", "r2", "r2 score", "pearson", "spearman", "psnr", "ssim"),
    ),
}
INSTEAD: dict[str, tuple[str, ...]] = {  # lower is better; read where no column is a loss by name
    "loss": (
        *("perplexity", "ppl", "word perplexity", "wer", "cer", "word error rate", "character error rate", "per"),
        *("ter", "eer", "error", "err", "error rate", "top1 error", "rmse", "mae", "squared error", "absolute error"),
        *("mape", "l1", "bits per byte", "bpc", "bpd", "fid"),
    ),
}
OF_TEST = ("wer", "cer", "word error rate", "character error rate", "per", "ter", "eer", "fid")  # without a role, too
ALONE: dict[str, tuple[str, ...]] = {  # without a role; channels of single detectors are passed in as `own`
    "lr": ("lr", "learning rate", "lr adamw", "lr adam", "lr sgd", "lr pg0", "current learning rate", "base lr"),
    "grad_norm": ("grad norm", "gradient norm", "global grad norm", "total grad norm", "gnorm"),
    "weight_norm": ("weight norm", "weights norm", "param norm", "parameter norm", "params norm"),
    "reward": (
        *("reward", "rewards", "ep rew", "rollout ep rew", "rollout reward", "episode reward", "ep reward", "rew"),
        *("eprewmean", "episode return", "episodic return", "charts episodic return", "return"),
        *("returns", "ep return", "env runners episode return", "env runners episode reward", "cumulative reward"),
        *("environment cumulative reward", "objective scores", "objective reward", "critic rewards", "critic score"),
        *("total reward", "episode total reward", "reward score", "undiscounted return", "ep ret"),
    ),
    "success_rate": ("success rate", "rollout success rate", "success", "win rate", "solve rate"),
    "gen_loss": (  # of two players
        *("g loss", "loss g", "gen loss", "loss gen", "generator loss", "loss generator", "g total loss"),
        *("loss g total", "loss g loss", "err g", "g gan", "loss g gan", "g a", "g adv loss", "gan loss g"),
    ),
    "disc_loss": (
        *("d loss", "loss d", "disc loss", "loss disc", "discriminator loss", "loss discriminator", "d total loss"),
        *("loss d total", "loss d loss", "err d", "d a", "critic loss", "loss critic"),
    ),
    "kl": (
        *("kl", "approx kl", "approxkl", "objective kl", "policy approxkl", "kl div", "kl divergence", "actor ppo kl"),
        *("ppo kl", "loss approx kl"),
    ),
    "entropy": ("entropy", "policy entropy", "actor entropy", "objective entropy", "loss entropy"),
    "episode_length": (
        *("ep len", "rollout ep len", "episode length", "ep length", "eplenmean", "episode len", "episodic length"),
        *("charts episodic length", "environment episode length", "env runners episode len"),
    ),
}
EVALUATED = ("reward", "success_rate", "episode_length")  # with a word for test, `test_reward` and so on
KNOWN = {"metrics accuracy top1": "test_acc"}  # names that say test by the tool that writes them, Ultralytics
BEHIND = 5_000  # rank of what is known by its last part
LAST = 10_000  # rank from which on a phrase is read instead of another


def place(rest: str, roles: list[tuple[str, int]], own: dict[str, tuple[str, ...]]) -> tuple[str, int] | None:
    """Find the channel of a name without its words of role and padding, and how far down the table the name stands.

    Args:
        rest: the other words.
        roles: (train or test, rank) of each word of a role.
        own: further tables such as `ALONE`.
    """
    for table, last in (PHRASES, 0), (INSTEAD, LAST):
        for quantity, phrases in table.items():
            if rest in phrases and len(roles) < 2:
                usual = "test" if quantity == "score" or rest in OF_TEST else "train"
                role, rank = roles[0] if roles else (usual, 10)
                return f"{role}_{quantity}", last + 100 * rank + phrases.index(rest)
    said = {role for role, _ in roles}
    for quantity, phrases in (ALONE | own).items():
        if rest in phrases:
            if said <= {"train"}:
                return quantity, phrases.index(rest)
            if said == {"test"} and quantity in EVALUATED:
                return f"test_{quantity}", phrases.index(rest)
    return None
