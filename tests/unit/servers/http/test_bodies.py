"""Bodies of requests to our own API: of which type a value must be."""

import pytest
from pydantic import ValidationError

from wazir.servers.http.native.bodies import Completion, Lease, NewMetadata, SuggestionRequest


def test_a_whole_number_is_a_lease_and_a_key_is_a_trial():
    assert Lease.model_validate({"lease_s": 60, "attempt": 1}).lease_s == 60.0
    given = NewMetadata.model_validate({"trials": {"3": {"a": {"b": "c"}}}})
    assert given.trials == {3: {"a": {"b": "c"}}}


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (Completion, {"attempt": False}),
        (Completion, {"attempt": "1"}),
        (Lease, {"lease_s": True}),
        (SuggestionRequest, {"client_id": "a", "count": 1.0}),
        (SuggestionRequest, {"client_id": 5}),
        (NewMetadata, {"trials": {"x": {}}}),
        (NewMetadata, {"trials": {"0": {}}}),
        (Completion, {"other": 1}),
    ],
)
def test_what_is_of_another_type_is_refused(body, value):
    with pytest.raises(ValidationError):
        body.model_validate(value)
