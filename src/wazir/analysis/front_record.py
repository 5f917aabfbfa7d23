"""How long the Pareto front of a study has not grown: the record that advice is made of.

In 70 recorded runs (benchmarks/results/problem_kinds) the hypervolume grew by more than a hundredth in
k more trials with odds of about (k + 1) / (i + 1), where i results had come since it last did: see
docs/explanation/advice.md.
"""

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from wazir.algorithms.hypervolume import hypervolume
from wazir.analysis.pareto import losses_of, reference_of
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial


def results_since_growth(config: StudyConfig, results: Sequence[Trial], more_than: float) -> int:
    """Return how many results came since the first front within a share of the present hypervolume.

    `results` have finite values of all objectives and stand in the order in which they came.
    `more_than` is the share, greater than 0. The reference point is the present one.

    Raises:
        ArithmeticError: no result is better than the reference point, or values are too large.
    """
    Y = np.array([losses_of(trial, config.objectives) for trial in results])
    reference = reference_of(config.objectives, Y)
    with np.errstate(over="ignore", invalid="ignore"):
        total = hypervolume(Y, reference)
        if total <= 0.0:
            raise ArithmeticError("no result is better than the reference point")
        if not np.isfinite(total):
            raise ArithmeticError("the values are too large")
        # Each result can only enlarge it, so it need not be computed for all of them.
        first = bisect_left(
            range(1, len(Y)),
            (1.0 - more_than) * total,
            key=lambda n: hypervolume(Y[:n], reference),
        )
    return len(Y) - 1 - first
