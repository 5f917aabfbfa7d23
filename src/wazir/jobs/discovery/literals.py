"""Values of literal Python expressions, found without running anything."""

import ast
import math
import operator
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from wazir.jobs.discovery.options import Default, Scalar

_MAX_DEPTH = 30
_MAX_ITEMS = 1000
_MAX_BITS = 128
_Number = int | float

_BINARY: dict[type[ast.operator], Callable[[_Number, _Number], object]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


class UnresolvedError(Exception):
    """An expression is no literal, so that its value shows only when the program runs."""


@dataclass(frozen=True)
class Scope:
    """What names mean in one file.

    Attributes:
        constants: names assigned once, and `Class.name` for those of classes.
        imports: a local name, to the module and the name in it ("" for the module itself).
        modules: the scopes of the other files of the program, by module name.
    """

    constants: Mapping[str, ast.expr] = field(default_factory=dict)
    imports: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    modules: Mapping[str, "Scope"] = field(default_factory=dict, compare=False, repr=False)


def scope_of(
    tree: ast.Module,
    imports: Mapping[str, tuple[str, str]] | None = None,
    modules: Mapping[str, Scope] | None = None,
) -> Scope:
    """Return the constants of a file: names that the module assigns once, or anyone does."""
    everywhere = dict(_assigned_once(ast.walk(tree)))
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            everywhere.pop(node.arg, None)
    constants = {**everywhere, **_assigned_once(tree.body)}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            inside = _assigned_once(node.body)
            constants.update({f"{node.name}.{name}": value for name, value in inside.items()})
    return Scope(constants, imports or {}, {} if modules is None else modules)


def _assigned_once(nodes: Iterator[ast.AST] | list[ast.stmt]) -> dict[str, ast.expr]:
    values: dict[str, ast.expr] = {}
    count: Counter[str] = Counter()
    for node in nodes:
        if isinstance(node, ast.Assign):
            targets: list[ast.expr] = node.targets
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.For | ast.NamedExpr):
            targets = [node.target]
        else:
            continue
        for target in targets:
            for name in _stored(target):
                count[name] += 1
            if not isinstance(target, ast.Name) or not isinstance(
                node, ast.Assign | ast.AnnAssign
            ):
                continue
            if node.value is not None:
                values[target.id] = node.value
    return {name: value for name, value in values.items() if count[name] == 1}


def _stored(target: ast.expr) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def dotted_name(node: ast.expr | None) -> str:
    """Return `a.b.c` for such an expression, "" for any other."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join((node.id, *reversed(parts))) if isinstance(node, ast.Name) else ""


def evaluate(node: ast.expr, scope: Scope, depth: int = 0) -> object:
    """Return the value of a literal expression; lists become tuples.

    Names are looked up in `scope`. Arithmetic of literals, subscripts of literal dictionaries and
    a few harmless built-in functions are carried out, with bounds on their size.

    Raises:
        UnresolvedError: the expression is anything else.
    """
    if depth > _MAX_DEPTH:
        raise UnresolvedError
    match node:
        case ast.Constant(value=value):
            if value is None or isinstance(value, bool | int | float | str):
                return value
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return _items(items, scope, depth)
        case ast.Set(elts=items):
            return tuple(sorted(_items(items, scope, depth), key=str))
        case ast.Dict():
            return _dictionary(node, scope, depth)
        case ast.UnaryOp():
            return _unary(node, scope, depth)
        case ast.BinOp():
            return _binary(node, scope, depth)
        case ast.Name() | ast.Attribute():
            return _named(dotted_name(node), scope, depth)
        case ast.Subscript():
            return _subscript(node, scope, depth)
        case ast.Call():
            return _call(node, scope, depth)
        case _:
            pass
    raise UnresolvedError


def as_default(value: object) -> Default:
    """Return a value as the default of an option, or raise UnresolvedError."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return as_scalars(value)


def as_scalars(value: object) -> tuple[Scalar, ...]:
    """Return a tuple of scalars, the keys of a dictionary among them."""
    items = tuple(value) if isinstance(value, tuple | dict) else None
    if items is None or not all(isinstance(item, bool | int | float | str) for item in items):
        raise UnresolvedError
    return items


def _items(nodes: list[ast.expr], scope: Scope, depth: int) -> tuple[object, ...]:
    items: list[object] = []
    for node in nodes[: _MAX_ITEMS + 1]:
        if isinstance(node, ast.Starred):
            items.extend(as_scalars(evaluate(node.value, scope, depth + 1)))
        else:
            items.append(evaluate(node, scope, depth + 1))
    if len(items) > _MAX_ITEMS:
        raise UnresolvedError
    return tuple(items)


def _dictionary(node: ast.Dict, scope: Scope, depth: int) -> dict[object, object]:
    """Return a dictionary whose values are None where they are no literals."""
    result: dict[object, object] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            raise UnresolvedError
        name = evaluate(key, scope, depth + 1)
        if not isinstance(name, bool | int | float | str):
            raise UnresolvedError
        result[name] = value
    return result


def _unary(node: ast.UnaryOp, scope: Scope, depth: int) -> object:
    value = evaluate(node.operand, scope, depth + 1)
    if isinstance(node.op, ast.Not) and isinstance(value, bool):
        return not value
    if isinstance(value, int | float) and not isinstance(value, bool):
        if isinstance(node.op, ast.USub):
            return -value
        if isinstance(node.op, ast.UAdd):
            return value
    raise UnresolvedError


def _binary(node: ast.BinOp, scope: Scope, depth: int) -> object:
    left = evaluate(node.left, scope, depth + 1)
    right = evaluate(node.right, scope, depth + 1)
    if isinstance(left, str | tuple) and isinstance(node.op, ast.Add):
        if isinstance(left, str) and isinstance(right, str):
            return left + right
        if isinstance(left, tuple) and isinstance(right, tuple):
            return left + right
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        raise UnresolvedError
    try:
        return _arithmetic(node.op, left, right)
    except (ArithmeticError, ValueError):
        raise UnresolvedError from None


def _arithmetic(op: ast.operator, left: _Number, right: _Number) -> object:
    if isinstance(op, ast.Pow | ast.LShift):
        # A literal such as 9**9**9 would take all memory.
        bits = math.log2(abs(left) + 2) * abs(right) if isinstance(op, ast.Pow) else abs(right)
        if bits > _MAX_BITS:
            raise UnresolvedError
        if isinstance(op, ast.Pow):
            result = left**right
            if isinstance(result, complex):
                raise UnresolvedError
            return result
        if isinstance(left, int) and isinstance(right, int):
            return left << right
    if type(op) not in _BINARY:
        raise UnresolvedError
    result = _BINARY[type(op)](left, right)
    if isinstance(result, int) and result.bit_length() > 4 * _MAX_BITS:
        raise UnresolvedError
    return result


def _named(name: str, scope: Scope, depth: int) -> object:
    if depth > _MAX_DEPTH:
        raise UnresolvedError
    if name in scope.constants:
        return evaluate(scope.constants[name], scope, depth + 1)
    first, _, rest = name.partition(".")
    if first in scope.imports:
        module, inner = scope.imports[first]
        if f"{module}.{inner}" in scope.modules:
            module, inner = f"{module}.{inner}", ""
        target = ".".join(part for part in (inner, rest) if part)
        if module in scope.modules and target:
            return _named(target, scope.modules[module], depth + 1)
    raise UnresolvedError


def _subscript(node: ast.Subscript, scope: Scope, depth: int) -> object:
    container = evaluate(node.value, scope, depth + 1)
    key = evaluate(node.slice, scope, depth + 1)
    if isinstance(container, dict) and isinstance(key, str | int | float) and key in container:
        value = container[key]
        return evaluate(value, scope, depth + 1) if isinstance(value, ast.expr) else value
    if isinstance(container, tuple) and isinstance(key, int):
        try:
            return container[key]
        except IndexError:
            raise UnresolvedError from None
    raise UnresolvedError


def _call(node: ast.Call, scope: Scope, depth: int) -> object:
    if isinstance(node.func, ast.Attribute) and node.func.attr == "keys" and not node.args:
        return as_scalars(evaluate(node.func.value, scope, depth + 1))
    name = dotted_name(node.func)
    if name == "dict" and not node.args:
        return {word.arg: word.value for word in node.keywords if word.arg is not None}
    if node.keywords or not node.args:
        raise UnresolvedError
    values = [evaluate(argument, scope, depth + 1) for argument in node.args]
    if name == "range":
        return _range(values)
    if name in ("list", "tuple", "sorted", "set", "frozenset") and len(values) == 1:
        items = as_scalars(values[0])
        return items if name in ("list", "tuple") else tuple(sorted(items, key=str))
    if name in ("int", "float", "str") and len(values) == 1:
        return _converted(name, values[0])
    raise UnresolvedError


def _range(values: list[object]) -> tuple[int, ...]:
    bounds = [value for value in values if isinstance(value, int)]
    if len(bounds) != len(values) or not 1 <= len(bounds) <= 3 or 0 in bounds[2:]:
        raise UnresolvedError
    numbers = range(*bounds)
    try:
        too_long = len(numbers) > _MAX_ITEMS
    except OverflowError:
        too_long = True
    if too_long:
        raise UnresolvedError
    return tuple(numbers)


def _converted(name: str, value: object) -> object:
    if not isinstance(value, bool | int | float | str):
        raise UnresolvedError
    try:
        return {"int": int, "float": float, "str": str}[name](value)
    except (ValueError, OverflowError):
        raise UnresolvedError from None
