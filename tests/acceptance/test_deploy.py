"""The files in deploy/: their options are there, and what the Dockerfile does works."""

import re
import shlex
import shutil
import subprocess
import venv
from pathlib import Path

import pytest
from command_line import CommandLine

from wazir.cli.main import wazir

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "wazir.service"
DOCKERFILE = ROOT / "deploy" / "Dockerfile"


def options_of(command):
    """Return the options of `wazir serve` in a list of words; everything else must be a value."""
    assert command[0].endswith("wazir")
    assert command[1] == "serve"
    return [word for word in command if word.startswith("--")]


def test_the_unit_and_the_container_use_options_that_are_there():
    known = {name for param in wazir.get_command(None, "serve").params for name in param.opts}
    start = re.search(r"^ExecStart=(.*)$", UNIT.read_text(), re.MULTILINE)
    run = re.search(r"^CMD \[(.*)\]$", DOCKERFILE.read_text(), re.MULTILINE)
    words = [shlex.split(start[1]), re.findall(r'"([^"]*)"', run[1])]
    for command in words:
        assert options_of(command)
        assert set(options_of(command)) <= known


def test_systemd_takes_the_unit(tmp_path, needs):
    if shutil.which("systemd-analyze") is None:
        needs("systemd-analyze")
    unit = tmp_path / "wazir.service"
    unit.write_text(UNIT.read_text().replace("/opt/wazir/bin/wazir", "/bin/true"))
    checked = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    assert "wazir.service" not in checked.stderr, checked.stderr


def test_the_container_has_no_rights_and_copies_what_is_there():
    text = DOCKERFILE.read_text()
    assert text.index("USER wazir") < text.index("CMD")
    for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_the_dockerfile_does_works(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__"))
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", ".[grpc,postgres]"], cwd=source, check=True
    )
    script = tmp_path / "venv" / "bin" / "wazir"
    storage = f"sqlite:///{tmp_path}/data.db"
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    refused = subprocess.run(
        [script, "serve", "--storage", storage, "--host", "0.0.0.0", "--port", "0"],
        env=env, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert "token" in refused.stderr
    made = subprocess.run(
        [script, "token", "create", "--project", "*", "--role", "admin", "--storage", storage],
        env=env, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    server = subprocess.Popen(
        [script, "serve", "--storage", storage, "--host", "0.0.0.0", "--port", "0",
         "--grpc-port", "0"],
        env=env, cwd=tmp_path, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        told = server.stdout.readline()
        port = re.search(r":(\d+) \(API", told)[1]
        answer = CommandLine(tmp_path)(
            "studies", "--storage", f"http://127.0.0.1:{port}",
            env={"WAZIR_TOKEN": made.stdout.strip()},
        )  # fmt: skip
        assert "no studies yet" in answer.stderr
    finally:
        server.terminate()
        server.communicate(timeout=20)
