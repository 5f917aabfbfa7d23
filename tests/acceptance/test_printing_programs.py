"""Unmodified programs of several styles that only print, and one that ignores its trial."""

import sys

import pytest

PYTHON = (sys.executable, "-S")
KERAS_STYLE = r"""
import sys
lr = float(sys.argv[sys.argv.index("--lr") + 1])
for epoch in (1, 2):
    print(f"Epoch {epoch}/2")
    for batch in range(1, 5):
        bar = "=" * 6 * batch + ">" + "." * (24 - 6 * batch)
        if batch < 4:
            print(f"\r{batch * 8}/32 [{bar}] - ETA: 0s - loss: {9 / batch:.4f}", end="")
    print(f"\r32/32 [{'=' * 30}] - 1s 3ms/step - loss: 2.5000 - val_loss: {lr / epoch:.6f}")
"""
TQDM_STYLE = r"""
import sys
lr = float(sys.argv[sys.argv.index("--lr") + 1])
for epoch in (1, 2):
    for done in range(0, 101, 20):
        sys.stderr.write(f"\rtrain epoch {epoch}: {done:3d}%|{'#' * (done // 10):10}| {done}/100 "
                         f"[00:01<00:00, 88.1it/s, val_loss=77.0]")
        sys.stderr.flush()
    sys.stderr.write("\n")
    print(f"epoch {epoch} | train loss 2.5 | val_loss {lr / epoch:.6f}", flush=True)
"""
LOGGING_STYLE = r"""
import sys
lr = float(sys.argv[sys.argv.index("--lr") + 1])
for epoch in (1, 2):
    print(f"2024-01-02 03:04:05,678 INFO trainer: epoch={epoch} train_val_loss=5 val_loss={lr / epoch:.6f}")
"""
JSON_STYLE = r"""
import json, sys
lr = float(sys.argv[sys.argv.index("--lr") + 1])
for epoch in (1, 2):
    print(json.dumps({"epoch": epoch, "loss": 2.5, "val_loss": round(lr / epoch, 6)}))
"""
COLOURED_STYLE = r"""
import sys
lr = float(sys.argv[sys.argv.index("--lr") + 1])
for epoch in (1, 2):
    print(f"\x1b[1mEpoch {epoch}\x1b[0m  \x1b[32mval_loss\x1b[0m: \x1b[36m{lr / epoch:.6f}\x1b[0m")
"""
STYLES = {
    "keras": KERAS_STYLE,
    "tqdm": TQDM_STYLE,
    "logging": LOGGING_STYLE,
    "json": JSON_STYLE,
    "coloured": COLOURED_STYLE,
}


@pytest.mark.parametrize("style", STYLES)
def test_a_program_that_only_prints(wazir_in, style):
    wazir_in.write("train.py", STYLES[style])
    wazir_in(
        "tune", "--minimize", "val_loss", "-p", "lr=0.01..1.0:log", "--trials", "2",
        "--algorithm", "random", "--", *PYTHON, "train.py",
    )  # fmt: skip
    for trial in wazir_in.trials("train"):
        lr = trial.parameters["lr"]
        curve = [(m.step, m.metrics["val_loss"]) for m in trial.measurements]
        assert curve == [(1, float(f"{lr:.6f}")), (2, float(f"{lr / 2:.6f}"))]
        assert trial.value == curve[-1][1]


def test_trials_that_overwrite_each_other_are_noticed(wazir_in):
    wazir_in.write(
        "train.py",
        "import os, sys\n"
        "folder = sys.argv[sys.argv.index('--output_dir') + 1]\n"
        "os.makedirs(folder, exist_ok=True)\n"
        "with open(os.path.join(folder, 'model.txt'), 'w') as file:\n"
        "    file.write(sys.argv[-1])\n"
        "print('rmse=' + sys.argv[sys.argv.index('--lr') + 1])\n",
    )
    flags = ("tune", "--minimize", "rmse", "-p", "lr=0.01..1.0:log", "--algorithm", "random")
    command = ("--", *PYTHON, "train.py", "--output_dir")
    said = wazir_in(*flags, "--trials", "3", *command, "out")
    for wanted in ("out/model.txt", "--output_dir {trial_dir}", "TF_CONFIG"):
        assert wanted in said.text
    assert said.text.count("both wrote") == 1

    cured = wazir_in(*flags, "--trials", "3", "--study", "cured", *command, "{trial_dir}")
    assert "both wrote" not in cured.text
    for trial in wazir_in.trials("cured"):
        model = wazir_in.runs / "cured" / "trials" / str(trial.id) / "out" / "model.txt"
        assert float(model.read_text()) == trial.parameters["lr"]


def test_a_program_that_follows_the_contract_is_not_accused(wazir_in):
    wazir_in.write(
        "train.py",
        "import json, os, sys\n"
        "trial = json.loads(os.environ.get('TF_CONFIG', '{}')).get('task', {}).get('trial', '')\n"
        "folder = os.path.join(sys.argv[sys.argv.index('--output_dir') + 1], trial)\n"
        "os.makedirs(folder)\n"
        "open(os.path.join(folder, 'model.txt'), 'w').close()\n"
        "print('rmse=1')\n",
    )
    said = wazir_in(
        "tune", "--minimize", "rmse", "-p", "lr=0.01..1.0:log", "--trials", "3", "--parallel", "2",
        "--algorithm", "random", "--", *PYTHON, "train.py", "--output_dir", "out",
    )  # fmt: skip
    assert "both wrote" not in said.text
    assert sorted(path.name for path in (wazir_in.folder / "out").iterdir()) == ["1", "2", "3"]


def test_a_command_in_the_style_of_hydra(wazir_in):
    wazir_in.write(
        "app.py",
        "import os, sys\n"
        "given = dict(word.split('=', 1) for word in sys.argv[1:])\n"
        "assert set(given) == {'model.lr', 'model.units', 'hydra.run.dir'}, given\n"
        "units = [int(n) for n in given['model.units'].strip('[]').split(',')]\n"
        "os.makedirs(given['hydra.run.dir'], exist_ok=True)\n"
        "print(f\"{{'rmse': {float(given['model.lr']) * sum(units)}}}\")\n",
    )
    wazir_in(
        "tune", "--minimize", "rmse", "-p", "lr=1e-3..1e-1:log", "-p", r"units=64\,32|128\,64",
        "--trials", "3", "--algorithm", "random", "--",
        *PYTHON, "app.py", "model.lr={lr}", "model.units=[{units}]", "hydra.run.dir={trial_dir}",
    )  # fmt: skip
    for trial in wazir_in.trials("app"):
        total = sum(int(n) for n in trial.parameters["units"].split(","))
        assert trial.value == trial.parameters["lr"] * total


def test_a_package_run_with_m_gives_the_study_its_name(wazir_in):
    wazir_in.write("trainer/__init__.py", "")
    wazir_in.write("trainer/model.py", "def rmse(lr):\n    return (lr - 0.5) ** 2\n")
    wazir_in.write(
        "trainer/task.py",
        "import argparse\n"
        "from trainer.model import rmse\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('--lr', type=float, default=0.25)\n"
        "parser.add_argument('--job-dir')\n"
        "args = parser.parse_args()\n"
        "print('rmse =', rmse(args.lr))\n",
    )
    said = wazir_in(
        "tune", "--minimize", "rmse", "-p", "lr=0.01..1.0", "--trials", "3", "--job-dir", "jobs",
        "--", sys.executable, "-m", "trainer.task",
    )  # fmt: skip
    trials = wazir_in.trials("trainer.task")
    assert [trial.value for trial in trials] == [(t.parameters["lr"] - 0.5) ** 2 for t in trials]
    assert trials[0].parameters == {"lr": 0.25}
    assert (wazir_in.folder / "jobs" / "1").is_dir()
    assert "trainer.task" in said.stdout
