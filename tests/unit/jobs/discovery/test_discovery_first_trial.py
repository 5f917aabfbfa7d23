"""The program's defaults become the first trial, moved into the search space."""

from wazir.domain.parameters import Categorical, Discrete, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.jobs.discovery.first_trial import first_trial
from wazir.jobs.discovery.given import with_given_values
from wazir.jobs.discovery.options import ProgramOption

OPTIONS = (
    ProgramOption("learning-rate", "float", 0.5, aliases=("lr",)),
    ProgramOption("units", "int", (128, 32, 4), nargs="+"),
    ProgramOption("opt", "str", "rmsprop"),
    ProgramOption("depth", "int", 6),
    ProgramOption("augment", "bool", False, flag=True),
    ProgramOption("batch", "str", "64"),
    ProgramOption("empty", "float", None),
    ProgramOption("mode", "str", "auto"),
)


def test_defaults_inside_the_space_are_taken_without_a_word():
    values, notes = first_trial(
        OPTIONS,
        {
            "learning_rate": Double(0.1, 1),
            "units": Categorical(["64,32", "128, 32, 4"]),
            "depth": Integer(1, 9),
            "augment": Categorical(["true", "false"]),
            "batch": Discrete([32, 64]),
        },
    )
    assert values == {
        "learning_rate": 0.5,
        "units": "128, 32, 4",
        "depth": 6,
        "augment": "false",
        "batch": 64,
    }
    assert notes == []


def test_aliases_and_other_spellings():
    assert first_trial(OPTIONS, {"lr": Double(0, 1)})[0] == {"lr": 0.5}
    for text in ("128 32 4", "128,32,4", "[128, 32, 4]"):
        assert first_trial(OPTIONS, {"units": Categorical(["1", text])})[0] == {"units": text}
    rates = {"learning-rate": Categorical(["1e-1", "5e-1"])}
    assert first_trial(OPTIONS, rates)[0] == {"learning-rate": "5e-1"}
    assert first_trial(OPTIONS, {"augment": Categorical([True, False])})[0] == {"augment": False}


def test_defaults_outside_the_space_move_and_are_said():
    values, notes = first_trial(
        OPTIONS,
        {
            "learning-rate": Double(0.001, 0.1),
            "depth": Integer(8, 20),
            "opt": Categorical(["adam", "sgd"]),
            "batch": Discrete([16, 100]),
        },
    )
    assert values == {"learning-rate": 0.1, "depth": 8, "opt": "adam", "batch": 100}
    rate, depth, opt, batch = notes
    assert "0.5" in rate
    assert "0.001 to 0.1" in rate
    assert "whole numbers 8 to 20" in depth
    assert "'rmsprop'" in opt
    assert "'adam'" in opt
    assert "16, 100" in batch


def test_parameters_without_a_default_take_the_middle():
    values, notes = first_trial(
        OPTIONS,
        {
            "depth": Integer(1, 9),
            "wd": Double(1e-4, 1e-2, scale="log"),
            "empty": Double(0, 1),
            "kind": Categorical(["a", "b"]),
            "mode": Double(0, 4),
        },
    )
    assert values is not None
    assert abs(float(values.pop("wd")) - 1e-3) < 1e-9
    assert values == {"depth": 6, "empty": 0.5, "kind": "a", "mode": 2.0}
    assert any("'auto', is no number" in note for note in notes)
    assert "no default was found" in notes[-1]
    assert "kind 'a'" in notes[-1]


def test_without_any_default_there_is_no_first_trial():
    assert first_trial(OPTIONS, {"other": Double(0, 1), "empty": Double(0, 1)}) == (None, [])
    assert first_trial((), {}) == (None, [])


def test_the_default_of_a_parameter_itself_comes_first():
    values, notes = first_trial(OPTIONS, {"depth": Integer(1, 9, default=2)})
    assert (values, notes) == ({"depth": 2}, [])


def test_children_are_filled_under_their_parent():
    parent = Categorical(["a", "rmsprop"]).when("rmsprop", {"depth": Integer(1, 9)})
    parent = parent.when("a", {"wd": Double(0, 1)})
    space = {"opt": parent}
    values, _ = first_trial(OPTIONS, space)
    assert values == {"opt": "rmsprop", "depth": 6}
    assert SearchSpace(space).check(values) == values


def test_values_in_the_command_replace_the_defaults():
    words = [
        "train",
        "--lr",
        "0.3",
        "--units",
        "8",
        "4",
        "--depth=7",
        "--augment",
        "--opt",
        "{opt}",
    ]
    rate, units, opt, depth, augment, *_ = with_given_values(OPTIONS, words)
    assert rate.default == 0.3
    assert units.default == (8, 4)
    assert opt.default == "rmsprop"
    assert depth.default == 7
    assert augment.default is True
