"""Messages over gRPC that are wrong in many ways: none breaks the server, none changes anything."""

import itertools
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pytest
from odd_messages import GIVEN, GOOD, STUDY, odd_bytes

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
