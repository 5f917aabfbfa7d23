"""One rule for both doors: whether a study that is there is the one that somebody wants."""

from dataclasses import replace

import pytest

from wazir.domain.constraints import Constraint
from wazir.domain.edits import StudyEdit, apply, describe_changes, inverse
from wazir.domain.errors import StudyMismatchError
from wazir.domain.metrics import Goal, Metric
from wazir.domain.names import parse_study_name
from wazir.domain.parameters import Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import ObservationNoise, Study, StudyConfig
from wazir.service.definitions import check_same, differences, replaced_parts
from wazir.service.editing import EDITS_NAMESPACE, EditRecord

METRICS = (Metric("loss"), Metric("size", Goal.MINIMIZE), Metric("latency", Goal.MINIMIZE, 90.0))
FIRST = StudyConfig(
    SearchSpace({"x": Double(0, 1), "n": Integer(1, 9)}),
    METRICS,
    constraints=(Constraint("x * n < 8"),),
    observation_noise=ObservationNoise.LOW,
    beliefs={"x": 0.5},
    prior_studies=(parse_study_name("old"),),
)
EDITS = {
    "space": StudyEdit(parameters={"x": Double(0, 0.5)}),
    "constraints": StudyEdit(constraints=(Constraint("x * n < 4"),)),
    "metrics": StudyEdit(safety_thresholds={"latency": 70.0}, reference_values={"size": 5.0}),
    "observation_noise": StudyEdit(observation_noise=ObservationNoise.HIGH),
    "beliefs": StudyEdit(beliefs={"n": 3}),
    "prior_studies": StudyEdit(prior_studies=()),
}


def edited(*edits):
    config, history = FIRST, {}
    for revision, edit in enumerate(edits, start=1):
        new = apply(config, edit)
        changes = tuple(describe_changes(config, new))
        record = EditRecord(revision, 0.0, "", changes, edit, inverse(config, edit))
        history[str(revision)] = record.to_json()
        config = new
    return Study(parse_study_name("s"), config, metadata={EDITS_NAMESPACE: history})


@pytest.mark.parametrize("part", EDITS)
def test_the_definition_from_before_an_edit_means_the_study_as_it_is_now(part):
    study = edited(EDITS[part])
    assert getattr(study.config, part) != getattr(FIRST, part)
    check_same(study, FIRST)
    check_same(study, study.config)
    assert replaced_parts(study, FIRST) == {part: getattr(FIRST, part)}
    assert replaced_parts(study, study.config) == {}


def test_each_definition_between_edits_is_known():
    study = edited(*EDITS.values())
    for n in range(len(EDITS)):
        check_same(study, edited(*list(EDITS.values())[:n]).config)
    assert replaced_parts(study, FIRST).keys() == EDITS.keys()


@pytest.mark.parametrize(
    ("part", "value", "line"),
    [
        ("space", SearchSpace({"x": Double(0, 2), "n": Integer(1, 9)}), "x: was DOUBLE 0 to 0.5"),
        ("constraints", (), "constraint 'x * n < 8' is not there any more"),
        ("metrics", METRICS[:1], "metrics: was MAXIMIZE loss, MINIMIZE size"),
        ("observation_noise", ObservationNoise.HIGH, "noise: was LOW, is HIGH"),
        ("beliefs", {"x": 0.25}, "beliefs: was x=0.5, is x=0.25"),
        ("prior_studies", (parse_study_name("b"),), "prior studies: was old, is b"),
    ],
)
def test_what_it_never_was_is_refused(part, value, line):
    study = edited(EDITS["space"])
    with pytest.raises(StudyMismatchError, match="another definition") as caught:
        check_same(study, replace(FIRST, **{part: value}))
    assert line in str(caught.value)


def test_what_is_not_said_does_not_differ():
    plain = StudyConfig(FIRST.space, METRICS, constraints=FIRST.constraints)
    assert differences(edited(), plain) == {}
    study = replace(edited(), config=plain)
    assert differences(study, FIRST) == {
        "observation_noise": ["noise: was UNSPECIFIED, is LOW"],
        "beliefs": ["beliefs: was none, is x=0.5"],
        "prior_studies": ["prior studies: was none, is old"],
    }


def test_a_new_parameter_under_a_new_constraint_is_no_obstacle():
    more = StudyEdit(
        parameters={"z": Double(0, 1)},
        old_values={"z": 0.0},
        constraints=(Constraint("x + z < 1.5"),),
        beliefs={"z": 0.5},
    )
    study = edited(more)
    check_same(study, FIRST)
    assert replaced_parts(study, FIRST).keys() == {"space", "constraints", "beliefs"}
