"""Edits of a study: what comes of them, the way back, and the way through JSON."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.domain.codec import config_from_dict, config_to_dict
from wazir.domain.constraints import Constraint
from wazir.domain.edit_codec import edit_from_dict, edit_to_dict
from wazir.domain.edits import KEEP, SETTINGS, StudyEdit, apply, describe_changes, inverse
from wazir.domain.errors import InvalidInputError
from wazir.domain.json_fields import to_json
from wazir.domain.metrics import Goal, MeasurementSelection, Metric
from wazir.domain.names import parse_study_name
from wazir.domain.parameters import Categorical, Discrete, Double, Integer
from wazir.domain.space import SearchSpace, describe_space
from wazir.domain.studies import EarlyStopping, ObservationNoise, StudyConfig, StudyStopping
from wazir.domain.trials import Trial

CONFIG = StudyConfig(
    SearchSpace(
        {
            "lr": Double(1e-4, 1e-1, scale="log", default=0.01),
            "layers": Integer(1, 4),
            "units_2": Integer(8, 64, when={"layers": [2, 3, 4]}),
            "units_4": Integer(8, 64, when={"layers": 4}),
            "batch": Discrete([16, 32, 64]),
            "optimizer": Categorical(["adam", "sgd"]),
            "momentum": Double(0.1, 0.9, when={"optimizer": "sgd"}),
        }
    ),
    (Metric("loss", Goal.MINIMIZE), Metric("latency", Goal.MINIMIZE, 90.0)),
    planned_n_trials=30,
)


TWO = replace(
    CONFIG, metrics=(*CONFIG.metrics, Metric("size", Goal.MINIMIZE, reference_value=9.0))
)


def described(config):
    return dict(describe_space(config.space))


def changed(**fields):
    return apply(CONFIG, StudyEdit(**fields))


# -- what comes of an edit --------------------------------------------------------------------


def test_a_range_and_a_list_are_replaced_where_they_stand():
    new = changed(
        parameters={"momentum": Double(0.5, 0.99), "optimizer": Categorical(["adam", "sgd", "x"])}
    )
    assert described(new)["momentum"] == "DOUBLE 0.5 to 0.99, when optimizer is sgd"
    assert described(new)["optimizer"] == "CATEGORICAL adam, sgd, x"
    assert list(described(new)) == list(described(CONFIG))


def test_children_go_with_the_values_they_depend_on():
    new = changed(parameters={"layers": Integer(1, 3)})
    assert "units_4" not in described(new)
    assert described(new)["units_2"].endswith("when layers is 2 or 3")
    assert described(changed(freeze={"layers": 1})).keys() == {
        *("lr", "layers", "batch", "optimizer", "momentum")
    }


def test_a_new_parameter_comes_to_the_top_or_below_its_parent():
    new = changed(
        parameters={
            "units_5": Integer(8, 64, when={"layers": [4, 5]}),
            "layers": Integer(1, 5),
            "dropout": Double(0, 0.5),
        }
    )
    assert described(new)["units_5"].endswith("when layers is 4 or 5")
    assert described(new)["dropout"] == "DOUBLE 0 to 0.5"


def test_a_condition_moves_a_parameter_and_equals_what_was_written_so_at_once():
    new = changed(
        parameters={
            "layers": Integer(1, 6),
            "units_2": Integer(8, 64, when={"layers": [2, 3, 4, 5, 6]}),
        }
    )
    written = SearchSpace(
        {
            "lr": Double(1e-4, 1e-1, scale="log", default=0.01),
            "layers": Integer(1, 6),
            "units_4": Integer(8, 64, when={"layers": 4}),
            "units_2": Integer(8, 64, when={"layers": [2, 3, 4, 5, 6]}),
            "batch": Discrete([16, 32, 64]),
            "optimizer": Categorical(["adam", "sgd"]),
            "momentum": Double(0.1, 0.9, when={"optimizer": "sgd"}),
        }
    )
    assert new.space.differences(written) == []


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("lr", 0.05, "DOUBLE 0.05 to 0.05, LOG"),
        ("layers", 2, "INTEGER 2 to 2"),
        ("batch", 32, "DISCRETE 32"),
        ("optimizer", "sgd", "CATEGORICAL sgd"),
    ],
)
def test_a_frozen_parameter_has_one_value(name, value, text):
    assert described(changed(freeze={name: value}))[name] == text


def test_a_removed_parameter_takes_its_children_with_it():
    assert described(changed(remove=("optimizer", "layers"))).keys() == {"lr", "batch"}


def test_settings_are_replaced_and_none_is_a_value():
    new = changed(algorithm="TPE", planned_n_trials=99, observation_noise=ObservationNoise.HIGH)
    assert (new.algorithm, new.planned_n_trials) == ("TPE", 99)
    assert new.observation_noise is ObservationNoise.HIGH
    assert apply(new, StudyEdit(planned_n_trials=None)).planned_n_trials is None
    assert changed() == CONFIG


def test_the_threshold_of_a_safety_metric_changes():
    assert changed(safety_thresholds={"latency": 70.0}).metrics[1].safety_threshold == 70.0


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"freeze": {"layer": 2}}, "no parameter 'layer'.*\n.*did you mean 'layers'"),
        ({"freeze": {"layers": 9}}, "'layers' cannot be frozen.*\n.*widen its range"),
        ({"remove": ("x",)}, "no parameter 'x'"),
        ({"remove": tuple(described(CONFIG))}, "no parameter 'units_2'"),
        ({"remove": ("lr", "layers", "batch", "optimizer")}, "at least one parameter"),
        ({"old_values": {"lrr": 1}}, "no parameter 'lrr' to which"),
        ({"parameters": {"layers": Double(1, 4)}}, "with children cannot become a DOUBLE"),
        ({"parameters": {"z": Double(1, 4, when={"q": 1})}}, "depends on 'q', which is not there"),
        ({"parameters": {"z": Double(1, 4, when={"lr": 1})}}, "which is a DOUBLE"),
        ({"parameters": {"layers": Integer(1, 4, when={"layers": 1})}}, "depends on itself"),
        ({"safety_thresholds": {"loss": 1.0}}, "a safety metric is one of latency"),
        ({"safety_thresholds": {"latancy": 1.0}}, "did you mean 'latency'"),
        ({"planned_n_trials": 0}, "at least 1"),
        ({"beliefs": {"layers": 9}}, "belief about 'layers'"),
        ({"reference_values": {"loss": 1.0}}, "a reference value is for several objectives"),
    ],
)
def test_what_cannot_be_is_refused(fields, text):
    with pytest.raises(InvalidInputError, match=text):
        changed(**fields)


def test_a_name_in_two_branches_does_not_say_which():
    booster = Categorical(["a", "b"]).when("a", {"share": Double(0, 1)})
    space = SearchSpace({"booster": booster.when("b", {"share": Double(0, 0.5)})})
    config = StudyConfig(space, CONFIG.metrics)
    with pytest.raises(InvalidInputError, match="stands in several branches"):
        apply(config, StudyEdit(parameters={"share": Double(0, 0.1)}))
    with_branch = Categorical(["a", "b"]).when("a", {"share": Double(0, 0.1)})
    new = apply(config, StudyEdit(parameters={"booster": with_branch}))
    assert describe_space(new.space)[1:] == [("share", "DOUBLE 0 to 0.1, when booster is a")]


# -- what old trials had ----------------------------------------------------------------------


def test_old_trials_get_the_old_values_where_the_parameter_would_exist():
    new = changed(
        parameters={
            "dropout": Double(0.1, 0.5),
            "nesterov": Categorical(["yes", "no"], when={"optimizer": "sgd"}),
        },
        old_values={"dropout": 0, "nesterov": "no"},
    )
    sgd = new.completed(Trial(1, {"lr": 0.01, "optimizer": "sgd", "momentum": 0.5}))
    adam = new.completed(Trial(2, {"lr": 0.01, "optimizer": "adam"}))
    assert (sgd.parameters["dropout"], sgd.parameters["nesterov"]) == (0.0, "no")
    assert isinstance(sgd.parameters["dropout"], float)
    assert "nesterov" not in adam.parameters
    complete = Trial(3, {**sgd.parameters, "dropout": 0.3})
    assert new.completed(complete) is complete


def test_an_old_value_goes_with_its_parameter_and_has_its_type():
    new = changed(parameters={"n": Integer(1, 5)}, old_values={"n": 3.0})
    assert new.old_values == {"n": 3}
    assert apply(new, StudyEdit(remove=("n",))).old_values == {}
    assert apply(new, StudyEdit(old_values={"n": None})).old_values == {}
    for parameter, value in ((Integer(1, 5), 2.5), (Double(0, 1), "x"), (Discrete([1]), "x")):
        with pytest.raises(InvalidInputError):
            changed(parameters={"n": parameter}, old_values={"n": value})


# -- the way back, and through JSON -----------------------------------------------------------

doubles = st.tuples(st.floats(0.001, 1.0), st.floats(1.0, 9.0)).map(lambda two: Double(*two))
definitions = st.fixed_dictionaries(
    {},
    optional={
        "lr": doubles,
        "layers": st.integers(1, 6).map(lambda high: Integer(1, high)),
        "batch": st.sets(st.integers(1, 99), min_size=1).map(lambda s: Discrete(sorted(s))),
        "optimizer": st.sets(st.sampled_from(["adam", "sgd", "x"]), min_size=1).map(
            lambda s: Categorical(sorted(s))
        ),
        "new": doubles,
        "child": st.builds(lambda: Double(0, 1, when={"batch": 16})),
    },
).filter(lambda made: "child" not in made or "batch" not in made)
numbers = st.floats(allow_nan=False, allow_infinity=False)
settings_strategies = {
    "space": st.just(SearchSpace({**CONFIG.space.parameters, "extra": Double(0, 1)})),
    "algorithm": st.sampled_from(["TPE", "RANDOM_SEARCH"]),
    "planned_n_trials": st.none() | st.integers(1, 10**6),
    "observation_noise": st.sampled_from(ObservationNoise),
    "measurement_selection": st.sampled_from(MeasurementSelection),
    "early_stopping": st.none() | st.builds(EarlyStopping, st.sampled_from(["median", "asha"])),
    "study_stopping": st.none() | st.builds(StudyStopping, max_n_trials=st.integers(1, 99)),
    "constraints": st.sampled_from([(), (Constraint("lr < 0.5"),)]),
    "beliefs": st.sampled_from([{}, {"momentum": 0.5}]),
    "prior_studies": st.sampled_from([(), (parse_study_name("a"), parse_study_name("b"))]),
}


@st.composite
def edits(draw):
    parameters = draw(definitions)
    settings = draw(st.fixed_dictionaries({}, optional=settings_strategies))
    if "optimizer" in parameters:
        # Without its branch there is nothing to believe about momentum.
        settings.pop("beliefs", None)
    return StudyEdit(
        parameters=parameters,
        freeze=draw(st.sampled_from([{}, {"momentum": 0.5}])) if "optimizer" not in parameters
        else {},
        remove=draw(st.sampled_from([(), ("units_2",)])) if "layers" not in parameters else (),
        old_values={"new": draw(numbers)} if "new" in parameters else {},
        reference_values=draw(
            st.fixed_dictionaries({}, optional={"loss": st.none() | numbers, "size": numbers})
        ),
        safety_thresholds=draw(st.fixed_dictionaries({}, optional={"latency": numbers})),
        **settings,
    )  # fmt: skip


def test_the_properties_below_draw_every_setting():
    assert set(settings_strategies) == set(SETTINGS)


@given(edits())
def test_an_edit_and_its_inverse_give_the_old_configuration(edit):
    new = apply(TWO, edit)
    back = inverse(TWO, edit)
    assert apply(new, back) == TWO
    assert apply(apply(apply(new, back), edit), back) == TWO
    assert bool(describe_changes(TWO, new)) == (new != TWO)


@given(edits())
def test_edits_and_edited_configurations_survive_json(edit):
    for value in (edit, inverse(TWO, edit)):
        assert edit_from_dict(json.loads(to_json(edit_to_dict(value)))) == value
    new = apply(TWO, edit)
    assert config_from_dict(json.loads(to_json(config_to_dict(new)))) == new


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"algoritm": "TPE"}, "did you mean 'algorithm'"),
        ({"version": 9}, "upgrade Wazir"),
        ({"observation_noise": "SOME"}, "observation_noise must be one of"),
        ({"freeze": [1]}, "freeze must be an object"),
        ({"parameters": [{"type": "DOUBLE"}]}, "the name of a parameter must be a text"),
        ({"remove": [1]}, "remove must be a text"),
    ],
)
def test_odd_json_is_refused(data, text):
    with pytest.raises(InvalidInputError, match=text):
        edit_from_dict(data)


def test_what_is_left_out_of_json_stays_as_it_is():
    assert edit_to_dict(StudyEdit()) == {"version": 1}
    assert edit_from_dict({}) == StudyEdit()
    assert edit_from_dict({"early_stopping": None}).early_stopping is None
    assert edit_from_dict({}).early_stopping is KEEP


def test_beliefs_go_with_a_parameter_unless_the_edit_names_them():
    believing = changed(beliefs={"momentum": 0.5, "layers": 4})
    edit = StudyEdit(parameters={"layers": Integer(1, 3)})
    assert apply(believing, edit).beliefs == {"momentum": 0.5}
    assert apply(apply(believing, edit), inverse(believing, edit)).beliefs == believing.beliefs


def test_changes_of_what_a_study_knows_in_words():
    new = apply(
        TWO,
        StudyEdit(
            beliefs={"lr": 0.01, "optimizer": "sgd"},
            prior_studies=(parse_study_name("old"),),
            reference_values={"loss": 1.5, "size": None},
        ),
    )
    assert describe_changes(TWO, new) == [
        "loss: reference value was none, is 1.5",
        "size: reference value was 9, is none",
        "beliefs: was none, is lr=0.01, optimizer=sgd",
        "prior studies: was none, is old",
    ]


def test_changes_in_words():
    new = changed(
        parameters={"n": Integer(1, 5), "layers": Integer(1, 6)},
        old_values={"n": 3},
        remove=("batch",),
        safety_thresholds={"latency": 70.5},
        planned_n_trials=99,
        early_stopping=EarlyStopping("median"),
        study_stopping=StudyStopping(max_duration_s=7200.0),
        observation_noise=ObservationNoise.HIGH,
    )
    assert sorted(describe_changes(CONFIG, new)) == [
        "batch: DISCRETE 16, 32, 64 is not there any more",
        "early stopping: was none, is median",
        "ends when: was none, is after 2h00m",
        "latency: threshold was 90, is 70.5",
        "layers: was INTEGER 1 to 4, is INTEGER 1 to 6",
        "n: INTEGER 1 to 5 is new",
        "n: trials that lack it count as 3",
        "observation noise: was UNSPECIFIED, is HIGH",
        "trials: was 30, is 99",
    ]
