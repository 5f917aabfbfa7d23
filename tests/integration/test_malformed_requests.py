"""Requests that are wrong in many ways: each is refused, and nothing changes."""

import asyncio
import json
import random

import pytest
from one_request import ask

from wazir.app.compose import make_service
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Categorical, Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig, StudyState
from wazir.servers.http.app import make_app
from wazir.servers.http.parts import ServerParts
from wazir.service.foreign import ForeignClients
from wazir.storage.memory import MemoryStore

N_REQUESTS = 10_000
NAME, ENDED = StudyName("default", "s"), StudyName("default", "ended")
CONFIG = StudyConfig(
    SearchSpace({"x": Double(0, 1), "kind": Categorical(["a", "b"])}),
    (Metric("loss", Goal.MINIMIZE),),
    algorithm="RANDOM_SEARCH",
)
NATIVE = "/api/v1/projects/default/studies"
VERTEX = "/v1/projects/default/locations/us-central1/studies"
# Each needs something in its body that the values below do not have; who is asked for suggestions has ended.
PATHS = [
    ("POST", NATIVE),
    ("POST", f"{NATIVE}/s/state"),
    ("POST", f"{NATIVE}/s/edits"),
    ("POST", f"{NATIVE}/s/edits/preview"),
    ("POST", f"{NATIVE}/ended/suggestions"),
    ("POST", f"{NATIVE}/s/trials"),
    ("POST", f"{NATIVE}/s/trials/1/take-over"),
    ("POST", f"{NATIVE}/s/trials/1/next-attempt"),
    ("POST", f"{NATIVE}/s/trials/1/lease"),
    ("POST", f"{NATIVE}/s/measurements"),
    ("POST", VERTEX),
    ("POST", f"{VERTEX}:lookup"),
    ("POST", f"{VERTEX}/s/trials"),
    ("POST", f"{VERTEX}/ended/trials:suggest"),
    ("POST", f"{VERTEX}/s/trials/1:addTrialMeasurement"),
    ("POST", f"{VERTEX}/s/operations/suggest-0:cancel"),
]
ODD_PATHS = [
    "/v1/projects/../../etc/passwd",
    f"{NATIVE}/..%2f..%2fetc",
    f"{NATIVE}/s/trials/0",
    f"{NATIVE}/s/trials/-1",
    f"{NATIVE}/s/trials/1e9",
    f"{NATIVE}/s/trials/99999999999999999999",
    f"{NATIVE}/s/trials/1/log?offset=-1",
    f"{NATIVE}/s/trials/1/log?attempt=..",
    f"{NATIVE}/{'a' * 5000}",
    f"{NATIVE}/%00",
    f"{NATIVE}/%F0%9F%98%80",
    f"{NATIVE}/s/trials?since_revision=x",
    f"{NATIVE}/s/trials?states=DEAD",
    f"{NATIVE}/s/advice?n_more=0",
    f"{NATIVE}/s/advice?more_than=nan",
    f"{VERTEX}/s/trials?pageSize=-1",
    f"{VERTEX}/s/trials?pageToken=x",
    f"{VERTEX}/s/trials/0",
    f"{VERTEX}/s/trials/x",
    f"{VERTEX}/s/operations/suggest-99",
    f"{VERTEX}/s/operations/none",
    f"{VERTEX}/%2e%2e",
    "/v1/projects/p/locations/L!/studies",
    "/ui/projects/p/locations/l/studies/s/operations/x",
]
FIELDS = [
    "study_id", "config", "metadata", "state", "edit", "count", "client_id", "lease_s", "attempt",
    "parameters", "measurement", "trial_ids", "displayName", "studySpec", "suggestionCount",
    "clientId", "metrics", "finalMeasurement", "name", "previous", "lost", "infeasible_reason",
]  # fmt: skip


def odd_value(rng, depth=0):
    if depth > 3:
        return None
    return rng.choice([
        lambda: None, lambda: True, lambda: -1, lambda: 2**70, lambda: 1e308, lambda: "",
        lambda: "NaN", lambda: "\u0000", lambda: "../../x", lambda: "x" * 3000, lambda: "1;drop",
        list, dict, lambda: [odd_value(rng, depth + 1) for _ in range(3)],
        lambda: {rng.choice(FIELDS): odd_value(rng, depth + 1) for _ in range(3)},
        lambda: {"": {"": {"": 1}}}, lambda: "é\ud800",
    ])()  # fmt: skip


def odd_body(rng):
    kind = rng.random()
    if kind < 0.1:
        return bytes(rng.randrange(256) for _ in range(rng.randrange(40)))
    if kind < 0.12:
        return b"[" * 100_000
    if kind < 0.14:
        return b'{"config":' * 5_000
    if kind < 0.2:
        return json.dumps(odd_value(rng)).encode()
    body = {rng.choice(FIELDS): odd_value(rng) for _ in range(rng.randrange(1, 5))}
    text = json.dumps(body).encode()
    return text[: rng.randrange(len(text))] if kind < 0.3 else text


def odd_request(rng):
    if rng.random() < 0.15:
        return rng.choice(["GET", "GET", "DELETE"]), rng.choice(ODD_PATHS), b""
    method, path = rng.choice(PATHS)
    return method, path, odd_body(rng)


@pytest.mark.timeout(300)
def test_ten_thousand_wrong_requests_are_refused_and_change_nothing():
    store = MemoryStore()
    service = make_service(store)
    service.create_study(NAME, CONFIG)
    point = {"x": 0.5, "kind": "a"}
    service.add_trial(NAME, point, measurement=Measurement({"loss": 1.0}))
    service.create_study(ENDED, CONFIG)
    service.set_study_state(ENDED, StudyState.COMPLETED)
    before = (service.studies("default"), service.trials(NAME), service.counts(NAME))
    app = make_app(
        ServerParts(service, ForeignClients(service, new_seed=lambda: 1)), version="test"
    )
    rng = random.Random(20)

    async def ask_all():
        for number in range(N_REQUESTS):
            method, target, body = odd_request(rng)
            status, answer = await ask(app, method, target, body)
            told = f"request {number}: {method} {target[:200]} {body[:200]!r}: {status} {answer[:300]!r}"
            if status == 200:
                # Right, and without effect: an edit without changes, and measurements of no trials.
                is_ended = target.endswith("/ended/suggestions") and answer == b'{"trials":[]}'
                assert is_ended or target.endswith(
                    ("/edits", "/edits/preview", "/s/measurements")
                ), told
                continue
            assert status in (400, 404, 405, 409, 413), told
            assert "error" in json.loads(answer), told

    asyncio.run(ask_all())
    assert (service.studies("default"), service.trials(NAME), service.counts(NAME)) == before
    assert service.trials(ENDED)[1] == []
