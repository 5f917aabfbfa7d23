"""Studies at random: what is taken is given back as it came, but that integers say that they are."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odd_messages import SPEC, spoil

from wazir.domain.errors import InvalidInputError
from wazir.domain.names import StudyName
from wazir.domain.space import SearchSpace
from wazir.domain.studies import Study
from wazir.servers.grpc.messages import vizier
from wazir.servers.grpc.parameters import fill_parameters, parameters_from, type_integers
from wazir.servers.grpc.studies import config_from_spec, metadata_of_spec, study_message


def spoilt_spec(seed):
    rng = random.Random(seed)
    spec = vizier("StudySpec")(**SPEC)
    for _ in range(rng.randrange(4)):
        spoil(rng, spec)
    return spec


def without_metadata(spec):
    """Return a spec without its metadata, and the metadata; an entry without a value has an empty one."""
    kept = type(spec).FromString(spec.SerializeToString())
    entries = {}
    for entry in kept.metadata:
        if entry.WhichOneof("kind") is None:
            entry.value = ""
        entries[entry.ns, entry.key] = entry.SerializeToString()
    kept.ClearField("metadata")
    return kept, entries


@given(st.integers(0, 2**32))
def test_a_study_is_taken_and_given_back_or_its_mistake_has_a_place(seed):
    spec = spoilt_spec(seed)
    try:
        config = config_from_spec(spec, "spec")
        metadata = metadata_of_spec(spec, "spec")
    except InvalidInputError as error:
        message = error.message
    else:
        message = ""
    if message:
        assert message.startswith("spec")
        return
    told = study_message(Study(StudyName("me", "s"), config, metadata=metadata)).study_spec
    for parameter in spec.parameters:
        type_integers(parameter)
    assert without_metadata(told) == without_metadata(spec)


@given(st.integers(0, 2**32))
def test_parameters_come_back(seed):
    spec = spoilt_spec(seed)
    try:
        parameters = parameters_from(spec.parameters, "")
        space = SearchSpace(parameters)
    except InvalidInputError:
        return
    written = vizier("StudySpec")()
    fill_parameters(written.parameters, parameters)
    again = vizier("StudySpec")()
    fill_parameters(again.parameters, parameters_from(written.parameters, ""))
    assert again == written
    assert [name for name, _ in SearchSpace(parameters_from(again.parameters, "")).walk()] == [
        name for name, _ in space.walk()
    ]


def test_the_studies_at_random_are_often_taken():
    taken = 0
    for seed in range(200):
        spec = spoilt_spec(seed)
        try:
            config_from_spec(spec, "spec")
        except InvalidInputError:
            continue
        taken += 1
    assert taken == pytest.approx(100, abs=60)
