"""Domain values survive the way through JSON."""

import json
import math
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wazir.domain.codec import (
    config_from_dict,
    config_to_dict,
    measurement_from_dict,
    measurement_to_dict,
    study_from_dict,
    study_to_dict,
    trial_from_dict,
    trial_to_dict,
)
from wazir.domain.errors import InvalidInputError
from wazir.domain.fidelity import Rung
from wazir.domain.json_fields import to_json
from wazir.domain.metrics import Goal, Measurement, MeasurementSelection, Metric
from wazir.domain.middles import default_or_middle
from wazir.domain.names import StudyName
from wazir.domain.parameters import (
    Categorical,
    Discrete,
    Double,
    ExternalType,
    Integer,
    Scale,
)
from wazir.domain.space import SearchSpace
from wazir.domain.studies import (
    EarlyStopping,
    ObservationNoise,
    Study,
    StudyConfig,
    StudyState,
    StudyStopping,
)
from wazir.domain.trials import Trial, TrialState

names = st.text(min_size=1, max_size=8).filter(str.strip)
finite = st.floats(allow_nan=False, allow_infinity=False)
positive = st.floats(1e-300, 1e300)
external_types = st.sampled_from(ExternalType)
scales = st.sampled_from(Scale)
optional_counts = st.none() | st.integers(0, 2**70)
optional_seconds = st.none() | st.floats(0, allow_nan=False)


@st.composite
def doubles(draw):
    low, high = sorted([draw(positive), draw(positive)])
    default = draw(st.none() | st.floats(low, high))
    return Double(
        low, high, scale=draw(scales), default=default, external_type=draw(external_types)
    )


@st.composite
def integers(draw):
    low, high = sorted([draw(st.integers(1, 2**70)), draw(st.integers(1, 2**70))])
    default = draw(st.none() | st.integers(low, high))
    return Integer(
        low, high, scale=draw(scales), default=default, external_type=draw(external_types)
    )


@st.composite
def discretes(draw):
    values = sorted(draw(st.sets(st.integers(1, 9) | positive, min_size=1, max_size=4)))
    default = draw(st.none() | st.sampled_from(values))
    return Discrete(
        values, scale=draw(scales), default=default, external_type=draw(external_types)
    )


@st.composite
def categoricals(draw):
    value = st.text(max_size=5) | st.booleans() | st.integers() | finite
    values = draw(st.lists(value, min_size=1, max_size=4, unique_by=str))
    default = draw(st.none() | st.sampled_from(values))
    return Categorical(values, default=default, external_type=draw(external_types))


leaves = st.one_of(doubles(), integers(), discretes(), categoricals())


@st.composite
def parents(draw):
    parent = draw(st.one_of(integers(), discretes(), categoricals()))
    values = parent.values if hasattr(parent, "values") else (parent.min_value,)
    child = draw(leaves)
    if isinstance(child, Categorical):
        child = child.when(child.values[0], {"grandchild": draw(leaves)})
    return parent.when(draw(st.sampled_from(values)), {"child": child})


spaces = st.builds(
    lambda flat, parent: SearchSpace({**flat, "parent": parent}),
    st.dictionaries(names.filter(lambda n: "child" not in n), leaves, max_size=3),
    parents(),
)
stoppings = st.builds(
    StudyStopping,
    st.booleans(),
    *[optional_counts] * 3,
    *[optional_seconds] * 5,
    st.none(),
    st.none() | st.floats(1e-300, 1e300),
)
early_stoppings = st.builds(
    EarlyStopping,
    names,
    st.booleans(),
    st.dictionaries(names, st.floats(allow_nan=False), max_size=2),
)
metrics = st.tuples(
    st.builds(
        Metric,
        st.just("objective"),
        st.sampled_from(Goal),
        reference_value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    ),
    st.builds(Metric, st.just("safety"), st.sampled_from(Goal), finite, st.floats(0, 1)),
)
ids = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,7}", fullmatch=True)
study_names = st.builds(StudyName, ids, ids)
configs = st.builds(
    StudyConfig,
    spaces,
    metrics,
    names,
    st.integers(0, 2**63 - 1),
    st.none() | st.integers(1, 100),
    st.sampled_from(ObservationNoise),
    st.sampled_from(MeasurementSelection),
    st.none() | early_stoppings,
    st.none() | stoppings,
    prior_studies=st.lists(study_names, max_size=3, unique=True).map(tuple),
)
measurements = st.builds(
    Measurement,
    st.dictionaries(st.text(), st.floats(allow_nan=False), min_size=1, max_size=3),
    st.none() | st.integers(0, 2**70),
    st.none() | st.floats(0, 1e9),
)
rungs = st.builds(
    Rung,
    st.integers(0),
    st.integers() | finite,
    measurements,
    st.floats(0, 1e10),
    st.integers(0),
)
metadata = st.dictionaries(st.text(), st.dictionaries(st.text(), st.text()), max_size=2)
times = st.none() | st.floats(0, 1e10)
trials = st.builds(
    Trial,
    st.integers(1),
    st.dictionaries(names, st.text() | st.booleans() | st.integers() | finite, max_size=3),
    st.sampled_from(TrialState),
    st.text(),
    st.integers(0),
    st.integers(0),
    times,
    st.none() | measurements,
    st.text(),
    st.text(),
    metadata,
    st.floats(0, 1e10),
    times,
    times,
    st.integers(0),
    st.none() | st.integers(0),
    st.lists(rungs, max_size=3).map(tuple),
)

CONFIG = StudyConfig(
    SearchSpace(
        {
            "optimizer": Categorical(["adam", "sgd"]).when("sgd", {"momentum": Double(0.1, 0.9)}),
            "layers": Integer(1, 4),
        }
    ),
    (Metric("loss", Goal.MINIMIZE),),
)


def test_a_fidelity_survives():
    config = replace(CONFIG, fidelity="layers")
    assert config_from_dict(through_json(config_to_dict(config))) == config


def through_json(value):
    text = to_json(value)
    assert text.isascii()
    return json.loads(text, parse_constant=pytest.fail)


# Search spaces take long to draw.
@settings(max_examples=settings.default.max_examples // 4)
@given(configs)
def test_configurations_survive(config):
    again = config_from_dict(through_json(config_to_dict(config)))
    assert again == config
    # Equal mappings may differ in order, and 1 equals True.
    assert repr(again) == repr(config)


@given(trials)
def test_trials_survive(trial):
    assert trial_from_dict(through_json(trial_to_dict(trial))) == trial


@given(st.sampled_from(StudyState), metadata, st.integers(0), st.integers(0))
def test_studies_survive(state, entries, revision, config_revision):
    study = Study(StudyName("p", "s"), CONFIG, state, entries, 1.5, revision, config_revision)
    assert study_from_dict(through_json(study_to_dict(study))) == study


@given(measurements)
def test_measurements_survive(measurement):
    assert measurement_from_dict(through_json(measurement_to_dict(measurement))) == measurement


def test_numbers_that_are_not_finite_are_texts():
    data = measurement_to_dict(Measurement({"a": math.nan, "b": math.inf, "c": -math.inf}))
    assert data["metrics"] == {"a": "NaN", "b": "Infinity", "c": "-Infinity"}
    again = measurement_from_dict(through_json(data))
    assert math.isnan(again.metrics["a"])
    assert (again.metrics["b"], again.metrics["c"]) == (math.inf, -math.inf)


@pytest.mark.parametrize(
    ("to_dict", "value"),
    [
        (trial_to_dict, Trial(1, {"x": 1.0})),
        (config_to_dict, CONFIG),
        (measurement_to_dict, Measurement({"m": 1.0})),
    ],
)
def test_every_field_has_its_key(to_dict, value):
    """A field that is added later must not be forgotten."""
    assert set(to_dict(value)) - {"version"} == {field.name for field in fields(value)}


def test_stopping_rules_have_a_key_for_every_field():
    config = replace(CONFIG, study_stopping=StudyStopping(), early_stopping=EarlyStopping())
    data = config_to_dict(config)
    assert set(data["study_stopping"]) == {field.name for field in fields(StudyStopping)}
    assert set(data["early_stopping"]) == {field.name for field in fields(EarlyStopping)}


def test_keys_with_defaults_may_be_left_out():
    parameter = {"name": "x", "type": "DOUBLE", "min_value": 0, "max_value": 1}
    data = {"space": {"parameters": [parameter]}, "metrics": [{"name": "m"}]}
    config = config_from_dict(data)
    assert config == StudyConfig(SearchSpace({"x": Double(0, 1)}), (Metric("m"),))


def edited(path, value):
    data = json.loads(to_json(config_to_dict(CONFIG)))
    place = data
    for key in path[:-1]:
        place = place[key]
    if value is KeyError:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return data


FIRST = ("space", "parameters", 0)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("version",), 2, "written in version 2, this Wazir reads up to 1\nupgrade"),
        (("space",), KeyError, "a study configuration needs the key 'space'"),
        (("sede",), 1, "has no key 'sede'\ndid you mean 'seed'?"),
        (
            ("observation_noise",),
            "HIHG",
            "UNSPECIFIED, LOW, HIGH, got 'HIHG'\ndid you mean 'HIGH'",
        ),
        (("measurement_selection",), 3, "must be one of LAST, BEST, got 3"),
        (("seed",), "1", "seed must be a whole number, got '1'"),
        (("seed",), True, "seed must be a whole number, got True"),
        (("metrics",), {}, "metrics must be a list, got {}"),
        (("metrics", 0, "goal"), "MINIMISE", "did you mean 'MINIMIZE'?"),
        (("metrics", 0, "name"), 1, "name must be a text, got 1"),
        (("metrics", 0, "safety_threshold"), "big", "must be a number, got 'big'"),
        (("metrics", 0), None, "a metric must be an object, got None"),
        ((*FIRST, "type"), "CATEGORY", "DISCRETE, CATEGORICAL, got 'CATEGORY'\ndid you mean"),
        ((*FIRST, "scale"), "LOG", "a parameter has no key 'scale'"),
        ((*FIRST, "external_type"), "BOOL", "external_type must be one of INTERNAL, BOOLEAN"),
        ((*FIRST, "values"), ["adam", None], "a category must be a text, a boolean or a number"),
        ((*FIRST, "name"), "layers", "parameter 'layers' is defined twice"),
        ((*FIRST, "branches", 0, "parameters"), [], "needs at least one child parameter"),
        (("early_stopping",), {"use_elapsed_time": 1}, "must be true or false, got 1"),
        (("study_stopping",), {"max_trials": 1}, "did you mean 'max_n_trials'?"),
    ],
)
def test_what_is_wrong_is_told(path, value, message):
    with pytest.raises(InvalidInputError) as caught:
        config_from_dict(edited(path, value))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("state", "RUNNING", "state must be one of REQUESTED, ACTIVE, STOPPING"),
        ("parameters", {"x": [1]}, "parameter 'x' must be a text, a boolean or a number"),
        ("metadata", {"n": {"k": 1}}, "metadata 'n' 'k' must be a text, got 1"),
        ("id", 1.5, "id must be a whole number, got 1.5"),
    ],
)
def test_what_is_wrong_in_a_trial_is_told(key, value, message):
    with pytest.raises(InvalidInputError) as caught:
        trial_from_dict({**trial_to_dict(Trial(1, {"x": 1.0})), key: value})
    assert message in str(caught.value)


def test_what_json_cannot_hold_is_told():
    for value in (math.nan, {1, 2}):
        with pytest.raises(InvalidInputError, match="cannot be written as JSON"):
            to_json(value)


@given(st.data(), spaces)
def test_beliefs_survive(data, space):
    names = [name for name, _ in space.walk()]
    name = data.draw(st.sampled_from(names))
    parameter = next(one for known, one in space.walk() if known == name)
    config = StudyConfig(space, (Metric("m"),), beliefs={name: default_or_middle(parameter)})
    again = config_from_dict(through_json(config_to_dict(config)))
    assert again == config
    assert repr(again) == repr(config)


def test_the_end_by_advice_goes_there_and_back():
    stopping = StudyStopping(auto_stop_below=0.1, min_improvement=1e-3)
    plain = replace(
        CONFIG,
        metrics=(Metric("loss", Goal.MINIMIZE),),
        fidelity=None,
        study_stopping=stopping,
    )
    assert config_from_dict(config_to_dict(plain)).study_stopping == stopping


def test_a_study_without_advice_cannot_end_by_it():
    stopping = StudyStopping(auto_stop_below=0.1)
    two = (Metric("a"), Metric("b"), Metric("c", Goal.MINIMIZE, 1.0))
    assert replace(CONFIG, metrics=two, fidelity=None, study_stopping=stopping)
    space = SearchSpace({"x": Double(0, 1), "n": Integer(1, 9)})
    with pytest.raises(InvalidInputError, match="budgets that grow"):
        StudyConfig(space, two, fidelity="n", study_stopping=stopping)
