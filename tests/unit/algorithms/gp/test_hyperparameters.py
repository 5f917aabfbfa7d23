"""Hyperparameters in the metadata of trials."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wazir.algorithms.gp.hyperparameters import Fitted, latest
from wazir.algorithms.protocol import SUGGESTION_NAMESPACE
from wazir.domain.trials import Trial


def trial_with(texts: dict[str, str], trial_id: int = 1) -> Trial:
    return Trial(trial_id, {}, metadata={SUGGESTION_NAMESPACE: texts})


@given(
    hnp.arrays(np.float64, st.integers(3, 110), elements=st.floats(-20, 20)),
    st.integers(0, 10**9),
)
def test_what_is_stored_is_what_is_read(theta: np.ndarray, n_observed: int) -> None:
    fitted = Fitted.rounded(theta, n_observed)
    texts = fitted.texts()
    assert all(len(text) < 200 for text in texts.values())
    found = latest([trial_with(texts)], len(theta), "")
    assert found is not None
    np.testing.assert_array_equal(found.theta, fitted.theta)
    assert found.n_observed == n_observed
    np.testing.assert_allclose(found.theta, theta, atol=0.0051)


def test_the_fit_to_most_trials_counts_and_the_newest_of_equals() -> None:
    def at(n: int, value: float, trial_id: int) -> Trial:
        return trial_with(Fitted.rounded(np.full(3, value), n).texts(), trial_id)

    found = latest([at(5, 1.0, 1), at(9, 2.0, 2), at(9, 3.0, 3), at(7, 4.0, 4)], 3, "")
    assert found is not None
    assert (found.n_observed, found.theta[0]) == (9, 3.0)


@pytest.mark.parametrize(
    "texts",
    [
        {},
        {"fitted_at": "5"},
        {"fitted_at": "5", "log_hyperparameters": "1 2"},
        {"fitted_at": "5", "log_hyperparameters": "1 2 3 4"},
        {"fitted_at": "5", "log_hyperparameters": "1 2 x"},
        {"fitted_at": "5", "log_hyperparameters": "1 2 nan"},
        {"fitted_at": "many", "log_hyperparameters": "1 2 3"},
        {"fitted_at": "9" * 30, "log_hyperparameters": "1 2 3"},
        {"fitted_at": "-1", "log_hyperparameters": "1 2 3"},
    ],
)
def test_texts_of_others_are_passed_over(texts: dict[str, str]) -> None:
    assert latest([trial_with(texts)], 3, "") is None
    good = trial_with(Fitted.rounded(np.zeros(3), 2).texts())
    found = latest([trial_with(texts), good], 3, "")
    assert found is not None
    assert found.n_observed == 2
