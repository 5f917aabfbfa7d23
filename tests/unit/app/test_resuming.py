"""What a command that is given again does to a study that was edited since."""

from pathlib import Path

import pytest

from wazir.app.compose import make_service
from wazir.app.resuming import Resumption
from wazir.domain.edits import StudyEdit, apply
from wazir.domain.metrics import Metric
from wazir.domain.names import StudyName
from wazir.domain.studies import EarlyStopping, StudyStopping
from wazir.jobs.resolution import TuneFlags, resolve
from wazir.storage.memory import MemoryStore

NAME = StudyName("default", "s")
AUTO = StudyStopping(auto_stop_below=0.05)
A_DAY = StudyStopping(max_duration_s=86400.0)
BOTH = StudyStopping(max_duration_s=86400.0, auto_stop_below=0.05)
MEDIAN = EarlyStopping("median")


def job_of(**flags):
    given = {
        "objectives": (Metric("m"),),
        "parameters": ("x=0.0..1.0",),
        "algorithm": "RANDOM_SEARCH",
    }
    return resolve(TuneFlags(("train",), Path("/w"), **given, **flags), None, seed=1)


def resumed(first, edit, again):
    """Return the settings of a study after a job, an edit and another job, and what was said."""
    service = make_service(MemoryStore())
    service.create_study(NAME, job_of(**first).config)
    service.edit_study(NAME, edit, client_id="edit:here:1:1/1")
    study = service.study(NAME)
    resumption = Resumption.of(study, job_of(**again))
    config = apply(study.config, resumption.edit)
    service.edit_study(NAME, resumption.edit, client_id="tune:here:1:1/1")
    repeated = Resumption.of(service.study(NAME), job_of(**again))
    assert apply(config, repeated.edit) == config, "the same command again changes nothing"
    return config, resumption.notes


@pytest.mark.parametrize(
    ("first", "edited", "again", "left"),
    [
        ({}, AUTO, {}, AUTO),
        ({}, AUTO, {"auto_stop": False}, None),
        ({}, BOTH, {"auto_stop": False}, A_DAY),
        ({"auto_stop": False}, AUTO, {"auto_stop": False}, None),
        ({"auto_stop": True}, BOTH, {"auto_stop": True}, BOTH),
        ({"auto_stop": True}, BOTH, {"auto_stop": True, "stop_when": ("after 24h",)}, BOTH),
        ({"auto_stop": True}, BOTH, {"auto_stop": False}, A_DAY),
        ({"stop_when": ("after 2h",)}, AUTO, {"stop_when": ("after 2h",)}, AUTO),
        (
            {"stop_when": ("after 2h",)},
            BOTH,
            {"stop_when": ("after 2h",), "auto_stop": False},
            A_DAY,
        ),
        ({"stop_when": ("after 2h",)}, BOTH, {"stop_when": ("after 24h",)}, A_DAY),
    ],
)
def test_when_an_edited_study_ends(first, edited, again, left):
    config, _ = resumed(first, StudyEdit(study_stopping=edited), again)
    assert config.study_stopping == left


@pytest.mark.parametrize(
    ("again", "left"),
    [
        ({}, MEDIAN),
        ({"early_stopping": "none"}, None),
        ({"early_stopping": "convex"}, "convex"),
    ],
)
def test_the_early_stopping_of_an_edited_study(again, left):
    config, _ = resumed({}, StudyEdit(early_stopping=MEDIAN), again)
    assert config.early_stopping == (EarlyStopping(left) if isinstance(left, str) else left)


def test_what_is_said_of_an_edited_end_is_what_stays():
    old = {"stop_when": ("after 2h",)}
    _, (note,) = resumed(old, StudyEdit(study_stopping=BOTH), old)
    assert "goes on as it is now" in note
    assert "probability" in note
    _, (note,) = resumed(old, StudyEdit(study_stopping=BOTH), {**old, "auto_stop": False})
    assert "after 24h" in note or "after 1d" in note
    assert "probability" not in note
