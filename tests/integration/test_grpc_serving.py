"""gRPC as `wazir serve` has it: TLS, the extra that is missing, a port that is taken, its end."""

import shutil
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from command_line import SOURCE, CommandLine
from servers import server_process

from wazir.app.compose import make_service
from wazir.domain.metrics import Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.servers.grpc.messages import SERVICE, vizier
from wazir.servers.grpc.server import start
from wazir.service.foreign import ForeignClients
from wazir.storage.memory import MemoryStore

NAME = StudyName("me", "s")


def list_studies(channel, parent="owners/me"):
    request = vizier("ListStudiesRequest")(parent=parent).SerializeToString()
    return channel.unary_unary(f"/{SERVICE}/ListStudies")(request, timeout=10)


def start_command(folder, *arguments, path=SOURCE):
    """Start `wazir serve`, and return it with what it says of gRPC."""
    command = CommandLine(folder)
    process = subprocess.Popen(
        command.argv("serve", "--port", "0", *arguments),
        cwd=folder,
        env=command.environment({"PYTHONPATH": str(path)}),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process, process.stdout.readline()


def test_grpc_has_the_certificate_of_https(tmp_path, needs):
    if shutil.which("openssl") is None:
        needs("openssl")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=wazir",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    files = ("--tls-cert", "cert.pem", "--tls-key", "key.pem")
    with server_process(tmp_path, "--grpc-port", "0", *files) as server:
        trusting = grpc.ssl_channel_credentials((tmp_path / "cert.pem").read_bytes())
        with grpc.secure_channel(server.grpc_place, trusting) as channel:
            assert list_studies(channel) == b""
        with grpc.insecure_channel(server.grpc_place) as channel:
            with pytest.raises(grpc.RpcError) as caught:
                list_studies(channel)
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_without_the_extra_the_server_starts_and_says_that_grpc_is_off(tmp_path):
    CommandLine(tmp_path).write("none/grpc.py", "raise ImportError\n")
    path = f"{tmp_path / 'none'}:{SOURCE}"
    process, told = start_command(tmp_path, path=path)
    process.terminate()
    process.communicate(timeout=15)
    assert told == 'gRPC is off; pip install "wazir[grpc]" turns it on\n'
    command = CommandLine(tmp_path)
    refused = command("serve", "--grpc-port", "0", code=2, env={"PYTHONPATH": path})
    assert "gRPC needs the extra grpc" in refused.stderr


def test_a_server_whose_default_port_is_taken_serves_without_grpc(tmp_path):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 8081))
            taken.listen()
        except OSError:
            pass  # Somebody else has it, which is as good.
        process, told = start_command(tmp_path)
        process.terminate()
        process.communicate(timeout=15)
    assert told == "gRPC is off: the address 127.0.0.1:8081 cannot be used for gRPC\n"


def test_what_runs_at_the_end_is_answered_and_nothing_else():
    service = make_service(MemoryStore())
    config = StudyConfig(SearchSpace({"x": Double(0, 1)}), (Metric("loss"),), "RANDOM_SEARCH")
    service.create_study(NAME, config)
    asked, go_on, suggest = threading.Event(), threading.Event(), service.suggest_trials

    def slow(*arguments, **options):
        asked.set()
        assert go_on.wait(30)
        return suggest(*arguments, **options)

    service.suggest_trials = slow
    server = start(ForeignClients(service, new_seed=lambda: 1), "127.0.0.1", 0)
    place = f"127.0.0.1:{server.port}"
    request = vizier("SuggestTrialsRequest")(
        parent="owners/me/studies/s", suggestion_count=1, client_id="c"
    ).SerializeToString()
    with grpc.insecure_channel(place) as channel, ThreadPoolExecutor(1) as pool:
        call = channel.unary_unary(f"/{SERVICE}/SuggestTrials")
        waiting = pool.submit(call, request, timeout=20)
        assert asked.wait(20)
        server.drain(20)
        with grpc.insecure_channel(place) as late:
            with pytest.raises(grpc.RpcError) as caught:
                list_studies(late)
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        go_on.set()
        assert b"SuggestTrialsResponse" in waiting.result()
    server.close()
    assert [trial.client_id for trial in service.trials(NAME)[1]] == ["c"]
