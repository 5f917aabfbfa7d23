"""Options that typer, fire and dataclass parsers make of functions and classes in the source."""

import ast
from collections.abc import Collection, Iterator

from wazir.jobs.discovery.calls import Call, Fields, option_names
from wazir.jobs.discovery.literals import Scope, UnresolvedError, as_default, dotted_name, evaluate
from wazir.jobs.discovery.options import (
    Default,
    Found,
    Kind,
    ProgramOption,
    converted,
    kind_of,
)

_FunctionDef = ast.FunctionDef | ast.AsyncFunctionDef
_DATACLASS_PARSERS = ("HfArgumentParser", "tyro", "simple_parsing", "jsonargparse")


def signature_options(
    tree: ast.AST, scope: Scope, file_name: str, words: Collection[str] = ()
) -> Found:
    """Return the options of functions given to typer or fire, and of parsed dataclasses.

    Typer writes `learning_rate` as `--learning-rate`; fire and the dataclass parsers keep it.
    Where one of `words` names a function, the other functions are left out.
    """
    functions = [node for node in ast.walk(tree) if isinstance(node, _FunctionDef)]
    names = {name for node in ast.walk(tree) for name in _names_in(node)}
    options: list[ProgramOption] = []
    if "typer" in names:
        given = _given_to(tree, "typer.run")
        chosen = [f for f in functions if f.name in given or _is_command(f)]
        for function in _named(chosen, words):
            options += _parameters(function, scope, file_name, dashes=True)
    if "fire" in names or "Fire" in names:
        given = _given_to(tree, "fire.Fire") | _given_to(tree, "Fire")
        for function in _named([f for f in functions if f.name in given], words):
            options += _parameters(function, scope, file_name, dashes=False)
    if names.intersection(_DATACLASS_PARSERS):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and _is_dataclass(node):
                options += _fields(node, scope, file_name)
    return Found(tuple(options), not any(option.unread for option in options))


def _names_in(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield (node.module or "").partition(".")[0]
        yield from (alias.name for alias in node.names)


def _given_to(tree: ast.AST, runner: str) -> set[str]:
    """Return the names of the functions passed to calls of `runner`."""
    return {
        dotted_name(argument)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and dotted_name(node.func) == runner
        for argument in node.args
    } - {""}


def _is_command(function: _FunctionDef) -> bool:
    for decorator in function.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if dotted_name(target).endswith((".command", ".callback")):
            return True
    return False


def _named(functions: list[_FunctionDef], words: Collection[str]) -> list[_FunctionDef]:
    plain = {word.replace("-", "_") for word in words}
    chosen = [function for function in functions if function.name in plain]
    return chosen or functions


def _parameters(
    function: _FunctionDef, scope: Scope, file_name: str, *, dashes: bool
) -> Iterator[ProgramOption]:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    missing: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    pairs = list(zip(positional, [*missing, *arguments.defaults], strict=True))
    pairs += list(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
    for argument, value in pairs:
        option = _parameter(argument.arg, argument.annotation, value, scope, file_name, dashes)
        if option is not None:
            yield option


def _fields(node: ast.ClassDef, scope: Scope, file_name: str) -> Iterator[ProgramOption]:
    for line in node.body:
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
            option = _parameter(
                line.target.id, line.annotation, line.value, scope, file_name, False
            )
            if option is not None:
                yield option


def _is_dataclass(node: ast.ClassDef) -> bool:
    targets = [d.func if isinstance(d, ast.Call) else d for d in node.decorator_list]
    return any(dotted_name(target).endswith("dataclass") for target in targets)


def _parameter(
    name: str,
    annotation: ast.expr | None,
    value: ast.expr | None,
    scope: Scope,
    file_name: str,
    dashes: bool,
) -> ProgramOption | None:
    call = _defining_call(annotation, value, scope, file_name)
    if call is not None and call.function == "Argument":
        return None
    if value is None and dashes and (call is None or call.function != "Option"):
        return None
    texts = call.texts() if call is not None else ()
    names = option_names([text.partition("/")[0] for text in texts])
    shown = names.name if names else name.replace("_", "-") if dashes else name
    default, unread = _default(value, call, scope)
    kind = _annotated_kind(annotation) or kind_of(default)
    choices = _literal_choices(annotation, scope)
    line = (annotation or value or ast.Constant(value=None, lineno=0)).lineno
    is_flag = kind == "bool" and dashes
    fields = Fields(call) if call is not None else None
    if is_flag and default is True:
        shown, default = f"no-{shown}", False
    return ProgramOption(
        name=shown.strip("-") or name,
        kind=kind,
        default=converted(default, kind),
        choices=choices,
        flag=is_flag,
        low=fields.number(call.argument("min")) if call and fields else None,
        high=fields.number(call.argument("max")) if call and fields else None,
        help=call.text("help") if call else "",
        where=f"{file_name}:{line}",
        obstacle=names.obstacle if names else "",
        unread=unread,
    )


def _defining_call(
    annotation: ast.expr | None, value: ast.expr | None, scope: Scope, file_name: str
) -> Call | None:
    """Return `typer.Option(...)` or `field(...)`, as the default or inside Annotated."""
    parts = [value, *_annotated_parts(annotation)[1:]]
    for part in parts:
        if isinstance(part, ast.Call):
            call = Call(part, scope, file_name)
            if call.function in ("Option", "Argument", "field"):
                return call
    return None


def _annotated_parts(annotation: ast.expr | None) -> list[ast.expr]:
    if isinstance(annotation, ast.Subscript) and dotted_name(annotation.value).endswith(
        "Annotated"
    ):
        inner = annotation.slice
        return list(inner.elts) if isinstance(inner, ast.Tuple) else [inner]
    return [] if annotation is None else [annotation]


def _default(
    value: ast.expr | None, call: Call | None, scope: Scope
) -> tuple[Default, tuple[str, ...]]:
    """Return the default and the fields that could not be read."""
    node = value
    if call is not None and value is call.node:
        is_field = call.function == "field"
        node = call.argument("default", None if is_field else 0)
    if node is None or (isinstance(node, ast.Constant) and node.value is ...):
        return None, ()
    try:
        return as_default(evaluate(node, scope)), ()
    except UnresolvedError:
        return None, ("default",)


def _annotated_kind(annotation: ast.expr | None) -> Kind | None:
    parts = _annotated_parts(annotation)
    node = parts[0] if parts else None
    if isinstance(node, ast.BinOp):
        return _annotated_kind(node.left) or _annotated_kind(node.right)
    if isinstance(node, ast.Subscript) and dotted_name(node.value).endswith("Optional"):
        return _annotated_kind(node.slice)
    match dotted_name(node):
        case "int" | "float" | "str" | "bool" as kind:
            return kind
        case _:
            return None


def _literal_choices(
    annotation: ast.expr | None, scope: Scope
) -> tuple[bool | int | float | str, ...]:
    parts = _annotated_parts(annotation)
    node = parts[0] if parts else None
    if isinstance(node, ast.Subscript) and dotted_name(node.value).endswith("Literal"):
        inner = node.slice
        items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        try:
            values = [as_default(evaluate(item, scope)) for item in items]
        except UnresolvedError:
            return ()
        return tuple(value for value in values if isinstance(value, bool | int | float | str))
    return ()
