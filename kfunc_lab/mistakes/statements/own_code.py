"""The learner's own functions and classes: their source, and changes of it."""

import ast
import inspect
import sys
from collections.abc import Collection, Iterator, Mapping
from types import FrameType
from typing import Any

from kfunc_lab.graph.keras.nodes import has_history, node_of
from kfunc_lab.mistakes.data.cells import latest_cells
from kfunc_lab.mistakes.failure import Failure, called_name
from kfunc_lab.mistakes.source.code import Code, begin_of, end_of
from kfunc_lab.mistakes.source.edit import Change

_MAX_CELLS = 50

Function = ast.FunctionDef | ast.Lambda


class OwnFunction:
    """The source of a function of the learner.

    Attributes:
        code: The file or cell that defines it.
        node: Its definition.
    """

    def __init__(self, code: Code, node: Function) -> None:
        self.code = code
        self.node = node

    @classmethod
    def of(cls, function: Any) -> "OwnFunction | None":
        """Returns the source of a function; `None` if it cannot be found for certain."""
        try:
            compiled = inspect.unwrap(function).__code__
        except (AttributeError, ValueError):
            return None
        code = Code.of(compiled.co_filename)
        if code is None:
            return None
        names = list(compiled.co_varnames[: compiled.co_argcount])
        found = [
            node
            for node in ast.walk(code.tree)
            if isinstance(node, Function)
            and compiled.co_firstlineno in (node.lineno, _first_line(node))
            and [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
            == names
            and compiled.co_name == getattr(node, "name", "<lambda>")
        ]
        return cls(code, found[0]) if len(found) == 1 else None

    @property
    def parameters(self) -> list[ast.arg]:
        """The parameters that can be passed by position, without `self`."""
        arguments = [*self.node.args.posonlyargs, *self.node.args.args]
        return arguments[1:] if arguments and arguments[0].arg == "self" else arguments

    def default_of(self, name: str) -> ast.expr | None:
        """Returns the default value of a parameter; `None` if it has none."""
        arguments = [*self.node.args.posonlyargs, *self.node.args.args]
        defaults = self.node.args.defaults
        with_default = arguments[len(arguments) - len(defaults) :]
        for argument, default in zip(with_default, defaults, strict=True):
            if argument.arg == name:
                return default
        return None

    def with_default(self, name: str, value: str) -> Change | None:
        """Gives a parameter a default; `None` if one without a default follows it."""
        parameters = self.parameters
        names = [parameter.arg for parameter in parameters]
        if name not in names:
            return None
        after = names[names.index(name) + 1 :]
        if any(self.default_of(later) is None for later in after):
            return None
        parameter = parameters[names.index(name)]
        equals = " = " if parameter.annotation is not None else "="
        source = self.code.source(parameter)
        return self.code.replaced(parameter, f"{source}{equals}{value}")

    def unpacked(self, name: str) -> list[str] | None:
        """Returns the names to which the function unpacks a parameter, as in `a, b = inputs`."""
        for node in ast.walk(self.node):
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Name)
                and node.value.id == name
                and isinstance(node.targets[0], (ast.Tuple, ast.List))
                and all(isinstance(part, ast.Name) for part in node.targets[0].elts)
            ):
                return [part.id for part in node.targets[0].elts if isinstance(part, ast.Name)]
        return None

    def returns(self) -> list[ast.Return]:
        """Returns the `return` statements of the function itself that return a value."""
        return [
            node
            for node in within(self.node)
            if isinstance(node, ast.Return) and node.value is not None
        ]


class OwnClass:
    """The source of a class of the learner.

    Attributes:
        code: The file or cell that defines it.
        node: Its definition.
        value: The class.
    """

    def __init__(self, code: Code, node: ast.ClassDef, value: type) -> None:
        self.code = code
        self.node = node
        self.value = value

    @classmethod
    def of(cls, value: Any) -> "OwnClass | None":
        """Returns the source of a class, or of an object's class; `None` if it is not found."""
        kind = value if isinstance(value, type) else type(value)
        for member in vars(kind).values():
            function = OwnFunction.of(member) if inspect.isfunction(member) else None
            if function is None:
                continue
            parent = function.code.parents.get(function.node)
            if isinstance(parent, ast.ClassDef) and parent.name == kind.__name__:
                return cls(function.code, parent, kind)
        return None

    @property
    def methods(self) -> list[ast.FunctionDef]:
        """The definitions of its methods."""
        return [node for node in self.node.body if isinstance(node, ast.FunctionDef)]

    def method(self, name: str) -> OwnFunction | None:
        """Returns a method; `None` if the class itself does not define it."""
        for node in self.methods:
            if node.name == name:
                return OwnFunction(self.code, node)
        return None

    def new_method(self, lines: list[str], before: str = "call") -> Change:
        """Inserts a method before another one, or else at the end of the class.

        Args:
            lines: The lines of the method, without the indent of the class.
            before: The name of the other method.
        """
        indent = " " * self.node.body[0].col_offset
        other = next((node for node in self.methods if node.name == before), None)
        if other is not None:
            place = (_first_line(other), other.col_offset)
            text = f"\n{indent}".join(lines)
            return Change(self.code.file, place, place, f"{text}\n\n{indent}")
        end = end_of(self.node.body[-1])
        text = "".join(f"\n{indent}{line}" for line in lines)
        return Change(self.code.file, end, end, f"\n{text}")

    def new_in_init(self, lines: list[str]) -> Change:
        """Adds statements to the end of `__init__`, or an `__init__` with them.

        Args:
            lines: The statements, one a line.
        """
        init = self.method("__init__")
        if init is not None and isinstance(init.node.body, list):
            last = init.node.body[-1]
            return self.code.line_after(last, f"\n{' ' * last.col_offset}".join(lines))
        method = ["def __init__(self, **kwargs):", "    super().__init__(**kwargs)"]
        method += [f"    {line}" for line in lines]
        return self.new_method(method, self.methods[0].name if self.methods else "call")

    def free_attribute(self, name: str, taken: Collection[str] = ()) -> str:
        """Returns a name for `self` that neither the class nor its bases use."""
        free, number = name, 1
        while hasattr(self.value, free) or self.attributes(free) or free in taken:
            number += 1
            free = f"{name}_{number}"
        return free

    def attributes(self, name: str) -> list[ast.Attribute]:
        """Returns the places where the class uses `self.name`."""
        return [
            node
            for node in ast.walk(self.node)
            if isinstance(node, ast.Attribute)
            and node.attr == name
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
        ]

    def renamed_attribute(self, name: str, new: str) -> tuple[Change, ...]:
        """Renames `self.name` in the whole class."""
        return tuple(self.code.replaced(node, f"self.{new}") for node in self.attributes(name))

    def renamed_method(self, method: ast.FunctionDef, new: str) -> Change | None:
        """Renames a method where it is defined."""
        line = self.code.text.splitlines()[method.lineno - 1]
        column = line.find(f"def {method.name}") + len("def ")
        if column < len("def "):
            return None
        column = len(line[:column].encode())
        end = column + len(method.name.encode())
        return Change(self.code.file, (method.lineno, column), (method.lineno, end), new)


def within(function: ast.AST) -> Iterator[ast.AST]:
    """Yields the nodes of a function, without those of the functions inside it."""
    for child in ast.iter_child_nodes(function):
        if isinstance(child, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            continue
        yield child
        yield from within(child)


def is_own(operation: Any) -> bool:
    """Returns whether the learner wrote the class of a layer or model."""
    return operation is not None and not type(operation).__module__.startswith("keras.")


def variables(scope: FrameType | None) -> Mapping[str, Any]:
    """Returns the variables that a frame sees; those of the notebook if it belongs to Keras."""
    main = vars(sys.modules["__main__"])
    if scope is None:
        return main
    if str(scope.f_globals.get("__name__", "")).startswith("keras."):
        return {**main, **scope.f_locals}
    return {**scope.f_globals, **scope.f_locals}


def spelled(name: str, failure: Failure) -> str:
    """Returns how the learner's code writes a module of Keras.

    Args:
        name: The module, such as `"ops"` or `"layers"`.
        failure: The failure in the learner's code.

    Returns:
        The name by which it was imported, such as `"ops"`, or else `"keras.ops"`.
    """
    import keras

    module = getattr(keras, name)
    known = variables(failure.scope)
    if known.get(name) is module:
        return name
    names = [each for each, value in known.items() if value is module]
    return names[0] if names and "keras" not in known else f"keras.{name}"


def value_of(expression: ast.AST | None, known: Mapping[str, Any]) -> Any:
    """Returns the value of an expression that only reads; `None` if it is not known.

    It may contain names, attributes of Keras objects, constant indices, and `get_layer`.
    """
    import keras

    if isinstance(expression, ast.Constant):
        return expression.value
    if isinstance(expression, ast.Name):
        return known.get(expression.id)
    try:
        if isinstance(expression, ast.Attribute):
            return getattr(value_of(expression.value, known), expression.attr, None)
        if isinstance(expression, ast.Subscript):
            owner = value_of(expression.value, known)
            if isinstance(owner, (list, tuple, dict)):
                return owner[ast.literal_eval(expression.slice)]
        if isinstance(expression, ast.Call) and isinstance(expression.func, ast.Attribute):
            model = value_of(expression.func.value, known)
            if isinstance(model, keras.Model) and expression.func.attr == "get_layer":
                given = [value_of(argument, known) for argument in expression.args]
                named = {
                    word.arg: value_of(word.value, known)
                    for word in expression.keywords
                    if word.arg
                }
                return model.get_layer(*given, **named)
    except Exception:  # the expression may itself be the mistake
        return None
    return None


def _first_line(node: Function) -> int:
    decorators = getattr(node, "decorator_list", [])
    return int(min([node.lineno, *(each.lineno for each in decorators)]))


def first_place(function: OwnFunction) -> tuple[int, int]:
    """Returns the place of the first statement of a function, after its docstring."""
    body = function.node.body
    if not isinstance(body, list):
        return begin_of(body)
    has_docstring = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    return begin_of(body[1] if has_docstring and len(body) > 1 else body[0])


def new_first_line(function: OwnFunction, line: str) -> Change:
    """Inserts a statement at the begin of a function."""
    place = first_place(function)
    return Change(function.code.file, place, place, f"{line}\n{' ' * place[1]}")


def constructor_of(layer: Any, failure: Failure) -> tuple[Code, ast.Call] | None:
    """Returns the expression that created a layer; `None` if it is not known for certain.

    Args:
        layer: The layer.
        failure: The failure in the learner's code, whose variables and file are searched.
    """
    known, kind = variables(failure.scope), type(layer).__name__
    for code in codes_of(failure):
        calls = [call for call in code.calls if called_name(code.source(call)) == kind]
        made = [call for call in calls if not isinstance(call.func, ast.Call)]
        named = [call for call in made if _name_argument(call) == layer.name]
        held = [call for call in made if _holds(code, call, layer, known)]
        alike = [call for call in made if _name_argument(call) is None]
        alike = [call for call in alike if _has_setting(call, layer)]
        if kind == "Lambda":
            alike = made if len(made) == 1 else []
        for found in (named, held, alike):
            if len(found) == 1:
                return code, found[0]
    return None


def codes_of(failure: Failure) -> Iterator[Code]:
    """Yields the failing file, and then the cells of the notebook, the last one first."""
    files = [] if failure.frame is None else [failure.frame[0]]
    files += [caller.file for caller in failure.callers]
    files += latest_cells()
    for file in list(dict.fromkeys(files))[:_MAX_CELLS]:
        code = Code.of(file)
        if code is not None:
            yield code


def _name_argument(call: ast.Call) -> Any:
    words = [word.value for word in call.keywords if word.arg == "name"]
    return words[0].value if words and isinstance(words[0], ast.Constant) else None


def _has_setting(call: ast.Call, layer: Any) -> bool:
    """Returns whether a call creates a layer with the first setting of the given one."""
    first = call.args[0] if call.args else None
    value = getattr(layer, "units", getattr(layer, "filters", None))
    return isinstance(first, ast.Constant) and value is not None and first.value == value


def _holds(code: Code, call: ast.Call, layer: Any, known: Mapping[str, Any]) -> bool:
    """Returns whether a variable to which a call was assigned still holds its layer."""
    statement = code.statement_of(call)
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return False
    target, value = statement.targets[0], statement.value
    if not isinstance(target, ast.Name):
        return False
    held = known.get(target.id)
    if value is call:
        return held is layer
    is_result = isinstance(value, ast.Call) and value.func is call
    return is_result and has_history(held) and node_of(held).operation is layer
