"""From a command to a hyperparam.yaml, end to end."""

import ast
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from wazir.domain.metrics import Goal
from wazir.domain.parameters import Categorical, Double, Integer
from wazir.jobs.config.reading import read_job_file
from wazir.jobs.discovery.help_run import HelpAnswer
from wazir.jobs.discovery.hyperparam_yaml import in_quotes, quoted
from wazir.jobs.discovery.metric_guess import goal_of, guess_metric
from wazir.jobs.discovery.proposal import Proposal, defaults_for, discover, to_yaml
from wazir.jobs.passing import Passing

TRAINER = """
import argparse
open("ran", "w")
parser = argparse.ArgumentParser()
parser.add_argument('--nbuckets', help='Number of buckets', default=10, type=int)
parser.add_argument('--hidden_units', help='Sizes', nargs='+', default=[128, 32, 4])
parser.add_argument('--lr', type=float, default=1e-5)
parser.add_argument('--opt', choices=['adam', 'no', '1'], default='no')
parser.add_argument('--augment', action='store_true')
parser.add_argument('--momentum', type=float, default=MOMENTUM())
parser.add_argument('--num_epochs', type=int, default=3)
args = parser.parse_args()
print(f"epoch {1}: train_rmse={2} rmse={3:.4f}")
"""
HELP = "options:\n  --momentum MOMENTUM  (default: 0.9)\n  --gain GAIN  made: up (default: 2.5)\n"


def no_help(command, cwd):
    raise AssertionError("help was asked for")


@pytest.fixture
def cwd(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text(TRAINER)
    return tmp_path


def test_the_source_and_then_the_help_are_read(cwd):
    asked = []

    def run_help(command, where):
        asked.append((list(command), where))
        return HelpAnswer(HELP, "slow")

    proposal = discover(["python", "train.py", "--lr", "2e-5"], cwd, run_help=run_help)
    assert asked == [(["python", "train.py", "--help"], cwd)]
    assert not (cwd / "ran").exists()
    found = {one.option.name: one for one in proposal.candidates}
    assert list(found) == [
        "nbuckets", "hidden_units", "lr", "opt", "augment", "momentum", "gain",
    ]  # fmt: skip
    assert found["nbuckets"].parameter == Integer(5, 20, default=10)
    assert found["hidden_units"].passing is Passing.SPLIT
    assert found["lr"].parameter == Double(2e-6, 2e-4, scale="log", default=2e-5)
    assert found["momentum"].parameter.default == 0.9
    assert found["gain"].option.where == "--help"
    assert [(option.name, "budget" in reason) for option, reason in proposal.left_out] == [
        ("num_epochs", True)
    ]
    assert proposal.notes == ("slow",)
    assert proposal.metric is not None
    assert (proposal.metric.name, proposal.metric.goal) == ("rmse", Goal.MINIMIZE)


def test_the_file_reads_back_as_the_proposal(cwd, tmp_path):
    proposal = discover(
        ["python", "train.py"], cwd, run_help=lambda command, where: HelpAnswer(HELP)
    )
    path = tmp_path / "hyperparam.yaml"
    text = to_yaml(proposal)
    path.write_text(text, encoding="utf-8")
    job = read_job_file(path)
    assert job.metrics[0].name == "rmse"
    assert job.metrics[0].goal is Goal.MINIMIZE
    assert job.max_trials == 30
    assert list(job.parameters) == [one.option.name for one in proposal.candidates]
    for one in proposal.candidates:
        read = job.parameters[one.option.name]
        assert read.passing is one.passing
        if one.option.where == "--help":
            assert read.parameter == one.parameter
        elif isinstance(read.parameter, Categorical):
            assert read.parameter.values == one.parameter.values
        else:
            assert read.parameter.min_value == one.parameter.min_value
            assert read.parameter.max_value == one.parameter.max_value
            assert read.parameter.scale is one.parameter.scale
    loaded = yaml.safe_load(text)["trainingInput"]["hyperparameters"]["params"]
    assert all(isinstance(one.get("minValue", 0), int | float) for one in loaded)
    assert "# train.py:5, default 10: Number of buckets" in text
    assert "--num_epochs: it is a budget" in text


def test_the_first_trial_has_the_defaults(cwd):
    proposal = discover(["python", "train.py"], cwd, run_help=None)
    values, notes = defaults_for(
        proposal, {"lr": Double(1e-4, 1e-1, scale="log"), "num-epochs": Integer(1, 5)}
    )
    assert values == {"lr": 1e-4, "num-epochs": 3}
    assert len(notes) == 1


def test_help_is_not_asked_for_without_need(tmp_path):
    (tmp_path / "full.py").write_text("import argparse\np.add_argument('--lr', default=0.1)\n")
    (tmp_path / "bare.py").write_text("print('loss', 1)\n")
    (tmp_path / "bare.sh").write_text("#!/bin/sh\necho rmse=1\n")
    full = discover(["python", "full.py"], tmp_path, run_help=no_help)
    assert [one.option.name for one in full.candidates] == ["lr"]
    for command in (["python", "bare.py"], ["sh", "bare.sh"], ["python", "missing.py"], ["gone"]):
        bare = discover(command, tmp_path, run_help=no_help)
        assert bare.candidates == ()
        assert len(bare.notes) == 1
    assert discover([], tmp_path) == Proposal()


def test_programs_in_other_languages_are_asked(tmp_path):
    script = tmp_path / "train.sh"
    script.write_text(
        '#!/bin/sh\ncase "$2" in --help) echo "  --depth N  how deep (default: 4)";; esac\n'
    )
    proposal = discover(["sh", "train.sh", "fit", "--depth", "{depth}"], tmp_path)
    assert [one.option.name for one in proposal.candidates] == ["depth"]
    assert proposal.candidates[0].parameter == Integer(2, 8, default=4)


def test_a_real_parser_is_asked_where_the_source_is_dynamic(tmp_path):
    (tmp_path / "train.py").write_text(
        "import argparse\n"
        "p = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)\n"
        "for name in ('lr', 'alpha'):\n"
        "    p.add_argument('--' + name, type=float, default=0.1, help='x')\n"
        "p.parse_args()\n"
        "open('ran', 'w')\n"
    )
    proposal = discover([sys.executable, "train.py"], tmp_path)
    assert [one.option.name for one in proposal.candidates] == ["lr", "alpha"]
    assert not (tmp_path / "ran").exists()


def test_a_syntax_error_gives_a_note(tmp_path):
    (tmp_path / "train.py").write_text("def f(:\n")
    proposal = discover(["python", "train.py"], tmp_path, run_help=no_help)
    assert "cannot be read as Python" in proposal.notes[0]
    assert "cannot be read" in to_yaml(proposal)


def test_metric_and_goal_of_the_file(tmp_path):
    text = to_yaml(Proposal(), "delay")
    assert "goal: MINIMIZE" in text
    assert "hyperparameterMetricTag: delay" in text
    assert "goal: MAXIMIZE" in to_yaml(Proposal(), "delay", Goal.MAXIMIZE)
    assert "Is a larger wonder better?" in to_yaml(Proposal(), "wonder")
    empty = to_yaml(Proposal())
    assert "hyperparameterMetricTag: training/hptuning/metric" in empty
    assert yaml.safe_load(empty)["trainingInput"]["hyperparameters"]["params"] == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "h.report_hyperparameter_tuning_metric('Taxi Accuracy', x)\nprint(f'loss={x}')",
            "Taxi Accuracy",
        ),
        ("w.add_scalar('train/loss', x)\nw.add_scalar('val/loss', x)", "val/loss"),
        ("mlflow.log_metric('auc', x)\nprint('loss:', y)", "auc"),
        ("wandb.log({'epoch': 1, 'val_acc': x})", "val_acc"),
        ("print(f'loss: {a:.3f} accuracy: {b:.3f}')", "accuracy"),
        ("logging.info('rmse = %.3f', x)", "rmse"),
        ("print('f1={:.2f}'.format(x))", "f1"),
        ("tf.summary.scalar('rmse', x, step=1)", "rmse"),
    ],
)  # fmt: skip
def test_the_metric_is_guessed(text, name):
    guess = guess_metric([ast.parse(text)])
    assert guess is not None
    assert guess.name == name


def test_no_metric_is_guessed_from_other_texts():
    text = "print('hello', x)\nlog.info('time: 3')\nprint(f'{x}')\nreport(3)\nf()()"
    assert guess_metric([ast.parse(text)]) is None


@pytest.mark.parametrize(
    ("name", "goal"),
    [
        ("val_loss", Goal.MINIMIZE),
        ("RMSE", Goal.MINIMIZE),
        ("valAccuracy", Goal.MAXIMIZE),
        ("neg_mean_squared_error", Goal.MAXIMIZE),
        ("negative_log_likelihood", Goal.MINIMIZE),
        ("eval/f1", Goal.MAXIMIZE),
        ("wonder", None),
    ],
)
def test_goals_by_name(name, goal):
    assert goal_of(name) is goal


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_quoted_texts_are_read_back(text):
    assert yaml.safe_load(f"a: {quoted(text)}") == {"a": text}
    assert yaml.safe_load(f"- {in_quotes(text)}") == [text]
