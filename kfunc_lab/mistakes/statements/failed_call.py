"""The call that failed, as the learner wrote it, and trials of other arguments."""

import ast
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from kfunc_lab.graph.keras.nodes import is_symbolic
from kfunc_lab.graph.keras.state import preserve_keras_state
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.source.code import Code, begin_of
from kfunc_lab.mistakes.source.edit import Change, edited

_UNKNOWN = object()


@dataclass(frozen=True)
class FailedCall:
    """A call in the learner's source, with the function that it calls.

    Attributes:
        code: The file or cell.
        call: The call.
        function: The class or function; `None` if it is not known.
        failure: The failure.
    """

    code: Code
    call: ast.Call
    function: Any
    failure: Failure

    @classmethod
    def of(cls, failure: Failure) -> "FailedCall | None":
        """Returns the failing expression if it is a call; otherwise `None`."""
        code, call = failure.source, failure.expression
        if code is None or not isinstance(call, ast.Call):
            return None
        function = value_of(call.func, failure)
        return cls(code, call, None if function is _UNKNOWN else function, failure)

    def parameters(self) -> list[str]:
        """Returns the names of the parameters, without `self`; empty if they are not known."""
        variadic = inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL
        parameters = parameters_of(self.function)
        return [str(each.name) for each in parameters if each.kind not in variadic]

    def argument(self, name: str) -> ast.expr | None:
        """Returns the expression that is passed as an argument, by name or by position."""
        for keyword in self.call.keywords:
            if keyword.arg == name:
                return keyword.value
        for parameter, expression in zip(self.parameters(), self.call.args, strict=False):
            if parameter == name and not isinstance(expression, ast.Starred):
                return expression
        return None

    def argument_with(self, value: Any) -> ast.expr | None:
        """Returns the argument that has a value, such as a class; `None` if it is not known."""
        for expression in (*self.call.args, *(it.value for it in self.call.keywords)):
            for item in (expression, *getattr(expression, "elts", ())):
                found = value_of(item, self.failure)
                if found is value or (type(found) is type(value) and found == value):
                    return cast(ast.expr, item)
        return None

    def renamed(self, name: str, new: str) -> tuple[Change, ...]:
        """Renames an argument if the function accepts the new name and it is not passed yet."""
        if self.argument(new) is not None:
            return ()
        for keyword in self.call.keywords:
            if keyword.arg == name:
                source = f"{new}={self.code.source(keyword.value)}"
                return self.tried(self.code.replaced(keyword, source))
        return ()

    def removed(self, name: str) -> tuple[Change, ...]:
        """Removes an argument."""
        return self.tried(self.code.without_argument(self.call, name))

    def set(self, name: str, value: str) -> tuple[Change, ...]:
        """Replaces the value of an argument that is passed."""
        expression = self.argument(name)
        if expression is None:
            return ()
        return self.tried(self.code.replaced(expression, value))

    def tried(self, change: Change | None) -> tuple[Change, ...]:
        """Returns a change of the call if Keras accepts the call with it; otherwise nothing.

        A class of Keras is created with the new arguments if all of them are known. For any
        other function, the arguments are only compared with its parameters.
        """
        if change is None:
            return ()
        call = self._with(change)
        if call is None:
            return ()
        arguments = [value_of(it, self.failure) for it in call.args]
        named = {it.arg: value_of(it.value, self.failure) for it in call.keywords if it.arg}
        return (change,) if self._accepts(arguments, named) else ()

    def _with(self, change: Change) -> ast.Call | None:
        """Returns the call with a change of its source."""
        place = self._calls_here(self.code.tree).index(self.call)
        try:
            calls = self._calls_here(ast.parse(edited(self.code.text, [change])))
        except SyntaxError:
            return None
        return calls[place] if place < len(calls) else None

    def _calls_here(self, tree: ast.AST) -> list[ast.Call]:
        """Returns the calls that begin where the call does, such as `f()(x)` and its `f()`."""
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        return [node for node in calls if begin_of(node) == begin_of(self.call)]

    def _accepts(self, arguments: Sequence[Any], named: dict[str, Any]) -> bool:
        try:
            inspect.signature(self.function).bind(*arguments, **named)
        except (TypeError, ValueError):
            return False
        known = all(value is not _UNKNOWN for value in (*arguments, *named.values()))
        if not known or not _is_of_keras(self.function):
            return not known or all(name in self.parameters() for name in named)
        try:
            with preserve_keras_state():
                self.function(*arguments, **named)
        except Exception:  # Keras refuses these arguments too
            return False
        return True


def _is_of_keras(function: Any) -> bool:
    import keras

    return getattr(keras.layers, getattr(function, "__name__", ""), None) is function


def value_of(expression: ast.expr, failure: Failure) -> Any:
    """Returns the value of a literal or of a variable; a special object if it is not known.

    Nothing of the learner's code runs.
    """
    try:
        return ast.literal_eval(expression)
    except (ValueError, SyntaxError, TypeError):
        pass
    if isinstance(expression, ast.Name) and failure.scope is not None:
        names = {**failure.scope.f_globals, **failure.scope.f_locals}
        return names.get(expression.id, _UNKNOWN)
    if isinstance(expression, ast.Attribute):
        owner = value_of(expression.value, failure)
        # A property of an object may run the learner's code; a module and a method do not.
        is_method = inspect.isfunction(getattr(type(owner), expression.attr, None))
        if inspect.ismodule(owner) or (is_known(owner) and is_method):
            return getattr(owner, expression.attr, _UNKNOWN)
    return _UNKNOWN


def is_known(value: Any) -> bool:
    """Returns whether `value_of` found a value."""
    return value is not _UNKNOWN


def holds_tensors(value: Any) -> bool:
    """Returns whether a value is a symbolic tensor, or a list of some."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(map(holds_tensors, value))
    return is_symbolic(value)


def parameters_of(function: Any) -> list[inspect.Parameter]:
    """Returns the parameters of a function or constructor; empty if they are not known."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []
