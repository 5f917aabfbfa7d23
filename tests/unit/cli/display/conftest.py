"""A job as a script: news with a clock that stands still until it is moved."""

import io
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from wazir.analysis.advice import Advice
from wazir.domain.fidelity import Rung
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Categorical, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import Study, StudyConfig, TrialCounts
from wazir.domain.trials import Trial, TrialState
from wazir.jobs.news import (
    Advised,
    JobEnded,
    JobStarted,
    Measured,
    TrialEnded,
    TrialStarted,
    TrialStopping,
)
from wazir.jobs.state.machine import Limits
from wazir.jobs.state.messages import Ending

PARAMETERS = {"lr": 0.0123456789, "units": 64, "layers": "128 64"}
FOLDER = Path("/runs/taxi")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@dataclass
class Script:
    """Makes the news of one study that minimizes rmse."""

    now: float = 1000.0
    fidelity: str | None = None

    def clock(self) -> float:
        return self.now

    def started(
        self, counts=None, best=None, *, n_trials=30, n_parallel=2, goal=Goal.MINIMIZE, more=()
    ):
        space = SearchSpace(
            {
                "lr": Double(1e-4, 1e-1, scale="log"),
                "units": Integer(8, 64),
                "layers": Categorical(["128 64", "64"]),
            }
        )
        config = StudyConfig(
            space,
            (Metric("rmse", goal), *more),
            algorithm="RANDOM_SEARCH",
            seed=7,
            fidelity=self.fidelity,
        )
        study = Study(StudyName("default", "taxi"), config)
        limits = Limits(n_trials, n_parallel)
        optimal = () if best is None else (best,)
        return JobStarted(study, counts or TrialCounts(), limits, FOLDER, optimal)

    def trial(self, trial_id=1, *, attempt=1, started_at=None):
        return TrialStarted(self._active(trial_id, attempt, started_at), ("train", "--lr", "0.01"))

    def found(self, trial_id=1, *, started_at):
        trial = self._active(trial_id, 1, started_at)
        return TrialStarted(trial, ("train",), found_running=True)

    def measured(self, trial_id, value, *, step=None, metric="rmse"):
        return Measured(trial_id, Measurement({metric: value}, step=step, elapsed_s=1.5), "output")

    def succeeded(self, trial_id=1, value=0.5):
        final = Measurement({"rmse": value})
        return self._ended(trial_id, TrialState.SUCCEEDED, final_measurement=final)

    def stopping(self, trial_id=1, reason="its best value is 9"):
        trial = self._active(trial_id, 1, None)
        return TrialStopping(replace(trial, state=TrialState.STOPPING, stopping_reason=reason))

    def stopped(self, trial_id=1, value=9.0, reason="its best value is 9"):
        final = Measurement({"rmse": value})
        return self._ended(
            trial_id, TrialState.SUCCEEDED, final_measurement=final, stopping_reason=reason
        )

    def failed(self, trial_id=1, reason="exit code 1: ValueError: bad"):
        return self._ended(trial_id, TrialState.INFEASIBLE, infeasible_reason=reason)

    def put_back(self, trial_id=1):
        return self._ended(trial_id, TrialState.REQUESTED)

    def paused(self, trial_id=1, value=0.5, budget=16):
        rung = Rung(1, budget, Measurement({"rmse": value}), self.now, 1)
        return self._ended(trial_id, TrialState.REQUESTED, rungs=(rung,))

    def job_ended(self, ending=Ending.DONE, optimal=(), **counts):
        return JobEnded(ending, TrialCounts(**counts), tuple(optimal))

    def advised(self, probability=0.12, per_hour=0.0004):
        return Advised(
            Advice(
                10,
                0.002,
                20,
                probability=probability,
                expected_improvement=0.01,
                per_hour=per_hour,
            )
        )

    def _active(self, trial_id, attempt, started_at):
        state = TrialState.ACTIVE
        return Trial(trial_id, PARAMETERS, state, attempt=attempt, started_at=started_at)

    def _ended(self, trial_id, state, **fields):
        trial = Trial(trial_id, PARAMETERS, state, attempt=1, **fields)
        return TrialEnded(trial, FOLDER / "trials" / str(trial_id) / "attempts" / "1")


@pytest.fixture
def script():
    return Script()


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of 80 columns and 24 lines."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    monkeypatch.setenv("TERM", "xterm-256color")
    return Terminal()
