"""Requests of Vertex that are right but for one place: no failure, and an answer that can be read."""

import asyncio
import copy
import json
import random
import re
from dataclasses import replace

import pytest
from one_request import ask

from wazir.app.compose import make_service
from wazir.domain.json_fields import to_json
from wazir.domain.names import StudyName
from wazir.servers.http.app import make_app
from wazir.servers.http.parts import ServerParts
from wazir.servers.http.vertex.messages import STUDY, STUDY_SPEC, TRIAL
from wazir.servers.http.vertex.reading import read_message
from wazir.servers.http.vertex.study_spec import config_from_spec, spec_from_config
from wazir.service.foreign import ForeignClients
from wazir.storage.sqlite.store import SqliteStore

N_REQUESTS = 3_000
STUDIES = "/v1/projects/p/locations/us-central1/studies"
SPEC = {
    "metrics": [
        {"metricId": "loss", "goal": 2},
        {"metricId": "ms", "safetyConfig": {"safetyThreshold": 9, "desiredMinSafeTrialsFraction": 0.5}},
    ],
    "parameters": [
        {"parameterId": "x", "doubleValueSpec": {"minValue": 1e-4, "maxValue": 1, "defaultValue": 0.1},
         "scaleType": "UNIT_LOG_SCALE"},
        {"parameterId": "n", "integerValueSpec": {"minValue": "1", "maxValue": "9", "defaultValue": "3"},
         "conditionalParameterSpecs": [{
             "parentIntValues": {"values": ["2", "3"]},
             "parameterSpec": {"parameterId": "m", "discreteValueSpec": {"values": [1, 2.5]}}}]},
        {"parameterId": "kind", "categoricalValueSpec": {"values": ["a", "b"], "defaultValue": "b"},
         "conditionalParameterSpecs": [{
             "parentCategoricalValues": {"values": ["a"]},
             "parameterSpec": {"parameterId": "y", "doubleValueSpec": {"maxValue": 1}}}]},
    ],
    "algorithm": 3,
    "observationNoise": "HIGH",
    "measurementSelectionType": 2,
    "convexAutomatedStoppingSpec": {"maxStepCount": "90", "minStepCount": "2", "minMeasurementCount": "4"},
    "studyStoppingConfig": {
        "shouldStopAsap": False,
        "minimumRuntimeConstraint": {"maxDuration": "1.5s"},
        "maximumRuntimeConstraint": {"endTime": "2099-01-01T00:00:00Z"},
        "minNumTrials": 1, "maxNumTrials": 100000, "maxNumTrialsNoProgress": 50000,
        "maxDurationNoProgress": "86400s",
    },
}  # fmt: skip
MEASUREMENT = {
    "elapsedDuration": "3.5s",
    "stepCount": "7",
    "metrics": [{"metricId": "loss", "value": 0.5}, {"metricId": "ms", "value": 3}],
}
NEW_TRIAL = {
    "state": "SUCCEEDED",
    "parameters": [
        {"parameterId": "x", "value": 0.5},
        {"parameterId": "n", "value": 1},
        {"parameterId": "kind", "value": "b"},
    ],
    "finalMeasurement": MEASUREMENT,
    "measurements": [MEASUREMENT],
    "infeasibleReason": "",
}
TRIAL_ACTIONS = {
    ":addTrialMeasurement": {"measurement": MEASUREMENT},
    ":complete": {
        "finalMeasurement": MEASUREMENT,
        "trialInfeasible": False,
        "infeasibleReason": "no",
    },
    ":stop": {},
    ":checkTrialEarlyStoppingState": {},
}
ODD = [
    None, True, False, 0, 1, -1, 0.5, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63), 10**400, 1e308, -1e308, 5e-324,
    "", " ", "NaN", "Infinity", "-Infinity", "1", "9223372036854775807", "-1", "1e300", "0s", "0.000000001s",
    "315576000000s", "999999999999s", "-5s", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59",
    "9999-12-31T23:59:59.999999999Z", "0001-01-01T00:00:00+23:59", "2026-01-01T00:00:00Z", "\u0000", "\ud800",
    "é" * 3000, "loss", "x", "n", "a", "UNIT_LOG_SCALE", "MINIMIZE", [], {}, [[]], [{}], [None], {"values": []},
    {"metricId": "loss"}, {"maxValue": 3}, {"maxDuration": "1s"}, {"endTime": "2030-01-01T00:00:00Z"},
]  # fmt: skip


def places(value, path=()):
    """Yield the path of each value inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inside:
        yield (*path, key)
        if isinstance(one, dict | list):
            yield from places(one, (*path, key))


def spoilt(rng, given):
    """Return a body with one place that is other than it was."""
    body = copy.deepcopy(given)
    found = list(places(body))
    if not found:
        return {rng.choice(["name", "colour", "parent"]): rng.choice(ODD)}
    *path, key = rng.choice(found)
    inside = body
    for part in path:
        inside = inside[part]
    match rng.randrange(5):
        case 0:
            del inside[key]
        case 1 if isinstance(inside, list):
            inside.append(copy.deepcopy(rng.choice([inside[key], rng.choice(ODD)])))
        case 2 if isinstance(inside, dict):
            _, other = rng.choice(list(_items(given)))
            inside[rng.choice([str(key), str(key).upper(), "colour"])] = copy.deepcopy(other)
        case _:
            inside[key] = rng.choice(ODD)
    return body


def _items(value):
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inside:
        yield key, one
        if isinstance(one, dict | list):
            yield from _items(one)


def check_spec(service, study):
    """Check that what Vertex has words for is said the same in our own words."""
    config = service.study(StudyName("p", study["name"].rpartition("/")[2])).config
    written = json.loads(to_json(spec_from_config(config)))
    meant = config_from_spec(read_message(written, STUDY_SPEC, ""), "")
    # Goals that are not said and defaults of options come back as what they mean.
    assert replace(meant, seed=config.seed, algorithm=config.algorithm) == config


class Fuzzed:
    """An application to which requests are sent that are nearly right."""

    def __init__(self, store):
        self.service = make_service(store)
        clients = ForeignClients(self.service, new_seed=lambda: 1)
        self.app = make_app(ServerParts(self.service, clients), version="test")
        self.rng = random.Random(21)
        # The statuses of answers, by the last word of the path.
        self.seen: dict[str, set[int]] = {}

    async def send(self, method, path, body=None):
        content = b"" if body is None else json.dumps(body).encode()
        status, answer = await ask(self.app, method, path, content)
        told = f"{method} {path} {content[:3000]!r}: {status} {answer[:500]!r}"
        assert status in (200, 400, 404, 409), told
        data = json.loads(answer, parse_constant=pytest.fail)
        assert ("error" in data) == (status != 200), told
        self.seen.setdefault(re.split("[/:]", path)[-1], set()).add(status)
        return status, data

    async def a_study(self, number):
        body = {"displayName": f"study {number}", "studySpec": spoilt(self.rng, SPEC)}
        status, study = await self.send("POST", STUDIES, body)
        if status == 200:
            read_message(study, STUDY, "")
            _, again = await self.send("GET", f"/v1/{study['name']}")
            assert again == study
            check_spec(self.service, study)
            await self.send("DELETE", f"/v1/{study['name']}")

    async def a_new_trial(self, study):
        body = spoilt(self.rng, NEW_TRIAL)
        status, trial = await self.send("POST", f"/v1/{study}/trials", body)
        if status == 200:
            await self.check_trial(trial)

    async def an_action(self, study):
        asked = {"suggestionCount": 1, "clientId": "me"}
        _, operation = await self.send("POST", f"/v1/{study}/trials:suggest", asked)
        (given,) = operation["response"]["trials"]
        action = self.rng.choice(list(TRIAL_ACTIONS))
        body = spoilt(self.rng, TRIAL_ACTIONS[action])
        status, answer = await self.send("POST", f"/v1/{given['name']}{action}", body)
        if status != 200:
            _, now = await self.send("GET", f"/v1/{given['name']}")
            assert now == given, "what was refused has changed something"
        elif "done" not in answer:
            await self.check_trial(answer)

    async def check_trial(self, trial):
        read_message(trial, TRIAL, "")
        _, again = await self.send("GET", f"/v1/{trial['name']}")
        assert again == trial

    async def all_requests(self):
        _, study = await self.send("POST", STUDIES, {"displayName": "one", "studySpec": SPEC})
        for number in range(N_REQUESTS):
            match number % 3:
                case 0:
                    await self.a_study(number)
                case 1:
                    await self.an_action(study["name"])
                case _:
                    await self.a_new_trial(study["name"])
        _, page = await self.send("GET", f"/v1/{study['name']}/trials")
        assert len(page["trials"]) > N_REQUESTS / 10
        for trial in page["trials"]:
            read_message(trial, TRIAL, "")


@pytest.mark.timeout(300)
def test_requests_that_are_nearly_right_get_answers_that_can_be_read(tmp_path):
    store = SqliteStore(tmp_path / "wazir.db")
    fuzzed = Fuzzed(store)
    asyncio.run(fuzzed.all_requests())
    store.close()
    # It was neither all refused nor all taken.
    for word in ("studies", "trials", "addTrialMeasurement", "complete"):
        assert {200, 400} <= fuzzed.seen[word], (word, fuzzed.seen)
