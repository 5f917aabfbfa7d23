"""Flags of `wazir edit` become an edit of the study and of its job, and a wanted space flags."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from wazir.domain.constraints import Constraint
from wazir.domain.edits import KEEP, StudyEdit, apply
from wazir.domain.errors import InvalidInputError, JobError
from wazir.domain.metrics import Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Categorical, Discrete, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import Study, StudyConfig, StudyStopping
from wazir.jobs.edit_text import EditFlags, edit_command, resolve_edit
from wazir.jobs.passing import Passing
from wazir.jobs.spec import JOB_NAMESPACE, JobSpec, job_spec_of

SPACE = SearchSpace(
    {
        "lr": Double(1e-4, 1e-1, scale="log", default=0.01),
        "layers": Integer(1, 4),
        "units_2": Integer(8, 64, when={"layers": [2, 3, 4]}),
        "use_bn": Categorical(["true", "false"]),
        "warm": Categorical([True, False]),
    }
)


def study(command=("prog",), space=SPACE, **config):
    spec = JobSpec(command, Path("/w"), passing={"use_bn": Passing.FLAG})
    made = StudyConfig(space, (Metric("loss"),), **config)
    return Study(StudyName("default", "s"), made, metadata={JOB_NAMESPACE: spec.to_metadata()})


def resolved(**flags):
    return resolve_edit(study(), EditFlags(**flags))


def spec_after(change):
    return job_spec_of(Study(StudyName("d", "s"), study().config, metadata=change.metadata))


def test_texts_become_values_of_their_parameters():
    edit = resolved(
        parameters=("drop=0.1..0.5", "lr=1e-5..1e-1:log", "kind=a,b"),
        conditions=("units_2=layers:3..4",),
        old_values=("drop=0", "kind=a"),
        freeze=("layers=3", "use_bn=true", "warm=false"),
        remove=("lr",),
        n_trials=9,
        algorithm="tpe",
    ).edit
    assert edit.old_values == {"drop": 0, "kind": "a"}
    assert edit.freeze == {"layers": 3, "use_bn": "true", "warm": False}
    assert edit.parameters["lr"].default == 0.01
    assert edit.parameters["units_2"].condition.values == (3, 4)
    assert (edit.planned_n_trials, edit.algorithm, edit.early_stopping) == (9, "tpe", KEEP)


def test_rules_that_end_trials_and_studies():
    assert resolved(early_stopping="none").edit.early_stopping is None
    assert resolved(early_stopping="median").edit.early_stopping.rule == "median"
    ends = study(study_stopping=StudyStopping(max_duration_s=60.0))
    more = resolve_edit(ends, EditFlags(stop_when=("no improvement in 5 trials",))).edit
    assert more.study_stopping == StudyStopping(
        max_duration_s=60.0, max_n_trials_without_progress=5
    )
    assert resolve_edit(ends, EditFlags(stop_when=("none",))).edit.study_stopping is None
    assert resolved(n_trials=3).edit.study_stopping is KEEP


def test_the_program_is_given_new_parameters_as_they_say():
    change = resolved(parameters=("amp=true,false:flag",), old_values=("amp=false",))
    assert spec_after(change).passing == {"use_bn": Passing.FLAG, "amp": Passing.FLAG}
    assert spec_after(resolved(remove=("use_bn",))).passing == {}
    assert spec_after(resolved(command=("new", "prog"))).command == ("new", "prog")
    assert resolved(n_trials=3).metadata == {}


def test_what_may_have_been_lost_by_accident_is_said():
    notes = resolved(parameters=("lr=1e-4..1e-2", "units_2=8.0..64.0")).notes
    assert "parameter 'lr' loses its LOG scale; :log keeps it" in notes
    assert "parameter 'units_2' was INTEGER and becomes DOUBLE" in notes


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        ({"freeze": ("layers",)}, "--freeze is written NAME=VALUE, got 'layers'"),
        ({"freeze": ("layer=2",)}, "did you mean 'layers'"),
        ({"freeze": ("layers=two",)}, "an? INTEGER needs a number, got 'two'"),
        ({"freeze": ("layers=2", "layers=3")}, "has a value already"),
        ({"old_values": ("x=1",)}, "--old-value x=1: there is no parameter 'x'"),
        ({"conditions": ("unit_2=layers:2",)}, "did you mean 'units_2'"),
        ({"parameters": ("lr",)}, "a parameter is written NAME=SPACE"),
        ({"parameters": ("lr=0.1..1.0", "lr=0.1..2.0")}, "'lr' is given twice"),
    ],
)
def test_wrong_texts_are_refused(flags, text):
    with pytest.raises(InvalidInputError, match=text):
        resolved(**flags)


def test_a_command_with_placeholders_must_place_a_new_parameter():
    space = SearchSpace({"lr": Double(0, 1)})
    placed = study(("prog", "{lr}"), space)
    new = {"parameters": ("drop=0.0..0.5",), "old_values": ("drop=0",)}
    with pytest.raises(InvalidInputError, match=r"missing: \{drop\}\n.*the new command"):
        resolve_edit(placed, EditFlags(**new))
    change = resolve_edit(placed, EditFlags(command=("prog", "{lr}", "{drop}"), **new))
    assert spec_after(change).command == ("prog", "{lr}", "{drop}")


def test_a_study_from_python_has_no_command_to_change():
    plain = Study(StudyName("default", "s"), study().config)
    assert resolve_edit(plain, EditFlags(n_trials=3)).metadata == {}
    with pytest.raises(JobError, match="it has no program"):
        resolve_edit(plain, EditFlags(command=("prog",)))


def test_the_command_that_leads_to_another_space_does():
    wanted = SearchSpace(
        {
            "lr": Double(1e-5, 1e-1, scale="log"),
            "layers": Integer(1, 6),
            "units_2": Integer(8, 64, when={"layers": [2, 6]}),
            "use_bn": Categorical(["true", "false"]),
            "steps": Discrete([1, 5]),
        }
    )
    command = edit_command(study(), replace(study().config, space=wanted))
    words = shlex.split(command)
    assert words[:3] == ["wazir", "edit", "s"]
    options = list(zip(words[3::2], words[4::2], strict=True))
    assert ("-p", "lr=1e-05..0.1:log") in options
    assert ("--when", "units_2=layers:2,6") in options
    assert ("--old-value", "steps=VALUE") in options
    assert ("--remove", "warm") in options
    flags = EditFlags(
        parameters=tuple(value for option, value in options if option == "-p"),
        conditions=tuple(value for option, value in options if option == "--when"),
        old_values=("steps=5",),
        remove=tuple(value for option, value in options if option == "--remove"),
    )
    reached = apply(study().config, resolve_edit(study(), flags).edit)
    # The default, which flags cannot say, is kept.
    assert reached.space.differences(wanted) == [
        "lr: was DOUBLE 1e-05 to 0.1, LOG, default 0.01, is DOUBLE 1e-05 to 0.1, LOG"
    ]


def test_a_space_that_flags_cannot_say_has_no_command():
    assert (
        edit_command(study(), replace(study().config, space=SearchSpace({"x": Categorical([""])})))
        == ""
    )
    assert edit_command(study(), study().config) == ""
    assert StudyEdit() == resolved().edit


def test_the_command_that_leads_to_other_constraints_names_them_all():
    wanted = replace(
        study().config, constraints=(Constraint("lr < 1e-3"), Constraint("layers > 1"))
    )
    command = edit_command(study(), wanted)
    assert shlex.split(command)[3:] == ["--constraint", "lr < 1e-3", "--constraint", "layers > 1"]
    edit = resolved(constraints=("lr < 1e-3", "layers > 1")).edit
    assert apply(study().config, edit).constraints == wanted.constraints
    constrained = replace(study(), config=wanted)
    assert shlex.split(edit_command(constrained, study().config))[3:] == ["--constraint", "none"]
    assert apply(wanted, resolve_edit(constrained, EditFlags(constraints=("none",))).edit) == (
        study().config
    )


def test_the_fidelity_stays_as_it_is_and_its_range_may_change():
    space = SearchSpace({"lr": Double(0.1, 1.0), "epochs": Integer(1, 9)})
    growing = study(space=space, fidelity="epochs")
    for text in ("epochs=1..27:fidelity", "epochs=1..27"):
        edit = resolve_edit(growing, EditFlags(parameters=(text,))).edit
        after = apply(growing.config, edit)
        assert (after.fidelity, after.space.parameters["epochs"].max_value) == ("epochs", 27)
    for text in ("lr=0.1..2.0:fidelity", "n=1..9:fidelity"):
        with pytest.raises(InvalidInputError, match="stays as it is: epochs, got"):
            resolve_edit(growing, EditFlags(parameters=(text,), old_values=("n=1",)))


def test_a_word_of_the_new_command_that_looks_misspelt_is_said():
    (note,) = resolved(command=("prog", "{layer}")).notes
    assert note == "{layer} is left as it is: did you mean 'layers'?"
    misspelt = study(command=("prog", "{layer}"))
    assert resolve_edit(misspelt, EditFlags(n_trials=3)).notes == ()
