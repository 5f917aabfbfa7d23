"""Google's clients, unmodified, against a server that asks for tokens."""

import shutil
import subprocess
from pathlib import Path

import pytest
from servers import server_process

HERE = Path(__file__).parent


def python_with(foreign_environment, requirements):
    lines = (HERE / "requirements" / requirements).read_text().splitlines()
    return foreign_environment(tuple(line for line in lines if "==" in line))


def run(folder, python, program, *arguments, token=None):
    more = {} if token is None else {"WAZIR_TOKEN": token}
    return subprocess.run(
        [python, HERE / "programs" / program, *arguments],
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


@pytest.mark.timeout(600)
def test_the_sdk_of_vertex_ai_sends_a_token(foreign_environment, wazir_in):
    python = python_with(foreign_environment, "vertex.txt")
    made = wazir_in("token", "create", "--project", "my-project", "--role", "admin")
    other = wazir_in("token", "create", "--project", "other", "--role", "admin")
    with server_process(wazir_in.folder) as server:
        ended = run(
            wazir_in.folder, python, "vertex_sdk.py", server.url, token=made.stdout.strip()
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert ended.stdout.endswith("all done\n")
        nobody = run(wazir_in.folder, python, "vertex_sdk.py", server.url)
        # The client takes 401 as a word to fetch another token, and has nobody to ask.
        assert nobody.returncode != 0
        assert "cannot be refreshed" in nobody.stderr
        other = run(
            wazir_in.folder, python, "vertex_sdk.py", server.url, token=other.stdout.strip()
        )
        assert "this token is for project 'other', not 'my-project'" in other.stderr


def test_the_page_has_the_lines_that_the_program_runs(repository):
    program = (HERE / "programs" / "oss_vizier_with_token.py").read_text()
    page = (repository / "docs" / "how-to" / "google-vizier.md").read_text()
    begin = program.index("def channel")
    lines = program[begin : program.index("clients.environment", begin)].split("\n")
    assert all(line.strip() in page for line in lines)


@pytest.mark.timeout(600)
def test_google_vizier_sends_a_token_over_tls(foreign_environment, wazir_in, needs):
    if shutil.which("openssl") is None:
        needs("openssl")
    python = python_with(foreign_environment, "google_vizier.txt")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-days", "2", "-nodes",
         "-subj", "/CN=wazir", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=wazir_in.folder, check=True, capture_output=True,
    )  # fmt: skip
    made = wazir_in("token", "create", "--project", "me", "--role", "worker")
    files = ("--tls-cert", "cert.pem", "--tls-key", "key.pem")
    with server_process(wazir_in.folder, "--grpc-port", "0", *files) as server:
        certificate = wazir_in.folder / "cert.pem"
        arguments = (server.grpc_place, certificate, made.stdout.strip())
        ended = run(wazir_in.folder, python, "oss_vizier_with_token.py", *arguments)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.endswith("all done\n")
