"""Google's clients of Vertex AI Vizier, unmodified, against our server."""

import subprocess
from pathlib import Path

import pytest
from servers import server_process

HERE = Path(__file__).parent


@pytest.fixture
def vertex_python(foreign_environment):
    """The Python of an environment with Google's SDK."""
    lines = (HERE / "requirements" / "vertex.txt").read_text().splitlines()
    return foreign_environment(tuple(line for line in lines if "==" in line))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("program", ["vertex_generated_client.py", "vertex_sdk.py"])
def test_a_client_of_google_works_as_it_is(vertex_python, tmp_path, program):
    with server_process(tmp_path) as server:
        ended = subprocess.run(
            [vertex_python, HERE / "programs" / program, server.url],
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=110,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert ended.stdout.endswith("all done\n")
        code, said = server.end()
    assert (code, said) == (0, "")
