"""The job's state machine: what each event does, and what holds after any of them."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from wazir.jobs.state import messages as m
from wazir.jobs.state.machine import InvalidJobEventError, JobPhase, JobState, Limits, Phase


def running_job(n_trials: int = 5, **limits) -> JobState:
    state = JobState(Limits(n_trials=n_trials, **limits))
    assert state.start() == [m.AskForTrials(limits.get("n_parallel", 1))]
    return state


def test_a_trial_runs_to_its_end_and_the_next_is_asked_for():
    state = running_job()
    assert state.handle(m.TrialGiven(1, 1)) == [m.Launch(1, 1)]
    assert state.handle(m.AttemptStarted(1)) == []
    assert state.handle(m.AttemptSucceeded(1)) == [m.CompleteTrial(1), m.AskForTrials(1)]


def test_the_job_ends_when_the_study_is_full_and_nothing_runs():
    state = running_job(n_trials=1)
    state.handle(m.TrialGiven(1, 1))
    assert state.handle(m.AttemptSucceeded(1))[-1] == m.AskForTrials(1)
    assert state.handle(m.NothingGiven(n_total=1)) == [m.EndJob(m.Ending.DONE)]
    assert state.phase is JobPhase.ENDED


def test_a_smaller_space_ends_the_job_as_exhausted():
    state = running_job(n_trials=9)
    assert state.handle(m.NothingGiven(n_total=4)) == [m.EndJob(m.Ending.EXHAUSTED)]


def test_the_first_failures_without_any_success_end_the_job():
    state = running_job(n_parallel=2)
    state.handle(m.TrialGiven(1, 1))
    state.handle(m.TrialGiven(2, 1))
    assert m.FailTrial(1, "exit code 1") in state.handle(m.AttemptFailed(1, "exit code 1"))
    state.handle(m.TrialGiven(3, 1))
    done = state.handle(m.AttemptFailed(2, "exit code 1"))
    assert done == [m.FailTrial(2, "exit code 1"), m.StopProgram(3, 30.0)]
    assert state.handle(m.AttemptStopped(3)) == [
        m.ReleaseTrial(3),
        m.EndJob(m.Ending.TOO_MANY_FAILURES),
    ]


@pytest.mark.parametrize(
    "end",
    [
        m.AttemptStopped(1),
        m.AttemptFailed(1, "exit code 143"),
        m.AttemptSucceeded(1),
        m.AttemptDied(1, "the supervisor died"),
    ],
)
def test_a_trial_that_is_stopped_early_counts_with_what_it_has(end):
    state = running_job()
    state.handle(m.TrialGiven(1, 1))
    state.handle(m.AttemptStarted(1))
    assert state.handle(m.StopRequested(1)) == [m.StopProgram(1, 30.0)]
    assert state.handle(m.StopRequested(1)) == []
    assert state.handle(end) == [m.CompleteTrial(1), m.AskForTrials(1)]


def test_a_second_interrupt_kills_a_program_that_is_stopped_early_too():
    state = running_job()
    state.handle(m.TrialGiven(1, 1))
    state.handle(m.StopRequested(1))
    assert state.handle(m.Interrupted()) == []
    assert state.handle(m.Interrupted()) == [m.StopProgram(1, 0.0)]
    assert state.handle(m.AttemptStopped(1)) == [
        m.CompleteTrial(1),
        m.EndJob(m.Ending.INTERRUPTED),
    ]


@pytest.mark.parametrize(("n_succeeded", "n_failures"), [(1, 4), (20, 11)])
def test_after_a_success_more_than_three_and_half_may_fail(n_succeeded, n_failures):
    state = running_job(n_trials=100)
    outcomes = [True] + [True] * (n_succeeded - 1) + [False] * 50
    n_failed = 0
    for trial_id, succeeds in enumerate(outcomes, start=1):
        state.handle(m.TrialGiven(trial_id, 1))
        if succeeds:
            state.handle(m.AttemptSucceeded(trial_id))
            continue
        n_failed += 1
        if m.EndJob(m.Ending.TOO_MANY_FAILURES) in state.handle(m.AttemptFailed(trial_id, "x")):
            break
    expected = next(n for n in range(1, 51) if n > max(3, (n + n_succeeded) / 2))
    assert n_failed == expected


def test_a_given_limit_of_failures_replaces_the_rule_of_thumb():
    state = running_job(n_trials=100, max_failed_trials=2)
    state.handle(m.TrialGiven(1, 1))
    assert m.AskForTrials(1) in state.handle(m.AttemptFailed(1, "x"))
    state.handle(m.TrialGiven(2, 1))
    assert m.EndJob(m.Ending.TOO_MANY_FAILURES) in state.handle(m.AttemptFailed(2, "x"))


def test_a_lost_run_is_tried_again_up_to_the_limit():
    state = running_job(max_attempts=2)
    state.handle(m.TrialGiven(1, 1))
    assert state.handle(m.AttemptDied(1, "gone")) == [m.BeginNextAttempt(1, 1, lost=True)]
    assert state.handle(m.AttemptGranted(1, 2)) == [m.Launch(1, 2)]
    assert m.FailTrial(1, "its worker died 2 times: gone") in state.handle(
        m.AttemptDied(1, "gone")
    )


def test_an_attempt_that_never_started_uses_none_up():
    state = running_job(max_attempts=1)
    state.handle(m.TrialTakenOver(1, 1))
    for attempt in range(1, 6):
        assert m.BeginNextAttempt(1, attempt, lost=False) in state.handle(m.NeverStarted(1))
        state.handle(m.AttemptGranted(1, attempt + 1))
    assert state.runs[1].n_lost == 0


def test_one_interrupt_stops_gently_two_at_once():
    state = running_job(n_parallel=2)
    state.handle(m.TrialGiven(1, 1))
    state.handle(m.TrialGiven(2, 1))
    state.handle(m.AttemptStarted(1))
    assert state.handle(m.Interrupted()) == [m.StopProgram(1, 30.0), m.StopProgram(2, 30.0)]
    assert state.handle(m.Interrupted()) == [m.StopProgram(1, 0.0), m.StopProgram(2, 0.0)]
    assert state.handle(m.AttemptStopped(1)) == [m.ReleaseTrial(1)]
    assert state.handle(m.AttemptSucceeded(2)) == [
        m.CompleteTrial(2),
        m.EndJob(m.Ending.INTERRUPTED),
    ]


def test_a_trial_given_while_the_job_ends_is_put_back():
    state = running_job()
    state.handle(m.Interrupted())
    assert state.handle(m.TrialGiven(1, 1)) == [m.ReleaseTrial(1), m.EndJob(m.Ending.INTERRUPTED)]


def test_an_event_that_does_not_fit_is_refused():
    state = running_job()
    with pytest.raises(InvalidJobEventError):
        state.handle(m.AttemptSucceeded(7))


class JobMachine(RuleBasedStateMachine):
    """A world that follows the instructions, with an adversary who chooses what happens."""

    trials = Bundle("trials")

    def __init__(self):
        super().__init__()
        self.n_parallel = 3
        self.state = JobState(Limits(n_trials=12, n_parallel=self.n_parallel))
        self.n_given = 0
        self.ended: set[int] = set()
        self.launched: dict[int, int] = {}
        self.is_over = False
        self.asked = 0
        self.carry_out(self.state.start())

    def carry_out(self, instructions):
        for order in instructions:
            match order:
                case m.AskForTrials(count):
                    self.asked += count
                case m.Launch(trial_id, attempt):
                    assert self.launched.get(trial_id, 0) < attempt
                    self.launched[trial_id] = attempt
                case m.CompleteTrial(trial_id) | m.FailTrial(trial_id) | m.ReleaseTrial(trial_id):
                    assert trial_id not in self.ended, "a trial ended twice"
                    self.ended.add(trial_id)
                case m.BeginNextAttempt(trial_id, attempt):
                    self.feed(m.AttemptGranted(trial_id, attempt + 1))
                case m.EndJob():
                    assert not self.is_over, "the job ended twice"
                    self.is_over = True

    def feed(self, event):
        self.carry_out(self.state.handle(event))

    def can_get(self, trial_id, *phases):
        run = self.state.runs.get(trial_id)
        return run is not None and run.phase in phases

    @rule(target=trials)
    def give(self):
        if self.asked == 0 or self.is_over:
            return 0
        self.asked -= 1
        if self.n_given == 12:
            self.asked = 0
            self.feed(m.NothingGiven(12))
            return 0
        self.n_given += 1
        self.feed(m.TrialGiven(self.n_given, 1))
        return self.n_given

    @rule(trial=trials)
    def start(self, trial):
        if self.can_get(trial, Phase.GIVEN):
            self.feed(m.AttemptStarted(trial))

    @rule(
        trial=trials,
        event=st.sampled_from(
            [
                m.AttemptSucceeded,
                m.AttemptStopped,
                m.NeverStarted,
                lambda trial: m.AttemptFailed(trial, "exit code 1"),
                lambda trial: m.AttemptDied(trial, "gone"),
            ]
        ),
    )
    def end(self, trial, event):
        if self.can_get(trial, Phase.GIVEN, Phase.RUNNING, Phase.STOPPING, Phase.HALTING):
            self.feed(event(trial))

    @rule(trial=trials)
    def stop_early(self, trial):
        if self.can_get(trial, *Phase):
            self.feed(m.StopRequested(trial))

    @rule(event=st.sampled_from([m.Interrupted(), m.EndRequested(m.Ending.TIMEOUT)]))
    def wish_to_end(self, event):
        if self.n_given > 6 and not self.is_over:
            self.feed(event)

    @invariant()
    def state_is_sound(self):
        self.state.check()
        assert len(self.state.runs) <= self.n_parallel
        assert self.is_over == (self.state.phase is JobPhase.ENDED)
        assert self.ended.isdisjoint(self.state.runs)

    def teardown(self):
        """However it went, ending all programs ends the job."""
        while self.asked and not self.is_over:
            self.give()
        for trial_id in list(self.state.runs):
            self.feed(m.AttemptStopped(trial_id))
        self.feed(m.Interrupted())
        if self.asked and not self.is_over:
            self.asked = 0
            self.feed(m.NothingGiven(self.n_given))
        assert self.is_over


TestJobMachine = JobMachine.TestCase


def test_after_the_end_of_a_trial_it_is_asked_again_whether_there_is_anything_to_do():
    state = running_job(n_parallel=2)
    state.handle(m.TrialGiven(1, 1))
    assert state.handle(m.NothingGiven(n_total=5)) == []
    # A paused trial may be worth going on with by now.
    assert state.handle(m.AttemptSucceeded(1)) == [m.CompleteTrial(1), m.AskForTrials(2)]
    assert state.handle(m.NothingGiven(n_total=5)) == [m.EndJob(m.Ending.DONE)]
