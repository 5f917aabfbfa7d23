"""A study on a simulated clock: workers, an order of configurations, and somebody who stops trials."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from stopping.rules import Decider, make_decider
from stopping.tasks import Task, Vector
from wazir.algorithms.gp.bandit import GpBandit
from wazir.algorithms.protocol import SUGGESTION_NAMESPACE, Snapshot
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.parameters import ParameterValue
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState
from wazir.stopping.curves import Curve
from wazir.stopping.ending import expected_end

LABELS = ("expected", "last", "true", "dropped")
_SPREAD_OF_SPEED = 0.3


@dataclass(frozen=True)
class Setup:
    """One study to simulate. `order` is random or wazir; `label` is what a stopped trial counts."""

    decider: str
    order: str = "wazir"
    n_workers: int = 1
    n_trials: int = 100
    seed: int = 0
    label: str = "expected"


@dataclass
class _Run:
    trial: Trial
    losses: Vector
    seconds_per_step: float
    n: int = 0
    stopped: bool = False

    def curve(self, *, ended: bool = False) -> Curve:
        x = np.arange(1.0, self.n + 1.0)
        y = np.where(np.isfinite(self.losses[: self.n]), self.losses[: self.n], np.nan)
        return Curve(self.trial.id, x, y, is_finished=ended and not self.stopped)


@dataclass
class Study:
    """What a simulation holds; `run` plays it to its end."""

    task: Task
    setup: Setup
    runs: dict[int, _Run] = field(default_factory=dict)
    completed: list[Trial] = field(default_factory=list)
    curves: dict[int, Curve] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    path: list[tuple[int, float]] = field(default_factory=list)
    n_steps: int = 0

    def __post_init__(self) -> None:
        self._decider: Decider = make_decider(
            self.setup.decider, self.task.n_steps, self.setup.seed
        )
        self._config = StudyConfig(
            self.task.space, (Metric("loss", Goal.MINIMIZE),), seed=self.setup.seed
        )
        self._bandit = GpBandit()
        self._rng = np.random.default_rng([self.setup.seed, 1])
        self._order = self._rng.permutation(len(self.task.pool))
        self._encoding = self.task.encoding
        self._n_begun = 0
        self._finals: list[tuple[float, bool]] = []

    def run(self) -> dict[str, object]:
        """Return what the study cost and found."""
        clock: list[tuple[float, int]] = []
        for _ in range(min(self.setup.n_workers, self.setup.n_trials)):
            self._begin(clock, 0.0)
        now = 0.0
        while clock:
            now, trial_id = heapq.heappop(clock)
            run = self.runs[trial_id]
            if self._step(run):
                heapq.heappush(clock, (now + run.seconds_per_step, trial_id))
            elif self._n_begun < self.setup.n_trials:
                self._begin(clock, now)
        return self._result(now)

    def _begin(self, clock: list[tuple[float, int]], now: float) -> None:
        self._n_begun += 1
        trial_id = self._n_begun
        values, explanation = self._next(trial_id)
        metadata = {SUGGESTION_NAMESPACE: explanation}
        trial = Trial(trial_id, values, TrialState.ACTIVE, metadata=metadata)
        speed = float(np.exp(_SPREAD_OF_SPEED * self._rng.standard_normal()))
        self.runs[trial_id] = _Run(trial, self.task.curve_of(values, self.used), speed)
        self._decider.begin(trial_id)
        heapq.heappush(clock, (now + speed, trial_id))

    def _next(self, trial_id: int) -> tuple[Mapping[str, ParameterValue], Mapping[str, str]]:
        if self.setup.order == "random":
            return self._encoding.decode(self.task.pool[self._order[trial_id - 1]]), {}
        pending = [run.trial for run in self.runs.values()]
        snapshot = Snapshot(trial_id, tuple(self.completed), tuple(pending))
        (made,) = self._bandit.suggest(self._config, snapshot, [trial_id])
        return made.parameters, dict(made.explanation)

    def _step(self, run: _Run) -> bool:
        """Let a trial do one step and return whether it goes on."""
        run.n += 1
        self.n_steps += 1
        is_over = run.n == self.task.n_steps
        if not is_over:
            own = run.curve()
            others = [*self.curves.values()]
            others += [other.curve() for other in self.runs.values() if other is not run]
            run.stopped = self._decider.stops(own, [c for c in others if len(c.x)])
        if is_over or run.stopped:
            self._end(run)
        return not (is_over or run.stopped)

    def _end(self, run: _Run) -> None:
        trial_id, loss = run.trial.id, float(run.losses[run.n - 1])
        del self.runs[trial_id]
        self._decider.end(trial_id, loss, stopped=run.stopped)
        self._finals.append((float(run.losses[-1]), run.stopped))
        if not run.stopped and np.isfinite(loss):
            best = min([loss, *(found for _, found in self.path[-1:])])
            self.path.append((self.n_steps, best))
        label = self._label(run, loss) if run.stopped else loss
        self.curves[trial_id] = run.curve(ended=True)
        if label is None:
            return
        ended = Trial(
            trial_id,
            run.trial.parameters,
            TrialState.SUCCEEDED if np.isfinite(label) else TrialState.INFEASIBLE,
            final_measurement=Measurement({"loss": label}) if np.isfinite(label) else None,
            metadata=run.trial.metadata,
        )
        self.completed.append(ended)

    def _label(self, run: _Run, loss: float) -> float | None:
        """Return what a stopped trial counts for the optimizer, None for nothing."""
        if self.setup.label == "dropped":
            return None
        if self.setup.label == "true":
            return float(run.losses[-1])
        if self.setup.label == "last" or not np.isfinite(loss):
            return loss
        expected = expected_end(run.curve(), list(self.curves.values()))
        return loss if expected is None else expected

    def _result(self, now: float) -> dict[str, object]:
        finals = np.array([final if np.isfinite(final) else np.inf for final, _ in self._finals])
        best = int(np.argmin(finals))
        regrets = [(n, self.task.regret(loss)) for n, loss in self.path]
        return {
            "all_steps": self.setup.n_trials * self.task.n_steps,
            "epochs": self.n_steps / (self.setup.n_trials * self.task.n_steps),
            "regret": regrets[-1][1] if regrets else None,
            "wrong": bool(self._finals[best][1]),
            "n_stopped": sum(stopped for _, stopped in self._finals),
            "time": now,
            "path": [(n, round(regret, 6)) for n, regret in improvements(regrets)],
        }


def improvements(path: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return the steps at which the regret became smaller."""
    kept: list[tuple[int, float]] = []
    for n, regret in path:
        if not kept or regret < kept[-1][1]:
            kept.append((n, regret))
    return kept
