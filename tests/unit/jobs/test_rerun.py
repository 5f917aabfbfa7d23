"""The plan of a rerun, and what happens when it cannot run."""

import pytest

from wazir.domain.errors import JobError
from wazir.domain.metrics import Goal, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import Study, StudyConfig
from wazir.domain.trials import Trial, TrialState
from wazir.jobs.directories import StudyDirectory
from wazir.jobs.executors.protocol import AttemptDied, LaunchFailed
from wazir.jobs.interrupts import Interrupts
from wazir.jobs.program_run import JobContext
from wazir.jobs.provenance import Provenance
from wazir.jobs.rerun import claimed_rerun, planned_rerun, run_in_foreground
from wazir.jobs.spec import JobSpec

TRIAL = Trial(7, {"lr": 0.5}, TrialState.SUCCEEDED, attempt=2, started_at=5.0)


class OneEvent:
    """An executor of which every program ends in the same way."""

    def __init__(self, kind):
        self.kind = kind
        self.launched = []

    def launch(self, launch):
        self.launched.append(launch)

    def poll(self, _):
        [launch] = self.launched
        return [self.kind(launch.trial_id, launch.attempt, "for a reason")]


@pytest.fixture
def job(tmp_path):
    config = StudyConfig(SearchSpace({"lr": Double(0, 1)}), (Metric("rmse", Goal.MINIMIZE),))
    return JobContext(
        study=Study(StudyName("default", "lab"), config),
        spec=JobSpec(command=("train", "{trial}", "{trial_dir}", "{lr}"), cwd=tmp_path),
        folder=StudyDirectory(tmp_path / "lab"),
        provenance=Provenance("3.11", "host", None, None, (), {}),
        clock=lambda: 1000.0,
    )


def test_a_plan_makes_nothing(job, tmp_path):
    run = planned_rerun(job, TRIAL, in_place=False)
    folder = tmp_path / "lab" / "trials" / "7-rerun-1"
    assert run.argv == ["train", "7-rerun-1", str(folder / "out"), "0.5"]
    assert run.environment()["WAZIR_ATTEMPT"] == "1"
    assert list(tmp_path.iterdir()) == []


def test_each_claim_gets_a_folder_of_its_own(job):
    labels = [claimed_rerun(job, TRIAL, in_place=False).label for _ in range(3)]
    assert labels == ["7-rerun-1", "7-rerun-2", "7-rerun-3"]


def test_in_place_it_is_the_next_attempt(job, tmp_path):
    first = claimed_rerun(job, TRIAL, in_place=True)
    assert (first.label, first.attempt_dir.name) == ("7", "3")
    assert first.environment()["WAZIR_RESUME"] == "0", "no program has run there yet"
    (tmp_path / "lab/trials/7/attempts/3/started.json").write_text("{}")
    again = claimed_rerun(job, TRIAL, in_place=True)
    assert again.attempt_dir.name == "4"
    assert again.environment()["WAZIR_RESUME"] == "1"


def test_a_folder_that_cannot_be_made_is_said(job, tmp_path):
    (tmp_path / "lab").write_text("a file")
    with pytest.raises(JobError, match=r"7-rerun-1 cannot be made: Not a directory"):
        claimed_rerun(job, TRIAL, in_place=False)


@pytest.mark.parametrize("kind", [AttemptDied, LaunchFailed])
def test_a_program_that_is_lost_is_an_error(job, kind):
    run = claimed_rerun(job, TRIAL, in_place=False)
    with pytest.raises(JobError, match="for a reason"):
        run_in_foreground(run, OneEvent(kind), lambda _: None, Interrupts())
