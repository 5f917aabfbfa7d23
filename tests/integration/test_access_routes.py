"""Each route of the HTTP server: who may call it, and what odd names do. Found by walking the routes."""

import itertools
import re
import time
from pathlib import Path

import pytest
from asgi import AsgiClient
from starlette.routing import Route

from wazir.app.clock import system_clock
from wazir.app.compose import make_service
from wazir.domain.limits import Limits
from wazir.domain.metrics import Goal, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.tokens import ALL_PROJECTS, Role
from wazir.servers.audit import AuditLog
from wazir.servers.hosts import KnownHosts
from wazir.servers.http.access import OPEN_PATHS
from wazir.servers.http.app import make_app
from wazir.servers.http.parts import ServerParts
from wazir.servers.http.protection import protection
from wazir.service.access import Guard
from wazir.service.display_names import display_name_metadata
from wazir.service.foreign import ForeignClients
from wazir.service.guarding import Access, Caller, guarded
from wazir.service.limiting import limited
from wazir.storage.memory import MemoryStore

CONFIG = StudyConfig(
    SearchSpace({"x": Double(0, 1)}), (Metric("loss", Goal.MINIMIZE),), algorithm="RANDOM_SEARCH"
)
NATIVE = "/api/v1/projects/{project_id}/studies"
VERTEX = "/v1/projects/{project}/locations/{location}/studies"
# Needs the role admin.
ADMIN = {
    ("DELETE", f"{NATIVE}/{{study_id}}"),
    ("POST", f"{NATIVE}/{{study_id}}/state"),
    ("POST", f"{NATIVE}/{{study_id}}/edits"),
    ("DELETE", f"{NATIVE}/{{study_id}}/trials/{{trial_id}}"),
    ("DELETE", f"{VERTEX}/{{study}}"),
    ("DELETE", f"{VERTEX}/{{study}}/trials/{{trial}}"),
}
# A reader may do these although they are no GET.
READ = {
    ("POST", f"{NATIVE}/{{study_id}}/edits/preview"),
    ("POST", f"{NATIVE}/{{study_id}}/measurements"),
    ("POST", f"{VERTEX}:lookup"),
    ("POST", f"{VERTEX}/{{study}}/trials:listOptimalTrials"),
    ("POST", f"{VERTEX}/{{study}}/operations/{{operation}}:wait"),
    # Operations are done when they are told, so these change nothing.
    ("POST", f"{VERTEX}/{{study}}/operations/{{operation}}:cancel"),
    ("DELETE", f"{VERTEX}/{{study}}/operations/{{operation}}"),
}
# Bodies that are right, so that a request gets as far as to who may make it.
MEASURED = {"measurement": {"metrics": {"loss": 1.0}}}
V_SPEC = {
    "metrics": [{"metricId": "loss", "goal": "MINIMIZE"}],
    "parameters": [{"parameterId": "x", "doubleValueSpec": {"minValue": 0, "maxValue": 1}}],
}
V_MEASUREMENT = {"stepCount": "1", "metrics": [{"metricId": "loss", "value": 1.0}]}


class Place:
    """The whole application with a study in two projects."""

    def __init__(self, folder: Path):
        store = MemoryStore()
        self.service = make_service(store)
        self.access = Access(Guard(store, system_clock, must_ask=True), Caller())
        offered = guarded(limited(self.service, Limits(), system_clock), self.access)
        clients = ForeignClients(offered, new_seed=itertools.count().__next__)
        passed = protection(
            self.access, KnownHosts("127.0.0.1"), AuditLog(system_clock), now=time.monotonic
        )
        parts = ServerParts(offered, clients, folder)
        # Streams end at once.
        parts.closing.set()
        self.app = make_app(parts, version="test", middleware=passed)
        self.client = AsgiClient(self.app, "http://127.0.0.1")
        self.headers = {
            (project, role): self._token(project, role)
            for project in ("mine", ALL_PROJECTS)
            for role in Role
        }
        self.reset()

    def _token(self, project, role):
        _, secret = self.access.guard.create_token(project, role)
        return {"Authorization": f"Bearer {secret}"}

    def reset(self):
        """Make the studies as they were: two of `mine` and one of `theirs`, with an ACTIVE trial."""
        for project in ("mine", "theirs"):
            for study in self.service.studies(project):
                self.service.delete_study(study.name)
            name = StudyName(project, "s")
            self.service.create_study(name, CONFIG, metadata=display_name_metadata(name, "s"))
            self.service.suggest_trials(name, 1, "c")

    def state(self):
        """All that a request could change."""
        return [
            (study, self.service.trials(study.name), self.service.measurements(study.name, [1]))
            for project in ("mine", "theirs")
            for study in self.service.studies(project)
        ]

    def call(self, method, path, headers=None, *, names=None, body=None):
        values = {
            "project_id": "mine", "project": "mine", "location": "l", "study_id": "s",
            "study": "s", "trial_id": "1", "trial": "1", "operation": "suggest-1",
            **(names or {}),
        }  # fmt: skip
        target = re.sub(r"\{(\w+)(:\w+)?\}", lambda match: values[match[1]], path)
        content = body_of(method, path) if body is None else body
        more = {} if method in ("GET", "DELETE") else {"json": content}
        return self.client.request(method, target, headers=headers, **more)


def body_of(method, path):
    """Return a body with which a request is right."""
    last = path.rpartition("/")[2].rpartition(":")[2]
    if path.startswith("/api"):
        return {
            "studies": {"study_id": "new", "config": config_json()},
            "state": {"state": "ACTIVE"},
            "edits": {"edit": {"planned_n_trials": 9}},
            "preview": {"edit": {"planned_n_trials": 9}},
            "suggestions": {"client_id": "d"},
            "trials": {"parameters": {"x": 0.5}},
            "measurements": {"trial_ids": [1]} if "{trial_id}" not in path else {},
            "complete": MEASURED,
            "take-over": {"previous": "c", "client_id": "d"},
            "next-attempt": {"attempt": 1},
            "lease": {"lease_s": 60},
        }.get(last, {})
    return {
        "lookup": {"displayName": "s"},
        "studies": {"displayName": "new", "studySpec": V_SPEC},
        "suggest": {"suggestionCount": 1, "clientId": "d"},
        "trials": {"parameters": [{"parameterId": "x", "value": 0.5}]},
        "addTrialMeasurement": {"measurement": V_MEASUREMENT},
        "complete": {"finalMeasurement": V_MEASUREMENT},
    }.get(last, {})


def config_json():
    from wazir.domain.codec import config_to_dict

    return config_to_dict(CONFIG)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return Place(tmp_path_factory.mktemp("runs"))


def routes(app):
    """Yield (method, path) of all routes, those of routers within the application too."""
    for route in walk(app.routes):
        for method in sorted(route.methods - {"HEAD", "OPTIONS"}):
            yield method, route.path


def walk(found):
    for route in found:
        if isinstance(route, Route) or hasattr(route, "methods"):
            yield route
        else:
            # FastAPI keeps a router that was included, or its routes: that depends on its version.
            yield from walk(getattr(route, "original_router", route).routes)


def about_projects(app):
    return [one for one in routes(app) if "{project" in one[1]]


def test_the_walk_finds_the_routes_of_both_apis(place):
    found = set(routes(place.app))
    assert len(found) > 45
    assert found >= ADMIN | READ
    assert {path for method, path in found if "{project" not in path} == {
        "/healthz", "/readyz", "/metrics", "/docs", "/openapi.json",
    }  # fmt: skip


def test_without_a_token_only_the_open_paths_answer(place):
    before = place.state()
    for method, path in routes(place.app):
        expected = 200 if path in OPEN_PATHS else 401
        assert place.call(method, path).status_code == expected, (method, path)
    for path in ("/", "/nothing", "/api/v1/", "/docs/", "//healthz", "/healthz/", "/HEALTHZ"):
        assert place.client.get(path).status_code in (401, 404, 307), path
    assert place.state() == before


def needs(method, path):
    if (method, path) in ADMIN:
        return {Role.ADMIN}
    if method == "GET" or (method, path.replace("/ui/", "/v1/")) in READ:
        return set(Role)
    return {Role.WORKER, Role.ADMIN}


@pytest.mark.parametrize("project", ["mine", ALL_PROJECTS])
def test_each_route_needs_the_role_of_the_table(place, project):
    for (method, path), role in itertools.product(about_projects(place.app), Role):
        place.reset()
        before = place.state()
        answer = place.call(method, path, place.headers[project, role])
        if role in needs(method, path):
            # A trial that does not fit is fine: who may ask was asked before.
            assert answer.status_code in (200, 400, 404), (method, path, role, answer.text)
            is_log = path.endswith("/log")
            assert answer.status_code == 200 or is_log, (method, path, role, answer.text)
        else:
            assert answer.status_code == 403, (method, path, role, answer.text)
            assert answer.json()["error"]["status"] == "PERMISSION_DENIED"
        if role is Role.READER or answer.status_code != 200:
            assert place.state() == before, (method, path, role)


def test_a_token_of_one_project_does_nothing_in_another(place):
    place.reset()
    before = place.state()
    for (method, path), role in itertools.product(about_projects(place.app), Role):
        for study in ("s", "not-there"):
            theirs = {
                "project_id": "theirs",
                "project": "theirs",
                "study_id": study,
                "study": study,
            }
            answer = place.call(method, path, place.headers["mine", role], names=theirs)
            assert answer.status_code == 403, (method, path, role, answer.text)
    assert place.state() == before


NAMES = [
    # `..` itself is tested in test_serve_access.py: the client here takes it out.
    "%2e%2e",
    "%2e",
    "..%2f..%2f..%2fetc%2fpasswd",
    "..%5c..%5cwindows",
    "%2fetc%2fpasswd",
    "a%00b",
    "a%0d%0aX-Injected:%20yes",
    "%0a",
    "%e2%80%ae",
    "%ff%fe",
    "*",
    "'%20or%201=1%20--",
    "%3Cscript%3E",
    "$%7B7*7%7D",
    "~root",
    "-rf",
    "x" * 129,
    "x" * 5000,
    "%F0%9F%92%A9",
]
# Names of studies, but not of trials.
NUMBERS = ["0", "-1", "1.5", "1e3", "0x1", "%D9%A1", "9" * 40, "9" * 5000]


def test_odd_names_in_each_place_of_each_path_are_refused(place):
    place.reset()
    before, admin = place.state(), place.headers[ALL_PROJECTS, Role.ADMIN]
    for method, path in about_projects(place.app):
        # Any text is a location; it names nothing.
        keys = set(re.findall(r"\{(\w+)", path)) - {"location"}
        numbers = keys & {"trial_id", "trial"}
        for key, name in (
            *itertools.product(keys, NAMES),
            *itertools.product(numbers, NUMBERS),
        ):
            answer = place.call(method, path, admin, names={key: name})
            shown = (method, path, key, name, answer.status_code, answer.text[:200])
            assert answer.status_code in (400, 404, 405), shown
            assert "x-injected" not in answer.headers
            assert "Traceback" not in answer.text
    assert place.state() == before


def test_names_in_bodies_become_neither_paths_nor_statements(place, tmp_path):
    admin = place.headers[ALL_PROJECTS, Role.ADMIN]
    for name in ("../s", "a/b", "", ".", "a\0b", "a\r\nb", "'; drop table studies; --", "x" * 129):
        body = {"study_id": name, "config": config_json()}
        answer = place.call("POST", NATIVE, admin, body=body)
        assert answer.status_code == 400, (name, answer.text)
    # Texts that may be anything come back as they were.
    odd = "../../etc/passwd'; drop table trials; --\r\n<script>"
    body = {"client_id": odd, "count": 1}
    given = place.call("POST", f"{NATIVE}/{{study_id}}/suggestions", admin, body=body).json()
    assert given["trials"][0]["client_id"] == odd
    assert list(tmp_path.iterdir()) == []


def test_prior_studies_of_another_project_are_not_learned_from(place):
    place.reset()
    config = {**config_json(), "prior_studies": ["projects/theirs/studies/s"]}
    for role in (Role.WORKER, Role.ADMIN):
        body = {"study_id": "greedy", "config": config}
        answer = place.call("POST", NATIVE, place.headers["mine", role], body=body)
        assert answer.status_code == 403, answer.text
    assert [study.name.study_id for study in place.service.studies("mine")] == ["s"]


def test_limits_hold_at_both_doors(place):
    place.reset()
    admin = place.headers[ALL_PROJECTS, Role.ADMIN]
    for path, body in (
        (f"{NATIVE}/{{study_id}}/suggestions", {"client_id": "d", "count": 1001}),
        (f"{VERTEX}/{{study}}/trials:suggest", {"clientId": "d", "suggestionCount": 1001}),
    ):
        answer = place.call("POST", path, admin, body=body)
        assert answer.status_code == 400, answer.text
        assert "at most 1,000, got 1,001" in answer.json()["error"]["message"]
