"""How far a job is: its running trials, the best so far, the time left."""

import math
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from wazir.analysis.advice import Advice
from wazir.domain.best import optimal_trials
from wazir.domain.metrics import Metric
from wazir.domain.trials import Trial, TrialState, is_safe
from wazir.jobs.news import (
    JobEnded,
    JobStarted,
    Measured,
    StudyEdited,
    TrialEnded,
    TrialStarted,
)

LaterNews: TypeAlias = TrialStarted | Measured | TrialEnded | StudyEdited | JobEnded
"""What can only come when a job has started."""

N_RECENT_VALUES = 20
N_RECENT_TRIALS = 5


@dataclass
class RunningTrial:
    """A trial whose program runs.

    Attributes:
        trial: the trial as it was when its program was started.
        since: Unix seconds at which its program was started.
        values: the last values of the first objective metric, NaN and infinities among them.
        latest: the last value of each objective metric.
        step: the step of the last value, None if the program counts none.
    """

    trial: Trial
    since: float
    values: deque[float] = field(default_factory=lambda: deque(maxlen=N_RECENT_VALUES))
    step: int | None = None
    latest: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class EndedTrial:
    """A trial that has ended, is paused, or was put back to be run again.

    Attributes:
        trial: the trial as stored.
        value: the last value of the first objective metric, None without one.
        duration_s: how long its program ran, None if this is not known.
        values: the last values that were reported while it ran.
        is_best: whether it was the best so far when it ended; with several objectives whether no
            other one had beaten it.
        is_safe: whether it keeps the limits of the safety metrics.
    """

    trial: Trial
    value: float | None
    duration_s: float | None = None
    values: tuple[float, ...] = ()
    is_best: bool = False
    is_safe: bool = True


class JobProgress:
    """What the news of a job add up to; `now` is always in Unix seconds.

    Counts begin with what the study held and grow by the trials of this runner. `recent` holds
    the last trials that SUCCEEDED or were paused. While none has succeeded, `best` is the paused
    one with the best value at the largest budget. `advice` is the last that was given.
    """

    def __init__(self, news: JobStarted, now: float) -> None:
        self.study = news.study
        self.limits = news.limits
        self.counts = news.counts
        self.objectives = news.study.config.objectives
        self.started_at = now
        self.optimal = list(news.optimal)
        self.paused = set(news.paused)
        self._paused_trials: dict[int, Trial] = {}
        self.running: dict[int, RunningTrial] = {}
        self.recent: deque[EndedTrial] = deque(maxlen=N_RECENT_TRIALS)
        self.n_stopped_early = 0
        self.advice: Advice | None = None
        self._timed_s = 0.0
        self._n_timed = 0

    def edited(self, news: StudyEdited) -> None:
        """The study was edited."""
        self.study, self.limits = news.study, news.limits
        self.optimal = list(news.optimal)
        config = news.study.config
        inside = {id: trial for id, trial in self._paused_trials.items() if config.contains(trial)}
        self._paused_trials = inside

    def ended(self, news: JobEnded) -> None:
        """The job has ended; what was paused may have ended too, without an event."""
        self.counts = news.counts
        self.optimal = list(news.optimal)

    @property
    def objective(self) -> Metric:
        """The first objective."""
        return self.objectives[0]

    @property
    def best(self) -> Trial | None:
        """The best trial so far; None without one, or with several objectives."""
        if len(self.objectives) > 1:
            return None
        return self.optimal[0] if self.optimal else self._leading_paused

    @property
    def best_value(self) -> float | None:
        """The objective value of the best trial so far."""
        return None if self.best is None else self._value(self.best)

    @property
    def leaders(self) -> set[int]:
        """Ids of the optimal trials; with one objective the one with the best value.

        That is a running one by its last value, or the best.
        """
        if len(self.objectives) > 1:
            return {trial.id for trial in self.optimal}
        leader, best = None if self.best is None else self.best.id, self.best_value
        for trial_id, run in self.running.items():
            value = run.values[-1] if run.values else math.nan
            if math.isfinite(value) and (best is None or self.objective.goal.better(value, best)):
                leader, best = trial_id, value
        return set() if leader is None else {leader}

    def trial_started(self, news: TrialStarted, now: float) -> None:
        """A program runs; one that was found running may have begun long ago."""
        self.paused.discard(news.trial.id)
        began = news.trial.started_at if news.found_running else None
        self.running[news.trial.id] = RunningTrial(news.trial, now if began is None else began)

    def measured(self, news: Measured) -> None:
        """A running trial reported values."""
        run, metrics = self.running.get(news.trial_id), news.measurement.metrics
        if run is None:
            return
        wanted = [metric.name for metric in self.objectives if metric.name in metrics]
        run.latest.update((name, metrics[name]) for name in wanted)
        if self.objective.name in metrics:
            run.values.append(metrics[self.objective.name])
            run.step = news.measurement.step

    def trial_ended(self, news: TrialEnded, now: float) -> EndedTrial:
        """Count a trial and return what is known of it."""
        trial, run = news.trial, self.running.pop(news.trial.id, None)
        duration_s = None if run is None else max(0.0, now - run.since)
        values = () if run is None else tuple(run.values)
        has_value = trial.state is TrialState.SUCCEEDED or trial.is_paused
        value = self._value(trial) if has_value else None
        config = self.study.config
        is_best = trial in optimal_trials([*self.optimal, trial], config)
        ended = EndedTrial(
            trial, value, duration_s, values, is_best, is_safe(trial, config.metrics)
        )
        if trial.state.is_final:
            self._paused_trials.pop(trial.id, None)
            self._count(ended)
        elif trial.is_paused:
            self._pause(ended)
        return ended

    def _pause(self, ended: EndedTrial) -> None:
        self.paused.add(ended.trial.id)
        self.recent.append(ended)
        # The latest stands last: of equal ones the first leads.
        self._paused_trials.pop(ended.trial.id, None)
        self._paused_trials[ended.trial.id] = ended.trial

    @property
    def _leading_paused(self) -> Trial | None:
        """The paused trial with the best value at the largest budget."""
        budget = max((trial.rungs[-1].budget for trial in self._paused_trials.values()), default=0)
        leader, best = None, None
        for trial in self._paused_trials.values():
            value = self._value(trial)
            if trial.rungs[-1].budget < budget or value is None:
                continue
            if best is None or self.objective.goal.better(value, best):
                leader, best = trial, value
        return leader

    def _count(self, ended: EndedTrial) -> None:
        self.n_stopped_early += bool(ended.trial.stopping_reason)
        if ended.trial.state is TrialState.SUCCEEDED:
            self.counts = replace(self.counts, succeeded=self.counts.succeeded + 1)
            self.recent.append(ended)
        else:
            self.counts = replace(self.counts, infeasible=self.counts.infeasible + 1)
        if ended.is_best:
            self.optimal = optimal_trials([*self.optimal, ended.trial], self.study.config)
        if ended.duration_s is not None:
            self._timed_s += ended.duration_s
            self._n_timed += 1

    def elapsed_s(self, now: float) -> float:
        """Return how long this runner is at work."""
        return max(0.0, now - self.started_at)

    def time_left_s(self, now: float) -> float | None:
        """Return the expected time to the end of the job, None while nothing is known.

        The trials to come take as long as those that ended did on average, spread over the
        places there are. Where budgets grow, that says nothing.
        """
        if self.study.config.fidelity is not None:
            return None
        n_left = self.limits.n_trials - self.counts.completed
        if n_left <= 0 or self._n_timed == 0:
            return None
        mean_s = self._timed_s / self._n_timed
        done_s = sum(min(max(0.0, now - run.since), mean_s) for run in self.running.values())
        return max(0.0, n_left * mean_s - done_s) / min(self.limits.n_parallel, n_left)

    def _value(self, trial: Trial) -> float | None:
        last = trial.last_measurement
        return None if last is None else last.value(self.objective.name)
