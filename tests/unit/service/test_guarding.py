"""Every use case needs what the table says, whoever calls it."""

import inspect
import threading
from contextvars import copy_context

import pytest
from fake_tokens import FakeTokens, SetClock

from wazir.app.compose import make_service
from wazir.domain.edits import StudyEdit
from wazir.domain.errors import InvalidTokenError, NotAllowedError, NotFoundError
from wazir.domain.metrics import Goal, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.tokens import Role
from wazir.service.access import MAY, Action, Guard, Principal
from wazir.service.guarding import NEEDS, Access, Caller, guarded
from wazir.service.transport import Transport
from wazir.storage.memory import MemoryStore

MINE, THEIRS = StudyName("mine", "s"), StudyName("theirs", "s")
SPACE = SearchSpace({"x": Double(0, 1)})
CONFIG = StudyConfig(SPACE, (Metric("loss", Goal.MINIMIZE),), algorithm="RANDOM_SEARCH")


class Recorder:
    """Stands for a service: remembers which use case was called, and with what."""

    def __init__(self):
        self.called = []

    def __getattr__(self, name):
        def use_case(*args, **kwargs):
            self.called.append((name, args, kwargs))
            return name

        return use_case


def use_cases():
    return [
        name for name, _ in inspect.getmembers(Transport, inspect.isfunction) if name[0] != "_"
    ]


@pytest.fixture
def caller():
    return Caller()


@pytest.fixture
def guard():
    return Guard(FakeTokens(), SetClock(), must_ask=True)


def test_each_use_case_has_a_line_in_the_table():
    assert set(use_cases()) == set(NEEDS)


def test_the_first_argument_says_the_project():
    for name in use_cases():
        first = list(inspect.signature(getattr(Transport, name)).parameters)[1]
        assert first == ("project_id" if name == "studies" else "name")


@pytest.mark.parametrize("name", sorted(NEEDS))
@pytest.mark.parametrize("role", Role)
def test_a_call_goes_through_with_the_role_that_it_needs(caller, guard, name, role):
    recorder = Recorder()
    door = guarded(recorder, Access(guard, caller))
    subject = {"studies": "mine"}.get(name, MINE)
    other = {"studies": "theirs"}.get(name, THEIRS)
    keyword = "project_id" if name == "studies" else "name"
    with caller.is_now(Principal("mine", role)):
        if NEEDS[name] in MAY[role]:
            assert getattr(door, name)(subject, 1, two=2) == name
            assert getattr(door, name)(**{keyword: subject}) == name
            assert recorder.called[0] == (name, (subject, 1), {"two": 2})
        else:
            with pytest.raises(NotAllowedError):
                getattr(door, name)(subject)
        n_called = len(recorder.called)
        with pytest.raises(NotAllowedError):
            getattr(door, name)(other)
        with pytest.raises(NotAllowedError):
            getattr(door, name)(**{keyword: other})
    assert len(recorder.called) == n_called


def test_nobody_may_do_anything_without_having_said_who_asks(caller, guard):
    door = guarded(Recorder(), Access(guard, caller))
    with pytest.raises(InvalidTokenError):
        door.studies("mine")
    with caller.is_now(Principal("mine", Role.READER)):
        door.studies("mine")
    with pytest.raises(InvalidTokenError):
        door.studies("mine")


def test_what_is_not_in_the_table_is_not_there(caller, guard):
    door = guarded(Recorder(), Access(guard, caller))
    with caller.is_now(Principal("*", Role.ADMIN)):
        with pytest.raises(AttributeError, match="drop_everything"):
            door.drop_everything(MINE)
        with pytest.raises(TypeError):
            door.study(object())


def test_who_asks_goes_along_into_threads_and_stays_apart(caller):
    seen = {}

    def look(key):
        seen[key] = caller.principal().project_id

    def alone():
        with pytest.raises(InvalidTokenError):
            caller.principal()
        seen["alone"] = True

    with caller.is_now(Principal("a", Role.READER)):
        context = copy_context()
        with caller.is_now(Principal("b", Role.READER)):
            look("inner")
        look("outer")
        for run in (lambda: context.run(look, "thread"), alone):
            thread = threading.Thread(target=run)
            thread.start()
            thread.join()
    assert seen == {"inner": "b", "outer": "a", "thread": "a", "alone": True}


def test_nobody_learns_from_studies_that_they_may_not_read(caller, guard):
    service = make_service(MemoryStore())
    service.create_study(THEIRS, CONFIG)
    service.create_study(MINE, CONFIG)
    door = guarded(service, Access(guard, caller))
    greedy = StudyConfig(**{**vars(CONFIG), "prior_studies": (THEIRS,)})
    with caller.is_now(Principal("mine", Role.ADMIN)):
        for call in (
            lambda: door.create_study(StudyName("mine", "t"), greedy),
            lambda: door.create_study(name=StudyName("mine", "t"), config=greedy),
            lambda: door.edit_study(MINE, StudyEdit(prior_studies=(THEIRS,))),
            lambda: door.preview_edit(MINE, StudyEdit(prior_studies=(THEIRS,))),
            # That there is no such study is not told either.
            lambda: door.edit_study(MINE, StudyEdit(prior_studies=(StudyName("theirs", "x"),))),
        ):
            with pytest.raises(NotAllowedError, match="not 'theirs'"):
                call()
        door.edit_study(MINE, StudyEdit(prior_studies=()))
    with caller.is_now(Principal("*", Role.WORKER)):
        door.create_study(StudyName("mine", "t"), greedy)
    with pytest.raises(NotFoundError):
        service.study(StudyName("theirs", "t"))


def test_the_table_names_each_action():
    assert set(NEEDS.values()) == set(Action)
