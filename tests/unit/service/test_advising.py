"""Advice in a study: asked of the service, kept, and acted on by auto-stop."""

from dataclasses import replace

import pytest

from wazir.analysis.advice import Advice, advise
from wazir.app.clock import system_clock
from wazir.app.compose import make_service
from wazir.app.owners import LocalOwners
from wazir.app.registry import AlgorithmRegistry
from wazir.app.stopping_rules import make_rule
from wazir.domain.errors import NotFoundError
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig, StudyStopping
from wazir.service.advising import Advisor
from wazir.service.local import local_service
from wazir.service.stopped import as_expected
from wazir.stopping.protocol import STOPPING_NAMESPACE
from wazir.storage.memory import MemoryStore

NAME = StudyName("default", "s")
AUTO = StudyStopping(auto_stop_below=0.05)


class Oracle:
    """Says what it is told to, by the number of ended trials."""

    def __init__(self, probability=0.01):
        self.probability = probability
        self.by_count = {}
        self.asked = []

    def __call__(self, config, trials, n_more, more_than):
        self.asked.append((len(trials), n_more, more_than))
        chance = self.by_count.get(len(trials), self.probability)
        return Advice(n_more, more_than or 0.1, len(trials), probability=chance)


def service_with(advice, stopping=AUTO):
    service = local_service(
        MemoryStore(),
        new_algorithms=AlgorithmRegistry,
        clock=system_clock,
        owners=LocalOwners(),
        rule_of=make_rule,
        advise=advice,
    )
    config = StudyConfig(
        SearchSpace({"x": Double(0, 1)}),
        (Metric("loss", Goal.MINIMIZE),),
        algorithm="RANDOM_SEARCH",
        study_stopping=stopping,
    )
    service.create_study(NAME, config)
    return service


def add(service, n):
    for i in range(n):
        service.add_trial(NAME, {"x": i / n}, measurement=Measurement({"loss": float(i)}))


def test_no_new_trials_when_an_improvement_is_improbable():
    service = service_with(Oracle())
    add(service, 19)
    assert service.why_ended(NAME) == ""
    add(service, 1)
    assert service.why_ended(NAME) == (
        "only 1 % chance that 10 more trials improve loss by more than 0.1"
    )
    assert service.suggest_trials(NAME, 1, "c") == []


def test_one_low_probability_is_not_enough():
    oracle = Oracle()
    oracle.by_count = {24: 0.06}
    service = service_with(oracle)
    add(service, 25)
    assert service.why_ended(NAME) == ""
    add(service, 1)
    assert service.why_ended(NAME) != ""


@pytest.mark.parametrize(
    "stopping", [None, StudyStopping(max_n_trials=99), replace(AUTO, min_n_trials=30)]
)
def test_a_study_that_does_not_ask_goes_on(stopping):
    oracle = Oracle()
    service = service_with(oracle, stopping)
    add(service, 25)
    assert service.why_ended(NAME) == ""
    assert oracle.asked == []


def test_the_same_question_is_computed_once():
    oracle = Oracle()
    service = service_with(oracle)
    add(service, 20)
    service.why_ended(NAME)
    service.why_ended(NAME)
    service.advise(NAME)
    assert sorted(n for n, _, _ in oracle.asked) == [19, 20]


def test_the_study_says_which_improvement_matters():
    oracle = Oracle()
    service = service_with(oracle, StudyStopping(min_improvement=0.25))
    add(service, 3)
    service.advise(NAME, 7)
    service.advise(NAME, 7, 0.5)
    assert oracle.asked == [(3, 7, 0.25), (3, 7, 0.5)]


def test_advice_of_a_study_that_is_not_there():
    with pytest.raises(NotFoundError):
        make_service(MemoryStore()).advise(NAME)


def test_a_study_that_has_found_its_optimum_ends_by_itself():
    """With the real algorithm and advice, on a parabola."""
    service = make_service(MemoryStore())
    config = StudyConfig(
        SearchSpace({"x": Double(-1, 2)}),
        (Metric("loss", Goal.MINIMIZE),),
        study_stopping=AUTO,
        seed=1,
    )
    service.create_study(NAME, config)
    while given := service.suggest_trials(NAME, 1, "c", max_n_trials=60):
        loss = (given[0].parameters["x"] - 0.4) ** 2
        service.complete_trial(NAME, given[0].id, measurement=Measurement({"loss": loss}))
    assert "chance that 10 more trials improve loss" in service.why_ended(NAME)
    _, trials = service.trials(NAME)
    assert 20 <= len(trials) < 45
    assert service.advise(NAME) == advise(config, trials)


def test_the_answer_does_not_depend_on_who_asks():
    seen = []

    def noting(config, trials, n_more, more_than):
        seen.append([(trial.id, trial.final_measurement.metrics["loss"]) for trial in trials])
        return Advice(n_more, more_than or 0.1, len(trials), probability=0.5)

    service = service_with(noting, stopping=None)
    first, second = service.suggest_trials(NAME, 2, "mine")
    for trial, loss in ((second, 2.0), (first, 1.0)):
        service.complete_trial(NAME, trial.id, measurement=Measurement({"loss": loss}))
    study = service.study(NAME)
    trials = [
        replace(
            trial, stopping_reason="late", metadata={STOPPING_NAMESPACE: {"expected.loss": "0.5"}}
        )
        for trial in service.trials(NAME)[1]
    ]
    advisor = Advisor(noting)
    advisor.advice(study, trials)
    advisor.advice(study, list(reversed(trials)))
    advisor.advice(study, [as_expected(trial, study.config.objectives) for trial in trials])
    assert seen == [[(2, 0.5), (1, 0.5)]]
