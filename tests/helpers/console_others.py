"""What further tools print while they train, by their own formats, of the same run as in `console_logs`."""

from console_logs import LR, NORM, TEST, TRAIN
from console_variants import every_ten


def yolov5():
    # ultralytics/yolov5, train.py and val.py: a line of names over each bar
    made = []
    for t in range(60):
        parts = "".join(f"{f * TRAIN[t]:>11.4g}" for f in (0.5, 0.3, 0.2))
        made += ["", ("%11s" * 7) % ("Epoch", "GPU_mem", "box_loss", "obj_loss", "cls_loss", "Instances", "Size")]
        made += [f"{f'{t}/59':>11}{'1.2G':>11}{parts}{120:>11}{640:>11}: 100%|██████████| 8/8 [00:03<00:00,  2.50it/s]"]
        names = ("Class", "Images", "Instances", "P", "R", "mAP50", "mAP50-95")
        made += [("%22s" + "%11s" * 6) % names + ": 100%|██████████| 4/4 [00:01<00:00,  2.50it/s]"]
        made += [f"{'all':>22}{128:>11}{929:>11}{0.6:>11}{0.5:>11}{0.1 + t / 100:>11.3g}{0.05 + t / 200:>11.3g}"]
    return "\n".join([*made, f"{'person':>22}{128:>11}{254:>11}{0.7:>11}{0.6:>11}{0.9:>11}{0.8:>11}"]) + "\n"


def spacy():
    # explosion/spaCy, spacy/training/loggers.py: console_logger, by wasabi's table
    made = ["ℹ Initial learn rate: 0.001", "E    #       LOSS TOK2VEC  LOSS NER  ENTS_F  SCORE "]
    made += ["---  ------  ------------  --------  ------  ------"]
    made += [f"{t // 6:3d}  {200 * t:6d}  {0.0:12.2f}  {TRAIN[t]:8.2f}  {30:6.2f}  {0.5:6.2f}" for t in range(60)]
    return "\n".join(made) + "\n"


def caffe():
    # BVLC/caffe, src/caffe/solver.cpp and solvers/sgd_solver.cpp
    head = "I0102 03:04:05.678901 12345 solver.cpp"
    return every_ten(
        lambda t, y: [
            f"{head}:218] Iteration {100 * t} (12.3 iter/s, 8.1s/100 iters), loss = {y:.6g}",
            f"{head}:237]     Train net output #0: loss = {y:.6g} (* 1 = {y:.6g} loss)",
            f"I0102 03:04:05.678901 12345 sgd_solver.cpp:105] Iteration {100 * t}, lr = {LR}",
        ],
        lambda t, y: [
            f"{head}:330] Iteration {100 * t}, Testing net (#0)",
            f"{head}:397]     Test net output #0: accuracy = {0.5 + t / 200:.4g}",
            f"{head}:397]     Test net output #1: loss = {y:.6g} (* 1 = {y:.6g} loss)",
        ],
    )


def estimator():
    # tensorflow/estimator, tensorflow_estimator/python/estimator/estimator.py: _write_dict_to_summary
    return every_ten(
        lambda t, y: [f"INFO:tensorflow:loss = {y:.7f}, step = {100 * t + 1} (2.345 sec)"],
        lambda t, y: [
            "INFO:tensorflow:Starting evaluation at 2026-01-02T03:04:05",
            f"INFO:tensorflow:Saving dict for global step {100 * t + 2}: accuracy = 0.5, global_step = {100 * t + 2}, "
            f"loss = {y:.5f}",
        ],
    )


def mxnet():
    # apache/mxnet, python/mxnet/callback.py: Speedometer, and module/base_module.py: fit
    made = []
    for t in range(60):
        made += [f"INFO:root:Epoch[{t}] Batch [0-20]\tSpeed: 1234.56 samples/sec\tcross-entropy={TRAIN[t]:.6f}"]
        made += [f"INFO:root:Epoch[{t}] Train-cross-entropy={TRAIN[t]:.6f}", f"INFO:root:Epoch[{t}] Time cost=12.345"]
        made += [f"INFO:root:Epoch[{t}] Validation-cross-entropy={TRAIN[t] + 0.2:.6f}"]
    return "\n".join(made) + "\n"


def timm():
    # huggingface/pytorch-image-models, train.py: train_one_epoch and validate
    return every_ten(
        lambda t, y: [
            f"Train: {t // 10} [{100 * (t % 10):>4d}/1000 ({10 * (t % 10):>3.0f}%)]  Loss: {y:>9.6f} ({y:>6.4f})  "
            f"Time: 0.300s,  853.00/s  (0.310s,  820.00/s)  LR: {LR:.3e}  Data: 0.010 (0.020)"
        ],
        lambda t, y: [
            f"Test: [ 195/195]  Time: 0.123 (0.234)  Loss: {y:>7.4f} ({y:>6.4f})  Acc@1: {50 + t / 3:>7.4f} (50.1)  "
            "Acc@5: 80.0000 ( 80.0)",
            f"*** Best metric: {50 + t / 3} (epoch {t // 10})",
        ],
    )


def deit():
    # facebookresearch/deit, utils.py: MetricLogger.log_every, and engine.py: evaluate
    return every_ten(
        lambda t, y: [
            f"Epoch: [{t // 10}]  [{100 * (t % 10):>4d}/1000]  eta: 0:10:00  lr: {LR:.6f}  loss: {y:.4f} ({y:.4f})  "
            "time: 0.3000  data: 0.0100  max mem: 3000"
        ],
        lambda t, y: [
            f"Test:  [ 0/53]  eta: 0:00:53  loss: {y:.4f} ({y:.4f})  acc1: {50 + t / 3:.4f} (50.1)  time: 1.0",
            f"* Acc@1 {50 + t / 3:.3f} Acc@5 80.000 loss {y:.3f}",
            f"Accuracy of the network on the 50000 test images: {50 + t / 3:.1f}%",
        ],
    )


def open_clip():
    # mlfoundations/open_clip, src/open_clip_train/train.py: train_one_epoch
    head = "2026-01-02,03:04:05 | INFO | "
    return every_ten(
        lambda t, y: [
            f"{head}Train Epoch: {t // 10} [{1000 * (t % 10):>5}/10000 ({10 * (t % 10):.0f}%)] Data (t): 0.100 "
            f"Batch (t): 0.500, 1000.0/s, 125.0/s/gpu LR: {LR:5f} Logit Scale: 14.286 "
            f"Contrastive_loss: {y:#.5g} ({y:#.5g}) Loss: {y:#.5g} ({y:#.5g})"
        ],
        lambda t, y: [f"{head}Eval Epoch: {t // 10 + 1} imagenet-zeroshot-val-top1: {0.1 + t / 200:.4f}"],
    )


def maxtext():
    # AI-Hypercomputer/maxtext, MaxText/metric_logger.py: log_metrics
    return every_ten(
        lambda t, y: [
            f"completed step: {t}, seconds: 1.150, TFLOP/s/device: 470.000, Tokens/s/device: 57000.000, "
            f"total_weights: 65536, loss: {y:.3f}"
        ],
        lambda t, y: [f"eval metrics after step: {t}, loss={y:.3f}, total_weights=65536.0"],
    )


def olmo():
    # allenai/OLMo, olmo/train.py: log_metrics_to_console; the names below the line of the step
    made = []
    for t in range(60):
        made += [f"2026-01-02 03:04:05.678\thost:0\tolmo.train:967\tINFO\t[step={t + 1}/60,epoch=0]"]
        made += [f"    optim/total_grad_norm={NORM:.4f}", f"    train/CrossEntropyLoss={TRAIN[t]:.3f}"]
        made += ["    throughput/total_tokens=4,194,304", "    System/Peak GPU Memory (MB)=40,123"]
    return "\n".join(made) + "\n"


def espnet():
    # espnet/espnet, espnet2/train/reporter.py: log_message, and trainer.py; the batches are a range
    head = "[gpu01] 2026-01-02 03:04:05,678 (trainer:762) INFO: "
    return every_ten(
        lambda t, y: [
            f"{head}{t // 10 + 1}epoch:train:{100 * (t % 10) + 1}-{100 * (t % 10) + 100}batch: iter_time=1.2e-04, "
            f"loss_ctc={2 * y:.3f}, acc={0.5 + t / 200:.3f}, loss={y:.3f}, grad_norm={NORM:.3f}, train_time=1.2"
        ],
        lambda t, y: [
            f"{head}{t // 10 + 1}epoch results: [train] loss_ctc={2 * y:.3f}, acc=0.5, loss={y + 1:.3f}, time=10 "
            f"minutes and 1.2 seconds, [valid] loss_ctc={2 * y:.3f}, acc={0.5 + t / 200:.3f}, loss={y:.3f}, time=1"
        ],
    )


def lightning_bar():
    # Lightning-AI/pytorch-lightning, src/lightning/pytorch/callbacks/progress/tqdm_progress.py
    made = ""
    for t in range(60):
        k, seen = t % 20 + 1, f", val_loss={TEST[t // 20 * 20]:.3f}" if t >= 20 else ""
        made += f"\rEpoch {t // 20}: {5 * k:3d}%|{'█' * (k // 2):10}| {k}/20 [00:01<00:03,  4.30it/s, v_num=0, "
        made += f"train_loss={TRAIN[t]:.3f}{seen}]"
        made += "\n\rValidation DataLoader 0: 100%|██████████| 2/2 [00:00<00:00, 10it/s]" if k == 20 else ""
    return made + "\n"


def clu():
    # google/CommonLoopUtils, clu/metric_writers/logging_writer.py
    head = "I0102 03:04:05.678901 140 logging_writer.py:48] "
    return every_ten(
        lambda t, y: [f"{head}[{100 * t}] learning_rate={LR}, loss={y:.6f}, steps_per_second=12.3"],
        lambda t, y: [f"{head}[{100 * t}] eval_accuracy={0.5 + t / 200}, eval_loss={y}"],
    )


def darknet():
    # pjreddie/darknet, examples/detector.c: the value stands before its name
    return "".join(
        f"{t + 1}: {TRAIN[t]:f}, {TRAIN[t]:f} avg, {LR:f} rate, 1.234567 seconds, {64 * (t + 1)} images\n"
        f"{t + 1}: {TRAIN[t]:f}, {TRAIN[t]:f} avg loss, {LR:f} rate, 1.234567 seconds\n"
        for t in range(60)
    )


def pytorch_tutorials():
    # pytorch/tutorials, beginner_source/basics/optimization_tutorial.py: nothing says on which line the test loss is
    made = []
    for t in range(6):
        made += [f"Epoch {t + 1}", "-------------------------------"]
        made += [f"loss: {TRAIN[10 * t + b]:>7f}  [{6400 * b + 64:>5d}/60000]" for b in range(10)]
        made += ["Test Error: ", f" Accuracy: {50 + t * 4:>0.1f}%, Avg loss: {TEST[10 * t]:>8f} ", ""]
    return "\n".join(made) + "Done!\n"


def pytorch_cifar():
    # pytorch/tutorials, beginner_source/blitz/cifar10_tutorial.py: epoch and batch in one bracket
    return "".join(f"[{t // 10 + 1}, {200 * (t % 10 + 1):5d}] loss: {TRAIN[t]:.3f}\n" for t in range(60))


def turns():
    # no tool: phases that are announced, and metrics that have one name in both
    made = []
    for t in range(60):
        made += [f"=== Epoch {t} ===", "Training", f"  loss: {TRAIN[t]:.4f}, accuracy: 0.5"]
        made += ["Validation", f"  loss: {TRAIN[t] + 0.2:.4f}, accuracy: 0.4"]
    return "\n".join(made) + "\n"
