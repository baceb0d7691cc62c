"""Small mistakes, planted one at a time into the source of a function.

Each mutant is the function with one change that a tired author might make: a sign, a factor, a transpose, a dropped
line, 0.1 % too much. A check that lets a mutant pass is too weak.
"""

from __future__ import annotations

import ast
import copy
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

SWAPS: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(),
    ast.Sub: ast.Add(),
    ast.Mult: ast.Div(),
    ast.Div: ast.Mult(),
    ast.MatMult: ast.Mult(),
    ast.FloorDiv: ast.Mult(),
    ast.Pow: ast.Mult(),
}
FLIPS: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Gt: ast.LtE(),
    ast.GtE: ast.Lt(),
    ast.Lt: ast.GtE(),
    ast.LtE: ast.Gt(),
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
    ast.Is: ast.IsNot(),
    ast.IsNot: ast.Is(),
}


@dataclass(frozen=True)
class Mutant:
    """A function of a class or module with one mistake in it."""

    owner: type | ModuleType
    method: str
    line: int
    change: str
    function: Callable[..., Any]

    def __str__(self) -> str:
        return f"{self.owner.__name__}.{self.method}: {self.change}"


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[Any], ast.AST]]]:
    """Yield what may go wrong at one node: a description, and what turns the node into the wrong one."""
    text = ast.unparse(node) if not isinstance(node, ast.FunctionDef) else ""
    match node:
        case ast.BinOp(op=op) if type(op) in SWAPS:
            yield f"{text}: {type(op).__name__} became {type(SWAPS[type(op)]).__name__}", _set("op", SWAPS[type(op)])
        case ast.AugAssign(op=op) if type(op) in SWAPS:
            yield f"{text}: {type(op).__name__} became {type(SWAPS[type(op)]).__name__}", _set("op", SWAPS[type(op)])
        case ast.Compare(ops=[op]) if type(op) in FLIPS:
            yield f"{text}: flipped", _set("ops", [FLIPS[type(op)]])
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            yield f"{text}: lost its sign", lambda _: operand
        case ast.Attribute(attr="T", value=value):
            yield f"{text}: lost its transpose", lambda _: value
        case ast.Constant(value=bool()):
            yield f"{text}: inverted", lambda n: ast.Constant(not n.value)
        case ast.Constant(value=int() | float()):
            yield f"{text}: one more", lambda n: ast.Constant(n.value + 1)
    match node:
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield f"{text}: returned 0.1 % too much", _scale
        case ast.Assign(targets=[ast.Name() | ast.Attribute() | ast.Subscript()]) | ast.AnnAssign(value=ast.expr()):
            yield f"{text}: assigned 0.1 % too much", _scale
        case ast.Assign() | ast.AugAssign() | ast.Expr(value=ast.Call()) | ast.For():
            yield f"{text.splitlines()[0]}: dropped", lambda _: ast.Pass()
        case ast.If(test=test):
            yield f"{text.splitlines()[0]}: test inverted", _set("test", ast.UnaryOp(ast.Not(), test))


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _set(field: str, value: Any) -> Callable[[Any], ast.AST]:
    def change(node: Any) -> ast.AST:
        setattr(node, field, value)
        return node

    return change


def _scale(node: Any) -> ast.AST:
    # Applied to whatever it is: an array comes back 0.1 % too large, None stays None, anything else breaks.
    node.value = ast.Call(ast.Name("_too_much", ast.Load()), [node.value], [])
    return node


def _too_much(value: Any) -> Any:
    return None if value is None else value * 1.001


def mutants(owner: type | ModuleType, method: str) -> Iterator[Mutant]:
    """Yield every mutant of one method, or of one function of a module."""
    original = owner.__dict__[method]
    module = owner if isinstance(owner, ModuleType) else sys.modules[owner.__module__]
    lines, first = inspect.getsourcelines(original)
    tree = ast.parse(textwrap.dedent("".join(lines)))
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    function.decorator_list = []
    if ast.get_docstring(function) is not None:
        function.body = function.body[1:]
    signature = {id(n) for a in (function.args, function.returns) if a is not None for n in ast.walk(a)}
    negatives = {id(n.operand) for n in ast.walk(function) if isinstance(n, ast.UnaryOp)}
    annotations = {
        id(n) for one in ast.walk(function) if isinstance(one, ast.AnnAssign) for n in ast.walk(one.annotation)
    }
    positions = [
        (k, node)
        for k, node in enumerate(ast.walk(tree))
        if id(node) not in signature | annotations | negatives and not _inside_assert(tree, node)
    ]
    for k, node in positions:
        for number, (description, _) in enumerate(_changes(node)):
            twin = copy.deepcopy(tree)
            target = list(ast.walk(twin))[k]
            change = list(_changes(target))[number][1]
            _Replace(target, change).visit(twin)
            ast.fix_missing_locations(twin)
            namespace = dict(vars(module), _too_much=_too_much, __class__=owner)
            exec(compile(twin, f"<mutant of {owner.__name__}.{method}>", "exec"), namespace)
            yield Mutant(owner, method, first + getattr(node, "lineno", 1) - 1, description, namespace[method])


def lines_of(owner: type | ModuleType, method: str) -> set[int]:
    """Return the numbers of the lines on which a statement of the method starts, in its file."""
    lines, first = inspect.getsourcelines(owner.__dict__[method])
    function = ast.parse(textwrap.dedent("".join(lines))).body[0]
    assert isinstance(function, ast.FunctionDef)
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    statements = [node for one in body for node in ast.walk(one) if isinstance(node, ast.stmt)]
    plain = (ast.Assert, ast.Pass, ast.Raise)
    none = [n for n in statements if isinstance(n, ast.Return) and (n.value is None or _is_none(n.value))]
    return {first + n.lineno - 1 for n in statements if not isinstance(n, plain) and n not in none}


def _inside_assert(tree: ast.AST, node: ast.AST) -> bool:
    return any(node is inner for one in ast.walk(tree) if isinstance(one, ast.Assert) for inner in ast.walk(one))


class _Replace(ast.NodeTransformer):
    def __init__(self, target: ast.AST, change: Callable[[Any], ast.AST]) -> None:
        self.target, self.change = target, change

    def visit(self, node: ast.AST) -> Any:
        if node is self.target:
            return self.change(node)
        return self.generic_visit(node)
