"""Options are read from argparse, optparse, click, absl, typer, fire and dataclasses."""

import ast

import pytest

from wazir.jobs.discovery.absl_flags import absl_flags
from wazir.jobs.discovery.argparse_calls import argparse_options
from wazir.jobs.discovery.click_options import click_options
from wazir.jobs.discovery.literals import scope_of
from wazir.jobs.discovery.options import Found, ProgramOption
from wazir.jobs.discovery.signatures import signature_options

MISSION = """
parser.add_argument('--nbuckets', help='Number of buckets into which to discretize lats and lons', default=10, type=int)
parser.add_argument('--hidden_units', help='List of hidden layer sizes to use for DNN feature columns', nargs='+', default=[128, 32, 4])
"""


def found_by(reader, text: str, *more) -> Found:
    tree = ast.parse(text)
    return reader(tree, scope_of(tree), "train.py", *more)


def one(reader, text: str) -> ProgramOption:
    (option,) = found_by(reader, text).options
    return option


def by_name(found: Found) -> dict[str, ProgramOption]:
    return {option.name: option for option in found.options}


def test_the_lines_of_the_course():
    found = found_by(argparse_options, MISSION)
    assert found.is_complete
    nbuckets, hidden = found.options
    assert (nbuckets.name, nbuckets.kind, nbuckets.default) == ("nbuckets", "int", 10)
    assert nbuckets.where == "train.py:2"
    assert nbuckets.help.startswith("Number of buckets")
    assert (hidden.name, hidden.nargs, hidden.default) == ("hidden_units", "+", (128, 32, 4))
    assert hidden.takes_list


def test_argparse_types_defaults_and_names():
    found = by_name(
        found_by(
            argparse_options,
            """
LR = 1e-3
p = argparse.ArgumentParser()
g = p.add_argument_group("training")
g.add_argument("-b", "--batch-size", "--bs", type=int, default="64")
g.add_argument("--lr", type=float, default=LR)
g.add_argument("--wd", type=float, default=1)
g.add_argument("--bias", type=float, default=-0.5)
g.add_argument("--steps", type=int, default=1e3)
g.add_argument("--opt", choices=["adam", "sgd"], default="adam")
g.add_argument("--depth", type=lambda s: int(s), default=3)
g.add_argument("--augment", action="store_true")
g.add_argument("--plain", action=argparse.BooleanOptionalAction, default=True)
g.add_argument("--gate", type=str2bool, default=True)
g.add_argument("--broken", type=bool, default=True)
g.add_argument("--data", type=pathlib.Path, default="x")
g.add_argument("--tag", action="append")
g.add_argument("-C", type=float, default=1.0)
g.add_argument("source")
g.add_argument("--version", action="version", version="1")
""",
        )
    )
    assert "source" not in found
    assert "version" not in found
    assert found["batch-size"].aliases == ("bs",)
    assert found["batch-size"].default == 64
    assert found["lr"].default == 1e-3
    assert isinstance(found["wd"].default, float)
    assert found["bias"].default == -0.5
    assert found["steps"].default == 1000
    assert isinstance(found["steps"].default, int)
    assert found["opt"].choices == ("adam", "sgd")
    assert found["depth"].kind == "int"
    assert found["augment"].flag
    assert found["augment"].default is False
    assert found["no-plain"].flag
    assert found["no-plain"].default is False
    assert (found["gate"].kind, found["gate"].flag, found["gate"].default) == ("bool", False, True)
    assert "type is bool" in found["broken"].obstacle
    assert found["data"].obstacle
    assert "repeating" in found["tag"].obstacle
    assert "-C {C}" in found["C"].obstacle


SUBCOMMANDS = """
parser = argparse.ArgumentParser()
parser.add_argument("--shared", type=int, default=1)
subparsers = parser.add_subparsers()
p = subparsers.add_parser("train", parents=[common])
group = p.add_argument_group("g")
group.add_argument("--lr", type=float, default=0.1)
p = subparsers.add_parser("export")
p.add_argument("--quality", type=int, default=90)
subparsers.add_parser("serve").add_argument("--port", type=int, default=80)
"""


def test_only_the_options_of_the_subcommand_count():
    chosen = found_by(argparse_options, SUBCOMMANDS, ("train",))
    assert [option.name for option in chosen.options] == ["shared", "lr"]
    everything = found_by(argparse_options, SUBCOMMANDS)
    assert [o.name for o in everything.options] == ["shared", "lr", "quality", "port"]


def test_what_cannot_be_read_is_admitted():
    for text in (
        "for n in names: p.add_argument('--' + n, default=1)",
        "p.add_argument('--lr', default=config['lr'])",
        "p.add_argument('--lr', choices=list(MODELS))",
        "p.add_argument('--lr', **options)",
        "p.set_defaults(**config)",
    ):
        assert not found_by(argparse_options, text).is_complete, text
    assert one(argparse_options, "p.add_argument('--lr', default=f())").unread == ("default",)


def test_set_defaults_and_short_names_for_add_argument():
    text = """
add = parser.add_argument
add("--max-depth", type=int, default=3)
parser.set_defaults(max_depth=9)
"""
    assert one(argparse_options, text).default == 9


def test_optparse_names_its_types_by_texts():
    option = one(argparse_options, "p.add_option('-l', '--lr', type='float', default=1)")
    assert (option.name, option.kind, option.default) == ("lr", "float", 1.0)


def test_click_options():
    found = by_name(
        found_by(
            click_options,
            """
@click.command()
@click.option("--lr", "-l", "rate", default=0.01, show_default=True, help="Rate.")
@click.option("--depth", type=click.IntRange(1, 12), default=4)
@click.option("--keep", type=click.FloatRange(min=0.1, max=1), default=0.9)
@click.option("--opt", type=click.Choice(["adam", "sgd"]), default="sgd")
@click.option("--fast/--no-fast", default=True)
@click.option("--shout/--no-shout", default=False)
@click.option("--gate", type=bool, default=True)
@click.option("--quick", is_flag=True)
@click.option("--units", nargs=2, type=int, default=(8, 4))
@click.option("--many", multiple=True, type=int)
@click.option("--out", type=click.Path())
def main(): ...
extra = click.Option(["--momentum"], default=0.9, type=float)
""",
        )
    )
    assert (found["lr"].kind, found["lr"].default, found["lr"].help) == ("float", 0.01, "Rate.")
    assert (found["depth"].kind, found["depth"].low, found["depth"].high) == ("int", 1, 12)
    assert (found["keep"].low, found["keep"].high) == (0.1, 1.0)
    assert found["opt"].choices == ("adam", "sgd")
    assert found["no-fast"].flag
    assert found["no-fast"].default is False
    assert found["shout"].flag
    assert (found["gate"].flag, found["gate"].obstacle) == (False, "")
    assert found["quick"].flag
    assert found["units"].takes_list
    assert found["many"].obstacle
    assert found["out"].obstacle
    assert found["momentum"].default == 0.9


def test_absl_flags():
    found = by_name(
        found_by(
            absl_flags,
            """
from absl import flags
flags.DEFINE_float("learning_rate", 0.01, "The rate.", lower_bound=0.0)
flags.DEFINE_integer("layers", 3, "Layers.", lower_bound=1, upper_bound=4)
flags.DEFINE_enum("opt", "adam", ["adam", "sgd"], "Optimizer.")
flags.DEFINE_bool("augment", True, "Augment.")
flags.DEFINE_boolean("norm", False, "Normalise.")
flags.DEFINE_list("units", ["64", "32"], "Units.")
flags.DEFINE_multi_integer("steps", [1], "Steps.")
tf.app.flags.DEFINE_string(name="out", default=None, help="Folder.")
""",
        )
    )
    assert (found["learning_rate"].default, found["learning_rate"].low) == (0.01, 0.0)
    assert found["learning_rate"].help == "The rate."
    assert (found["layers"].low, found["layers"].high) == (1, 4)
    assert (found["opt"].choices, found["opt"].help) == (("adam", "sgd"), "Optimizer.")
    assert found["noaugment"].flag
    assert found["noaugment"].default is False
    assert found["norm"].flag
    assert found["units"].default == "64,32"
    assert found["steps"].obstacle
    assert found["out"].default is None


def test_typer_functions():
    text = """
import typer
app = typer.Typer()
@app.command()
def train(
    data: str,
    learning_rate: float = 0.1,
    depth: Annotated[int, typer.Option("--tree-depth", min=1, max=9)] = 4,
    opt: Literal["adam", "sgd"] = "adam",
    rate: float = typer.Option(0.5, help="Rate."),
    cache: bool = True,
): ...
def helper(size: int = 3): ...
"""
    found = by_name(found_by(signature_options, text))
    assert list(found) == ["learning-rate", "tree-depth", "opt", "rate", "no-cache"]
    assert found["learning-rate"].default == 0.1
    assert (found["tree-depth"].default, found["tree-depth"].high) == (4, 9)
    assert found["opt"].choices == ("adam", "sgd")
    assert (found["rate"].default, found["rate"].help) == (0.5, "Rate.")


def test_fire_functions_and_dataclasses():
    fire = "import fire\ndef train(lr=0.1, *, units=8): ...\ndef f(x=1): ...\nfire.Fire(train)"
    assert {o.name: o.default for o in found_by(signature_options, fire).options} == {
        "lr": 0.1,
        "units": 8,
    }
    parsed = """
from transformers import HfArgumentParser
@dataclasses.dataclass
class Config:
    lr: float = field(default=0.1, metadata={"help": "Rate."})
    units: int = 8
    name: str
class Other:
    x: int = 3
"""
    options = by_name(found_by(signature_options, parsed))
    assert {name: option.default for name, option in options.items()} == {
        "lr": 0.1,
        "units": 8,
        "name": None,
    }


@pytest.mark.parametrize("reader", [argparse_options, click_options, absl_flags])
@pytest.mark.parametrize(
    "text",
    [
        "p.add_argument()", "p.add_argument(*names)", "p.add_argument('--')", "click.option()",
        "x.option(3)", "flags.DEFINE_float()", "flags.DEFINE_enum('x', None, f())", "option",
        "p.add_argument('--x', nargs=f(), type=3, choices=5, action=g())", "add_argument('-')",
        "click.option('--/--no-x')", "flags.DEFINE_integer('--', 1)", "click.option('/')",
    ],
)  # fmt: skip
def test_odd_calls_raise_nothing(reader, text):
    for option in found_by(reader, text).options:
        assert option.name
