"""Options are read from help texts, and help is asked for with bounds."""

import argparse
import sys
import time

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.jobs.discovery import help_run
from wazir.jobs.discovery.help_run import ask_for_help
from wazir.jobs.discovery.help_text import help_options
from wazir.jobs.discovery.options import ProgramOption


def by_name(text: str) -> dict[str, ProgramOption]:
    return {option.name: option for option in help_options(text)}


@pytest.mark.parametrize("columns", ["80", "200"])
def test_argparse_help(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("NO_COLOR", "1")
    parser = argparse.ArgumentParser(
        prog="train", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("source", help="a --file to read")
    parser.add_argument("--lr", type=float, default=0.01, help="learning rate of the optimizer")
    parser.add_argument("-b", "--batch-size-of-training", type=int, default=32, help="rows")
    parser.add_argument("--opt", choices=["adam", "sgd"], default="adam", help="optimizer")
    parser.add_argument("--units", nargs="+", type=int, default=[128, 32], help="sizes")
    parser.add_argument("--augment", action="store_true", help="flip the images")
    parser.add_argument("--plain", action=argparse.BooleanOptionalAction, default=True, help="x")
    parser.add_argument("--name", help="no default")
    found = by_name(parser.format_help())
    assert "help" not in found
    assert (found["lr"].kind, found["lr"].default) == ("float", 0.01)
    assert found["lr"].help == "learning rate of the optimizer"
    assert (found["batch-size-of-training"].kind, found["batch-size-of-training"].default) == (
        "int",
        32,
    )
    assert (found["opt"].choices, found["opt"].default) == (("adam", "sgd"), "adam")
    assert (found["units"].default, found["units"].nargs) == ((128, 32), "+")
    assert found["augment"].flag
    assert found["augment"].default is False
    assert found["no-plain"].flag
    assert (found["name"].kind, found["name"].default, found["name"].flag) == ("str", None, False)
    assert {option.where for option in found.values()} == {"--help"}
    assert len(found) == 7


def test_click_help():
    @click.command()
    @click.option("-l", "--lr", default=0.01, show_default=True, help="Rate.")
    @click.option("--depth", type=click.IntRange(1, 12), default=4, show_default=True)
    @click.option("--opt", type=click.Choice(["adam", "sgd"]), default="sgd", show_default=True)
    @click.option("--fast/--no-fast", default=True, show_default=True, help="Fast.")
    @click.option("--shout/--no-shout", default=False, show_default=True, help="Loud.")
    @click.option("--out", type=click.Path(), help="Folder.")
    def main() -> None:
        """Train."""

    found = by_name(main.get_help(click.Context(main)))
    assert (found["lr"].kind, found["lr"].default) == ("float", 0.01)
    depth = found["depth"]
    assert (depth.kind, depth.default, depth.low, depth.high) == ("int", 4, 1, 12)
    assert (found["opt"].choices, found["opt"].default) == (("adam", "sgd"), "sgd")
    assert found["no-fast"].flag
    assert found["shout"].flag
    assert found["out"].obstacle


def test_absl_help():
    found = by_name(
        """
Train.
flags:

train.py:
  --[no]augment: Flip the images.
    (default: 'false')
  --layers: Layers.
    (default: '3')
    (an integer)
  --learning_rate: The rate.
    (default: '0.01')
    (a number)
  --opt: <adam|sgd>: Optimizer.
    (default: 'adam')
"""
    )
    assert found["augment"].flag
    assert (found["layers"].kind, found["layers"].default) == ("int", 3)
    assert (found["learning_rate"].kind, found["learning_rate"].default) == ("float", 0.01)
    assert (found["opt"].choices, found["opt"].default) == (("adam", "sgd"), "adam")


def test_other_help():
    rich = by_name(
        "╭─ Options ──────────────────────────────╮\n"
        "│ *  --lr           -l  FLOAT    Rate [default: 0.01] │\n"
        "│    --depth            INTEGER  Depth [default: 4]   │\n"
        "╰────────────────────────────────────────╯\n"
    )
    assert (rich["lr"].kind, rich["lr"].default) == ("float", 0.01)
    assert rich["depth"].default == 4
    clap = by_name(
        "Options:\n"
        "  -l, --lr <LR>          Learning rate [default: 0.01]\n"
        "      --opt <OPT>        Optimizer [default: adam] [possible values: adam, sgd]\n"
    )
    assert clap["lr"].default == 0.01
    assert clap["opt"].choices == ("adam", "sgd")
    assert clap["opt"].default == "adam"


def test_colours_and_short_only_options():
    found = by_name("options:\n  \x1b[1m--lr\x1b[0m LR  rate (default: 0.1)\n  -C C  cost\n")
    assert found["lr"].default == 0.1
    assert found["C"].obstacle


@given(st.text(alphabet=" -\n\t[](){}<>|/,=:'\"abcLR0.1│\x1b", max_size=200))
def test_any_text_can_be_given(text):
    for option in help_options(f"  --lr {text}\n  -{text}"):
        assert option.name


def test_help_is_asked_for_without_input_and_with_wide_lines(tmp_path):
    code = "import os, sys; print(sys.stdin.read(), os.environ['COLUMNS'], os.getcwd(), sys.argv)"
    (tmp_path / "p.py").write_text(code)
    answer = ask_for_help([sys.executable, "p.py", "--help"], tmp_path)
    assert answer.problem == ""
    assert "200" in answer.text
    assert str(tmp_path) in answer.text
    assert "--help" in answer.text


def test_a_program_that_does_not_end_is_killed_with_its_children(tmp_path):
    child = "import time\nwhile True: open('beats', 'a').write('x'); time.sleep(0.02)"
    code = (
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        "print('  --lr LR  rate', flush=True)\ntime.sleep(60)\n"
    )
    (tmp_path / "p.py").write_text(code)
    start = time.monotonic()
    answer = ask_for_help([sys.executable, "p.py"], tmp_path, timeout_s=0.5)
    assert time.monotonic() - start < 5
    assert "not ended after 0.5 s" in answer.problem
    assert "--lr" in answer.text
    beats = (tmp_path / "beats").stat().st_size
    assert beats > 0
    time.sleep(0.15)
    assert (tmp_path / "beats").stat().st_size == beats


def test_the_output_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(help_run, "MAX_OUTPUT_BYTES", 1 << 16)
    answer = ask_for_help([sys.executable, "-c", "while True: print('x' * 1000)"], tmp_path)
    assert "printed more than" in answer.problem
    assert len(answer.text) <= 1 << 18


def test_a_program_that_does_not_start_is_said(tmp_path):
    answer = ask_for_help(["./missing", "--help"], tmp_path)
    assert answer.text == ""
    assert "./missing does not start" in answer.problem
