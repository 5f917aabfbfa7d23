"""`wazir best` and the end of `wazir tune` where results are noisy."""

import json

import numpy as np
import pytest

from wazir.app.compose import connect
from wazir.app.settings import storage_location
from wazir.app.tuning import TuningStudy
from wazir.cli.outcome import end_text_of
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.jobs.spec import JOB_NAMESPACE, JobSpec
from wazir.jobs.state.messages import Ending

NAME = StudyName("default", "noisy")
N_TRIALS = 40


def tuned(folder, noise):
    """Make a study of a program whose rmse is (x - 0.4)^2 with noise."""
    service = connect(create=True)
    spec = JobSpec(command=("sh", "train.sh"), cwd=folder)
    config = StudyConfig(
        SearchSpace({"x": Double(0, 1)}), (Metric("rmse", Goal.MINIMIZE),), algorithm="GP_BANDIT"
    )
    study = service.create_study(NAME, config, metadata={JOB_NAMESPACE: spec.to_metadata()})
    rng = np.random.default_rng(2)
    for x in rng.random(N_TRIALS).tolist():
        value = (x - 0.4) ** 2 + noise * float(rng.normal())
        service.add_trial(NAME, {"x": x}, measurement=Measurement({"rmse": value}))
    return TuningStudy(service, study, storage_location(None), is_new=True)


@pytest.fixture
def noisy(empty):
    return tuned(empty, noise=0.1)


@pytest.fixture
def exact(empty):
    return tuned(empty, noise=0.0)


def test_best_shows_the_recommended_trial_and_names_the_lucky_one(noisy, wazir):
    found = noisy.service.recommend(NAME)
    assert found.trial_id != found.luckiest_trial_id
    lines = wazir("best").stdout.splitlines()
    assert lines[0].startswith(f"best trial of noisy: {found.trial_id} (")
    assert lines[1] == (
        f"trial {found.luckiest_trial_id} had the lucky value {found.luckiest_value:.6g}; "
        f"the model expects {found.luckiest_mean:.6g} of it, and {found.mean:.6g} "
        f"± {found.std:.2g} of trial {found.trial_id}"
    )
    assert lines[-1].endswith(f"wazir rerun noisy {found.trial_id}")


def test_best_as_json_says_what_the_model_expects(noisy, wazir):
    shown = json.loads(wazir("best", "--json").stdout)
    found = noisy.service.recommend(NAME)
    assert shown["id"] == found.trial_id
    assert shown["value"] == found.value
    assert shown["recommendation"] == vars(found)
    assert shown["recommendation"]["is_by_model"]


def test_the_word_best_means_the_same_trial_for_other_commands(noisy, wazir):
    found = noisy.service.recommend(NAME)
    x = noisy.service.trial(NAME, found.trial_id).parameters["x"]
    assert f"sh train.sh --x {x!r}" in wazir("rerun", "best", "--print").stdout


def test_the_end_of_a_job_says_that_the_best_value_was_lucky(noisy):
    found = noisy.service.recommend(NAME)
    text = end_text_of(noisy, Ending.DONE, "")
    assert f"Best trial {found.luckiest_trial_id}: rmse {found.luckiest_value!r}" in text
    lines = [line for line in text.splitlines() if "lucky" in line]
    assert len(lines) == 1
    assert lines[0].startswith(f"Trial {found.luckiest_trial_id} had the lucky value")
    assert lines[0].endswith(f"of trial {found.trial_id}: wazir best noisy")
    # The word `best` would name the recommended trial, not the one above.
    assert f"wazir rerun noisy {found.luckiest_trial_id}" in text


def test_without_noise_nothing_is_said_of_luck(exact, wazir):
    luckiest = exact.service.recommend(NAME).luckiest_trial_id
    result = wazir("best")
    assert result.stdout.startswith(f"best trial of noisy: {luckiest} (")
    assert "lucky" not in result.stdout
    text = end_text_of(exact, Ending.DONE, "")
    assert "lucky" not in text
    assert "wazir rerun noisy best" in text
    assert json.loads(wazir("best", "--json").stdout)["recommendation"]["is_by_model"] is False
