"""A study that is tuned with the help of an earlier one, or without."""

import numpy as np

from transfer.tasks import Task, earlier_values
from wazir.algorithms.gp.bandit import GpBandit
from wazir.algorithms.protocol import SUGGESTION_NAMESPACE, PriorStudy, Snapshot
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState

N_EARLIER = 50
NONE = "none"
KINDS = (NONE, "right", "inverted", "shuffled")


def regrets(task: Task, kind: str, seed: int, n_trials: int) -> tuple[list[float], list[str]]:
    """Return the regret of the best trial after each trial, and the weights of the earlier study."""
    config = StudyConfig(task.space, (Metric("value", Goal.MINIMIZE),), seed=seed)
    priors = () if kind == NONE else (_earlier(task, kind, config, seed),)
    bandit, rng = GpBandit(), np.random.default_rng([seed, 1])
    completed: list[Trial] = []
    best, path, weights = np.inf, [], []
    for trial_id in range(1, n_trials + 1):
        snapshot = Snapshot(trial_id, completed, (), priors)
        (made,) = bandit.suggest(config, snapshot, [trial_id])
        metadata = {SUGGESTION_NAMESPACE: dict(made.explanation)}
        value = task.target.evaluate(made.parameters, rng)
        completed.append(_ended(trial_id, made.parameters, value, metadata))
        best = min(best, task.regret(made.parameters))
        path.append(round(float(best), 6))
        weights.append(made.explanation.get("prior_studies", ""))
    return path, weights


def _earlier(task: Task, kind: str, config: StudyConfig, seed: int) -> PriorStudy:
    rng = np.random.default_rng([seed, 2])
    rows = earlier_values(task, kind, N_EARLIER, rng)
    trials = [_ended(i, params, value, {}) for i, (params, value) in enumerate(rows, start=1)]
    return PriorStudy(StudyName("default", "earlier"), config, trials)


def _ended(trial_id: int, params: dict, value: float, metadata: dict) -> Trial:
    final = Measurement({"value": value})
    return Trial(
        trial_id, params, TrialState.SUCCEEDED, final_measurement=final, metadata=metadata
    )
