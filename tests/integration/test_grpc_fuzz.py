"""Messages over gRPC that are wrong in many ways: none breaks the server, none changes anything."""

import itertools
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pytest

from wazir.app.compose import make_service
from wazir.domain.limits import Limits
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Categorical, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import EarlyStopping, StudyConfig
from wazir.servers.grpc.messages import SERVICE, methods, vizier
from wazir.servers.grpc.server import start
from wazir.service.foreign import ForeignClients
from wazir.service.limiting import limited
from wazir.storage.memory import MemoryStore

N_REQUESTS = 6_000
NAME = StudyName("o", "s")
CONFIG = StudyConfig(
    SearchSpace({"x": Double(0, 1), "n": Integer(1, 5), "kind": Categorical(["a", "b"])}),
    (Metric("loss", Goal.MINIMIZE),),
    algorithm="RANDOM_SEARCH",
    early_stopping=EarlyStopping("median"),
)
# What a client is told for its own mistakes; all else is a mistake of the server.
ITS_OWN = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}
TEXTS = [
    "", "o", "owners/o", "owners/o/studies/s", "owners/o/studies/new", "owners/o/studies/s/trials/1",
    "owners/o/studies/s/trials/2", "owners/o/studies/s/trials/3", "owners/o/studies/s/trials/0",
    "owners/o/studies/s/trials/99999999999999999999", "owners/o/studies/s/trials/-1", "owners/../studies/s",
    "owners/o/studies/../trials/1", "operations/owners/o/studies/s/suggestion/1.2", "operations/x",
    "operations/owners/o/studies/s/suggestion/" + "1." * 3000, "owners/ü/studies/é", "owners/o/studies/a b",
    "loss", "x", "n", "kind", "a", "b", "1", "2", "0", "new", "wazir.foreign", ":ns", "x" * 5000, "\x00", "\x01",
    "\x01\x01", "\x01!", "RANDOM_SEARCH", "DEFAULT", "NO_SUCH", "owners/o/studies/s\n", "\u0661",
]  # fmt: skip
NUMBERS = [0, 1, 2, 3, 5, -1, 100, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63)]
REALS = [0.0, 0.5, 1.0, -1.0, 2.0, 1e308, -1e308, 5e-324, float("inf"), float("nan")]


def number_for(rng, field, bits):
    least = 0 if field.type in (field.TYPE_UINT32, field.TYPE_UINT64) else -(2 ** (bits - 1))
    return min(max(rng.choice(NUMBERS), least), 2 ** (bits - 1) - 1)


def value_for(rng, field):
    kind = field.cpp_type
    if kind == field.CPPTYPE_STRING:
        text = rng.choice(TEXTS)
        return text.encode() if field.type == field.TYPE_BYTES else text
    if kind == field.CPPTYPE_BOOL:
        return rng.random() < 0.5
    if kind in (field.CPPTYPE_DOUBLE, field.CPPTYPE_FLOAT):
        return rng.choice(REALS)
    if kind == field.CPPTYPE_ENUM:
        return rng.choice([0, 1, 2, 3, 4, 5, 77])
    if kind in (field.CPPTYPE_INT32, field.CPPTYPE_UINT32):
        return number_for(rng, field, 32)
    return number_for(rng, field, 64)


def is_list(message, name):
    value = getattr(message, name)
    return hasattr(value, "append") and not hasattr(value, "DESCRIPTOR")


def fill(rng, message, depth=0):
    """Give random values to the fields of a message, at any depth."""
    fields = message.DESCRIPTOR.fields
    for field in rng.sample(list(fields), rng.randrange(len(fields) + 1)):
        set_field(rng, message, field, depth)


def set_field(rng, message, field, depth):
    nested = field.message_type is not None
    if depth > 6 or (nested and field.message_type.name in ("Struct", "FieldsEntry")):
        return
    if is_list(message, field.name):
        target = getattr(message, field.name)
        for _ in range(rng.choice([0, 1, 1, 2, 4])):
            if nested:
                fill(rng, target.add(), depth + 1)
            else:
                target.append(value_for(rng, field))
    elif nested:
        getattr(message, field.name).SetInParent()
        fill(rng, getattr(message, field.name), depth + 1)
    else:
        setattr(message, field.name, value_for(rng, field))


STUDY, TRIAL = "owners/o/studies/s", "owners/o/studies/s/trials/2"
MEASUREMENT = {"metrics": [{"metric_id": "loss", "value": 0.5}], "step_count": 3}
SPEC = {
    "metrics": [{"metric_id": "loss", "goal": 2}],
    "algorithm": "RANDOM_SEARCH",
    "observation_noise": 1,
    "parameters": [
        {"parameter_id": "x", "double_value_spec": {"min_value": 0.5, "max_value": 1.5}, "scale_type": 2},
        {"parameter_id": "d", "discrete_value_spec": {"values": [1, 2.5]}},
        {
            "parameter_id": "n",
            "integer_value_spec": {"min_value": 1, "max_value": 5, "default_value": {"value": 2}},
            "conditional_parameter_specs": [
                {
                    "parent_int_values": {"values": [2, 3]},
                    "parameter_spec": {
                        "parameter_id": "kind", "categorical_value_spec": {"values": ["a", "b"]},
                    },
                }
            ],
        },
    ],
    "metadata": [{"key": "k", "ns": "n", "value": "v"}],
    "default_stopping_spec": {},
}  # fmt: skip
GIVEN = {
    "parameters": [
        {"parameter_id": "x", "value": {"number_value": 0.5}},
        {"parameter_id": "n", "value": {"number_value": 3}},
        {"parameter_id": "kind", "value": {"string_value": "b"}},
    ],
    "final_measurement": MEASUREMENT,
    "measurements": [MEASUREMENT],
    "state": 4,
    "metadata": [{"key": "k", "ns": "", "value": "v"}],
}
# For each method a request that is taken.
GOOD = {
    "CreateStudy": {"parent": "owners/o", "study": {"display_name": "new", "study_spec": SPEC}},
    "GetStudy": {"name": STUDY},
    "ListStudies": {"parent": "owners/o"},
    "DeleteStudy": {"name": STUDY},
    "SetStudyState": {"parent": STUDY, "state": 2},
    "SuggestTrials": {"parent": STUDY, "suggestion_count": 2, "client_id": "d"},
    "GetOperation": {"name": f"operations/{STUDY}/suggestion/1.2"},
    "CreateTrial": {"parent": STUDY, "trial": GIVEN},
    "GetTrial": {"name": TRIAL},
    "ListTrials": {"parent": STUDY},
    "AddTrialMeasurement": {"trial_name": TRIAL, "measurement": MEASUREMENT},
    "CompleteTrial": {"name": TRIAL, "final_measurement": MEASUREMENT},
    "DeleteTrial": {"name": TRIAL},
    "CheckTrialEarlyStoppingState": {"trial_name": TRIAL},
    "StopTrial": {"name": TRIAL},
    "ListOptimalTrials": {"parent": STUDY},
    "UpdateMetadata": {
        "name": STUDY,
        "delta": [
            {"metadatum": {"key": "k", "ns": ":n", "value": "v"}},
            {"trial_id": "1", "metadatum": {"key": "k", "value": "v"}},
        ],
    },
}


def spoil(rng, message, depth=0):
    """Change one field of a message, or of one within it."""
    fields = [field for field, _ in message.ListFields()] or list(message.DESCRIPTOR.fields)
    if rng.random() < 0.15:
        fields = list(message.DESCRIPTOR.fields)
    if not fields:
        return
    field = rng.choice(fields)
    inside = [getattr(message, field.name)]
    if is_list(message, field.name):
        inside = list(inside[0])
    inside = [one for one in inside if hasattr(one, "DESCRIPTOR")]
    if inside and depth < 12 and rng.random() < 0.85:
        spoil(rng, rng.choice(inside), depth + 1)
        return
    other = type(message)()
    set_field(rng, other, field, depth=5)
    message.ClearField(field.name)
    message.MergeFrom(other)


def odd_bytes(rng, method, make):
    kind = rng.random()
    if kind < 0.05:
        return rng.randbytes(rng.randrange(60))
    if kind < 0.06:
        # Groups within groups, and messages within messages, as deep as they go.
        return rng.choice([b"\x0b" * 50_000, nested(rng.choice([5, 50, 99, 101, 5000]))])
    message = make()
    if kind < 0.2:
        fill(rng, message)
    else:
        message = make(**GOOD[method])
        for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
            spoil(rng, message)
    data = message.SerializeToString()
    kind = rng.random()
    if kind < 0.1 and data:
        return data[: rng.randrange(len(data))]
    if kind < 0.25 and data:
        place = rng.randrange(len(data))
        return data[:place] + rng.randbytes(1) + data[place + 1 :]
    return data


def nested(depth):
    """Return the bytes of a CreateStudyRequest with conditional parameters at a depth."""

    def field(number, data):
        return bytes([number << 3 | 2]) + length(len(data)) + data

    def length(n):
        found = b""
        while n > 127:
            found += bytes([n & 127 | 128])
            n >>= 7
        return found + bytes([n])

    data = field(1, b"x")
    for _ in range(depth):
        data = field(1, b"x") + field(10, field(1, data))
    return field(1, b"owners/o") + field(2, field(2, b"deep") + field(3, field(2, data)))


@contextmanager
def called(service):
    """Serve, and yield what sends bytes to a method and returns its status and its details."""
    clients = ForeignClients(service, new_seed=itertools.count(1).__next__)
    server = start(clients, "127.0.0.1", 0)
    channel = grpc.insecure_channel(f"127.0.0.1:{server.port}")

    def call(method, data):
        try:
            channel.unary_unary(f"/{SERVICE}/{method}")(data, timeout=20)
        except grpc.RpcError as error:
            return error.code(), error.details()
        return grpc.StatusCode.OK, ""

    try:
        yield call
    finally:
        channel.close()
        server.drain(1)
        server.close()


def make_anew(service):
    """Delete what is there, and make the study that the requests are about."""
    for study in service.studies("o"):
        service.delete_study(study.name)
    service.create_study(NAME, CONFIG)
    point = {"x": 0.5, "n": 2, "kind": "a"}
    service.add_trial(NAME, point, measurement=Measurement({"loss": 1.0}))
    service.suggest_trials(NAME, 2, "c")


def state_of(service):
    return [
        (study, service.trials(study.name), service.measurements(study.name, range(1, 30)))
        for study in service.studies("o")
    ]


def test_the_requests_that_the_others_are_made_of_are_taken():
    service = make_service(MemoryStore())
    with called(service) as call:
        for method, (request, _) in methods().items():
            make_anew(service)
            code, details = call(method, request(**GOOD[method]).SerializeToString())
            assert code is grpc.StatusCode.OK, (method, details)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [1, 2])
def test_no_message_breaks_the_server_and_none_that_is_refused_changes_anything(seed):
    rng = random.Random(seed)
    service = limited(make_service(MemoryStore()), Limits(n_suggestions=5), lambda: 0.0)
    requests = {name: request for name, (request, _) in methods().items()}
    n_taken, n_refused = Counter(), Counter()
    make_anew(service)
    with called(service) as call:
        for number in range(N_REQUESTS // 2):
            before = state_of(service)
            method = rng.choice(sorted(requests))
            data = odd_bytes(rng, method, requests[method])
            code, details = call(method, data)
            told = f"request {number}: {method} {data[:500]!r}: {code} {details}"
            if code is grpc.StatusCode.OK:
                n_taken[method] += 1
                if state_of(service) != before:
                    make_anew(service)
                continue
            n_refused[method] += 1
            assert code in ITS_OWN, told
            assert details, told
            assert "Traceback" not in details, told
            assert state_of(service) == before, told
    # A fuzz that never gets past the first check proves little.
    assert set(n_taken) == set(requests) == set(n_refused)


def test_bytes_that_are_no_message_are_the_clients_mistake():
    service = make_service(MemoryStore())
    with called(service) as call:
        for data in (b"\xff", b"\x0a\x05ab", b"\x0b" * 10_000):
            code, details = call("GetStudy", data)
            assert code is grpc.StatusCode.INVALID_ARGUMENT, details


def test_a_method_that_is_not_there_is_unimplemented():
    with called(make_service(MemoryStore())) as call:
        code, _ = call("NoSuchMethod", b"")
        assert code is grpc.StatusCode.UNIMPLEMENTED


def test_a_message_that_is_too_large_is_refused():
    service = make_service(MemoryStore())
    with called(service) as call:
        huge = vizier("GetStudyRequest")(name="x" * (17 << 20)).SerializeToString()
        code, _ = call("GetStudy", huge)
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        code, _ = call("GetStudy", b"")
        assert code is grpc.StatusCode.INVALID_ARGUMENT


def test_a_text_that_is_far_too_long_is_still_said_to_be_wrong():
    service = make_service(MemoryStore())
    with called(service) as call:
        request = vizier("ListStudiesRequest")(parent="owner/" + "ü" * 200_000)
        assert call("ListStudies", request.SerializeToString())[0] is (
            grpc.StatusCode.INVALID_ARGUMENT
        )
        make_anew(service)
        trial = {"parameters": [*GIVEN["parameters"][:2]]}
        trial["parameters"].append(
            {"parameter_id": "kind", "value": {"string_value": "ü" * 9_000}}
        )
        request = vizier("CreateTrialRequest")(parent=STUDY, trial=trial)
        code, details = call("CreateTrial", request.SerializeToString())
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert details.startswith("parameter 'kind': the value must be one of a, b, got 'üüü")


def test_what_other_doors_take_and_messages_cannot_hold_is_still_told():
    service = make_service(MemoryStore())
    config = StudyConfig(
        SearchSpace({"n": Integer(0, 2**70)}), CONFIG.metrics, algorithm="RANDOM_SEARCH"
    )
    texts = {"a": {"1": "\x01", "2": "\x01\x01", "3": "\x01/w==", "4": "\x01!"}}
    service.create_study(NAME, config, metadata=texts)
    long = Measurement({"loss": 1.0}, 2**63 - 1, 1e300)
    service.add_trial(NAME, {"n": 2**69}, measurements=[long], measurement=long)
    with called(service) as call:
        for method in ("GetStudy", "ListStudies", "ListTrials", "ListOptimalTrials"):
            code, details = call(method, methods()[method][0](**GOOD[method]).SerializeToString())
            assert code is grpc.StatusCode.OK, (method, details)


def test_who_waits_for_a_suggestion_keeps_no_measurement_from_being_taken():
    service, go_on = make_service(MemoryStore()), threading.Event()
    make_anew(service)
    fast = service.suggest_trials
    n_waiting = threading.Semaphore(0)

    def slow(*arguments, **options):
        n_waiting.release()
        assert go_on.wait(30)
        return fast(*arguments, **options)

    service.suggest_trials = slow
    with called(service) as call, ThreadPoolExecutor(40) as pool:
        request = vizier("SuggestTrialsRequest")(**GOOD["SuggestTrials"]).SerializeToString()
        asked = [pool.submit(call, "SuggestTrials", request) for _ in range(40)]
        for _ in asked:
            assert n_waiting.acquire(timeout=20)
        request = vizier("AddTrialMeasurementRequest")(**GOOD["AddTrialMeasurement"])
        code, details = call("AddTrialMeasurement", request.SerializeToString())
        go_on.set()
        assert code is grpc.StatusCode.OK, details
        assert {one.result()[0] for one in asked} == {grpc.StatusCode.OK}
