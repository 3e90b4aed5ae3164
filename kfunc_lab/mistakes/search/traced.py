"""The problem of a call inside a custom layer, a custom model or a chain of layers.

There Keras keeps no graph. The calls before the failed one follow from the chain, or from the
source of the `call` method, and the shapes from what each layer was built for.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kfunc_lab.graph.keras.nodes import functional_of
from kfunc_lab.graph.keras.reader import Reading, built_specs, is_library
from kfunc_lab.graph.keras.settings import changed_settings
from kfunc_lab.graph.model.layer_graph import Call, Edge, LayerGraph, TensorSpec, unused_id
from kfunc_lab.mistakes.failure import Failure, look_up, shape_of
from kfunc_lab.mistakes.search.problem import GOAL, Problem
from kfunc_lab.mistakes.source.code import Code, tensor_expressions

_MAX_STEPS = 40


@dataclass
class _Trace:
    """The calls found so far, the last ones first in the code."""

    calls: list[Call] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    nodes: dict[str, Any] = field(default_factory=dict)

    def add(
        self,
        layer: Any,
        sources: list[tuple[str, TensorSpec]],
        use: ast.Call | None = None,
    ) -> str:
        """Adds a call of a layer, with the expression that calls it, and returns its id."""
        name = unused_id(layer.name, {call.id for call in self.calls})
        inputs, outputs = built_specs(layer)
        inputs = tuple(spec for _source, spec in sources) or inputs
        self.calls.append(
            Call(
                name,
                layer.name,
                type(layer).__name__,
                name,
                inputs=inputs,
                outputs=outputs,
                settings=changed_settings(layer),
                library=is_library(layer),
            )
        )
        self.nodes[name] = Use(layer, use)
        for position, (source, spec) in enumerate(sources):
            if source:
                self.edges.append(Edge(source, 0, name, position, spec))
        return name


@dataclass(frozen=True)
class Use:
    """A call that Keras did not record, in the place of Keras's record.

    Attributes:
        operation: The layer.
        call: The expression that calls it, if it stands in the failed function.
    """

    operation: Any
    call: ast.Call | None = None


def traced_problem(failure: Failure) -> Problem | None:
    """Returns the problem of a call without a recorded graph; `None` if it cannot be known."""
    import keras

    operation = failure.operation
    if not isinstance(operation, keras.layers.Layer) or not is_library(operation):
        return None
    trace = _Trace()
    owner = failure.model
    if failure.stage == "fit" and functional_of(owner) is not None:
        return None  # Keras recorded its graph
    if isinstance(owner, keras.Sequential) and operation in owner.layers:
        source = _chain(trace, owner, operation)
        sources = [] if source is None else [source]
    else:
        sources = _from_code(trace, failure)
    if not sources or any(spec.shape is None for _source, spec in sources):
        return None
    goal = Call(
        GOAL,
        operation.name,
        type(operation).__name__,
        GOAL,
        inputs=tuple(spec for _source, spec in sources),
        settings=changed_settings(operation),
    )
    graph = LayerGraph("", "KerasTensor", tuple(trace.calls), tuple(trace.edges), ())
    reading = Reading(graph, trace.nodes, {}, {}, {}, {})
    places = [(source, 0) if source else None for source, _spec in sources]
    return Problem(goal, operation, reading, places)


def _chain(trace: _Trace, model: Any, operation: Any) -> tuple[str, TensorSpec] | None:
    """Adds the layers before one of a Sequential model."""
    source: tuple[str, TensorSpec] | None = None
    for layer in model.layers[: model.layers.index(operation)]:
        name = trace.add(layer, [] if source is None else [source])
        outputs = trace.calls[-1].outputs
        if len(outputs) != 1:
            return None
        source = (name, outputs[0])
    return source


# -- from the source of a method


def _from_code(trace: _Trace, failure: Failure) -> list[tuple[str, TensorSpec]]:
    expression, code, scope = failure.expression, failure.source, failure.scope
    if expression is None or code is None or scope is None:
        return []
    tracer = _Tracer(trace, code, scope.f_locals)
    return [
        tracer.source(operand, expression.lineno) for operand in tensor_expressions(expression)
    ]


class _Tracer:
    """Follows expressions of a function back to the layers that it calls."""

    def __init__(self, trace: _Trace, code: Code, values: Any) -> None:
        self._trace = trace
        self._code = code
        self._values = values
        self._steps = 0
        self._known_calls: dict[ast.expr, tuple[str, TensorSpec]] = {}

    def source(self, expression: ast.expr, line: int) -> tuple[str, TensorSpec]:
        """Returns the call that computes an expression, with its tensor.

        Args:
            expression: The expression.
            line: The line before which its variables were assigned.
        """
        self._steps += 1
        if self._steps > _MAX_STEPS:
            return "", TensorSpec(None, "")
        if isinstance(expression, ast.Name):
            assigned = self._assigned(expression, line)
            if assigned is not None:
                return self.source(assigned.value, assigned.lineno)
            return "", self._spec(expression)
        layer = self._layer(expression) if isinstance(expression, ast.Call) else None
        if layer is None or not isinstance(expression, ast.Call):
            return "", self._spec(expression)
        if expression not in self._known_calls:
            self._known_calls[expression] = self._call(expression, layer, line)
        return self._known_calls[expression]

    def _call(self, expression: ast.Call, layer: Any, line: int) -> tuple[str, TensorSpec]:
        operands = tensor_expressions(expression)[:4]
        sources = [self.source(operand, line) for operand in operands]
        name = self._trace.add(layer, self._known(layer, sources), expression)
        outputs = self._trace.calls[-1].outputs
        return name, outputs[0] if len(outputs) == 1 else TensorSpec(None, "")

    def _known(
        self, layer: Any, sources: list[tuple[str, TensorSpec]]
    ) -> list[tuple[str, TensorSpec]]:
        """Completes a single input by the shape that the layer was built for."""
        inputs, _outputs = built_specs(layer)
        if len(sources) == len(inputs) == 1:
            return [(sources[0][0], inputs[0])]
        return sources if all(spec.shape for _source, spec in sources) else []

    def _layer(self, call: ast.Call) -> Any:
        import keras

        layer = look_up(call.func, self._values)
        return layer if isinstance(layer, keras.layers.Layer) else None

    def _spec(self, expression: ast.expr) -> TensorSpec:
        return TensorSpec(shape_of(look_up(expression, self._values)), "float32")

    def _assigned(self, name: ast.Name, line: int) -> ast.Assign | None:
        """Returns the last assignment of a variable above a line of the same function."""
        function = self._function(name)
        found = [
            node
            for node in self._assignments(function)
            if node.lineno < line
            and any(
                isinstance(target, ast.Name) and target.id == name.id for target in node.targets
            )
        ]
        return max(found, key=lambda node: node.lineno, default=None)

    def _function(self, node: ast.AST) -> ast.AST:
        parent: ast.AST = node
        while parent in self._code.parents:
            parent = self._code.parents[parent]
            if isinstance(parent, (ast.FunctionDef, ast.Lambda)):
                return parent
        return parent

    def _assignments(self, function: ast.AST) -> Iterator[ast.Assign]:
        for node in ast.walk(function):
            if isinstance(node, ast.Assign):
                yield node
