"""The gRPC server: statuses, access, its end, and messages that are wrong in many ways."""

import random
from contextlib import contextmanager

import grpc
import pytest
from command_line import CommandLine
from servers import server_process

from wazir.app.compose import make_service
from wazir.domain.errors import InvalidTokenError, JobError
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Categorical, Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.servers.grpc.messages import SERVICE, methods, vizier
from wazir.servers.grpc.server import start
from wazir.service.foreign import ForeignClients
from wazir.storage.memory import MemoryStore

N_WRONG = 3_000
NAME = StudyName("me", "s")
CONFIG = StudyConfig(
    SearchSpace({"x": Double(0, 1), "kind": Categorical(["a", "b"])}),
    (Metric("loss", Goal.MINIMIZE),),
    algorithm="RANDOM_SEARCH",
)
REFUSED = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
}


class Client:
    """Calls methods by name, with messages or with bytes."""

    def __init__(self, place):
        self.channel = grpc.insecure_channel(place)

    def __call__(self, method, request=None, *, metadata=None, **fields):
        kind, answer = methods()[method]
        call = self.channel.unary_unary(
            f"/{SERVICE}/{method}", lambda data: data, answer.FromString
        )
        data = request if isinstance(request, bytes) else kind(**fields).SerializeToString()
        return call(data, timeout=10, metadata=metadata)


@contextmanager
def world(**options):
    service = make_service(MemoryStore())
    service.create_study(NAME, CONFIG)
    point = {"x": 0.5, "kind": "a"}
    service.add_trial(NAME, point, measurement=Measurement({"loss": 1.0}))
    clients = ForeignClients(service, new_seed=lambda: 1)
    server = start(clients, "127.0.0.1", 0, **options)
    client = Client(f"127.0.0.1:{server.port}")
    try:
        yield service, client
    finally:
        client.channel.close()
        server.drain(0)
        server.close()


def code_of(call):
    try:
        call()
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def status_of(call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code(), caught.value.details()


def test_errors_have_the_status_of_their_kind():
    with world() as (_, client):
        missing = status_of(lambda: client("GetStudy", name="owners/me/studies/t"))
        assert missing[0] is grpc.StatusCode.NOT_FOUND
        assert "studies there: s" in missing[1]
        wrong = status_of(lambda: client("GetStudy", name="here"))
        assert wrong[0] is grpc.StatusCode.INVALID_ARGUMENT
        late = status_of(
            lambda: client(
                "CompleteTrial",
                name="owners/me/studies/s/trials/1",
                final_measurement={"metrics": [{"metric_id": "loss", "value": 2}]},
            )
        )
        assert late[0] is grpc.StatusCode.FAILED_PRECONDITION


def test_a_fault_of_the_server_is_told_without_its_traceback(caplog):
    with world() as (service, client):
        service.study = lambda name: 1 / 0
        told = status_of(lambda: client("GetStudy", name="owners/me/studies/s"))
    assert told == (grpc.StatusCode.INTERNAL, "the server failed; its log says how")
    assert "ZeroDivisionError" in caplog.text


def test_who_is_not_let_in_gets_nowhere():
    asked = []

    @contextmanager
    def admit(headers, method, _peer):
        asked.append((headers.get("authorization"), method))
        if headers.get("authorization") != "Bearer it":
            raise InvalidTokenError("no")
        yield

    with world(admit=admit) as (_, client):
        name = "owners/me/studies/s"
        assert status_of(lambda: client("GetStudy", name=name)) == (
            grpc.StatusCode.UNAUTHENTICATED,
            "no",
        )
        found = client("GetStudy", name=name, metadata=[("authorization", "Bearer it")])
        assert found.display_name == "s"
    assert asked == [(None, "GetStudy"), ("Bearer it", "GetStudy")]


def test_an_address_that_is_taken_is_said():
    clients = ForeignClients(make_service(MemoryStore()), new_seed=lambda: 1)
    first = start(clients, "127.0.0.1", 0)
    try:
        with pytest.raises(JobError, match="cannot be used for gRPC"):
            start(clients, "127.0.0.1", first.port)
    finally:
        first.drain(0)
        first.close()


def pages_of(client, method, field, **asked):
    """Return the pages of a listing, asked for one after the other until there is no token."""
    pages, token = [], ""
    while True:
        answer = client(method, page_token=token, **asked)
        pages.append([one.name.rpartition("/")[2] for one in getattr(answer, field)])
        token = answer.next_page_token
        if not token:
            return pages
        assert len(pages) < 10, "there is no end"


def test_lists_come_whole_or_in_pages():
    with world() as (service, client):
        for number in range(4):
            service.create_study(StudyName("me", f"s{number}"), CONFIG)
            service.add_trial(NAME, {"x": number / 10, "kind": "b"})
        parent = "owners/me"
        whole = pages_of(client, "ListStudies", "studies", parent=parent)
        assert whole == [["s", "s0", "s1", "s2", "s3"]]
        halves = pages_of(client, "ListStudies", "studies", parent=parent, page_size=2)
        assert halves == [["s", "s0"], ["s1", "s2"], ["s3"]]
        study = "owners/me/studies/s"
        whole = pages_of(client, "ListTrials", "trials", parent=study)
        assert whole == [["1", "2", "3", "4", "5"]]
        for size, pages in (
            (2, [["1", "2"], ["3", "4"], ["5"]]),
            (4, [["1", "2", "3", "4"], ["5"]]),
            (5, whole),
            (2**31 - 1, whole),
        ):
            assert pages_of(client, "ListTrials", "trials", parent=study, page_size=size) == pages
        # A trial that is deleted between two pages moves no other.
        first = client("ListTrials", parent=study, page_size=2)
        service.delete_trial(NAME, 1)
        rest = client("ListTrials", parent=study, page_token=first.next_page_token)
        assert [trial.id for trial in rest.trials] == ["3", "4", "5"]


def test_optimal_trials_come_in_pages_in_the_order_of_the_whole():
    two = StudyConfig(
        SearchSpace({"x": Double(0, 1)}),
        (Metric("loss", Goal.MINIMIZE), Metric("cost", Goal.MINIMIZE)),
        algorithm="RANDOM_SEARCH",
    )
    with world() as (service, client):
        name = StudyName("me", "two")
        service.create_study(name, two)
        for number in range(3):
            values = {"loss": float(number), "cost": float(3 - number)}
            service.add_trial(name, {"x": number / 10}, measurement=Measurement(values))
        asked = {"parent": "owners/me/studies/two"}
        (whole,) = pages_of(client, "ListOptimalTrials", "optimal_trials", **asked)
        assert sorted(whole) == ["1", "2", "3"]
        pages = pages_of(client, "ListOptimalTrials", "optimal_trials", page_size=2, **asked)
        assert pages == [whole[:2], whole[2:]]


@pytest.mark.parametrize(
    ("page", "field"),
    [({"page_size": -1}, "page_size"), ({"page_token": "x"}, "page_token")]
    + [({"page_token": text}, "page_token") for text in ("-1", "0", "9" * 17, "\u0661", "1\n")],
)
@pytest.mark.parametrize("method", ["ListStudies", "ListTrials", "ListOptimalTrials"])
def test_a_page_that_is_none_is_refused(method, page, field):
    parent = "owners/me" if method == "ListStudies" else "owners/me/studies/s"
    with world() as (_, client):
        code, details = status_of(lambda: client(method, parent=parent, **page))
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert details.startswith(f"{field}: ")


def test_an_operation_can_be_asked_for_again():
    with world() as (_, client):
        parent = "owners/me/studies/s"
        given = client("SuggestTrials", parent=parent, suggestion_count=2, client_id="me")
        assert given.done
        again = client("GetOperation", name=given.name)
        suggested = vizier("SuggestTrialsResponse").FromString(again.response.value)
        assert [trial.id for trial in suggested.trials] == ["2", "3"]
        for name in ("", "operations/", f"operations/{parent}/suggestion/0", "operations/x/y"):
            asked = status_of(lambda name=name: client("GetOperation", name=name))
            assert asked[0] is grpc.StatusCode.NOT_FOUND


def wrong_request(rng):
    """Return a method and bytes that are no message, or a message that asks for what cannot be."""
    method = rng.choice(sorted(methods()))
    if rng.random() < 0.5:
        return method, bytes(rng.randrange(256) for _ in range(rng.randrange(60)))
    names = [
        "",
        "x",
        "owners",
        "owners/me/studies/none",
        "owners/../studies/s",
        "owners/me/studies/s/trials/99",
    ]
    kind = methods()[method][0]
    text = rng.choice(names)
    fields = {
        f.name: text for f in kind.DESCRIPTOR.fields if f.name in ("name", "parent", "trial_name")
    }
    if "client_id" in kind.DESCRIPTOR.fields_by_name:
        fields["client_id"] = "c" * rng.choice([0, 1, 5000])
    return method, kind(**fields).SerializeToString()


@pytest.mark.timeout(120)
def test_thousands_of_wrong_messages_are_refused_and_change_nothing():
    rng = random.Random(20)
    with world() as (service, client):
        before = (service.studies("me"), service.trials(NAME), service.counts(NAME))
        n_answered = 0
        for _ in range(N_WRONG):
            method, data = wrong_request(rng)
            code = code_of(lambda method=method, data=data: client(method, data))
            n_answered += code is grpc.StatusCode.OK
            assert code in {grpc.StatusCode.OK, *REFUSED}, f"{method} {data!r}: {code}"
        assert (service.studies("me"), service.trials(NAME), service.counts(NAME)) == before
    assert n_answered < N_WRONG / 10


def test_the_command_serves_both_doors_with_one_access(tmp_path):
    command = CommandLine(tmp_path)
    made = command("token", "create", "--project", "me", "--role", "worker")
    secret = made.stdout.strip()
    with server_process(tmp_path, "--grpc-port", "0") as server:
        client = Client(server.grpc_place)
        parent = "owners/me"
        assert status_of(lambda: client("ListStudies", parent=parent))[0] is (
            grpc.StatusCode.UNAUTHENTICATED
        )
        token = [("authorization", f"Bearer {secret}")]
        assert len(client("ListStudies", parent=parent, metadata=token).studies) == 0
        other = status_of(lambda: client("ListStudies", parent="owners/you", metadata=token))
        assert other[0] is grpc.StatusCode.PERMISSION_DENIED
        client.channel.close()
        assert server.end()[0] == 0


def test_a_port_that_was_asked_for_must_be_free(tmp_path):
    with server_process(tmp_path, "--grpc-port", "0") as server:
        port = server.grpc_place.rpartition(":")[2]
        refused = CommandLine(tmp_path)("serve", "--port", "0", "--grpc-port", port, code=1)
    assert "cannot be used for gRPC" in refused.stderr
    # Nothing but our own words: gRPC has its own way to complain.
    assert refused.stderr.startswith("Error: ")
