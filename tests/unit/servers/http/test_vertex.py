"""Messages of Vertex AI: what is read, what is written, and what is refused where."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wazir.domain.errors import InvalidInputError, NotFoundError
from wazir.domain.metrics import Goal, Measurement, MeasurementSelection, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Categorical, Discrete, Double, Integer, Scale
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
from wazir.servers.http.vertex.messages import MEASUREMENT, STUDY_SPEC, TRIAL
from wazir.servers.http.vertex.operations import (
    CheckOperation,
    SuggestOperation,
    parse_operation,
)
from wazir.servers.http.vertex.parameters import values_from
from wazir.servers.http.vertex.reading import duration, read_message, timestamp, whole
from wazir.servers.http.vertex.study_spec import (
    config_from_spec,
    spec_from_config,
    spec_metadata,
    spec_of,
)
from wazir.servers.http.vertex.times import duration_text, timestamp_text
from wazir.servers.http.vertex.trials import (
    Location,
    Writer,
    measurement_from,
    measurement_to_json,
)
from wazir.testing.spaces import SPACES

MINIMIZE = (Metric("loss", Goal.MINIMIZE),)
WRITER = Writer(Location("p", "us-central1"))


def config_of(spec):
    return config_from_spec(
        read_message(json.loads(json.dumps(spec)), STUDY_SPEC, ""), "studySpec"
    )


def texts_for_categories(space):
    """Return a space whose categories are the texts that the wire has for them."""
    changed = {
        name: Categorical(["a", "True", "1", "2.5"]) if name == "x" else parameter
        for name, parameter in space.parameters.items()
    }
    return SearchSpace(changed)


@pytest.mark.parametrize("name", sorted(SPACES))
def test_a_space_comes_back(name):
    space = SPACES[name] if name != "categorical" else texts_for_categories(SPACES[name])
    config = StudyConfig(space, MINIMIZE)
    assert config_of(spec_from_config(config)) == config


NAMES = st.text(min_size=1, max_size=6).filter(str.strip)
DOUBLES = st.floats(-1e300, 1e300)
SCALED = st.sampled_from(Scale)


@st.composite
def leaves(draw):
    """Return a parameter without children, of any kind."""
    kind = draw(st.integers(0, 3))
    scale = draw(SCALED)
    if kind == 0:
        low, high = sorted(draw(st.tuples(st.floats(1e-9, 1e9), st.floats(1e-9, 1e9))))
        return Double(low, high, scale=scale, default=draw(st.sampled_from([None, low, high])))
    if kind == 1:
        low, high = sorted(draw(st.tuples(st.integers(1, 2**62), st.integers(1, 2**62))))
        return Integer(low, high, scale=scale, default=draw(st.sampled_from([None, low, high])))
    if kind == 2:
        numbers = sorted(draw(st.sets(st.floats(1e-9, 1e9), min_size=1, max_size=4)))
        return Discrete(numbers, scale=scale, default=draw(st.sampled_from([None, numbers[-1]])))
    texts = sorted(draw(st.sets(NAMES, min_size=1, max_size=4)))
    return Categorical(texts, default=draw(st.sampled_from([None, texts[0]])))


def with_children(children):
    """Return parameters that have other parameters as children."""

    @st.composite
    def parent(draw):
        made, below = draw(leaves()), draw(st.dictionaries(NAMES, children, max_size=2))
        if isinstance(made, Double) or not below:
            return made
        values = [made.min_value] if isinstance(made, Integer) else made.values[:2]
        return made.when(list(values), below)

    return parent()


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, st.recursive(leaves(), with_children, max_leaves=6), min_size=1))
def test_any_space_comes_back(parameters):
    try:
        config = StudyConfig(SearchSpace(parameters), MINIMIZE)
    except InvalidInputError:
        # Two parameters of one name that are active together.
        assume(False)
    assert config_of(spec_from_config(config)) == config


@pytest.mark.parametrize(
    "fields",
    [
        {"algorithm": "RANDOM_SEARCH"},
        {"algorithm": "GRID_SEARCH"},
        {"observation_noise": ObservationNoise.HIGH},
        {"measurement_selection": MeasurementSelection.BEST},
        {"early_stopping": EarlyStopping("median")},
        {"early_stopping": EarlyStopping("decay_curve", use_elapsed_time=True)},
        {"early_stopping": EarlyStopping("convex", options={"min_step_count": 4.0})},
        {"study_stopping": StudyStopping(True, 2, 9, 4, 1.5, None, 60.0, None, 0.25)},
        {"study_stopping": StudyStopping(min_end_at=1.7e9, max_end_at=1.8e9)},
        {"metrics": (*MINIMIZE, Metric("auc"), Metric("latency", Goal.MINIMIZE, 0.0, 0.5))},
    ],
)
def test_a_configuration_comes_back(fields):
    config = replace(StudyConfig(SearchSpace({"x": Double(0, 1)}), MINIMIZE), **fields)
    assert config_of(spec_from_config(config)) == config


def test_enums_may_be_numbers_names_may_have_underscores_and_zeros_are_left_out():
    spec = {
        "metrics": [{"metric_id": "loss", "goal": 2}],
        "parameters": [
            {"parameterId": "x", "doubleValueSpec": {"maxValue": "0.5"}, "scaleType": 1},
            {"parameter_id": "n", "integer_value_spec": {"max_value": "9", "min_value": None}},
        ],
        "algorithm": 3,
    }
    config = config_of(spec)
    assert config.space.parameters["x"].min_value == 0
    assert config.space.parameters["n"].max_value == 9
    assert (config.algorithm, config.objective.goal) == ("RANDOM_SEARCH", Goal.MINIMIZE)


def test_a_spec_is_given_back_as_it_came_until_the_study_is_edited():
    given = {
        "metrics": [{"metric_id": "loss", "goal": 2}],
        "parameters": [{"parameterId": "x", "doubleValueSpec": {"maxValue": 1}}],
        "convexAutomatedStoppingSpec": {"learningRateParameterName": "x", "minStepCount": "3"},
    }
    study = Study(StudyName("p", "s"), config_of(given), metadata=spec_metadata(given))
    assert spec_of(study) == given
    wider = replace(study.config, space=SearchSpace({"x": Double(0, 2)}))
    edited = spec_of(replace(study, config=wider))
    assert edited["parameters"][0]["doubleValueSpec"]["maxValue"] == 2.0


@pytest.mark.parametrize("kept", ["", "{", "[]", "null", "{}", '{"parameters": 7}', "[" * 100_000])
def test_what_was_kept_may_be_anything(kept):
    config = StudyConfig(SearchSpace({"x": Double(0, 1)}), MINIMIZE)
    metadata = {"wazir.foreign": {"vertex_study_spec": kept}}
    study = Study(StudyName("p", "s"), config, metadata=metadata)
    assert spec_of(study) == spec_from_config(config)


def test_enums_are_written_as_the_client_asks_however_they_were_given():
    given = {
        "metrics": [{"metric_id": "loss", "goal": 2}],
        "parameters": [{
            "parameterId": "k", "integerValueSpec": {"maxValue": 9, "minValue": 1}, "scaleType": 2,
            "conditional_parameter_specs": [{
                "parentIntValues": {"values": [2]},
                "parameterSpec": {"parameterId": "x", "doubleValueSpec": {"maxValue": 1},
                                  "scaleType": "UNIT_LINEAR_SCALE", "conditionalParameterSpecs": None}}],
        }],
        "algorithm": "RANDOM_SEARCH",
    }  # fmt: skip
    study = Study(StudyName("p", "s"), config_of(given), metadata=spec_metadata(given))
    for as_numbers, goal, outer, inner, algorithm in (
        (True, 2, 2, 1, 3),
        (False, "MINIMIZE", "UNIT_LOG_SCALE", "UNIT_LINEAR_SCALE", "RANDOM_SEARCH"),
    ):
        spec = replace(WRITER, enums_as_numbers=as_numbers).study(study)["studySpec"]
        assert spec["metrics"] == [{"metricId": "loss", "goal": goal}]
        (parameter,) = spec["parameters"]
        (child,) = parameter["conditionalParameterSpecs"]
        assert (parameter["scaleType"], spec["algorithm"]) == (outer, algorithm)
        assert child["parameterSpec"]["scaleType"] == inner
        assert config_of(spec) == study.config


def test_what_the_messages_cannot_hold_becomes_the_nearest_that_they_hold():
    config = StudyConfig(
        SearchSpace({"n": Integer(-(10**30), 10**30, default=10**29)}),
        MINIMIZE,
        early_stopping=EarlyStopping("convex", options={"min_step_count": 1e30}),
        study_stopping=StudyStopping(max_n_trials=2**40, max_duration_s=1e300, min_end_at=1e300),
    )
    spec = spec_from_config(config)
    read = read_message(json.loads(json.dumps(spec)), STUDY_SPEC, "")
    assert read["parameters"][0]["integerValueSpec"]["maxValue"] == 2**63 - 1
    assert read["convexAutomatedStoppingSpec"]["minStepCount"] == 2**63 - 1
    stopping = read["studyStoppingConfig"]
    assert stopping["maxNumTrials"] == 2**31 - 1
    assert stopping["maximumRuntimeConstraint"] == {"maxDuration": 315_576_000_000}
    assert spec["studyStoppingConfig"]["minimumRuntimeConstraint"]["endTime"].startswith("9999-")
    assert timestamp_text(-1e300) == "0001-01-01T00:00:00Z"


X = {"parameterId": "x", "doubleValueSpec": {"maxValue": 1}}
LOSS = [{"metricId": "loss"}]


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"metrics": LOSS}, "studySpec: a search space needs at least one"),
        ({"parameters": [X]}, "studySpec: a study needs at least one metric"),
        ({"metrics": LOSS, "parameters": [X, X]}, r"parameters\[1\].parameterId: 'x' is defined"),
        ({"metrics": LOSS, "parameters": [{**X, "doubleValueSpec": {"minValue": 2}}]},
         r"parameters\[0\].doubleValueSpec: "),
        ({"metrics": LOSS, "parameters": [{"parameterId": "x"}]}, "needs exactly one of"),
        ({"metrics": LOSS, "parameters": [{"doubleValueSpec": {}}]}, "parameterId: a parameter"),
        ({"metrics": [{"goal": 1}], "parameters": [X]}, r"metrics\[0\]: a metric needs a name"),
        ({"metrics": LOSS, "parameters": [{**X, "doubleValueSpec": {"maxValue": "wide"}}]},
         r"parameters\[0\].doubleValueSpec.maxValue: must be a number, got 'wide'"),
        ({"metrics": LOSS, "parameters": [X], "algorithm": 1}, "algorithm: must be"),
        ({"metrics": LOSS, "parameters": [X], "colour": 1}, "colour: there is no such field"),
        ({"metrics": {}}, "metrics: must be a list"),
        ([], "^the body: must be an object, got"),
        ({"metrics": LOSS, "parameters": [{**X, "conditionalParameterSpecs": [{}]}]},
         "a DOUBLE parameter has no children"),
        ({"metrics": LOSS, "parameters": [{
            "parameterId": "k", "categoricalValueSpec": {"values": ["a"]},
            "conditionalParameterSpecs": [{"parentIntValues": {"values": [1]}}]}]},
         r"conditionalParameterSpecs\[0\]: needs values in parentCategoricalValues, got parentInt"),
        ({"metrics": LOSS, "parameters": [X], "medianAutomatedStoppingSpec": {},
          "convexAutomatedStoppingSpec": {}}, "only one rule"),
        ({"metrics": LOSS, "parameters": [X], "studyStoppingConfig": {"maxNumTrials": -1}},
         "studyStoppingConfig: "),
        ({"metrics": LOSS, "parameters": [X], "studyStoppingConfig": {"maxNumTrials": 2**31}},
         "studyStoppingConfig.maxNumTrials: must be a whole number of 32 bits"),
        ({"metrics": LOSS, "parameters": [X], "studyStoppingConfig": {"minimumRuntimeConstraint": {
            "maxDuration": "1s", "endTime": "2026-01-01T00:00:00Z"}}},
         "minimumRuntimeConstraint: needs one of maxDuration and endTime, got both"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(spec, place):
    with pytest.raises(InvalidInputError, match=place):
        config_of(spec)


@given(
    st.dictionaries(st.text(min_size=1, max_size=8), st.floats(), min_size=1, max_size=4),
    st.none() | st.integers(1, 2**62),
    st.none() | st.floats(0, 1e8).map(lambda value: round(value, 6)),
)
def test_a_measurement_comes_back(metrics, step, elapsed_s):
    metrics = {name: value for name, value in metrics.items() if not math.isnan(value)} or {
        "a": 1.0
    }
    given_one = Measurement(metrics, step, elapsed_s)
    wire = json.loads(json.dumps(measurement_to_json(given_one), allow_nan=False))
    back = measurement_from(read_message(wire, MEASUREMENT, ""), "")
    assert back.metrics == given_one.metrics
    assert back.step == step
    assert back.elapsed_s == pytest.approx(elapsed_s)


@given(st.floats(0, 4e9).map(lambda value: round(value, 6)))
def test_times_come_back(seconds):
    assert timestamp(timestamp_text(seconds), "") == pytest.approx(seconds, abs=1e-5)
    assert duration(duration_text(seconds), "") == pytest.approx(seconds, abs=1e-5)


@pytest.mark.parametrize(
    "value", ["", "5", "-1s", "1e3s", "1.0000000001s", 5, "s", "٣s", "315576000001s"]
)
def test_what_is_no_duration_is_refused(value):
    with pytest.raises(InvalidInputError, match="elapsed: must be"):
        duration(value, "elapsed")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "2026-13-01T00:00:00Z",
        "2026-01-01",
        5,
        "2026-01-01T00:00:00",
        "9999-12-31T23:59:59-01:00",
        "0001-01-01T00:00:00+01:00",
    ],
)
def test_what_is_no_moment_is_refused(value):
    with pytest.raises(InvalidInputError, match="at: must be"):
        timestamp(value, "at")


@pytest.mark.parametrize(
    ("value", "read"), [("7", 7), (7.0, 7), (-3, -3), ("9007199254740993", 9007199254740993)]
)
def test_whole_numbers_may_be_texts(value, read):
    assert whole(value, "n") == read


@pytest.mark.parametrize("value", ["1.5", 1.5, True, "x", 2**63, "9" * 40, None, [], "1e5000"])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(InvalidInputError, match="n: must be"):
        whole(value, "n")


def test_a_trial_is_written_with_names_or_numbers_of_its_state():
    trial = Trial(
        7,
        {"x": 0.5, "n": 3, "flag": True},
        TrialState.INFEASIBLE,
        client_id="me",
        infeasible_reason="it broke",
        started_at=1.5,
        completed_at=2.0,
    )
    written = WRITER.trial("s", trial, [Measurement({"loss": 1.0}, step=1)])
    assert written["name"] == "projects/p/locations/us-central1/studies/s/trials/7"
    assert written["state"] == "INFEASIBLE"
    assert written["parameters"][2] == {"parameterId": "flag", "value": "True"}
    assert written["startTime"] == "1970-01-01T00:00:01.500000Z"
    assert replace(WRITER, enums_as_numbers=True).trial("s", trial)["state"] == 5
    assert WRITER.study_state(StudyState.COMPLETED) == "COMPLETED"
    read_message(written, TRIAL, "")


def test_a_text_may_stand_for_a_category_that_is_none():
    parameters = {"flag": [Categorical([True, False])], "kind": [Categorical(["a", "1"])]}
    given_values = [
        {"parameterId": "flag", "value": "True"},
        {"parameterId": "kind", "value": "1"},
    ]
    assert values_from(given_values, parameters, "parameters") == {"flag": True, "kind": "1"}
    with pytest.raises(InvalidInputError, match=r"parameters\[1\].parameterId: 'flag' is given"):
        values_from([given_values[0]] * 2, parameters, "parameters")
    with pytest.raises(InvalidInputError, match=r"parameters\[0\].value: must be a value"):
        values_from([{"parameterId": "flag"}], parameters, "parameters")


@given(st.lists(st.integers(1, 2**53), max_size=5), st.booleans())
def test_the_name_of_an_operation_tells_all_of_it(ids, yes):
    suggested = SuggestOperation(tuple(ids))
    assert parse_operation(suggested.id) == suggested
    checked = CheckOperation(5, yes)
    assert parse_operation(checked.id) == checked


@pytest.mark.parametrize(
    "name", ["", "suggest-", "suggest-1..2", "check-1-maybe", "suggest-x", "1"]
)
def test_another_operation_is_not_there(name):
    with pytest.raises(NotFoundError):
        parse_operation(name)
