"""Unmodified programs that give their metric to the packages of others."""

import pytest

TUNE = ("tune", "--minimize", "rmse", "--algorithm", "random", "-p", "lr=0.01..1.0:log")
# What the program prints must not count: its file does.
HYPERTUNE = """
import argparse
import hypertune

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--epochs", type=int, default=3)
args = parser.parse_args()
hpt = hypertune.HyperTune()
for epoch in range(1, args.epochs + 1):
    print("rmse=99")
    hpt.report_hyperparameter_tuning_metric(
        hyperparameter_metric_tag="rmse", metric_value=args.lr / epoch, global_step=epoch * 10)
    hpt.report_hyperparameter_tuning_metric(
        hyperparameter_metric_tag="other", metric_value=7, global_step=epoch * 10)
"""
HEAD_OF_EVENTS = """
import argparse, json, os, time

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--output_dir")
args = parser.parse_args()
output_dir = os.path.join(
    args.output_dir, json.loads(os.environ.get("TF_CONFIG", "{}")).get("task", {}).get("trial", ""))
folder = os.path.join(output_dir, "eval_heldout")
"""
SIMPLE_VALUES = (
    HEAD_OF_EVENTS
    + """
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

writer = EventFileWriter(folder)
for step in (100, 200, 300):
    value = Summary.Value(tag="rmse", simple_value=args.lr / step)
    writer.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=[value])))
writer.close()
"""
)
TENSORS = (
    HEAD_OF_EVENTS
    + """
from tensorboard.summary import Writer

writer = Writer(folder)
for step in (100, 200, 300):
    writer.add_scalar("rmse", args.lr / step, step)
writer.close()
"""
)
KERAS = """
import argparse, json, os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--output_dir")
args = parser.parse_args()
trial = json.loads(os.environ["TF_CONFIG"])["task"]["trial"]
X = np.linspace(0, 1, 64, dtype="float32")[:, None]
y = 3 * X + 1
model = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Dense(1)])
model.compile(optimizer=tf.keras.optimizers.SGD(args.lr), loss="mse")
history = model.fit(
    X[:48], y[:48], validation_data=(X[48:], y[48:]), epochs=2, verbose=0,
    callbacks=[tf.keras.callbacks.TensorBoard(os.path.join(args.output_dir, trial, "logs"))])
print("held out", history.history["val_loss"][-1])
"""
INSTALLS = pytest.mark.timeout(600)


@INSTALLS
def test_cloudml_hypertune(wazir_in, foreign_environment):
    python = foreign_environment(("cloudml-hypertune==0.1.0.dev6",))
    wazir_in.write("train.py", HYPERTUNE)
    wazir_in(*TUNE, "--trials", "3", "--", python, "train.py", "--epochs", "3")
    trials = wazir_in.trials("train")
    assert len(trials) == 3
    for trial in trials:
        lr = trial.parameters["lr"]
        curve = [(m.step, m.metrics["rmse"]) for m in trial.measurements]
        assert curve == [(10, lr), (20, lr / 2), (30, lr / 3)]
        assert trial.value == lr / 3
    assert trials[0].parameters["lr"] == 0.1


@INSTALLS
@pytest.mark.parametrize("program", [SIMPLE_VALUES, TENSORS], ids=["simple_values", "tensors"])
def test_event_files_of_tensorboard(wazir_in, foreign_environment, program):
    python = foreign_environment(("tensorboard==2.21.0",))
    wazir_in.write("train.py", program)
    said = wazir_in(
        *TUNE, "--trials", "3", "--parallel", "2", "--",
        python, "train.py", "--output_dir", "house_trained",
    )  # fmt: skip
    trials = wazir_in.trials("train")
    assert len(trials) == 3
    for trial in trials:
        curve = {m.step: m.metrics["rmse"] for m in trial.measurements}
        assert list(curve) == [100, 200, 300]
        # Event files keep 32 bits.
        assert curve == pytest.approx({s: trial.parameters["lr"] / s for s in curve}, rel=1e-6)
        assert trial.value == curve[300]
    assert "warning" not in said.stdout


@INSTALLS
def test_event_files_under_another_tag(wazir_in, foreign_environment):
    python = foreign_environment(("tensorboard==2.21.0",))
    wazir_in.write("train.py", SIMPLE_VALUES)
    command = ("--", python, "train.py", "--output_dir", "house_trained")
    flags = ("--minimize", "loss", "-p", "lr=0.01..1.0:log", "--algorithm", "random")
    said = wazir_in("tune", *flags, *command, code=1)
    for wanted in ("'loss'", "'rmse'", "house_trained/1/eval_heldout"):
        assert wanted in said.text


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_tensorboard_callback_of_keras(wazir_in, foreign_environment):
    python = foreign_environment(("tensorflow-cpu==2.21.0", "tensorboard==2.21.0"))
    wazir_in.write("train.py", KERAS)
    wazir_in(
        "tune", "--minimize", "epoch_loss", "-p", "lr=0.01..0.5:log", "--trials", "2",
        "--algorithm", "random", "--", python, "train.py", "--output_dir", "out", timeout_s=300,
    )  # fmt: skip
    for trial in wazir_in.trials("train"):
        log = wazir_in.log("train", trial.id)
        held_out = float(log.partition("held out ")[2].split()[0])
        assert trial.value == pytest.approx(held_out, rel=1e-5)
