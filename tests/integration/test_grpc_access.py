"""Each method of the gRPC server: who may call it."""

import itertools
import json
import logging
import time

import grpc
import pytest

from wazir.app.clock import system_clock
from wazir.app.compose import make_service
from wazir.domain.limits import Limits
from wazir.domain.metrics import Goal, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.tokens import ALL_PROJECTS, Role
from wazir.servers.admission import admission
from wazir.servers.audit import LOGGER_NAME, AuditLog
from wazir.servers.grpc.messages import SERVICE, methods
from wazir.servers.grpc.server import start
from wazir.servers.rates import TokenBuckets
from wazir.service.access import Guard
from wazir.service.display_names import display_name_metadata
from wazir.service.foreign import ForeignClients
from wazir.service.guarding import Access, Caller, guarded
from wazir.service.limiting import limited
from wazir.storage.memory import MemoryStore

CONFIG = StudyConfig(
    SearchSpace({"x": Double(0, 1)}), (Metric("loss", Goal.MINIMIZE),), algorithm="RANDOM_SEARCH"
)
MEASUREMENT = {"metrics": [{"metric_id": "loss", "value": 1.0}]}
SPEC = {
    "metrics": [{"metric_id": "loss", "goal": "MINIMIZE"}],
    "parameters": [{"parameter_id": "x", "double_value_spec": {"min_value": 0, "max_value": 1}}],
    "algorithm": "RANDOM_SEARCH",
}


def requests(owner):
    """Return a right request of each method about an owner's study."""
    study = f"owners/{owner}/studies/s"
    trial = f"{study}/trials/1"
    return {
        "CreateStudy": {
            "parent": f"owners/{owner}",
            "study": {"display_name": "new", "study_spec": SPEC},
        },
        "GetStudy": {"name": study},
        "ListStudies": {"parent": f"owners/{owner}"},
        "DeleteStudy": {"name": study},
        "SetStudyState": {"parent": study, "state": 2},
        "SuggestTrials": {"parent": study, "suggestion_count": 1, "client_id": "d"},
        "GetOperation": {"name": f"operations/{study}/suggestion/1"},
        "CreateTrial": {
            "parent": study,
            "trial": {"parameters": [{"parameter_id": "x", "value": {"number_value": 0.5}}]},
        },
        "GetTrial": {"name": trial},
        "ListTrials": {"parent": study},
        "AddTrialMeasurement": {"trial_name": trial, "measurement": {**MEASUREMENT, "step_count": 1}},
        "CompleteTrial": {"name": trial, "final_measurement": MEASUREMENT},
        "DeleteTrial": {"name": trial},
        "CheckTrialEarlyStoppingState": {"trial_name": trial},
        "StopTrial": {"name": trial},
        "ListOptimalTrials": {"parent": study},
        "UpdateMetadata": {"name": study, "delta": [{"metadatum": {"key": "k", "value": "v"}}]},
    }  # fmt: skip


ADMIN = {"DeleteStudy", "SetStudyState", "DeleteTrial"}
READ = {"GetStudy", "ListStudies", "GetOperation", "GetTrial", "ListTrials", "ListOptimalTrials"}


class Place:
    """The gRPC server with a study of two owners, and tokens."""

    def __init__(self):
        store = MemoryStore()
        self.service = make_service(store)
        access = Access(Guard(store, system_clock, must_ask=True), Caller())
        offered = guarded(limited(self.service, Limits(), system_clock), access)
        clients = ForeignClients(offered, new_seed=itertools.count().__next__)
        buckets = TokenBuckets(1e6, 1e6, time.monotonic)
        admit = admission(access, AuditLog(system_clock), buckets, buckets)
        self.server = start(clients, "127.0.0.1", 0, admit=admit)
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.server.port}")
        self.secrets = {
            (project, role): access.guard.create_token(project, role)[1]
            for project in ("mine", ALL_PROJECTS)
            for role in Role
        }

    def reset(self):
        for owner in ("mine", "theirs"):
            for study in self.service.studies(owner):
                self.service.delete_study(study.name)
            name = StudyName(owner, "s")
            self.service.create_study(name, CONFIG, metadata=display_name_metadata(name, "s"))
            self.service.suggest_trials(name, 1, "c")

    def state(self):
        return [
            (study, self.service.trials(study.name))
            for owner in ("mine", "theirs")
            for study in self.service.studies(owner)
        ]

    def code(self, method, fields, secret=None):
        kind, answer = methods()[method]
        call = self.channel.unary_unary(
            f"/{SERVICE}/{method}", kind.SerializeToString, answer.FromString
        )
        metadata = [] if secret is None else [("authorization", f"Bearer {secret}")]
        try:
            call(kind(**fields), timeout=20, metadata=metadata)
        except grpc.RpcError as error:
            return error.code().name
        return "OK"


@pytest.fixture(scope="module")
def place():
    place = Place()
    yield place
    place.channel.close()
    place.server.drain(0)
    place.server.close()


def test_there_is_a_request_for_each_method():
    assert set(requests("mine")) == set(methods())
    assert set(methods()) >= ADMIN | READ


@pytest.mark.parametrize("secret", [None, "wz_", "wz_" + "A" * 43])
def test_nobody_does_anything_without_a_valid_token(place, secret):
    place.reset()
    before = place.state()
    for method, fields in requests("mine").items():
        assert place.code(method, fields, secret) == "UNAUTHENTICATED", method
    assert place.state() == before


@pytest.mark.parametrize("project", ["mine", ALL_PROJECTS])
def test_each_method_needs_the_role_of_the_table(place, project):
    for (method, fields), role in itertools.product(requests("mine").items(), Role):
        place.reset()
        before = place.state()
        code = place.code(method, fields, place.secrets[project, role])
        may = method in READ or role is Role.ADMIN or (role is Role.WORKER and method not in ADMIN)
        assert code == ("OK" if may else "PERMISSION_DENIED"), (method, role)
        assert may or place.state() == before


def test_a_token_of_one_project_does_nothing_in_another(place):
    place.reset()
    before = place.state()
    for (method, fields), role in itertools.product(requests("theirs").items(), Role):
        code = place.code(method, fields, place.secrets["mine", role])
        assert code == "PERMISSION_DENIED", (method, role)
    assert place.state() == before


def test_each_write_has_a_line_without_its_secret(place, caplog):
    caplog.set_level(logging.INFO, LOGGER_NAME)
    place.reset()
    secret = place.secrets["mine", Role.WORKER]
    for method, fields in requests("mine").items():
        place.code(method, fields, secret)
    lines = [json.loads(one.getMessage()) for one in caplog.records if one.name == LOGGER_NAME]
    assert {line["path"] for line in lines} == set(methods()) - READ
    assert {line["status"] for line in lines} == {"OK", "PERMISSION_DENIED"}
    assert secret not in caplog.text


def test_limits_hold_at_this_door_too(place):
    place.reset()
    fields = {**requests("mine")["SuggestTrials"], "suggestion_count": 1001}
    assert (
        place.code("SuggestTrials", fields, place.secrets["mine", Role.WORKER])
        == "INVALID_ARGUMENT"
    )
    large = {"name": "owners/mine/studies/s", "delta": [{"metadatum": {"key": "k", "value": "v" * (17 << 20)}}]}  # fmt: skip
    code = place.code("UpdateMetadata", large, place.secrets["mine", Role.WORKER])
    assert code == "RESOURCE_EXHAUSTED"
    many = [{"metadatum": {"key": f"k{n}", "value": "v"}} for n in range(200_000)]
    begun = time.process_time()
    code = place.code(
        "UpdateMetadata", {**large, "delta": many}, place.secrets["mine", Role.WORKER]
    )
    assert code == "INVALID_ARGUMENT"
    # Merging them one by one took time in the square of their number.
    assert time.process_time() - begun < 10
