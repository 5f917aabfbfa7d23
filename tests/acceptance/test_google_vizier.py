"""The client of google-vizier, unmodified, against our server over gRPC."""

import json
import subprocess
from pathlib import Path

import pytest
from command_line import SOURCE
from servers import server_process

HERE = Path(__file__).parent
# The suite that google-vizier ships, and the runs of its subclass for a server.
N_TESTS = 32
# The test of its low-level client; what breaks there stands in docs/how-to/google-vizier.md.
N_LOW_LEVEL_TESTS = 19
BROKEN = {
    "test_create_or_load_study",
    "test_complete_trial_Complete",
    "test_get_trial",
    "test_should_trial_stop",
    "test_unset_endpoint_client",
}


@pytest.fixture
def run(foreign_environment, tmp_path):
    """Run a program with google-vizier against a server of its own."""
    lines = (HERE / "requirements" / "google_vizier.txt").read_text().splitlines()
    python = foreign_environment(tuple(line for line in lines if "==" in line))

    def run_program(name):
        with server_process(tmp_path, "--grpc-port", "0") as server:
            ended = subprocess.run(
                [python, HERE / "programs" / name, server.grpc_place],
                env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
                capture_output=True,
                text=True,
                check=False,
                timeout=110,
            )
            assert server.end()[0] == 0
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    return run_program


@pytest.mark.timeout(600)
def test_the_client_works_as_it_is(run):
    assert run("oss_vizier_client.py").endswith("all done\n")


@pytest.mark.timeout(600)
def test_its_own_test_suite_passes(run):
    result = json.loads(run("oss_vizier_suite.py").splitlines()[-1])
    assert result["broken"] == {}
    assert (len(result["passed"]), result["n_skipped"]) == (N_TESTS, 0)


@pytest.mark.timeout(600)
def test_the_test_of_its_low_level_client_passes_but_for_what_the_page_names(run, repository):
    result = json.loads(run("oss_vizier_low_level_suite.py").splitlines()[-1])
    assert set(result["broken"]) == BROKEN, result["broken"]
    assert (len(result["passed"]), result["n_skipped"]) == (N_LOW_LEVEL_TESTS, 0)
    page = (repository / "docs" / "how-to" / "google-vizier.md").read_text()
    assert all(f"`{name}`" in page for name in BROKEN)


@pytest.mark.timeout(600)
def test_the_oldest_grpc_and_protobuf_do(foreign_environment, tmp_path):
    """The newest ones are those of the other tests."""
    old = ("grpcio==1.62.0", "protobuf==4.25.0")
    python = foreign_environment((*old, "numpy==1.26.4", "scipy==1.11.4", "threadpoolctl==3.5.0"))
    versions = [requirement.partition("==")[2] for requirement in old]
    ended = subprocess.run(
        [python, HERE / "programs" / "old_grpc.py", *versions],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert ended.stdout == "all done\n", ended.stdout + ended.stderr
