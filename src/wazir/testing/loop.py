"""A study in memory with which an algorithm is run, trial by trial."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from wazir.algorithms.protocol import Algorithm, PriorStudy, Reads, Snapshot, Suggestion
from wazir.domain.edits import StudyEdit, apply
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.parameters import ParameterValue
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState

Objective = Callable[[Mapping[str, ParameterValue]], float]

METRIC = "loss"
N_PLANNED = 20


def smooth_loss(values: Mapping[str, ParameterValue]) -> float:
    """Return a loss that any values have: numbers near 1 and short texts are good."""
    total = 0.0
    for value in values.values():
        number = len(value) if isinstance(value, str) else float(value)
        total += math.log1p(abs(number - 1.0))
    return total


@dataclass
class Loop:
    """A study in memory: suggests, evaluates and remembers."""

    algorithm: Algorithm
    config: StudyConfig
    completed: list[Trial] = field(default_factory=list)
    pending: list[Trial] = field(default_factory=list)
    priors: tuple[PriorStudy, ...] = ()

    @property
    def snapshot(self) -> Snapshot:
        """What the algorithm is given: nothing if it reads nothing."""
        if self.algorithm.reads is Reads.NOTHING:
            return Snapshot()
        return Snapshot(0, tuple(self.completed), tuple(self.pending), self.priors)

    @property
    def next_id(self) -> int:
        """The id of the next trial."""
        return len(self.completed) + len(self.pending) + 1

    def suggest(self, count: int = 1) -> list[Suggestion]:
        """Return suggestions for the next trials without making these."""
        ids = range(self.next_id, self.next_id + count)
        return self.algorithm.suggest(self.config, self.snapshot, ids)

    def complete(self, parameters: Mapping[str, ParameterValue], value: float | None) -> None:
        """Add a completed trial, an infeasible one if `value` is None."""
        final = None if value is None else Measurement({METRIC: value})
        state = TrialState.INFEASIBLE if value is None else TrialState.SUCCEEDED
        trial = Trial(self.next_id, dict(parameters), state, final_measurement=final)
        self.completed.append(trial)

    def wait_for(self, parameters: Mapping[str, ParameterValue]) -> None:
        """Add a trial that has not ended."""
        self.pending.append(Trial(self.next_id, dict(parameters), TrialState.ACTIVE))

    def edit(self, edit: StudyEdit) -> None:
        """Go on with an edited study; trials are complete, as the service gives them."""
        self.config = apply(self.config, edit)
        self.completed = [self.config.completed(trial) for trial in self.completed]
        self.pending = [self.config.completed(trial) for trial in self.pending]

    def run(self, n_trials: int, loss: Objective = smooth_loss) -> list[Suggestion]:
        """Suggest and complete trials one by one; fewer if the algorithm has no more."""
        made = []
        for _ in range(n_trials):
            for suggestion in self.suggest():
                made.append(suggestion)
                self.complete(suggestion.parameters, loss(suggestion.parameters))
        return made


def study_config(space: SearchSpace, *, seed: int = 0, goal: Goal = Goal.MINIMIZE) -> StudyConfig:
    """Return a study with one objective, planned for 20 trials."""
    return StudyConfig(space, (Metric(METRIC, goal),), seed=seed, planned_n_trials=N_PLANNED)


def point_key(values: Mapping[str, ParameterValue]) -> tuple[tuple[str, str], ...]:
    """Return a key that is equal for equal points, types included."""
    return tuple((name, repr(value)) for name, value in values.items())
