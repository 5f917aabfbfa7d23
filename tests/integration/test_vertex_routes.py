"""The routes of Vertex, asked in this process: pages, results from elsewhere, operations, errors."""

import pytest
from asgi import AsgiClient

from wazir.app.compose import make_service
from wazir.domain.metrics import Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Categorical
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.servers.http.app import make_app
from wazir.servers.http.parts import ServerParts
from wazir.service.foreign import ForeignClients
from wazir.storage.memory import MemoryStore

STUDIES = "/v1/projects/p/locations/us-central1/studies"
SPEC = {
    "metrics": [{"metricId": "loss", "goal": "MINIMIZE"}],
    "parameters": [{"parameterId": "x", "doubleValueSpec": {"maxValue": 1}}],
    "algorithm": "RANDOM_SEARCH",
}
RESULT = {"metrics": [{"metricId": "loss", "value": 0.5}]}


def application(store):
    service = make_service(store)
    clients = ForeignClients(service, new_seed=lambda: 1)
    app = make_app(ServerParts(service, clients), version="test")
    return AsgiClient(app, "http://localhost")


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def server(store):
    return application(store)


@pytest.fixture
def study(server):
    """The address of a study."""
    return (
        "/v1/" + answer(server.post(STUDIES, json={"displayName": "s", "studySpec": SPEC}))["name"]
    )


def answer(response, code=200):
    assert response.status_code == code, response.text
    return response.json()


def refused(response, status, code):
    error = answer(response, code)["error"]
    assert (error["status"], error["code"]) == (status, code)
    assert error["details"][0]["@type"].startswith("type.googleapis.com/google.rpc.")
    return error["message"]


def suggest(server, study, count=1, client="me"):
    asked = {"suggestionCount": count, "clientId": client}
    return answer(server.post(f"{study}/trials:suggest", json=asked))


def ids(trials):
    return [int(trial["id"]) for trial in trials]


def test_a_list_comes_whole_unless_pages_are_asked_for(server, study):
    suggest(server, study, 150)
    assert ids(answer(server.get(f"{study}/trials"))["trials"]) == list(range(1, 151))
    page = answer(server.get(f"{study}/trials?pageSize=60"))
    # A trial that goes away between two pages moves no other.
    server.delete(f"{study}/trials/3")
    seen = ids(page["trials"])
    while "nextPageToken" in page:
        page = answer(
            server.get(f"{study}/trials?page_size=60&page_token={page['nextPageToken']}")
        )
        seen += ids(page["trials"])
    assert seen == list(range(1, 151))
    beyond = answer(server.get(f"{study}/trials?pageSize=60&pageToken=9999"))
    assert beyond == {"trials": []}
    for wrong in ("pageSize=-1", "pageSize=x", "pageToken=%D9%A3"):
        told = refused(server.get(f"{study}/trials?{wrong}"), "INVALID_ARGUMENT", 400)
        assert told.startswith(wrong.partition("=")[0])


def test_studies_have_pages_too(server, study):
    for number in range(4):
        server.post(STUDIES, json={"displayName": f"more {number}", "studySpec": SPEC})
    first = answer(server.get(f"{STUDIES}?pageSize=3"))
    rest = answer(server.get(f"{STUDIES}?pageSize=3&pageToken={first['nextPageToken']}"))
    assert "nextPageToken" not in rest
    names = [one["displayName"] for one in first["studies"] + rest["studies"]]
    assert names == ["s", "more 0", "more 1", "more 2", "more 3"]


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ({}, "REQUESTED"),
        ({"state": "STATE_UNSPECIFIED", "finalMeasurement": RESULT}, "SUCCEEDED"),
        ({"state": 4, "finalMeasurement": RESULT}, "SUCCEEDED"),
        ({"state": "INFEASIBLE", "infeasibleReason": "no"}, "INFEASIBLE"),
        ({"state": "INFEASIBLE", "finalMeasurement": RESULT}, "INFEASIBLE"),
        ({"state": "ACTIVE", "webAccessUris": {"a": "b"}, "customJob": "c"}, "REQUESTED"),
    ],
)
def test_a_trial_from_elsewhere_keeps_its_result(server, study, given, state):
    parameters = [{"parameterId": "x", "value": 0.25}]
    added = answer(server.post(f"{study}/trials", json={"parameters": parameters, **given}))
    assert (added["state"], added["parameters"]) == (state, parameters)
    assert added.get("finalMeasurement") == given.get("finalMeasurement")
    assert answer(server.get(f"/v1/{added['name']}")) == added


@pytest.mark.parametrize(
    "given", [{"state": "SUCCEEDED"}, {"state": "ACTIVE", "finalMeasurement": RESULT}]
)
def test_a_state_and_a_result_that_contradict_each_other_are_refused(server, study, given):
    body = {"parameters": [{"parameterId": "x", "value": 0.25}], **given}
    told = refused(server.post(f"{study}/trials", json=body), "INVALID_ARGUMENT", 400)
    assert told.startswith("finalMeasurement: ")
    assert answer(server.get(f"{study}/trials")) == {"trials": []}


def test_an_operation_can_be_asked_for_at_any_server_of_the_database(server, study, store):
    made = suggest(server, study, 2)
    check = answer(server.post(f"{study}/trials/1:checkTrialEarlyStoppingState", json={}))
    other = application(store)
    for operation in (made, check):
        name = operation["name"]
        for response in (
            other.get(f"/ui/{name}"),
            other.get(f"/v1/{name}"),
            other.post(f"/v1/{name}:wait", json={"timeout": "1s"}),
        ):
            assert answer(response) == operation
        assert answer(other.post(f"/ui/{name}:cancel", json={})) == {}
        assert answer(other.delete(f"/v1/{name}")) == {}
    assert ids(answer(other.get(f"{study}/trials"))["trials"]) == [1, 2]
    assert answer(other.get(f"{study}/operations")) == {}
    for missing in (f"{study}/operations/suggest-99", f"{study}/operations/check-99-yes"):
        refused(other.get(missing), "NOT_FOUND", 404)
        refused(other.post(f"{missing}:cancel", json={}), "NOT_FOUND", 404)


def test_states_are_numbers_for_who_wants_them(server, study):
    suggest(server, study)
    wanted = "$alt=json%3Benum-encoding%3Dint"
    assert answer(server.get(f"{study}/trials/1?{wanted}"))["state"] == 2
    assert answer(server.get(f"{study}?{wanted}"))["studySpec"]["algorithm"] == 3
    assert answer(server.get(f"{study}"))["studySpec"]["algorithm"] == "RANDOM_SEARCH"


def test_what_is_refused_is_refused_with_the_status_that_google_has_for_it(server, study):
    other = {**SPEC, "observationNoise": "LOW"}
    taken = server.post(STUDIES, json={"displayName": "s", "studySpec": other})
    refused(taken, "ALREADY_EXISTS", 409)
    missing = server.post(f"{STUDIES}:lookup", json={"displayName": "none"})
    refused(missing, "NOT_FOUND", 404)
    refused(server.get(f"{study}/trials/7"), "NOT_FOUND", 404)
    odd = server.post(STUDIES, json={"displayName": "t", "studySpec": {"colour": 1}})
    assert refused(odd, "INVALID_ARGUMENT", 400).startswith("studySpec.colour: ")
    fixed = {"clientId": "me", "contexts": [{"parameters": [{"parameterId": "x", "value": 1}]}]}
    told = refused(server.post(f"{study}/trials:suggest", json=fixed), "INVALID_ARGUMENT", 400)
    assert told.startswith("contexts")
    negative = {"clientId": "me", "suggestionCount": -1}
    told = refused(server.post(f"{study}/trials:suggest", json=negative), "INVALID_ARGUMENT", 400)
    assert told.startswith("suggestionCount: ")
    (trial,) = suggest(server, study)["response"]["trials"]
    refused(server.post(f"/v1/{trial['name']}:complete", json={}), "FAILED_PRECONDITION", 400)
    answer(server.post(f"/v1/{trial['name']}:complete", json={"finalMeasurement": RESULT}))
    late = server.post(f"/v1/{trial['name']}:addTrialMeasurement", json={"measurement": RESULT})
    refused(late, "FAILED_PRECONDITION", 400)


def test_text_that_is_no_unicode_spoils_no_list(server, study, store):
    space = SearchSpace({"kind": Categorical(["half \ud83d", "whole \U0001f600", r"\ud800"])})
    odd = StudyConfig(space, (Metric("loss"),))
    make_service(store).create_study(StudyName("p", "odd"), odd)
    _, found = answer(server.get(STUDIES))["studies"]
    values = found["studySpec"]["parameters"][0]["categoricalValueSpec"]["values"]
    assert values == ["half ?", "whole \U0001f600", r"\ud800"]
