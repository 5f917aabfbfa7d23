"""One run on a problem of any kind, judged by all trials so far."""

from dataclasses import dataclass, field
from typing import Any

from runner.host_client import Host
from runner.records import CHECKPOINTS, Record, RunSpec
from runner.session import Point, Run, run

from problem_kinds.protocol import Outcome, Problem


@dataclass
class KindRun(Run):
    """A run whose true values are the losses of the study after each trial."""

    outcomes: list[Outcome] = field(default_factory=list)

    def _setup(self) -> dict[str, Any]:
        return {**super()._setup(), "metrics": list(self.problem.metrics)}

    def _finish(self, point: Point) -> None:
        value = self.problem.evaluate(point.params, self.rng)
        self.outcomes.append(self.problem.true_outcome(point.params))
        self.true.append(self.problem.loss(self.outcomes))
        self.params.append(point.params)
        answer = self.host.request(op="tell", id=point.id, value=value)
        self.cpu_s.append(point.cpu_s + answer["cpu_s"])
        if len(self.true) in CHECKPOINTS or len(self.true) == self.spec.n_trials:
            self.recommended[str(len(self.true))] = self.true[-1]


def play(spec: RunSpec, problem: Problem, host: Host) -> Record:
    """Do a run and return its record."""
    return run(spec, problem, host, KindRun)
