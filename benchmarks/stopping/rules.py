"""Who decides: Wazir's rules by name, Optuna's pruners, or nobody."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np

from wazir.app.stopping_rules import make_rule
from wazir.domain.metrics import Goal, Metric
from wazir.domain.studies import EarlyStopping
from wazir.stopping.curves import Curve
from wazir.stopping.judging import Evidence, has_diverged, judge


class Decider(Protocol):
    """Told of every trial; asked after every report."""

    def begin(self, trial_id: int) -> None:
        """A trial begins."""
        ...

    def stops(self, curve: Curve, others: Sequence[Curve]) -> bool:
        """Return whether the trial whose last report ends `curve` is to stop."""
        ...

    def end(self, trial_id: int, loss: float, *, stopped: bool) -> None:
        """A trial has ended with its last loss."""
        ...


class Nobody:
    """Every trial runs to its end; one that has diverged is not worth going on with either way."""

    def begin(self, trial_id: int) -> None:
        """See Decider."""

    def stops(self, curve: Curve, others: Sequence[Curve]) -> bool:
        """See Decider."""
        return False

    def end(self, trial_id: int, loss: float, *, stopped: bool) -> None:
        """See Decider."""


class WazirRule(Nobody):
    """A rule as `--early-stopping` names it, judged as the service judges it."""

    def __init__(self, text: str) -> None:
        early = EarlyStopping.parse(text)
        if early is None:
            raise ValueError("use the decider none")
        self._rule = make_rule(early, Metric("loss", Goal.MINIMIZE))

    def stops(self, curve: Curve, others: Sequence[Curve]) -> bool:
        """See Decider."""
        return has_diverged(curve) or judge(self._rule, [Evidence(curve, others)]) is not None


class OptunaPruner:
    """A pruner of Optuna with its defaults; `max_resource` is told to those that ask for it."""

    def __init__(self, name: str, n_steps: int, seed: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        pruners: dict[str, Any] = {
            "median": optuna.pruners.MedianPruner,
            "hyperband": lambda: optuna.pruners.HyperbandPruner(max_resource=n_steps),
            "asha": optuna.pruners.SuccessiveHalvingPruner,
        }
        sampler = optuna.samplers.RandomSampler(seed=seed)
        self._study = optuna.create_study(pruner=pruners[name](), sampler=sampler)
        self._trials: dict[int, Any] = {}
        self._pruned = optuna.trial.TrialState.PRUNED
        self._failed = optuna.trial.TrialState.FAIL

    def begin(self, trial_id: int) -> None:
        """See Decider."""
        self._trials[trial_id] = self._study.ask()

    def stops(self, curve: Curve, others: Sequence[Curve]) -> bool:
        """See Decider."""
        trial = self._trials[curve.trial_id]
        # Its steps count from 0 in its documentation, and NaN is pruned.
        trial.report(float(curve.y[-1]), int(curve.x[-1]) - 1)
        return bool(trial.should_prune())

    def end(self, trial_id: int, loss: float, *, stopped: bool) -> None:
        """See Decider."""
        trial = self._trials.pop(trial_id)
        if stopped:
            self._study.tell(trial, state=self._pruned)
        elif np.isfinite(loss):
            self._study.tell(trial, loss)
        else:
            self._study.tell(trial, state=self._failed)


class SyneTuneAsha(Nobody):
    """Syne Tune's ASHA with its defaults: the better third goes on after 1, 3, 9, ... steps."""

    def __init__(self, n_steps: int, seed: int) -> None:
        from syne_tune.backend.trial_status import Trial
        from syne_tune.config_space import uniform
        from syne_tune.optimizer.scheduler import SchedulerDecision
        from syne_tune.optimizer.schedulers.asha import AsynchronousSuccessiveHalving

        self._stop = SchedulerDecision.STOP
        self._trial_of = Trial
        self._trials: dict[int, Any] = {}
        # It is asked for decisions only, so the space does not matter.
        self._scheduler = AsynchronousSuccessiveHalving(
            {"x": uniform(0.0, 1.0)},
            metric="loss",
            time_attr="step",
            max_t=n_steps,
            random_seed=seed,
        )

    def begin(self, trial_id: int) -> None:
        """See Decider."""
        trial = self._trial_of(trial_id, {"x": 0.5}, datetime(2026, 1, 1, tzinfo=UTC))
        self._trials[trial_id] = trial
        self._scheduler.on_trial_add(trial)

    def stops(self, curve: Curve, others: Sequence[Curve]) -> bool:
        """See Decider."""
        # It has no rule for NaN.
        if np.isnan(curve.y[-1]):
            return True
        result = {"loss": float(curve.y[-1]), "step": int(curve.x[-1])}
        decision = self._scheduler.on_trial_result(self._trials[curve.trial_id], result)
        return bool(decision == self._stop)


def make_decider(name: str, n_steps: int, seed: int) -> Decider:
    """Return a decider: `none`, `optuna_median`, ..., `syne_tune_asha`, or a rule of Wazir."""
    if name == "none":
        return Nobody()
    if name == "syne_tune_asha":
        return SyneTuneAsha(n_steps, seed)
    if name.startswith("optuna_"):
        return OptunaPruner(name.removeprefix("optuna_"), n_steps, seed)
    return WazirRule(name)
