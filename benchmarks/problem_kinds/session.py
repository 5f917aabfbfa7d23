"""One run on a problem of any kind, judged by all trials so far."""

from dataclasses import dataclass, field
from typing import Any

from peers.registry import find_peer
from runner.host_client import Host
from runner.records import CHECKPOINTS, Record, RunSpec
from runner.session import Point, Run, run

from problem_kinds.protocol import Outcome, Problem

# Points beyond known constraints that a run may ask for, for each of its trials.
MOST_REFUSED = 20


@dataclass
class KindRun(Run):
    """A run whose true values are the losses of the study after each trial.

    Peers that do not take constraints on parameters as expressions are told how far each point is
    beyond them, as metrics with a limit. Points that do not fulfil them are told with all their
    values, and do not count as trials, until there are too many of them.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    n_refused: int = 0

    def _setup(self) -> dict[str, Any]:
        problem: Problem = self.problem
        constraints, limits = list(problem.constraints), dict(problem.limits)
        if not self._takes_constraints:
            limits |= dict.fromkeys(constraints, 0.0)
            constraints = []
        told = {"metrics": list(problem.metrics), "limits": limits, "constraints": constraints}
        return {**super()._setup(), **told}

    def _ask(self) -> Point | None:
        point = super()._ask()
        while point is not None and self._is_refused(point):
            self.n_refused += 1
            self._tell(point)
            point = super()._ask()
        return point

    def _is_refused(self, point: Point) -> bool:
        is_allowed = self.n_refused >= MOST_REFUSED * self.spec.n_trials
        return not is_allowed and any(excess > 0 for excess in self._excesses(point))

    def _finish(self, point: Point) -> None:
        is_valid = all(excess <= 0 for excess in self._excesses(point))
        self.outcomes.append(self.problem.true_outcome(point.params) if is_valid else None)
        self.true.append(self.problem.loss(self.outcomes))
        self.params.append(point.params)
        self.cpu_s.append(point.cpu_s + self._tell(point))
        if len(self.true) in CHECKPOINTS or len(self.true) == self.spec.n_trials:
            self.recommended[str(len(self.true))] = self.true[-1]

    def _tell(self, point: Point) -> float:
        """Tell the optimizer of a point, and return the CPU seconds of that."""
        outcome: Outcome = self.problem.evaluate(point.params, self.rng)
        value: float | list[float] | None = outcome
        if outcome is not None:
            told = outcome if self._takes_constraints else [*outcome, *self._excesses(point)]
            value = told[0] if len(told) == 1 else told
        return float(self.host.request(op="tell", id=point.id, value=value)["cpu_s"])

    def _excesses(self, point: Point) -> list[float]:
        return [excess(point.params) for excess in self.problem.constraints.values()]

    @property
    def _takes_constraints(self) -> bool:
        return find_peer(self.spec.peer).takes_constraints


def play(spec: RunSpec, problem: Problem, host: Host) -> Record:
    """Do a run and return its record."""
    return run(spec, problem, host, KindRun)
