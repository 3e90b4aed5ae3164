"""Writes a model as Python code that builds an equal one with the functional API."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kfunc_lab.graph.keras.code.adapted import adapted_state
from kfunc_lab.graph.keras.code.imports import Names
from kfunc_lab.graph.keras.code.line_breaks import break_line
from kfunc_lab.graph.keras.code.literals import NotWritableError, sequence, text_literal
from kfunc_lab.graph.keras.code.operations import function_arguments, function_name
from kfunc_lab.graph.keras.construction import Creation, Expressions, public_operation
from kfunc_lab.graph.keras.masks import passed_masks
from kfunc_lab.graph.keras.nodes import (
    calls_in_order,
    entry_of,
    functional_of,
    masks_of,
    node_of,
    place_of,
    sublayers_of,
)
from kfunc_lab.graph.keras.settings import call_parameters
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable


def to_code(model: Any, changes: Mapping[int, Mapping[str, Any]] | None = None) -> str:
    """Writes a model as Python code that builds an equal one with the functional API.

    The new model has the same configuration, except that raw operations, such as the addition in
    `x + 1`, may get other names. A comment names whatever cannot be written, and the code raises
    an error at that point; another names what must be defined before the code runs, such as a
    class of a notebook. A subclassed model is created by its class.

    Args:
        model: A model. It is not changed.
        changes: Changes to the configurations of layers, by the `id()` of the layer.

    Returns:
        A program that stores the model in the variable `model`. It contains no weights, but what
        preprocessing layers learned in `adapt`.

    Raises:
        TypeError: If it is not a model of Keras.

    Example:
        >>> import keras
        >>> inputs = keras.Input((784,), name="img")
        >>> outputs = keras.layers.Dense(10, name="digits")(inputs)
        >>> print(to_code(keras.Model(inputs, outputs, name="classifier")))
        import keras
        from keras import layers
        <BLANKLINE>
        img = keras.Input((784,), name="img")
        digits = layers.Dense(10, name="digits")(img)
        <BLANKLINE>
        model = keras.Model(img, digits, name="classifier")
    """
    import keras

    if not isinstance(model, keras.Model):
        raise TypeError(
            _(
                "Only a functional or Sequential model can be written as code; got {got}."
            ).format(got=type(model).__name__)
        )
    return _Program(changes or {}).of(model)


class _Program:
    """Collects the statements of a program."""

    def __init__(self, changes: Mapping[int, Mapping[str, Any]]) -> None:
        self._changes = changes
        self._names = Names()
        self._expressions = Expressions(self._names, self._variable_of, self._variable_for)
        self._lines: list[str] = []
        # The code before the model: functions, nested models and layers with several calls.
        self._before: list[list[str]] = []
        self._shared: dict[int, str] = {}  # variables of layers outside the calls
        self._alive: list[Any] = []  # keeps the layers alive, so that no `id()` is reused
        self._uses: Counter[int] = Counter()
        self._has_gaps = False

    def of(self, model: Any) -> str:
        try:
            self._count_uses(model)
            self._build(model, "model", "")
        except Exception as problem:  # what a user's class returns may have any form
            self._before, self._lines = [], []
            self._assign("model", self._gap(model, problem, ""), "")
        before = [line for block in self._before for line in block]
        return "\n".join([*self._head(before), *before, "", *self._lines]).rstrip() + "\n"

    def _head(self, before: list[str]) -> Iterator[str]:
        text = "\n".join([*before, *self._lines])
        yield "import keras"
        if re.search(r"\bnp\.", text):
            yield "import numpy as np"
        used = [name for name in ("layers", "ops") if re.search(rf"\b{name}\.", text)]
        if used:
            yield f"from keras import {', '.join(used)}"
        yield from sorted(self._expressions.imports.lines)
        yield from sorted(self._expressions.imports.comments)
        if self._has_gaps:
            yield ""
            yield ""
            yield "def not_writable(name):"
            yield '    raise NotImplementedError(name + " could not be written: put it here")'
            yield ""

    def _gap(self, operation: Any, problem: Exception, indent: str) -> str:
        """Names in a comment what cannot be written, and returns what stands for it."""
        self._has_gaps = True
        reason = str(problem)
        if not isinstance(problem, NotWritableError):  # a custom layer may raise anything
            reason = f"{type(problem).__name__}: {reason}"
        heading = f"{operation.name} ({type(operation).__name__})"
        self._line(f"# {printable(heading)}: {printable(reason)}", indent)
        return f"not_writable({text_literal(operation.name)})"

    # -- shared layers

    def _count_uses(self, model: Any) -> None:
        """Counts the calls of each layer and the layers that hold it, in all nested models."""
        waiting, seen = [model], {id(model)}
        for current in waiting:
            parts = [node.operation for node in _nodes(current)]
            if not parts:
                parts = sublayers_of(current) if hasattr(current, "_flatten_layers") else []
            for part in parts:
                self._uses[id(part)] += 1
                if id(part) not in seen:
                    seen.add(id(part))
                    waiting.append(part)

    # -- models

    def _build(self, model: Any, variable: str, indent: str) -> None:
        """Writes the statements that store a model in a variable."""
        import keras

        if isinstance(model, keras.Sequential):
            self._sequential(model, variable, indent)
        elif functional_of(model) is None:
            self._subclassed(model, variable, indent)
        else:
            self._functional(model, variable, indent)

    def _subclassed(self, model: Any, variable: str, indent: str) -> None:
        comment = _("{name} is a class: what it connects is the Python code of its methods.")
        self._line(f"# {printable(comment.format(name=type(model).__name__))}", indent)
        self._assign(variable, self._layer(model, indent), indent)
        shape = (model.get_build_config() or {}).get("input_shape") if model.built else None
        if isinstance(shape, (list, tuple)):
            self._line(f"{variable}.build({self._expressions.value(tuple(shape))})", indent)
        self._freeze(model, variable, indent)

    def _sequential(self, model: Any, variable: str, indent: str) -> None:
        entry = entry_of(model)
        parts = [] if entry is None else [self._creation(entry).expression]
        parts += [self._layer(layer, indent) for layer in model.layers]
        self._assign(
            variable,
            f"keras.Sequential([{', '.join(parts)}], name={text_literal(model.name)})",
            indent,
        )
        self._freeze(model, variable, indent)

    def _functional(self, model: Any, variable: str, indent: str) -> None:
        functional = functional_of(model)
        tensors: dict[Any, str] = {}
        if type(model).__module__.partition(".")[0] != "keras":
            comment = _("{name} is a custom class; here it becomes a keras.Model").format(
                name=type(model).__name__
            )
            self._line(f"# {printable(comment)}", indent)
        nodes = _nodes(model)
        # The inputs come first, in the order of the model.
        for tensor in functional.inputs:
            self._call(node_of(tensor).operation, None, tensors, [tensor], indent)
        for node in nodes:
            if not node.is_input:
                self._call(node.operation, node, tensors, node.outputs, indent)
        inputs, outputs = (
            self._nest(struct, tensors) for struct in (functional.input, functional.output)
        )
        if not indent:
            self._lines.append("")
        self._assign(
            variable,
            f"keras.Model({inputs}, {outputs}, name={text_literal(model.name)})",
            indent,
        )
        self._freeze(model, variable, indent)

    def _freeze(self, model: Any, variable: str, indent: str) -> None:
        if not model.trainable:
            self._line(f"{variable}.trainable = False", indent)
            self._set_trainable(model.layers, variable, False, indent)

    def _set_trainable(
        self, parts: Iterable[Any], holder: str, inherited: bool, indent: str
    ) -> None:
        """Sets what differs from the model around it; to set a model sets all of its layers."""
        for layer in parts:
            lookup = f"{holder}.get_layer({text_literal(layer.name)})"
            differs = layer.trainable != inherited and bool(layer.weights)
            if differs:
                self._line(f"{lookup}.trainable = {layer.trainable}", indent)
            if _is_nested(layer):
                now = layer.trainable if differs else inherited
                self._set_trainable(layer.layers, lookup, now, indent)

    # -- calls

    def _call(
        self,
        operation: Any,
        node: Any,
        tensors: dict[Any, str],
        outputs: list[Any],
        indent: str,
    ) -> None:
        self._expressions.subject = operation.name
        try:
            if node is None:
                expression = self._creation(operation).expression
            else:
                expression = self._applied(operation, node, tensors, indent)
        except Exception as problem:
            expression = self._gap(operation, problem, indent)
        names = [self._names.new(operation.name) for _tensor in outputs]
        self._name_outputs(operation, outputs, names, tensors, expression, indent)

    def _applied(
        self, operation: Any, node: Any, tensors: Mapping[Any, str], indent: str
    ) -> str:
        import keras

        if not isinstance(operation, keras.layers.Layer) and public_operation(type(operation)):
            if type(operation).__name__ == "GetItem":
                return self._get_item(node, tensors)
            return self._raw(node, tensors)
        arguments = self._arguments(node, tensors)
        return f"{self._layer(operation, indent)}({', '.join(arguments)})"

    def _arguments(self, node: Any, tensors: Mapping[Any, str]) -> list[str]:
        named = _named_arguments(node)
        arguments = [self._nest(value, tensors) for value in node.arguments.args]
        arguments += [f"{name}={self._nest(value, tensors)}" for name, value in named.items()]
        return arguments

    def _get_item(self, node: Any, tensors: Mapping[Any, str]) -> str:
        arguments = [*node.arguments.args, *node.arguments.kwargs.values()]
        source, key = arguments[0], arguments[1]
        if isinstance(key, list) and not all(isinstance(part, int) for part in key):
            key = tuple(key)  # as loading returns it
        parts = key if isinstance(key, tuple) else (key,)
        inside = ", ".join(self._index(part, tensors) for part in parts)
        if isinstance(key, tuple) and len(key) < 2:
            inside = f"{inside}," if key else "()"
        return f"{self._nest(source, tensors)}[{inside}]"

    def _index(self, part: Any, tensors: Mapping[Any, str]) -> str:
        if not isinstance(part, slice):
            return self._nest(part, tensors)
        ends = [part.start, part.stop, *([] if part.step is None else [part.step])]
        return ":".join("" if end is None else self._nest(end, tensors) for end in ends)

    def _raw(self, node: Any, tensors: Mapping[Any, str]) -> str:
        """Writes a raw operation as a call of its function, with its settings as arguments."""
        positional, named = function_arguments(node)
        arguments = [self._nest(value, tensors) for value in positional]
        arguments += [f"{name}={self._nest(value, tensors)}" for name, value in named.items()]
        return f"{function_name(type(node.operation))}({', '.join(arguments)})"

    # -- layers

    def _layer(self, layer: Any, indent: str) -> str:
        """Writes a layer: its variable if it stands before the calls, else its constructor."""
        variable = self._shared.get(id(layer))
        if variable is not None:
            return variable
        if _is_nested(layer):
            return self._nested(layer)
        try:
            creation = self._creation(layer)
            state = adapted_state(layer)
        except Exception as problem:
            creation, state = Creation(self._gap(layer, problem, indent)), []
        if self._uses[id(layer)] < 2 and not creation.attributes and not state:
            return creation.expression
        return self._variable_for(layer, creation, state)

    def _creation(self, layer: Any) -> Creation:
        return self._expressions.of(layer, changes=self._changes.get(id(layer)))

    def _variable_of(self, layer: Any) -> str | None:
        """Returns the variable of a layer inside a layer, if it stands before the calls."""
        several = self._uses[id(layer)] > 1 or hasattr(layer, "adapt")
        if id(layer) in self._shared or _is_nested(layer) or several:
            return self._layer(layer, "")
        return None

    def _variable_for(
        self, layer: Any, creation: Creation, state: Iterable[tuple[str, Any]] = ()
    ) -> str:
        """Writes a layer outside all functions, so that each of them uses the same one."""
        variable = self._keep(layer, "_layer")
        lines = break_line(f"{variable} = {creation.expression}")
        for name, value in creation.attributes.items():
            lines += break_line(f"{variable}.{name} = {value}")
        for method, arguments in state:
            values = ", ".join(map(self._expressions.value, arguments))
            lines += break_line(f"{variable}.{method}({values})")
        self._before.append(lines)
        return variable

    def _nested(self, model: Any) -> str:
        """Writes the code that builds a nested model, once, and returns its variable."""
        import keras

        variable = self._keep(model, "_model")
        outer_lines, self._lines = self._lines, []
        if isinstance(model, keras.Sequential):
            self._sequential(model, variable, "")
        else:
            function = self._names.new(f"build_{model.name}", everywhere=True)
            outside = self._names.enter_function()
            self._functional(model, "model", "    ")
            self._names.leave_function(outside)
            head, call = f"def {function}():", f"{variable} = {function}()"
            self._lines = ["", "", head, *self._lines, "    return model", "", "", call]
        # The code that it depends on was added before.
        self._before.append(self._lines)
        self._lines = outer_lines
        return variable

    def _keep(self, layer: Any, ending: str) -> str:
        variable = self._names.new(layer.name, ending, everywhere=True)
        self._shared[id(layer)] = variable
        self._alive.append(layer)
        return variable

    # -- values and names

    def _nest(self, value: Any, tensors: Mapping[Any, str]) -> str:
        """Writes an argument: tensors as their variables, everything else as its value."""
        import keras

        if isinstance(value, keras.KerasTensor):
            return tensors[place_of(value)]
        if isinstance(value, Mapping):
            pairs = (
                f"{self._expressions.value(key)}: {self._nest(item, tensors)}"
                for key, item in value.items()
            )
            return f"{{{', '.join(pairs)}}}"
        if isinstance(value, (list, tuple)):
            return sequence([self._nest(item, tensors) for item in value], type(value))
        if hasattr(value, "dtype") and hasattr(value, "shape"):
            return self._expressions.constant(value)
        return self._expressions.value(value)

    def _name_outputs(
        self,
        operation: Any,
        outputs: list[Any],
        names: list[str],
        tensors: dict[Any, str],
        expression: str,
        indent: str,
    ) -> None:
        struct = functional_of(operation).output if _is_nested(operation) else None
        places = [place_of(tensor) for tensor in outputs]
        if isinstance(struct, Mapping) or _is_deep(struct):
            variable = names[0]
            tensors.update(
                zip(places, (variable + path for path in _paths(struct)), strict=True)
            )
            self._assign(variable, expression, indent)
            return
        tensors.update(zip(places, names, strict=True))
        if len(names) > 1 and not _returns_flat(operation):
            expression = f"keras.tree.flatten({expression})"
        one_in_list = isinstance(struct, (list, tuple)) and len(names) == 1
        target = f"({names[0]},)" if one_in_list else ", ".join(names)
        self._assign(target, expression, indent)

    def _assign(self, target: str, expression: str, indent: str) -> None:
        self._lines += break_line(f"{target} = {expression}", indent)

    def _line(self, text: str, indent: str) -> None:
        self._lines.append(indent + text)


def _nodes(model: Any) -> list[Any]:
    """Returns the nodes of a model's graph in topological order."""
    import keras

    functional = functional_of(model) if isinstance(model, keras.Model) else None
    if functional is None:
        return []
    return calls_in_order([*functional.inputs, *functional.outputs], _tensors_to_write)


def _tensors_to_write(node: Any) -> list[Any]:
    """Returns the tensors in a call as it is written: not the masks that Keras passes along."""
    import keras

    written = keras.tree.flatten((node.arguments.args, _named_arguments(node)))
    return [value for value in written if isinstance(value, keras.KerasTensor)]


def _named_arguments(node: Any) -> dict[str, Any]:
    """Returns the named arguments of a call that Keras does not fill in by itself."""
    import keras

    cls: Any = type(node.operation)
    parameters = {parameter.name: parameter.default for parameter in call_parameters(cls)}
    takes_masks = isinstance(node.operation, keras.layers.Layer)
    masks = {id(mask) for mask in masks_of(_feeding(node))} if takes_masks else set()
    masks |= {id(tensor) for tensor, _mask in passed_masks(node)} if takes_masks else set()

    def is_filled_in(name: str, value: Any) -> bool:
        if id(value) in masks or _same(value, parameters.get(name)):
            return True
        several = isinstance(value, (list, tuple)) and value
        return bool(several) and all(item is None or id(item) in masks for item in value)

    return {
        name: value
        for name, value in node.arguments.kwargs.items()
        if not is_filled_in(name, value)
    }


def _feeding(node: Any) -> Iterator[Any]:
    for tensor in node.input_tensors:
        source = node_of(tensor)
        if source is not None:
            yield source


def _is_nested(operation: Any) -> bool:
    import keras

    return isinstance(operation, keras.Model) and (
        functional_of(operation) is not None or isinstance(operation, keras.Sequential)
    )


def _returns_flat(operation: Any) -> bool:
    """Tells whether a call returns its outputs in one list or tuple."""
    import keras

    if not public_operation(type(operation)):
        return False  # a class of a user's may return a dict
    cells = isinstance(operation, keras.layers.RNN) and not isinstance(
        operation, (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN)
    )
    of_user = ("Lambda", "Cond", "Map", "Scan", "WhileLoop")  # what a user's function returns
    return not cells and type(operation).__name__ not in of_user


def _is_deep(struct: Any) -> bool:
    return isinstance(struct, (list, tuple)) and any(
        isinstance(item, (list, tuple, Mapping)) for item in struct
    )


def _paths(struct: Any, path: str = "") -> Iterable[str]:
    """Yields the index expressions of the tensors in a structure, in the order of Keras's trees."""
    if isinstance(struct, Mapping):
        for key in sorted(struct):
            yield from _paths(struct[key], f"{path}[{text_literal(str(key))}]")
    elif isinstance(struct, (list, tuple)):
        for position, value in enumerate(struct):
            yield from _paths(value, f"{path}[{position}]")
    else:
        yield path


def _same(value: Any, default: Any) -> bool:
    if value is default:
        return True
    return (
        type(value) is type(default)
        and isinstance(value, (bool, int, float, str))
        and (value == default)
    )
