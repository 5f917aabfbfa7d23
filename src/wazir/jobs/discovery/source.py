"""Options that a Python program defines in its source, read without running it."""

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wazir.jobs.discovery.absl_flags import absl_flags
from wazir.jobs.discovery.argparse_calls import argparse_options
from wazir.jobs.discovery.click_options import click_options
from wazir.jobs.discovery.literals import Scope, scope_of
from wazir.jobs.discovery.options import ProgramOption
from wazir.jobs.discovery.program import MAX_FILE_BYTES, Program, find_module
from wazir.jobs.discovery.signatures import signature_options

MAX_FILES = 20
MAX_DEPTH = 4
# Libraries that read the command line in ways that show only in the help text.
_PARSERS = frozenset(
    {
        "argparse", "optparse", "click", "rich_click", "absl", "gflags", "typer", "fire",
        "tyro", "jsonargparse", "simple_parsing", "tap", "docopt", "configargparse", "hydra",
        "cyclopts", "transformers", "plac", "getopt", "clize", "pydantic_settings", "cleo",
    }
)  # fmt: skip
_FULLY_READ = frozenset({"argparse", "optparse", "click", "rich_click", "absl", "typer", "fire"})


@dataclass(frozen=True)
class SourceFile:
    """A parsed file of the program: its module name, its name for people, its tree."""

    module: str
    package: str
    shown: str
    tree: ast.Module


@dataclass(frozen=True)
class SourceFindings:
    """What the source says.

    Attributes:
        options: the options, in the order of the text, each name once.
        is_complete: whether nothing suggests that there are others.
        reads_arguments: whether the source seems to read a command line at all.
        notes: files that could not be read.
        trees: the parsed files, the main one first.
    """

    options: tuple[ProgramOption, ...] = ()
    is_complete: bool = False
    reads_arguments: bool = False
    notes: tuple[str, ...] = ()
    trees: tuple[ast.Module, ...] = ()


@dataclass
class _Collection:
    program: Program
    cwd: Path
    files: list[SourceFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seen: set[Path] = field(default_factory=set)


def read_source(program: Program, cwd: Path) -> SourceFindings:
    """Return the options that the program's own files define.

    Followed are imports of modules beside it or in its package: at most MAX_FILES files of 1 MiB,
    MAX_DEPTH imports deep. A file that cannot be read gives a note.
    """
    if program.entry is None or not program.is_python:
        return SourceFindings()
    collection = _Collection(program, cwd)
    _collect(collection, program.entry, program.package)
    if not collection.files:
        return SourceFindings(notes=tuple(collection.notes))
    scopes: dict[str, Scope] = {}
    found: dict[str, ProgramOption] = {}
    is_complete = not collection.notes
    for file in collection.files:
        scopes[file.module] = scope_of(file.tree, _imports(file), scopes)
    for index, file in enumerate(collection.files):
        options, complete = _options(file, scopes[file.module], program, is_main=index == 0)
        is_complete = is_complete and complete
        for option in options:
            found.setdefault(option.name, option)
    used = {name for file in collection.files for name in _parsers_of(file.tree)}
    return SourceFindings(
        options=tuple(found.values()),
        is_complete=is_complete and bool(found) and used <= _FULLY_READ,
        reads_arguments=bool(used) or bool(found),
        notes=tuple(collection.notes),
        trees=tuple(file.tree for file in collection.files),
    )


def _options(
    file: SourceFile, scope: Scope, program: Program, *, is_main: bool
) -> tuple[list[ProgramOption], bool]:
    tree = file.tree if is_main else _without_main_block(file.tree)
    try:
        parts = (
            argparse_options(tree, scope, file.shown, program.subcommands),
            click_options(tree, scope, file.shown),
            absl_flags(tree, scope, file.shown),
            signature_options(tree, scope, file.shown, program.subcommands),
        )
    except RecursionError:
        return [], False
    options = [option for part in parts for option in part.options]
    return options, all(part.is_complete for part in parts)


def _collect(collection: _Collection, entry: Path, package: str) -> None:
    waiting: list[tuple[Path, str, str, int]] = [(entry, "__main__", package, 0)]
    while waiting and len(collection.files) < MAX_FILES:
        path, module, package, depth = waiting.pop(0)
        resolved = path.resolve()
        if resolved in collection.seen:
            continue
        collection.seen.add(resolved)
        tree = _parse(collection, path)
        if tree is None:
            continue
        file = SourceFile(module, package, _shown(path, collection.cwd), tree)
        collection.files.append(file)
        if depth < MAX_DEPTH:
            waiting += _imported_files(file, collection.program, depth + 1)


def _imported_files(
    file: SourceFile, program: Program, depth: int
) -> Iterator[tuple[Path, str, str, int]]:
    names = dict.fromkeys(
        name
        for module, inner in _import_pairs(file)
        for name in (module, f"{module}.{inner}" if inner else module)
    )
    for name in names:
        path = find_module(name, program.search_path) if name.strip(".") else None
        if path is None or not path.is_file():
            continue
        if "site-packages" in path.parts and not _is_own(name, file, program):
            continue
        is_package = path.name == "__init__.py"
        yield path, name, name if is_package else name.rpartition(".")[0], depth


def _is_own(module: str, file: SourceFile, program: Program) -> bool:
    """Return whether an installed module belongs to the program, not to a library."""
    from_script = program.is_console_script and file.module == "__main__"
    return from_script or (file.package != "" and _top(module) == _top(file.package))


def _top(module: str) -> str:
    return module.partition(".")[0]


def _import_pairs(file: SourceFile) -> Iterator[tuple[str, str]]:
    """Yield (module, name imported from it or "") for each import of a file."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, file.package)
            if module:
                yield from ((module, alias.name) for alias in node.names if alias.name != "*")
                yield module, ""


def _imports(file: SourceFile) -> dict[str, tuple[str, str]]:
    """Return what each imported name of a file stands for."""
    result: dict[str, tuple[str, str]] = {}
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname or "." not in alias.name:
                    result[alias.asname or alias.name] = (alias.name, "")
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, file.package)
            for alias in node.names:
                result[alias.asname or alias.name] = (module, alias.name)
    return result


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if node.level == 0:
        return node.module or ""
    parts = package.split(".") if package else []
    if node.level - 1 > len(parts):
        return ""
    parts = parts[: len(parts) - node.level + 1]
    return ".".join([*parts, *(node.module.split(".") if node.module else [])])


def _parse(collection: _Collection, path: Path) -> ast.Module | None:
    shown = _shown(path, collection.cwd)
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            collection.notes.append(f"{shown} is larger than 1 MiB and was not read")
            return None
        data = path.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(data, filename=shown)
    except OSError as error:
        collection.notes.append(f"{shown} cannot be read: {error.strerror}")
    except SyntaxError as error:
        place = f"{shown}:{error.lineno}" if error.lineno else shown
        collection.notes.append(f"{place} cannot be read as Python: {error.msg}")
    except (ValueError, RecursionError, MemoryError) as error:
        collection.notes.append(f"{shown} cannot be read as Python: {error}")
    return None


def _shown(path: Path, cwd: Path) -> str:
    try:
        return str(path.resolve().relative_to(cwd.resolve()))
    except ValueError:
        return str(path)


def _without_main_block(tree: ast.Module) -> ast.Module:
    """Return a module as an import runs it: without `if __name__ == "__main__":`."""
    body = [node for node in tree.body if not _is_main_block(node)]
    return ast.Module(body=body, type_ignores=[])


def _is_main_block(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Compare)
        and isinstance(node.test.left, ast.Name)
        and node.test.left.id == "__name__"
    )


def _parsers_of(tree: ast.Module) -> set[str]:
    """Return the top packages of its imports that read command lines."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.partition(".")[0])
    return names & _PARSERS
