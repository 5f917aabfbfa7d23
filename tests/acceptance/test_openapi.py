"""Schemathesis makes requests from our OpenAPI document, right ones and wrong ones."""

import re
import subprocess
from pathlib import Path

import pytest
from servers import server_process

import wazir

HERE = Path(__file__).parent
# Names that exist, so that requests reach what is behind them.
PARAMETERS = '[parameters]\nproject_id = "default"\nstudy_id = "s"\ntrial_id = 1\n'
ARGUMENTS = (
    "--checks", "all",
    # A right value by the document may still be refused: whether a point lies in the space of a study is
    # not in the document. The framework tells the methods of a path by one route alone.
    "--exclude-checks", "positive_data_acceptance,allow_header_conformance",
    "--phases", "examples,coverage,fuzzing",
    "--max-examples", "15", "--max-time", "20", "--seed", "1", "--no-color",
    # A stream of events has no end. With names that exist nothing is deleted, which would end the run.
    "--exclude-path-regex", "events",
)  # fmt: skip


@pytest.fixture
def schemathesis(foreign_environment):
    """The words of the command, in an environment of its own: its plugin slows every run of pytest."""
    lines = (HERE / "requirements" / "schemathesis.txt").read_text().splitlines()
    python = foreign_environment(tuple(line for line in lines if "==" in line))
    return (str(python), "-c", "from schemathesis.cli import schemathesis; schemathesis()")


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("parameters", "more"), [("", ()), (PARAMETERS, ("--exclude-method", "DELETE"))]
)
def test_requests_from_the_document_break_nothing(schemathesis, tmp_path, parameters, more):
    (tmp_path / "schemathesis.toml").write_text(parameters)
    with server_process(tmp_path) as server:
        study = wazir.create_study(
            "s",
            parameters={"x": wazir.Double(0, 1)},
            minimize="loss",
            algorithm="RANDOM_SEARCH",
            storage=server.url,
        )
        study.optimize(lambda trial: trial.parameters["x"], trials=3)
        ended = subprocess.run(
            [*schemathesis, "run", f"{server.url}/openapi.json", *ARGUMENTS, *more],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        generated = re.search(r"(\d+) generated", ended.stdout)
        assert generated is not None, ended.stdout
        assert int(generated[1]) > 200
        assert server.end()[0] == 0
