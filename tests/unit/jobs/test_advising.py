"""When a job asks for advice: after something has ended, and not too often."""

from pathlib import Path

import pytest

from wazir.analysis.advice import Advice
from wazir.domain.errors import NotFoundError
from wazir.domain.names import StudyName
from wazir.domain.studies import TrialCounts
from wazir.domain.trials import Trial
from wazir.jobs.advising import AdvisingListener
from wazir.jobs.news import Advised, JobEnded, Noted, TrialEnded
from wazir.jobs.state.messages import Ending

GOOD = Advice(10, 0.1, 20, probability=0.3)
ENDED = TrialEnded(Trial(1, {"x": 1.0}), Path("/runs"))


class Service:
    def __init__(self, clock, answer=GOOD, takes_s=0.01):
        self.clock, self.answer, self.takes_s = clock, answer, takes_s
        self.count = 0

    def advise(self, name):
        self.count += 1
        self.clock.now += self.takes_s
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


class Listener:
    def __init__(self):
        self.news, self.n_ticks = [], 0

    def tell(self, news):
        self.news.append(news)

    def tick(self):
        self.n_ticks += 1


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("wazir.jobs.advising.monotonic", clock)
    return clock


def listening(service):
    return AdvisingListener.begin(Listener(), service, StudyName("default", "s"))


def test_it_waits_for_an_interval_and_for_a_result(clock):
    service = Service(clock)
    listener = listening(service)
    listener.tick()
    assert service.count == 0
    clock.now += 3
    listener.tick()
    clock.now += 100
    listener.tick()
    assert listener.listener.news == [Advised(GOOD)]
    listener.tell(ENDED)
    listener.tick()
    assert listener.listener.news == [Advised(GOOD), ENDED, Advised(GOOD)]
    listener.tell(ENDED)
    clock.now += 2
    listener.tick()
    assert service.count == 2
    assert listener.listener.n_ticks == 5


def test_advice_that_is_dear_is_asked_for_less_often(clock):
    service = Service(clock, takes_s=1.0)
    listener = listening(service)
    clock.now += 3
    for _ in range(60):
        listener.tell(ENDED)
        listener.tick()
        clock.now += 1
    assert service.count == 4


@pytest.mark.parametrize("answer", [Advice(10, None, 3, reason="few"), NotFoundError("deleted")])
def test_no_advice_is_no_news(clock, answer):
    listener = listening(Service(clock, answer))
    clock.now += 3
    listener.tick()
    assert listener.listener.news == []


def test_other_news_is_passed_on_and_an_ended_job_needs_no_advice(clock):
    service = Service(clock)
    listener = listening(service)
    news = [Noted("x"), ENDED, JobEnded(Ending.DONE, TrialCounts(), ())]
    for one in news:
        listener.tell(one)
    clock.now += 100
    listener.tick()
    assert listener.listener.news == news
    assert service.count == 0
