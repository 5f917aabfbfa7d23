"""Options become parameters around their defaults, or are left out with a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.domain.parameters import Categorical, Discrete, Double, Integer, Scale
from wazir.jobs.discovery.options import ProgramOption
from wazir.jobs.discovery.ranges import Candidate, LeftOut, propose
from wazir.jobs.passing import Passing


def option(name: str, default: object, **more) -> ProgramOption:
    kind = more.pop("kind", None) or (
        "bool" if isinstance(default, bool) else type(default).__name__
    )
    kind = kind if kind in ("int", "float", "str", "bool") else "str"
    return ProgramOption(name, kind, default, **more)


def parameter(name: str, default: object, **more):
    judged = propose(option(name, default, **more))
    assert isinstance(judged, Candidate), judged
    return judged.parameter


LOG, LINEAR = Scale.LOG, Scale.LINEAR


@pytest.mark.parametrize(
    ("name", "default", "low", "high", "scale"),
    [
        ("learning_rate", 0.01, 0.001, 0.1, LOG),
        ("learningRate", 0.01, 0.001, 0.1, LOG),
        ("lr", 3e-4, 3e-5, 3e-3, LOG),
        ("weight-decay", 1e-4, 1e-5, 1e-3, LOG),
        ("alpha", 1.0, 0.1, 10, LOG),
        ("tol", 1e-4, 1e-5, 1e-3, LOG),
        ("gamma", 0.1, 0.01, 1, LOG),
        ("gamma", 0.99, 0.95, 0.999, LINEAR),
        ("lr_decay", 0.95, 0.75, 0.995, LINEAR),
        ("momentum", 0.9, 0.5, 0.99, LINEAR),
        ("momentum", 0.0, 0.0, 0.99, LINEAR),
        ("beta2", 0.999, 0.995, 0.9999, LINEAR),
        ("dropout", 0.1, 0.0, 0.5, LINEAR),
        ("dropout_rate", 0.0, 0.0, 0.5, LINEAR),
        ("input_dropout", 0.4, 0.0, 0.8, LINEAR),
        ("subsample", 1.0, 0.5, 1.0, LINEAR),
        ("feature_fraction", 0.8, 0.4, 1.0, LINEAR),
        ("init_scale", 2.0, 0.5, 8, LOG),
        ("init_scale", 0.5, 0.125, 1, LOG),
        ("bias", -1.5, -3, 0, LINEAR),
    ],
)
def test_numbers_become_doubles(name, default, low, high, scale):
    expected = Double(low, high, scale=scale, default=default)
    assert parameter(name, default) == expected


@pytest.mark.parametrize(
    ("name", "default", "low", "high", "scale"),
    [
        ("nbuckets", 10, 5, 20, LINEAR),
        ("max-depth", 6, 3, 12, LINEAR),
        ("layers", 1, 1, 3, LINEAR),
        ("train_batch_size", 512, 128, 2048, LOG),
        ("hidden", 64, 16, 256, LOG),
        ("n_estimators", 100, 25, 400, LOG),
        ("warmup_steps", 1000, 500, 2000, LINEAR),
        ("min_samples_split", 2, 2, 4, LINEAR),
    ],
)
def test_whole_numbers_become_integers(name, default, low, high, scale):
    assert parameter(name, default) == Integer(low, high, scale=scale, default=default)


def test_the_limits_of_the_program_hold():
    assert parameter("depth", 6, low=4, high=8) == Integer(4, 8, default=6)
    assert parameter("lr", 0.5, low=0.1, high=1.0) == Double(0.1, 1.0, scale="log", default=0.5)
    assert isinstance(propose(option("depth", 6, low=8, high=9)), LeftOut)


def test_the_hidden_units_of_the_course():
    judged = propose(option("hidden_units", (128, 32, 4), nargs="+"))
    assert isinstance(judged, Candidate)
    assert judged.parameter == Categorical(["128 32 4", "64 16 2", "256 64 8"], default="128 32 4")
    assert judged.passing is Passing.SPLIT
    assert judged.split


def test_sizes_written_as_one_text():
    assert parameter("hidden_units", "128,64") == Categorical(
        ["128,64", "64,32", "256,128"], default="128,64"
    )
    judged = propose(option("hidden_units", "128 64"))
    assert isinstance(judged, Candidate)
    assert judged.passing is Passing.ONE


def test_choices_and_flags():
    assert parameter("opt", "sgd", choices=("adam", "sgd")) == Categorical(
        ["adam", "sgd"], default="sgd"
    )
    assert parameter("opt", None, choices=(16, 32)) == Categorical(["16", "32"])
    flag = propose(option("augment", False, flag=True))
    assert isinstance(flag, Candidate)
    assert flag.flag
    assert flag.parameter == Categorical(["true", "false"], default="false")
    valued = propose(option("augment", True))
    assert isinstance(valued, Candidate)
    assert valued.passing is Passing.ONE


def test_special_whole_numbers():
    assert parameter("kernel_size", 3) == Discrete([1, 3, 5, 7], default=3)
    assert parameter("num_heads", 8) == Discrete([4, 8, 16], default=8)
    assert parameter("weight_decay", 0.0).default == 0


@pytest.mark.parametrize(
    ("name", "default", "word"),
    [
        ("output_dir", "out", "names"),
        ("job-dir", "x", "names"),
        ("seed", 1, "chance"),
        ("random_state", 3, "chance"),
        ("num_epochs", 10, "budget"),
        ("train_steps", 1000, "budget"),
        ("max_iter", 100, "budget"),
        ("num_workers", 4, "machine"),
        ("port", 8080, "machine"),
        ("device", "cpu", "machine"),
        ("log_interval", 10, "shown"),
        ("verbose", False, "shown"),
        ("eval_batch_size", 32, "evaluation"),
        ("test_size", 0.2, "held out"),
        ("val_split", 0.2, "held out"),
        ("num_classes", 10, "data"),
        ("train_data", "x.csv", "what to do"),
        ("no-cuda", False, "machine"),
        ("title", "x", "text without"),
        ("depth", None, "no default"),
        ("depth", 0, "means off"),
        ("depth", -1, "means off"),
        ("lr", 0.0, "nothing of its size"),
        ("lr", float("inf"), "not finite"),
        ("scale", 1e308, "no range"),
        ("betas", (0.9, 0.999), "several values"),
    ],
)
def test_what_is_left_out_has_a_reason(name, default, word):
    judged = propose(option(name, default))
    assert isinstance(judged, LeftOut)
    assert word in judged.reason


def test_obstacles_and_long_lists_of_choices():
    assert propose(option("lr", 0.1, obstacle="it cannot")).reason == "it cannot"
    assert "40 choices" in propose(option("arch", None, choices=tuple(range(40)))).reason
    assert "single" in propose(option("opt", "a", choices=("a",))).reason
    unread = propose(option("depth", None, unread=("default",)))
    assert "computed" in unread.reason


NAMES = st.sampled_from(
    ["lr", "x", "dropout", "momentum", "gamma", "weight_decay", "batch_size", "kernel_size",
     "num_heads", "subsample", "seed", "units", "beta"]
)  # fmt: skip
SCALARS = (
    st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.integers(-5, 5000)
    | st.floats()
    | st.floats(0, 2)
    | st.text(max_size=5)
)
BOUNDS = st.none() | st.floats(-10, 100)


@given(
    NAMES,
    st.sampled_from(["int", "float", "str", "bool"]),
    st.none() | SCALARS | st.lists(SCALARS, max_size=3).map(tuple),
    st.lists(SCALARS, max_size=3).map(tuple),
    st.sampled_from(["", "+", "2", "?"]),
    BOUNDS,
    BOUNDS,
)
def test_a_proposal_holds_the_default(name, kind, default, choices, nargs, low, high):
    given_option = ProgramOption(
        name, kind, default, choices=choices, nargs=nargs, low=low, high=high
    )
    judged = propose(given_option)
    if isinstance(judged, LeftOut):
        assert judged.reason
    elif not choices:
        held = judged.parameter.default
        assert held is not None
        assert judged.parameter.check(held) == held
        if isinstance(judged.parameter, Double | Integer | Discrete):
            assert held == default
