"""Rules of the house that no linter knows: sizes, light imports, shipped files."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

MAX_FILE_LINES = 450
MAX_FUNCTION_LINES = 50
HEAVY = {"numpy", "scipy", "yaml", "rich", "sqlite3", "asyncio", "multiprocessing", "fastapi"}


def modules(root: Path) -> list[Path]:
    return sorted((root / "src/wazir").rglob("*.py"))


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    docstring = ast.get_docstring(function, clean=False)
    n_docstring = docstring.count("\n") + 1 if docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - n_docstring


def test_files_and_functions_keep_their_size(repository):
    too_large = []
    for path in modules(repository):
        text = path.read_text()
        if text.count("\n") > MAX_FILE_LINES:
            too_large.append(f"{path.name}: {text.count(chr(10))} lines")
        too_large += [
            f"{path.name}:{node.lineno} {node.name}: {body_lines(node)} lines"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            # A command's parameters are its flags, one line each.
            and body_lines(node) > MAX_FUNCTION_LINES
        ]
    assert too_large == []


def test_each_module_says_in_one_sentence_what_it_is_for(repository):
    for path in modules(repository):
        docstring = ast.get_docstring(ast.parse(path.read_text()))
        assert docstring, f"{path} has no docstring"
        first = docstring.split("\n\n")[0]
        assert first.endswith((".", ":")), f"{path}: {first!r}"


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import wazir", set()),
        ("import wazir.reporting", set()),
        ("import wazir; wazir.Double(0, 1)", set()),
        ("import wazir.cli.main", set()),
        ("import wazir; wazir.create_study", {"sqlite3", "multiprocessing"}),
    ],
)
def test_imports_stay_light(code, allowed):
    listing = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", listing], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded & HEAVY <= allowed


def test_help_loads_nothing_heavy():
    code = (
        "import sys, atexit\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "sys.argv = ['wazir', '--help']\n"
        "from wazir.cli.main import main\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "tune" in done.stdout
    assert not {name.partition(".")[0] for name in done.stderr.split()} & HEAVY


def test_what_is_not_python_is_shipped_too(repository):
    sql = sorted((repository / "src/wazir").rglob("*.sql"))
    assert len(sql) >= 3
    assert (repository / "src/wazir/py.typed").exists()
    assert 'packages = ["src/wazir"]' in (repository / "pyproject.toml").read_text()
