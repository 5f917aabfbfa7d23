"""A use case is begun again when the database went away, and not for other reasons."""

import pytest

from wazir.domain.errors import ConnectionLostError, StorageError
from wazir.domain.names import StudyName
from wazir.service.patience import MAX_TRIES, patient

NAME = StudyName("p", "s")


class Failing:
    def __init__(self, *errors):
        self.errors = list(errors)
        self.calls = []

    def trial(self, name, trial_id, *, odd=False):
        self.calls.append((name, trial_id, odd))
        if self.errors:
            raise self.errors.pop(0)
        return trial_id


def test_a_call_is_made_again_until_it_works():
    inner = Failing(*[ConnectionLostError("lost")] * (MAX_TRIES - 1))
    assert patient(inner).trial(NAME, 7, odd=True) == 7
    assert inner.calls == [(NAME, 7, True)] * MAX_TRIES


def test_it_is_not_made_for_ever():
    inner = Failing(*[ConnectionLostError("lost")] * 9)
    with pytest.raises(ConnectionLostError):
        patient(inner).trial(NAME, 7)
    assert len(inner.calls) == MAX_TRIES


def test_other_errors_are_told_at_once():
    inner = Failing(StorageError("nobody knows whether it was made"))
    with pytest.raises(StorageError, match="nobody knows"):
        patient(inner).trial(NAME, 7)
    assert len(inner.calls) == 1
