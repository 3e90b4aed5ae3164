"""Writes a model as Python code that builds an equal one with the functional API."""

import builtins
import inspect
import keyword
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kfunc_lab.graph.keras.construction import (
    Expressions,
    NotWritableError,
    function_name,
    identifier,
    operation_function,
    text_literal,
)
from kfunc_lab.graph.keras.line_breaks import break_line
from kfunc_lab.graph.keras.nodes import ancestors, functional_of, masks_of, node_of, place_of
from kfunc_lab.graph.keras.settings import call_parameters, configuration
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable

_RESERVED = {
    *keyword.kwlist,
    *keyword.softkwlist,
    *dir(builtins),
    "keras",
    "layers",
    "ops",
    "np",
}


def to_code(model: Any, changes: Mapping[int, Mapping[str, Any]] | None = None) -> str:
    """Writes a model as Python code that builds an equal one with the functional API.

    The new model has the same configuration, except that raw operations, such as the addition in
    `x + 1`, may get other names. A comment names whatever cannot be written, such as a lambda, and
    the code raises an error at that point.

    Args:
        model: A functional or Sequential model. It is not changed.
        changes: Changes to the configurations of layers, by the `id()` of the layer.

    Returns:
        A program that stores the model in the variable `model`. It contains no weights.

    Raises:
        TypeError: If the model is neither: in a subclassed model, Python code makes the
            connections.

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

    functional = functional_of(model) if isinstance(model, keras.Model) else None
    if functional is None and not isinstance(model, keras.Sequential):
        raise TypeError(
            _(
                "Only a functional or Sequential model can be written as code; got {got}. In "
                "a subclassed model, the connections are already Python code."
            ).format(got=type(model).__name__)
        )
    return _Program(changes or {}).of(model)


class _Program:
    """Collects the statements of a program."""

    def __init__(self, changes: Mapping[int, Mapping[str, Any]]) -> None:
        self._changes = changes
        self._expressions = Expressions()
        self._lines: list[str] = []
        # The code before the model: functions, nested models and layers with several calls.
        self._before: list[list[str]] = []
        self._global_names: set[str] = set()
        self._names: set[str] = set(_RESERVED)
        self._shared: dict[int, str] = {}  # variables of layers with several calls
        self._alive: list[Any] = []  # keeps the layers alive, so that no `id()` is reused
        self._uses: Counter[int] = Counter()
        self._has_gaps = False

    def of(self, model: Any) -> str:
        self._count_uses(model)
        self._build(model, "model", "")
        before = [line for block in self._before for line in block]
        return "\n".join([*self._head(before), *before, "", *self._lines]).rstrip() + "\n"

    def _head(self, before: list[str]) -> Iterator[str]:
        text = "\n".join([*before, *self._lines])
        yield "import keras"
        if "np.array(" in text:
            yield "import numpy as np"
        used = [name for name in ("layers", "ops") if f"{name}." in text]
        if used:
            yield f"from keras import {', '.join(used)}"
        for name, module in sorted(self._expressions.imports.items()):
            if module == "__main__":
                yield f"# {name} must be defined before this runs."
            else:
                yield f"from {module} import {name}"
        if self._has_gaps:
            yield ""
            yield ""
            yield "def not_writable(name):"
            yield '    raise NotImplementedError(name + " could not be written: put it here")'
            yield ""

    # -- shared layers

    def _count_uses(self, model: Any) -> None:
        """Counts the calls of each layer in this model and its nested models."""
        waiting, seen = [model], {id(model)}
        for current in waiting:
            for node in _nodes(current):
                self._uses[id(node.operation)] += 1
                if _is_nested(node.operation) and id(node.operation) not in seen:
                    seen.add(id(node.operation))
                    waiting.append(node.operation)

    # -- models

    def _build(self, model: Any, variable: str, indent: str) -> None:
        """Writes the statements that store a model in a variable."""
        import keras

        if isinstance(model, keras.Sequential):
            self._sequential(model, variable, indent)
        else:
            self._functional(model, variable, indent)

    def _sequential(self, model: Any, variable: str, indent: str) -> None:
        config = model.get_config()
        first = config["layers"][0] if config["layers"] else {}
        parts = []
        if first.get("class_name") == "InputLayer":
            entry = node_of(functional_of(model).inputs[0]).operation
            changes = self._changes.get(id(entry), {})
            parts.append(self._expressions.input({**first["config"], **changes}))
        parts += [self._layer(layer, indent) for layer in model.layers]
        self._assign(
            variable,
            f"keras.Sequential([{', '.join(parts)}], name={text_literal(model.name)})",
            indent,
        )
        shape = config.get("build_input_shape")
        if shape and first.get("class_name") != "InputLayer":
            self._line(f"{variable}.build({self._expressions.value(tuple(shape))})", indent)
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
        if model.trainable:
            return
        self._line(f"{variable}.trainable = False", indent)
        for layer in model.layers:
            if layer.trainable and layer.weights:
                lookup = f"{variable}.get_layer({text_literal(layer.name)})"
                self._line(f"{lookup}.trainable = True", indent)

    # -- calls

    def _call(
        self,
        operation: Any,
        node: Any,
        tensors: dict[Any, str],
        outputs: list[Any],
        indent: str,
    ) -> None:
        if node is None:
            expression = self._expression(operation)
        else:
            expression = self._applied(operation, node, tensors, indent)
        names = [self._new_name(operation.name) for _tensor in outputs]
        self._name_outputs(operation, outputs, names, tensors, expression, indent)

    def _applied(
        self, operation: Any, node: Any, tensors: Mapping[Any, str], indent: str
    ) -> str:
        import keras

        if type(operation).__name__ == "GetItem":
            return self._get_item(node, tensors)
        if not isinstance(operation, keras.layers.Layer):
            return self._raw(operation, node, tensors)
        arguments = self._arguments(node, tensors)
        return f"{self._layer(operation, indent)}({', '.join(arguments)})"

    def _arguments(self, node: Any, tensors: Mapping[Any, str]) -> list[str]:
        cls: Any = type(node.operation)
        parameters = {parameter.name: parameter.default for parameter in call_parameters(cls)}
        masks = {id(mask) for mask in masks_of(_feeding(node))}
        arguments = [self._nest(value, tensors) for value in node.arguments.args]
        for name, value in node.arguments.kwargs.items():
            if value is None or id(value) in masks or _same(value, parameters.get(name)):
                continue  # Keras passes this along by itself
            if isinstance(value, (list, tuple)) and all(id(item) in masks for item in value):
                continue
            arguments.append(f"{name}={self._nest(value, tensors)}")
        return arguments

    def _get_item(self, node: Any, tensors: Mapping[Any, str]) -> str:
        arguments = [*node.arguments.args, *node.arguments.kwargs.values()]
        source, key = arguments[0], arguments[1]
        parts = key if isinstance(key, tuple) else (key,)
        inside = ", ".join(self._index(part, tensors) for part in parts)
        return f"{self._nest(source, tensors)}[{inside}]"

    def _index(self, part: Any, tensors: Mapping[Any, str]) -> str:
        if not isinstance(part, slice):
            return self._nest(part, tensors)
        ends = [part.start, part.stop, *([] if part.step is None else [part.step])]
        return ":".join("" if end is None else self._nest(end, tensors) for end in ends)

    def _raw(self, operation: Any, node: Any, tensors: Mapping[Any, str]) -> str:
        """Writes a raw operation as a call of its function, with its settings as arguments."""
        cls: Any = type(operation)
        accepted = inspect.signature(operation_function(cls)).parameters
        arguments = [self._nest(value, tensors) for value in node.arguments.args]
        settings = {
            name: value for name, value in operation.get_config().items() if name != "name"
        }
        if cls.__name__ == "Einsum":
            arguments.insert(0, text_literal(settings.pop("subscripts")))
        for name, value in {**settings, **node.arguments.kwargs}.items():
            default = accepted[name].default if name in accepted else None
            if name in accepted and not _same(value, default):
                arguments.append(f"{name}={self._nest(value, tensors)}")
        return f"{function_name(cls)}({', '.join(arguments)})"

    def _layer(self, layer: Any, indent: str) -> str:
        """Writes a layer: its variable if it has several calls, else its constructor."""
        if id(layer) in self._shared:
            return self._shared[id(layer)]
        if _is_nested(layer):
            return self._nested(layer)
        expression = self._writable(layer, indent)
        if self._uses[id(layer)] < 2:
            return expression
        # Outside all functions, so that each of them uses the same layer.
        variable = self._new_name(layer.name, "_layer")
        self._keep(layer, variable)
        self._before.append(break_line(f"{variable} = {expression}"))
        return variable

    def _writable(self, layer: Any, indent: str) -> str:
        try:
            return self._expression(layer)
        except NotWritableError as problem:
            self._has_gaps = True
            heading = f"{layer.name} ({type(layer).__name__})"
            self._line(f"# {printable(heading)}: {printable(str(problem))}", indent)
            return f"not_writable({text_literal(layer.name)})"

    def _expression(self, layer: Any) -> str:
        config = configuration(layer)
        if id(layer) in self._changes and not isinstance(config, Exception):
            config = {**config, **self._changes[id(layer)]}
        return self._expressions.of(layer, config)

    def _nested(self, model: Any) -> str:
        """Writes the code that builds a nested model, once, and returns its variable."""
        import keras

        variable = self._new_name(model.name, "_model")
        self._keep(model, variable)
        outer_lines, self._lines = self._lines, []
        if isinstance(model, keras.Sequential):
            self._sequential(model, variable, "")
        else:
            function = self._new_name(f"build_{model.name}")
            self._global_names.add(function)
            outer_names = set(self._names)
            self._functional(model, "model", "    ")
            self._names = outer_names | self._global_names
            head, call = f"def {function}():", f"{variable} = {function}()"
            self._lines = ["", "", head, *self._lines, "    return model", "", "", call]
        # The code that it depends on was added before.
        self._before.append(self._lines)
        self._lines = outer_lines
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
            inside = ", ".join(self._nest(item, tensors) for item in value)
            if isinstance(value, list):
                return f"[{inside}]"
            return f"({inside},)" if len(value) == 1 else f"({inside})"
        if isinstance(value, keras.Variable):
            value = value.value
        if hasattr(value, "numpy"):
            value_text = self._expressions.value(value.numpy())
            return value_text.replace("np.array", "ops.convert_to_tensor", 1)
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
        several = len(names) > 1
        one_in_list = isinstance(struct, (list, tuple)) and len(names) == 1
        target = ", ".join(names) if several else f"({names[0]},)" if one_in_list else names[0]
        self._assign(target, expression, indent)

    def _new_name(self, text: str, ending: str = "") -> str:
        stem = identifier(text) + ending
        name, copy = stem, 2
        while name in self._names:
            name, copy = f"{stem}_{copy}", copy + 1
        self._names.add(name)
        return name

    def _keep(self, layer: Any, variable: str) -> None:
        self._shared[id(layer)] = variable
        self._global_names.add(variable)
        self._alive.append(layer)

    def _assign(self, target: str, expression: str, indent: str) -> None:
        self._lines += break_line(f"{target} = {expression}", indent)

    def _line(self, text: str, indent: str) -> None:
        self._lines.append(indent + text)


def _nodes(model: Any) -> list[Any]:
    """Returns the nodes of a model's graph in topological order."""
    functional = functional_of(model)
    return [] if functional is None else ancestors([*functional.inputs, *functional.outputs])


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
