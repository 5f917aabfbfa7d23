"""The end of a job: what decides its exit code, advice, and the command that runs more trials."""

import shlex

import pytest

from wazir.analysis.advice import Advice
from wazir.app.compose import make_service
from wazir.app.settings import StorageLocation
from wazir.app.tuning import TuningStudy
from wazir.cli.outcome import end_text_of, n_usable_trials, with_trials
from wazir.domain.edits import StudyEdit
from wazir.domain.metrics import Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig, StudyStopping
from wazir.jobs.spec import JOB_NAMESPACE, JobSpec
from wazir.jobs.state.messages import Ending
from wazir.storage.memory import MemoryStore

ARGV = ("wazir", "tune", "--trials", "60", "--", "prog")
AUTO = StudyStopping(auto_stop_below=0.05)


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (
            "wazir tune -p x=0..1 -- prog --trials 3",
            "wazir tune -p x=0..1 --trials 40 -- prog --trials 3",
        ),
        ("wazir tune --trials 30 --seed 1 -- prog", "wazir tune --seed 1 --trials 40 -- prog"),
        ("wazir tune --trials=30 -- prog", "wazir tune --trials 40 -- prog"),
        ("wazir tune job.yaml", "wazir tune job.yaml --trials 40"),
        ("wazir tune --auto-stop -- p", "wazir tune --trials 40 --no-auto-stop -- p"),
        (
            "wazir tune --auto-stop-below 9% -- p",
            "wazir tune --auto-stop-below 9% --trials 40 --no-auto-stop -- p",
        ),
    ],
)
def test_more_trials(given, made):
    assert " ".join(with_trials(given.split(), 40, auto_stop_off="--auto-stop" in given)) == made


def test_where_the_study_does_not_end_by_advice_the_words_stay():
    given = ["wazir", "tune", "--auto-stop", "--trials", "3", "--", "p"]
    made = with_trials(given, 40, auto_stop_off=False)
    assert " ".join(made) == "wazir tune --auto-stop --trials 40 -- p"


class Job:
    """A job on a study in memory whose advice costs nothing and is counted."""

    def __init__(self, tmp_path, monkeypatch, **config):
        service = make_service(MemoryStore())
        space = SearchSpace({"x": Double(0, 1)})
        metadata = {JOB_NAMESPACE: JobSpec(("prog",), tmp_path).to_metadata()}
        study = service.create_study(
            StudyName("default", "s"),
            StudyConfig(space, (Metric("m"),), algorithm="RANDOM_SEARCH", **config),
            metadata=metadata,
        )
        self.n_advised = 0
        monkeypatch.setattr(service, "advise", self.advise)
        self.tuning = TuningStudy(service, study, StorageLocation(tmp_path / "w.db"), is_new=True)
        self.add(20, {"m": 0.5})

    def add(self, count, metrics):
        name = self.tuning.study.name
        for number in range(count):
            self.tuning.service.add_trial(
                name, {"x": (number + 1) / 50}, measurement=Measurement(metrics)
            )

    def advise(self, name):
        self.n_advised += 1
        return Advice(10, 0.1, 20, probability=0.03, expected_improvement=0.1)

    def edit(self, **settings):
        self.tuning.service.edit_study(self.tuning.study.name, StudyEdit(**settings))

    def more_command(self, ending):
        text = end_text_of(self.tuning.reloaded(), ending, ARGV)
        found = [
            line.split("to run them")[1] for line in text.splitlines() if "to run them" in line
        ]
        return shlex.split(found[0]) if found else None


def test_the_command_after_an_end_that_an_edit_asked_for_turns_it_off(tmp_path, monkeypatch):
    job = Job(tmp_path, monkeypatch, planned_n_trials=30)
    # While it ran: the study that the job began with knows nothing of it.
    job.edit(study_stopping=AUTO, planned_n_trials=60)
    more = ["wazir", "tune", "--trials", "60", "--no-auto-stop", "--", "prog"]
    assert job.more_command(Ending.OWN_RULE) == more
    job.add(35, {"m": 0.4})
    assert job.more_command(Ending.OWN_RULE)[3] == "65"


def test_the_command_after_all_trials(tmp_path, monkeypatch):
    job = Job(tmp_path, monkeypatch, planned_n_trials=20)
    assert job.more_command(Ending.DONE) == ["wazir", "tune", "--trials", "30", "--", "prog"]


@pytest.mark.parametrize("ending", Ending)
def test_advice_is_asked_for_where_it_is_shown(tmp_path, monkeypatch, ending):
    job = Job(tmp_path, monkeypatch)
    text = end_text_of(job.tuning, ending, ARGV)
    is_shown = ending in (Ending.DONE, Ending.EXHAUSTED, Ending.OWN_RULE)
    assert (job.n_advised, "Is it worth going on?" in text) == (is_shown, is_shown)


def test_trials_that_can_be_used_are_counted(tmp_path, monkeypatch):
    job = Job(tmp_path, monkeypatch)
    assert n_usable_trials(job.tuning) == 20
    job.tuning.service.add_trial(job.tuning.study.name, {"x": 0.9}, infeasible_reason="bad")
    job.edit(parameters={"x": Double(0, 0.2)})
    assert n_usable_trials(job.tuning.reloaded()) == 10
    assert job.n_advised == 0
