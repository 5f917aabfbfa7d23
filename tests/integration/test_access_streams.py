"""A stream of events ends with the token that it was asked for with."""

import itertools
import time
import urllib.request

from servers import served

from wazir.app.clock import system_clock
from wazir.app.compose import make_service
from wazir.domain.metrics import Goal, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.tokens import Role
from wazir.servers.audit import AuditLog
from wazir.servers.hosts import KnownHosts
from wazir.servers.http.parts import ServerParts
from wazir.servers.http.protection import protection
from wazir.service import access as access_module
from wazir.service.access import Guard
from wazir.service.foreign import ForeignClients
from wazir.service.guarding import Access, Caller, guarded
from wazir.storage.memory import MemoryStore

NAME = StudyName("p", "s")
CONFIG = StudyConfig(SearchSpace({"x": Double(0, 1)}), (Metric("loss", Goal.MINIMIZE),))


def test_a_stream_ends_when_its_token_is_revoked(monkeypatch):
    # Requests that run for so long are asked again who they are; half a minute is long for a test.
    monkeypatch.setattr(access_module, "_LONG_REQUEST_S", 0.0)
    store = MemoryStore()
    service = make_service(store)
    service.create_study(NAME, CONFIG)
    access = Access(Guard(store, system_clock, must_ask=True), Caller())
    token, secret = access.guard.create_token("p", Role.READER)
    offered = guarded(service, access)
    clients = ForeignClients(offered, new_seed=itertools.count().__next__)
    hosts, audit = KnownHosts("127.0.0.1"), AuditLog(system_clock)
    passed = protection(access, hosts, audit, now=time.monotonic)
    with served(ServerParts(offered, clients), passed) as url:
        request = urllib.request.Request(
            f"{url}/api/v1/projects/p/studies/s/events",
            headers={"Authorization": f"Bearer {secret}"},
        )
        with urllib.request.urlopen(request, timeout=20) as stream:
            assert stream.readline() == b"id: 0\n"
            store.revoke_token(token.token_id, 1.0)
            # It reads to the end, which comes.
            rest = stream.read()
        assert b"deleted" not in rest
