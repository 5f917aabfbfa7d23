"""A study whose trials' budgets grow, on a simulated clock: the real service, played by workers."""

import heapq
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from unittest.mock import patch

import numpy as np

from stopping.simulation import Setup, improvements
from stopping.tasks import Task, Vector
from wazir.algorithms.gp.bandit import GpBandit
from wazir.algorithms.protocol import Algorithm, Reads, Snapshot, Suggestion
from wazir.app.stopping_rules import make_rule
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import EarlyStopping, StudyConfig
from wazir.domain.trials import Trial
from wazir.service import budgets
from wazir.service.local import local_service
from wazir.service.studies import StudyService
from wazir.stopping.brackets import Standing
from wazir.storage.memory import MemoryStore

PREFIX = "budgets:"
_NAME = StudyName("default", "budgets")
_SPREAD_OF_SPEED = 0.3


class _Pool:
    """Suggests the points of a task in a random order, the same for every rule."""

    reads = Reads.NOTHING

    def __init__(self, task: Task, order: Vector) -> None:
        self._task, self._order = task, order

    def suggest(
        self, config: StudyConfig, snapshot: Snapshot, trial_ids: Sequence[int]
    ) -> list[Suggestion]:
        decode, pool = self._task.encoding.decode, self._task.pool
        return [Suggestion(decode(pool[self._order[i - 1]])) for i in trial_ids]


class _NobodyLeaves:
    def is_gone(self, client_id: str) -> bool:
        return False


def play(task: Task, setup: Setup) -> dict[str, object]:
    """Return what the study cost and found; a trial that goes on pays for the rest alone.

    With the label `last` the optimizer is told the last value of each trial as it is.
    """
    rng = np.random.default_rng([setup.seed, 1])
    order = rng.permutation(len(task.pool))
    pool = setup.order == "random"
    algorithm: Algorithm = _Pool(task, order) if pool else GpBandit()
    service = _service(task, setup, algorithm)
    plain = patch.object(budgets, "comparable_losses", _last_losses)
    with plain if setup.label == "last" else nullcontext():
        return _Player(task, setup, service, rng).play()


def _service(task: Task, setup: Setup, algorithm: Algorithm) -> StudyService:
    service = local_service(
        MemoryStore(),
        new_algorithms=lambda: lambda _: algorithm,
        clock=lambda: 0.0,
        owners=_NobodyLeaves(),
        rule_of=make_rule,
    )
    config = StudyConfig(
        SearchSpace({**task.space.parameters, "budget": Integer(1, task.n_steps)}),
        (Metric("loss", Goal.MINIMIZE),),
        seed=setup.seed,
        planned_n_trials=setup.n_trials,
        early_stopping=EarlyStopping.parse(setup.decider.removeprefix(PREFIX)),
        fidelity="budget",
    )
    service.create_study(_NAME, config)
    return service


def _last_losses(standings: Sequence[Standing]) -> Mapping[int, tuple[float, ...]]:
    return {one.trial_id: one.losses[one.rung] for one in standings}


class _Player:
    """The workers; `running` are (end, trial id) in the order of time."""

    def __init__(
        self, task: Task, setup: Setup, service: StudyService, rng: np.random.Generator
    ) -> None:
        self.task, self.setup, self.service, self.rng = task, setup, service, rng
        self.curves: dict[int, Vector] = {}
        self.speeds: dict[int, float] = {}
        self.trials: dict[int, Trial] = {}
        self.running: list[tuple[float, int]] = []
        self.used: set[int] = set()
        self.path: list[tuple[int, float]] = []
        self.n_steps = 0
        self.n_asked = 0

    def play(self) -> dict[str, object]:
        now = 0.0
        while True:
            self._begin(now)
            if not self.running:
                return self._result(now)
            now, trial_id = heapq.heappop(self.running)
            self._end(self.trials[trial_id])

    def _begin(self, now: float) -> None:
        self.n_asked += 1
        wanted = self.setup.n_workers - len(self.running)
        client = str(self.n_asked)
        for trial in self.service.suggest_trials(
            _NAME, wanted, client, max_n_trials=self.setup.n_trials
        ):
            values = self.service.study(_NAME).config.without_budget(trial.parameters)
            if trial.id not in self.curves:
                self.curves[trial.id] = self.task.curve_of(values, self.used)
                noise = self.rng.standard_normal()
                self.speeds[trial.id] = float(np.exp(_SPREAD_OF_SPEED * noise))
            had = trial.rungs[-1].budget if trial.rungs else 0
            n_steps = int(trial.parameters["budget"]) - int(had)
            self.n_steps += n_steps
            self.trials[trial.id] = trial
            heapq.heappush(self.running, (now + n_steps * self.speeds[trial.id], trial.id))

    def _end(self, trial: Trial) -> None:
        budget = int(trial.parameters["budget"])
        loss = float(self.curves[trial.id][budget - 1])
        self.service.complete_trial(
            _NAME, trial.id, measurement=Measurement({"loss": loss}), attempt=trial.attempt
        )
        if budget == self.task.n_steps and np.isfinite(loss):
            best = min([loss, *(found for _, found in self.path[-1:])])
            self.path.append((self.n_steps, best))

    def _result(self, now: float) -> dict[str, object]:
        finals = {i: curve[-1] for i, curve in self.curves.items() if np.isfinite(curve[-1])}
        best = min(finals, key=finals.__getitem__)
        budgets_had = {i: trial.parameters["budget"] for i, trial in self.trials.items()}
        regrets = [(n, self.task.regret(loss)) for n, loss in self.path]
        all_steps = self.setup.n_trials * self.task.n_steps
        return {
            "all_steps": all_steps,
            "epochs": self.n_steps / all_steps,
            "regret": regrets[-1][1] if regrets else None,
            "wrong": budgets_had[best] < self.task.n_steps,
            "n_stopped": sum(had < self.task.n_steps for had in budgets_had.values()),
            "time": now,
            "path": [(n, round(regret, 6)) for n, regret in improvements(regrets)],
        }
