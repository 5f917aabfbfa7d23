"""Google's clients of Vertex AI Vizier, unmodified, against our server."""

import subprocess
from pathlib import Path

import pytest
from servers import server_process

import wazir

HERE = Path(__file__).parent


@pytest.fixture
def vertex_python(foreign_environment):
    """The Python of an environment with Google's SDK."""
    lines = (HERE / "requirements" / "vertex.txt").read_text().splitlines()
    return foreign_environment(tuple(line for line in lines if "==" in line))


def run_against_a_server(python, folder, program, *arguments):
    with server_process(folder) as server:
        ended = subprocess.run(
            [python, HERE / "programs" / program, server.url, *arguments],
            env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
            capture_output=True,
            text=True,
            check=False,
            timeout=110,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert ended.stdout.endswith("all done\n")
        code, said = server.end()
    assert (code, said) == (0, "")


@pytest.mark.timeout(600)
def test_the_sdk_works_as_it_is(vertex_python, tmp_path):
    run_against_a_server(vertex_python, tmp_path, "vertex_sdk.py")


@pytest.mark.timeout(600)
def test_the_generated_client_works_as_it_is_with_a_token(vertex_python, wazir_in):
    secret = wazir_in("token", "create", "--project", "*", "--role", "admin").stdout.strip()
    wazir.create_study(
        "projects/our-own/studies/ours",
        parameters={
            "x": wazir.Double(0, 1),
            "n": wazir.Integer(1, 9),
            "flag": wazir.Categorical([True, False]),
        },
        minimize="loss",
        algorithm="RANDOM_SEARCH",
        stop_when="7 trials",
        storage=wazir_in.folder / "wazir-runs" / "wazir.db",
    )
    run_against_a_server(vertex_python, wazir_in.folder, "vertex_generated_client.py", secret)
