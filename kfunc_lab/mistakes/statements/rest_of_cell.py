"""Runs the rest of a cell symbolically with an edit, to see how far the edit lets it run.

Nothing of the learner's code runs, no variable changes and no weight is created: the statements
are computed as `Evaluator` does, and what that cannot compute is left unknown.
"""

import ast
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kfunc_lab.graph.keras.state import preserve_keras_state
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.names.scope import Evaluator, UnknownValueError, fresh, names_of_frame
from kfunc_lab.mistakes.source.code import Code, begin_of, end_of
from kfunc_lab.mistakes.source.edit import Change, Edit, edited

_MAX_ITEMS = 12  # the rounds of a loop
_SECONDS = 0.12  # of this thread, for one edit
_ALL_SECONDS = 0.25  # for all edits of one explanation


class DoesNotRunError(ValueError):
    """A statement of the cell fails with the edit."""


@dataclass(frozen=True)
class Rest:
    """How far the rest of a cell runs with an edit.

    Attributes:
        steps: The number of statements that ran, or that could not be computed.
        runs: Whether none failed.
        is_known: Whether the statement that failed before was computed.
        names: The variables at the end, as far as they are known.
    """

    steps: int
    runs: bool
    is_known: bool
    names: Mapping[str, Any]


def best_edit(failure: Failure, edits: Iterable[Edit]) -> Edit | None:
    """Returns the first edit with which the rest of the cell runs, or that gets farthest.

    Args:
        failure: The failure.
        edits: The edits to try, the best first.

    Returns:
        The edit; `None` if the statement that failed still fails with each, or is not known.
    """
    best, farthest, end = None, 0, time.thread_time() + _ALL_SECONDS
    for edit in edits:
        rest = rest_of_cell(failure, edit.changes)
        if rest is not None and rest.is_known:
            if rest.runs:
                return edit
            if rest.steps > farthest:
                best, farthest = edit, rest.steps
        if time.thread_time() > end:
            break
    return best


def rest_of_cell(failure: Failure, changes: Sequence[Change]) -> Rest | None:
    """Runs the changed statements of a cell or function, and those behind them.

    Args:
        failure: The failure.
        changes: The changes of the source; only those of the failing file count.

    Returns:
        How far the statements run; `None` if they are not known.
    """
    code = failure.source
    if code is None or failure.span is None:
        return None
    node = code.node_at(*failure.span)
    statement = None if node is None else code.statement_of(node)
    if statement is None:
        return None
    path = _path(code, statement)
    own = [change for change in changes if change.file == code.file]
    try:
        new = ast.parse(edited(code.text, own))
    except SyntaxError:
        return None
    blocks = _blocks(new, path)
    if blocks is None:
        return None
    runner = _Runner(names_of_frame(failure.scope))
    first = min((change.begin for change in own), default=begin_of(statement))
    with preserve_keras_state():
        return runner.run(blocks, _earlier(code, path, statement, first))


Path = list[tuple[str, int]]


def _path(code: Code, statement: ast.stmt) -> Path:
    """Returns the fields and places that lead from the module to a statement, within a function.

    A function's body begins the path anew, because its variables are others.
    """
    path: Path = []
    node: ast.AST = statement
    while (parent := code.parents.get(node)) is not None:
        for field in ("body", "orelse", "finalbody", "handlers"):
            block = getattr(parent, field, None)
            if isinstance(block, list) and node in block:
                path.append((field, block.index(node)))
        node = parent
    return path[::-1]


def _blocks(tree: ast.AST, path: Path) -> list[tuple[list[ast.stmt], int]] | None:
    """Returns the blocks around a statement, the innermost first, and its place in each."""
    found: list[tuple[list[ast.stmt], int]] = []
    node = tree
    for field, place in path:
        if isinstance(node, ast.FunctionDef):
            found = []
        block = getattr(node, field, [])
        if place >= len(block):
            return None
        found.append((block, place))
        node = block[place]
    return found[::-1]


def _earlier(code: Code, path: Path, statement: ast.stmt, first: tuple[int, int]) -> int | None:
    """Returns the place of an earlier statement of the block that changes; `None` if none does."""
    blocks = _blocks(code.tree, path)
    block = blocks[-1][0] if blocks else []
    for place, each in enumerate(block):
        if each is statement or begin_of(each) > begin_of(statement):
            return None
        if begin_of(each) <= first <= end_of(each):
            return place if len(blocks or ()) == 1 and each is not statement else None
    return None


@dataclass(frozen=True)
class _Model:
    """Stands for a model that the rest of the cell makes."""

    inputs: Any
    outputs: Any


class _Values(Evaluator):
    """Computes expressions, and keeps the ends of models in the place of models."""

    def _call(self, node: ast.Call) -> Any:
        import keras

        function = self.look_up(node.func)
        if function is keras.Model:
            return self._model(node)
        if isinstance(function, _Model):
            return _called(function, [self.value(each) for each in node.args])
        return super()._call(node)

    def _model(self, node: ast.Call) -> _Model:
        named = {each.arg: each.value for each in node.keywords if each.arg}
        ends = [*node.args[:2], *(named[it] for it in ("inputs", "outputs") if it in named)]
        if len(ends) != 2:
            raise DoesNotRunError("ends")
        values = [self.value(each) for each in ends]
        if not all(_is_end(value) for value in values):
            raise DoesNotRunError("ends")
        return _Model(*values)


def _is_end(value: Any) -> bool:
    import keras

    return all(isinstance(each, keras.KerasTensor) for each in keras.tree.flatten(value))


def _called(model: _Model, args: list[Any]) -> Any:
    import keras

    given, wanted = keras.tree.flatten(args), keras.tree.flatten(model.inputs)
    if len(given) != len(wanted):
        raise DoesNotRunError("count")
    for tensor, want in zip(given, wanted, strict=True):
        pairs = list(zip(tensor.shape[1:], want.shape[1:], strict=False))
        if len(tensor.shape) != len(want.shape) or any(
            None not in pair and pair[0] != pair[1] for pair in pairs
        ):
            raise DoesNotRunError("shape")
    return fresh(model.outputs)


class _Runner:
    """Runs statements, and remembers the variables and how many ran."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        import keras

        self._names: dict[str, Any] = {"keras": keras, **names}
        self._steps = 0
        self._is_known = False
        self._end = time.thread_time() + _SECONDS

    def run(self, blocks: list[tuple[list[ast.stmt], int]], earlier: int | None) -> Rest:
        runs = True
        try:
            if earlier is not None:
                self._run_earlier(blocks[0], earlier)
            failing = True
            for block, place in blocks:
                begin = place if failing else place + 1
                self._run_block(block[begin:], failing)
                failing = False
        except DoesNotRunError:
            runs = False
        except _EndError:
            pass
        return Rest(self._steps, runs, self._is_known, self._names)

    def _run_earlier(self, block: tuple[list[ast.stmt], int], place: int) -> None:
        """Runs the statements from the first one on, as variables may have changed since."""
        statements = block[0][: block[1]]
        for name in _assigned(statements):
            self._names.pop(name, None)
        for statement in statements:
            self._run(statement)
        self._steps = 0

    def _run_block(self, statements: list[ast.stmt], with_failing: bool = False) -> None:
        for place, statement in enumerate(statements):
            is_known = self._run(statement)
            if with_failing and place == 0:
                self._is_known = is_known
            self._steps += 1

    def _run(self, statement: ast.stmt) -> bool:
        """Runs a statement; returns whether it could be computed."""
        if time.thread_time() > self._end:
            raise _EndError
        run = getattr(self, f"_{type(statement).__name__.lower()}", None)
        try:
            if run is None:
                raise UnknownValueError(type(statement).__name__)
            run(statement)
        except UnknownValueError:
            for name in _assigned([statement]):
                self._names.pop(name, None)
            return False
        except (DoesNotRunError, _EndError):
            raise
        except Exception as error:
            if _is_of_evaluator(error):
                return False
            raise DoesNotRunError(str(error)) from error
        return True

    def _value(self, node: ast.expr) -> Any:
        return _Values(self._names).value(node)

    def _assign(self, statement: ast.Assign) -> None:
        value = self._value(statement.value)
        for target in statement.targets:
            self._set(target, value)

    def _annassign(self, statement: ast.AnnAssign) -> None:
        if statement.value is not None:
            self._set(statement.target, self._value(statement.value))

    def _augassign(self, statement: ast.AugAssign) -> None:
        if not isinstance(statement.target, ast.Name):
            raise UnknownValueError("target")
        left = ast.Name(statement.target.id, ast.Load())
        whole = ast.BinOp(left, statement.op, statement.value)
        self._names[statement.target.id] = self._value(whole)

    def _set(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self._names[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            if not isinstance(value, (list, tuple)):
                import keras

                if isinstance(value, keras.KerasTensor):
                    raise DoesNotRunError("a tensor cannot be unpacked")
                raise UnknownValueError("unpacking")
            if len(value) != len(target.elts):
                raise DoesNotRunError("count")
            for part, item in zip(target.elts, value, strict=True):
                self._set(part, item)
        else:
            raise UnknownValueError("target")

    def _expr(self, statement: ast.Expr) -> None:
        call = statement.value
        if not isinstance(call, ast.Call):
            return
        function = call.func
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            name = function.value.id
            held = self._names.get(name)
            if type(held) is list:  # a method of the learner's list must not change it
                self._names.pop(name)
                if function.attr == "append" and len(call.args) == 1:
                    self._names[name] = [*held, self._value(call.args[0])]
                return
        self._value(call)

    def _return(self, statement: ast.Return) -> None:
        if statement.value is not None:
            self._value(statement.value)
        raise _EndError

    def _for(self, statement: ast.For) -> None:
        items = self._value(statement.iter)
        if not isinstance(items, (list, tuple, range, enumerate, zip)):
            raise UnknownValueError("for")
        for place, item in enumerate(items):
            if place >= _MAX_ITEMS:
                raise UnknownValueError("for")
            self._set(statement.target, item)
            self._run_block(statement.body)
            self._steps -= len(statement.body)

    def _if(self, statement: ast.If) -> None:
        test = self._value(statement.test)
        for each in statement.body if test else statement.orelse:
            self._run(each)

    def _pass(self, statement: ast.Pass) -> None:
        pass

    def _functiondef(self, statement: ast.FunctionDef) -> None:
        self._names.pop(statement.name, None)


class _EndError(Exception):
    """The statements end, or the time is over."""


def _assigned(statements: Iterable[ast.stmt]) -> set[str]:
    """Returns the names that statements assign."""
    return {
        node.id
        for statement in statements
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _is_of_evaluator(error: BaseException) -> bool:
    """Returns whether an exception means that an expression is too hard to compute here."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return True
    file = traceback.tb_frame.f_code.co_filename
    return file.endswith(("scope.py", "rest_of_cell.py"))
