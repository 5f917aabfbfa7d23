"""The controller's loop with an executor that only pretends, on a store in memory."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from wazir.app.clock import system_clock
from wazir.app.compose import make_service
from wazir.domain.edits import StudyEdit
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Categorical, Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import EarlyStopping, StudyConfig, StudyState, StudyStopping
from wazir.domain.trials import TrialState
from wazir.jobs.controller import Controller, Ownership
from wazir.jobs.directories import StudyDirectory
from wazir.jobs.executors import protocol as executors
from wazir.jobs.interrupts import Interrupts
from wazir.jobs.metrics.names import REPORT_FILE
from wazir.jobs.news import (
    JobEnded,
    Noted,
    StudyEdited,
    TrialEnded,
    TrialStarted,
    TrialStopping,
    Warned,
)
from wazir.jobs.passing import Passing
from wazir.jobs.program_run import JobContext
from wazir.jobs.provenance import Provenance
from wazir.jobs.spec import JOB_NAMESPACE, JobSpec
from wazir.jobs.state.machine import Limits
from wazir.jobs.state.messages import Ending
from wazir.storage.memory import MemoryStore

NAME = StudyName("default", "s")


@dataclass
class PretendedExecutor:
    """Every program ends at once; `script` says how, by trial id."""

    script: dict[int, str] = field(default_factory=dict)
    attachments: dict[int, executors.Attachment] = field(default_factory=dict)
    launched: list[tuple[int, int]] = field(default_factory=list)
    stopped: list[tuple[int, float]] = field(default_factory=list)
    events: list[executors.Event] = field(default_factory=list)
    running: dict[int, int] = field(default_factory=dict)
    on_poll: object = None

    def launch(self, launch):
        key = (launch.trial_id, launch.attempt)
        self.launched.append(key)
        how = self.script.get(launch.trial_id, "0.5")
        if how == "unusable":
            self.events.append(executors.LaunchFailed(*key, "the folder is gone"))
            return
        self.events.append(executors.AttemptStarted(*key, 1))
        if how == "runs":
            self.running[launch.trial_id] = launch.attempt
        elif how == "dies":
            self.events.append(executors.AttemptDied(*key, "the supervisor is gone"))
        elif how == "fails":
            self.events.append(executors.AttemptExited(*key, exit_status(code=3)))
        else:
            report(launch.attempt_dir, float(how))
            self.events.append(executors.AttemptExited(*key, exit_status()))

    def attach(self, trial_id, attempt, attempt_dir):
        found = self.attachments[trial_id]
        if found in (executors.Attachment.RUNNING, executors.Attachment.EXITED):
            attempt_dir.mkdir(parents=True, exist_ok=True)
            report(attempt_dir, 0.25)
            self.events.append(executors.AttemptExited(trial_id, attempt, exit_status()))
        return found

    def stop(self, trial_id, *, grace_s):
        self.stopped.append((trial_id, grace_s))
        if trial_id in self.running:
            attempt = self.running.pop(trial_id)
            status = exit_status(executors.Outcome.STOPPED)
            self.events.append(executors.AttemptExited(trial_id, attempt, status))

    def poll(self, timeout_s):
        if self.on_poll:
            self.on_poll()
        events, self.events = self.events, []
        return events

    def close(self, *, stop_running=False):
        pass


def exit_status(outcome=executors.Outcome.EXITED, code=0):
    return executors.ExitStatus(outcome, code, None, 0.0, 1.0, 0.1, 1)


def report(attempt_dir: Path, value: float) -> None:
    line = {"t": 1.0, "step": 1, "metrics": {"loss": value}}
    (attempt_dir / REPORT_FILE).write_text(json.dumps(line) + "\n")


class Listener:
    def __init__(self):
        self.news = []

    def tell(self, news):
        self.news.append(news)

    def tick(self):
        pass

    def of(self, kind):
        return [news for news in self.news if isinstance(news, kind)]


class Job:
    def __init__(self, tmp_path, *, early_stopping=None, study_stopping=None, **limits):
        config = StudyConfig(
            SearchSpace({"x": Double(0, 1)}),
            (Metric("loss", Goal.MINIMIZE),),
            algorithm="RANDOM_SEARCH",
            early_stopping=early_stopping,
            study_stopping=study_stopping,
        )
        self.service = make_service(MemoryStore())
        study = self.service.create_study(NAME, config)
        self.executor = PretendedExecutor()
        self.listener = Listener()
        self.gone: set[str] = set()
        self.interrupts = Interrupts()
        ids = iter(range(1, 999))
        self.controller = Controller(
            job=JobContext(
                study=study,
                spec=JobSpec(("prog",), tmp_path),
                folder=StudyDirectory(tmp_path / "s"),
                provenance=Provenance("3", "host", None, None, (), {}),
                clock=system_clock,
            ),
            transport=self.service,
            executor=self.executor,
            limits=Limits(**{"n_trials": 3, **limits}),
            ownership=Ownership(lambda: f"me/{next(ids)}", self.gone.__contains__),
            listener=self.listener,
            interrupts=self.interrupts,
        )

    def run(self):
        return self.controller.run()

    def states(self):
        _, trials = self.service.trials(NAME)
        return [str(trial.state) for trial in trials]


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path)


def test_all_trials_run_and_their_metrics_are_stored(job):
    assert job.run() is Ending.DONE
    assert job.states() == ["SUCCEEDED"] * 3
    stored = job.service.measurements(NAME, [1])[1]
    assert [(m.step, m.metrics["loss"]) for m in stored] == [(1, 0.5)]
    assert job.service.trial(NAME, 1).final_measurement.metrics == {"loss": 0.5}


STRICT = EarlyStopping("threshold", options={"value": 1.0})


def test_a_trial_that_its_rule_stops_counts_with_its_last_value(tmp_path):
    job = Job(tmp_path, early_stopping=STRICT, n_trials=2)
    job.executor.script = {2: "runs"}
    job.executor.on_poll = lambda: (
        job.executor.running and report(tmp_path / "s/trials/2/attempts/1", 7.0)
    )
    assert job.run() is Ending.DONE
    trial = job.service.trial(NAME, 2)
    assert job.executor.stopped == [(2, 30.0)]
    assert trial.state is TrialState.SUCCEEDED
    assert trial.final_measurement.metrics == {"loss": 7.0}
    assert "its best value at step 1 is 7; 1 was asked for" in trial.stopping_reason
    assert [news.trial.id for news in job.listener.of(TrialStopping)] == [2]


def test_somebody_else_may_stop_a_trial(tmp_path):
    job = Job(tmp_path, n_trials=2)
    job.executor.script = {1: "runs"}

    def ask():
        if job.executor.running and job.states() == ["ACTIVE"]:
            report(tmp_path / "s/trials/1/attempts/1", 0.75)
            job.service.request_stop(NAME, 1, "the boss said so")

    job.executor.on_poll = ask
    assert job.run() is Ending.DONE
    trial = job.service.trial(NAME, 1)
    assert (trial.state, trial.stopping_reason) == (TrialState.SUCCEEDED, "the boss said so")
    assert trial.final_measurement.metrics == {"loss": 0.75}


@pytest.mark.parametrize("attachment", [executors.Attachment.RUNNING, executors.Attachment.DIED])
def test_a_new_runner_ends_the_trial_that_the_old_one_was_stopping(tmp_path, attachment):
    job = Job(tmp_path, n_trials=1)
    job.service.suggest_trials(NAME, 1, "old")
    job.service.add_measurements(NAME, 1, [Measurement({"loss": 3.0}, step=4)])
    job.service.request_stop(NAME, 1, "hopeless")
    job.gone.add("old")
    job.executor.attachments = {1: attachment}
    assert job.run() is Ending.DONE
    trial = job.service.trial(NAME, 1)
    assert (trial.state, trial.stopping_reason) == (TrialState.SUCCEEDED, "hopeless")
    assert job.executor.launched == []


def test_a_study_may_end_by_its_own_rule(tmp_path):
    rule = StudyStopping(max_n_trials_without_progress=2)
    job = Job(tmp_path, study_stopping=rule, n_trials=9)
    assert job.run() is Ending.OWN_RULE
    # The first value is progress, the next two are equal to it.
    assert job.states() == ["SUCCEEDED"] * 3
    texts = [news.text for news in job.listener.of(Noted)]
    assert "no new trials: no improvement in the last 2 trials" in texts


@pytest.mark.parametrize("at_once", [False, True])
def test_running_trials_end_by_themselves_unless_they_shall_end_at_once(tmp_path, at_once):
    rule = StudyStopping(max_n_trials_without_progress=2, stop_as_soon_as_possible=at_once)
    job = Job(tmp_path, study_stopping=rule, n_trials=9, n_parallel=2)
    job.executor.script = {1: "runs"}

    def end():
        if job.executor.running:
            report(tmp_path / "s/trials/1/attempts/1", 0.9)
            if not at_once and job.states()[1:] == ["SUCCEEDED"] * 3:
                job.executor.running.clear()
                job.executor.events.append(executors.AttemptExited(1, 1, exit_status()))

    job.executor.on_poll = end
    assert job.run() is Ending.OWN_RULE
    trial = job.service.trial(NAME, 1)
    assert trial.state is TrialState.SUCCEEDED
    assert trial.final_measurement.metrics == {"loss": 0.9}
    assert bool(trial.stopping_reason) is at_once
    assert bool(job.executor.stopped) is at_once


def test_where_the_metric_was_found_is_said_once(job):
    job.run()
    texts = [news.text for news in job.listener.of(Noted)]
    assert texts == ["loss is read from wazir.reporting.report()"]


def test_what_each_run_was_is_recorded(job, tmp_path):
    job.run()
    record = json.loads((tmp_path / "s/trials/2/attempts/1/run.json").read_text())
    assert record["command"][:2] == ["prog", "--x"]
    assert record["environment"]["WAZIR_TRIAL_ID"] == "2"
    assert record["recorded_variables"] == {}


def test_failures_have_reasons_and_count(tmp_path):
    job = Job(tmp_path, n_trials=4, max_failed_trials=9)
    job.executor.script = {1: "fails", 2: "nan"}
    assert job.run() is Ending.DONE
    reasons = [job.service.trial(NAME, i).infeasible_reason for i in (1, 2)]
    assert reasons == ["exit code 3", "loss is NaN at the end"]
    assert job.states()[2:] == ["SUCCEEDED", "SUCCEEDED"]


def test_a_folder_that_cannot_be_used_ends_the_job_and_blames_no_trial(job):
    job.executor.script = {2: "unusable"}
    assert job.run() is Ending.UNUSABLE_FOLDER
    assert job.states() == ["SUCCEEDED", "REQUESTED"]
    assert "the folder is gone" in job.listener.of(Warned)[0].text


def test_a_run_that_died_is_tried_again_in_the_same_directory(tmp_path):
    job = Job(tmp_path, n_trials=1, max_attempts=2)
    job.executor.script = {1: "dies"}
    assert job.run() is Ending.TOO_MANY_FAILURES
    assert job.executor.launched == [(1, 1), (1, 2)]
    trial = job.service.trial(NAME, 1)
    assert (trial.state, trial.infeasible_reason) == (
        TrialState.INFEASIBLE,
        "its worker died 2 times: the supervisor is gone",
    )


@pytest.mark.parametrize(
    ("found", "launches", "attempt", "n_lost"),
    [
        (executors.Attachment.RUNNING, [], 1, 0),
        (executors.Attachment.EXITED, [], 1, 0),
        (executors.Attachment.DIED, [(1, 2)], 2, 1),
        (executors.Attachment.NEVER_STARTED, [(1, 2)], 2, 0),
    ],
)
def test_the_trial_of_a_dead_runner_is_taken_over(tmp_path, found, launches, attempt, n_lost):
    job = Job(tmp_path, n_trials=1)
    job.service.suggest_trials(NAME, 1, "dead runner")
    job.gone.add("dead runner")
    job.executor.attachments = {1: found}
    assert job.run() is Ending.DONE
    assert job.executor.launched == launches
    trial = job.service.trial(NAME, 1)
    assert (str(trial.state), trial.attempt, trial.n_lost_attempts) == (
        "SUCCEEDED",
        attempt,
        n_lost,
    )
    is_found = found in (executors.Attachment.RUNNING, executors.Attachment.EXITED)
    assert [news.found_running for news in job.listener.of(TrialStarted)] == [is_found]


def test_the_trial_of_a_living_runner_is_left_alone(tmp_path):
    job = Job(tmp_path, n_trials=2)
    job.service.suggest_trials(NAME, 1, "other runner")
    assert job.run() is Ending.DONE
    assert job.states() == ["ACTIVE", "SUCCEEDED"]


def test_an_interrupt_puts_running_trials_back(tmp_path):
    job = Job(tmp_path, n_parallel=2)
    job.executor.script = {1: "runs", 2: "runs"}
    n_polls = iter(range(99))

    def interrupt():
        job.interrupts.count = 1 if next(n_polls) > 2 else 0

    job.executor.on_poll = interrupt
    assert job.run() is Ending.INTERRUPTED
    assert job.states() == ["REQUESTED", "REQUESTED"]
    assert sorted(job.executor.stopped) == [(1, 30.0), (2, 30.0)]


def test_a_study_that_is_stopped_elsewhere_ends_the_job(tmp_path):
    job = Job(tmp_path)
    job.executor.script = {2: "runs"}

    def stop_study():
        if len(job.executor.launched) == 2:
            job.service.set_study_state(NAME, StudyState.INACTIVE)

    job.executor.on_poll = stop_study
    assert job.run() is Ending.STOPPED
    assert job.states() == ["SUCCEEDED", "REQUESTED"]


def test_a_study_that_is_deleted_elsewhere_ends_the_job(tmp_path):
    job = Job(tmp_path)
    job.executor.script = {1: "runs"}

    def delete_study():
        if job.executor.running and job.service.studies("default"):
            job.service.delete_study(NAME)

    job.executor.on_poll = delete_study
    assert job.run() is Ending.STOPPED
    assert [stopped for stopped, _ in job.executor.stopped] == [1]


def test_a_study_that_is_deleted_before_it_is_asked_ends_the_job(tmp_path):
    job = Job(tmp_path)
    job.executor.on_poll = lambda: (
        job.service.delete_study(NAME) if job.service.studies("default") else None
    )
    assert job.run() is Ending.STOPPED


def test_a_trial_that_someone_else_ended_stays_as_they_left_it(tmp_path):
    job = Job(tmp_path, n_trials=1)

    def complete():
        if job.executor.launched and job.states() == ["ACTIVE"]:
            job.service.complete_trial(NAME, 1, infeasible_reason="I know better")

    job.executor.on_poll = complete
    job.run()
    assert job.service.trial(NAME, 1).infeasible_reason == "I know better"
    assert [str(news.trial.state) for news in job.listener.of(TrialEnded)] == ["INFEASIBLE"]
    assert "changed by someone else" in job.listener.of(Warned)[0].text


def test_a_full_study_has_nothing_to_do(tmp_path):
    job = Job(tmp_path, n_trials=1)
    assert job.run() is Ending.DONE
    again = Job(tmp_path, n_trials=1)
    again.controller.transport = job.service
    assert again.run() is Ending.DONE
    assert again.executor.launched == []


def test_values_that_a_better_source_replaces_do_not_stay(tmp_path):
    """The program prints a value without a step, then reports properly."""
    job = Job(tmp_path, n_trials=1)
    job.executor.script = {1: "runs"}
    attempt_dir = tmp_path / "s/trials/1/attempts/1"
    steps = iter(range(999))

    def go_on():
        if 1 not in job.executor.running:
            return
        stored = job.service.measurements(NAME, [1])[1]
        if next(steps) == 0:
            (attempt_dir / "lines").write_text("1.0\tloss=99\n2.0\tloss=98\n")
        elif stored and stored[-1].metrics["loss"] >= 98:
            line = {"t": 3.0, "step": 7, "metrics": {"loss": 0.5}}
            (attempt_dir / REPORT_FILE).write_text(json.dumps(line) + "\n")
            attempt = job.executor.running.pop(1)
            job.executor.events.append(executors.AttemptExited(1, attempt, exit_status()))

    job.executor.on_poll = go_on
    assert job.run() is Ending.DONE
    stored = job.service.measurements(NAME, [1])[1]
    assert [(m.step, m.metrics["loss"]) for m in stored] == [(7, 0.5)]


# -- edits while the job runs ------------------------------------------------------------------


def test_an_edit_of_the_running_study_is_taken_up(tmp_path):
    job = Job(tmp_path, n_trials=1)
    program = JobSpec(("prog",), tmp_path, passing={"fast": Passing.FLAG})

    def edit():
        job.executor.on_poll = None
        job.service.edit_study(
            NAME,
            StudyEdit(
                parameters={"x": Double(2, 3), "fast": Categorical(["true"])},
                old_values={"fast": "true"},
                planned_n_trials=3,
            ),
            metadata={JOB_NAMESPACE: program.to_metadata()},
        )

    job.executor.on_poll = edit
    assert job.run() is Ending.DONE
    started = job.listener.of(TrialStarted)
    assert [2 <= news.trial.parameters["x"] <= 3 for news in started] == [False, True, True]
    assert started[-1].command[-1] == "--fast"
    (news,) = job.listener.of(StudyEdited)
    assert news.limits.n_trials == 3
    assert "x: was DOUBLE 0 to 1, is DOUBLE 2 to 3" in news.changes


def test_another_program_is_said(tmp_path):
    job = Job(tmp_path, n_trials=2)

    def edit():
        job.executor.on_poll = None
        other = JobSpec(("other",), tmp_path)
        metadata = {JOB_NAMESPACE: other.to_metadata()}
        job.service.edit_study(NAME, StudyEdit(), metadata=metadata)

    job.executor.on_poll = edit
    assert job.run() is Ending.DONE
    assert [news.command[0] for news in job.listener.of(TrialStarted)] == ["prog", "other"]
    assert [news.changes for news in job.listener.of(StudyEdited)] == [
        ("the program's command changed",)
    ]


def test_the_end_names_the_optimal_trials(tmp_path):
    job = Job(tmp_path, n_trials=2)
    job.executor.script = {2: "0.25"}
    job.run()
    (ended,) = job.listener.of(JobEnded)
    assert [trial.id for trial in ended.optimal] == [2]


def test_fewer_trials_end_the_job(tmp_path):
    job = Job(tmp_path, n_trials=5)

    def lower():
        if job.service.counts(NAME).total == 2:
            job.service.edit_study(NAME, StudyEdit(planned_n_trials=2))

    job.executor.on_poll = lower
    assert job.run() is Ending.DONE
    assert job.service.counts(NAME).total == 2


def test_a_job_that_waits_for_its_last_trial_goes_on_when_there_are_more(tmp_path, monkeypatch):
    monkeypatch.setattr("wazir.jobs.controller._LOOK_AT_STUDY_S", 0.0)
    job = Job(tmp_path, n_trials=1, n_parallel=2)
    job.executor.script = {1: "runs"}

    def more():
        job.service.edit_study(NAME, StudyEdit(planned_n_trials=2))
        job.executor.on_poll = finish_the_first

    def finish_the_first():
        if job.service.counts(NAME).succeeded and 1 in job.executor.running:
            attempt = job.executor.running.pop(1)
            failed = executors.AttemptExited(1, attempt, exit_status(code=3))
            job.executor.events.append(failed)

    job.executor.on_poll = more
    job.run()
    assert job.service.counts(NAME).total == 2
    assert job.service.trial(NAME, 2).state is TrialState.SUCCEEDED
