"""A failed call as a problem: the graph before it, and what a candidate edit makes of it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from kfunc_lab.graph.keras.dry_run import dry_run
from kfunc_lab.graph.keras.nodes import functional_of, has_history, output_number, place_of
from kfunc_lab.graph.keras.reader import Reading, is_library, read
from kfunc_lab.graph.keras.settings import changed_settings
from kfunc_lab.graph.model.layer_graph import Call, TensorSpec
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, shape_of
from kfunc_lab.shapes.rules.formulas import class_defaults, derivation, rule_of
from kfunc_lab.shapes.rules.rule import DoesNotFitError, Shape, parse_layer

GOAL = "failed call"
TARGET = "target"  # the class of a goal that is the shape of the targets
_MAX_CALLS = 600
_ATTENTION = ("Attention", "AdditiveAttention")
_COMPARING = (*_ATTENTION, "MultiHeadAttention", "GroupedQueryAttention")


@dataclass(frozen=True)
class Layer:
    """A layer that a candidate adds: its class and its settings."""

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """An edit of the graph that may make the failed call fit.

    Attributes:
        cost: How far it departs from the learner's code; candidates of low cost are tried first.
        settings: The changed settings, by the id of the layer (`Call.layer_id`).
        inputs: The changed shapes, the batch first, by the id of the input.
        inserted: New layers before inputs of calls, by the id of the call and the input's
            position.
        dropped: The ids of the calls that are left out.
        replaced: Layers of another class, by the id of the layer.
        note: A further sentence for the learner, in the current language.
    """

    cost: float
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    inputs: Mapping[str, Shape] = field(default_factory=dict)
    inserted: Mapping[tuple[str, int], tuple[Layer, ...]] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    replaced: Mapping[str, Layer] = field(default_factory=dict)
    note: str = ""


class Problem:
    """A call that failed while a graph was built.

    Attributes:
        goal: The failed call, with the id `GOAL`.
        operation: Its layer or operation; `None` if the goal is the shape of the targets.
        reading: The graph of its inputs.
        calls: The calls that lead to it, by id, in topological order, without nested content.
        is_shared: Whether the layer has its weights from an earlier call.
        data_shapes: The shapes of the learner's arrays, without the axis of the examples.
        written_factors: The factors of each input's shape that the code writes as a product, such
            as `28 * 28`, by the id of the input.
        written_ranks: How often the code names a class for one, two or three axes.
        sources: For each call the source of each input: the id of a call and the index of its
            output.
    """

    def __init__(
        self,
        goal: Call,
        operation: Any,
        reading: Reading,
        goal_sources: Sequence[tuple[str, int] | None],
        arguments: tuple[Any, ...] = (),
    ) -> None:
        self.goal = goal
        self.operation = operation
        self.reading = reading
        self.is_shared = False
        self.data_shapes: frozenset[Shape] = frozenset()
        self.written_factors: dict[str, list[tuple[int, ...]]] = {}
        self.written_ranks: Counter[int] = Counter()
        self._arguments = arguments
        graph = reading.graph
        self.calls = {call.id: call for call in graph.calls if call.id not in graph.inside}
        self.sources: dict[str, dict[int, tuple[str, int]]] = {}
        for edge in graph.edges:
            self.sources.setdefault(edge.target, {})[edge.input] = (edge.source, edge.output)
        self.sources[GOAL] = {
            position: source
            for position, source in enumerate(goal_sources)
            if source is not None
        }
        self.calls[GOAL] = goal

    # -- the graph

    @property
    def shapes(self) -> list[Shape]:
        """The shapes of the inputs of the failed call."""
        return [tensor.shape for tensor in self.goal.inputs if tensor.shape is not None]

    def source(self, call_id: str, position: int = 0) -> Call | None:
        """Returns the call that feeds an input of a call; `None` if there is none."""
        place = self.sources.get(call_id, {}).get(position)
        return None if place is None else self.calls.get(place[0])

    def upstream(self, position: int | None = None) -> Iterator[tuple[Call, int]]:
        """Yields the calls that lead to the failed call, with their distance, the nearest first.

        Args:
            position: The input of the failed call that they lead to; by default any.
        """
        seen: set[str] = set()
        layer = [
            source
            for place, (source, _output) in self.sources[GOAL].items()
            if position in (None, place)
        ]
        distance = 1
        while layer:
            following: list[str] = []
            for call_id in layer:
                if call_id in seen or call_id not in self.calls:
                    continue
                seen.add(call_id)
                yield self.calls[call_id], distance
                following += [
                    source for source, _output in self.sources.get(call_id, {}).values()
                ]
            layer, distance = following, distance + 1

    def siblings(self, call: Call) -> list[Call]:
        """Returns the other layers of a call's class in the graph."""
        return [
            other
            for other in self.calls.values()
            if other.kind == call.kind and other.layer_id != call.layer_id and other.id != GOAL
        ]

    # -- trying

    def outputs_with(self, candidate: Candidate) -> tuple[Shape, ...]:
        """Returns the output shapes of the failed call after an edit.

        Raises:
            DoesNotFitError: If this or another call does not fit.
            Exception: Whatever Keras raises if a layer without a shape rule does not fit.
        """
        return _Trial(self, candidate).outputs(GOAL)

    @cached_property
    def goal_node(self) -> Any:
        """The failed call in the form of one of Keras's nodes."""
        arguments = SimpleNamespace(args=self._arguments, kwargs={})
        return SimpleNamespace(operation=self.operation, arguments=arguments)


class _Trial:
    """Computes the shapes of the calls that an edit concerns, on demand."""

    def __init__(self, problem: Problem, candidate: Candidate) -> None:
        self._problem = problem
        self._candidate = candidate
        self._shapes: dict[str, tuple[Shape, ...]] = {}
        self._changed: set[str] = set()

    def outputs(self, call_id: str) -> tuple[Shape, ...]:
        for each in self._order(call_id):
            if each not in self._shapes:
                self._shapes[each] = self._compute(self._problem.calls[each])
        return self._shapes[call_id]

    def _order(self, goal: str) -> list[str]:
        needed, waiting = {goal}, [goal]
        while waiting:
            for source, _output in self._problem.sources.get(waiting.pop(), {}).values():
                if source not in needed:
                    needed.add(source)
                    waiting.append(source)
        return [call_id for call_id in self._problem.calls if call_id in needed]

    def _compute(self, call: Call) -> tuple[Shape, ...]:
        candidate = self._candidate
        own = tuple(tensor.shape or () for tensor in call.outputs)
        if call.id in candidate.inputs:
            self._changed.add(call.id)
            return (candidate.inputs[call.id],)
        shapes, is_changed = self._inputs(call)
        if call.id in candidate.dropped:
            self._changed.add(call.id)
            return shapes[:1]
        settings = candidate.settings.get(call.layer_id)
        layer = candidate.replaced.get(call.layer_id)
        if call.id != GOAL and not is_changed and settings is None and layer is None:
            return own
        result = self._derived(call, layer, settings, shapes)
        if result != own:
            self._changed.add(call.id)
        return result

    def _inputs(self, call: Call) -> tuple[tuple[Shape, ...], bool]:
        shapes: list[Shape] = []
        is_changed = False
        sources = self._problem.sources.get(call.id, {})
        for position, tensor in enumerate(call.inputs):
            shape = tensor.shape or ()
            if position in sources:
                source, output = sources[position]
                outputs = self._shapes.get(source, ())
                if output >= len(outputs):
                    raise DoesNotFitError("")
                shape = outputs[output]
                is_changed |= source in self._changed
            for layer in self._candidate.inserted.get((call.id, position), ()):
                shape = _one_output(_derive(layer.kind, layer.settings, (shape,)))
                is_changed = True
            shapes.append(shape)
        return tuple(shapes), is_changed

    def _derived(
        self,
        call: Call,
        layer: Layer | None,
        settings: Mapping[str, Any] | None,
        shapes: tuple[Shape, ...],
    ) -> tuple[Shape, ...]:
        if call.id in self._candidate.dropped:
            return shapes[:1]
        if call.kind == TARGET:
            return _expect_target(call, shapes)
        if call.id == GOAL and functional_of(self._problem.operation) is not None:
            return _through_model(self._problem.operation, shapes)
        inner = getattr(self._problem.operation, "layer", None)
        if call.id == GOAL and call.kind == "TimeDistributed" and functional_of(inner):
            return _through_each_step(inner, shapes[0])
        if layer is not None:
            return _derive(layer.kind, layer.settings, shapes)
        own_settings = dict(call.settings)
        if call.kind in _COMPARING:  # Keras derives the axes when it builds the layer
            own_settings.pop("attention_axes", None)
        changed = replace(call, settings={**own_settings, **(settings or {})})
        if call.kind in _ATTENTION and min(map(len, shapes)) < 3:
            raise DoesNotFitError("")
        if call.kind in ("Concatenate", *_COMPARING) and call.id == GOAL:
            specs = tuple(TensorSpec(shape, "float32") for shape in shapes)
            _expect_at_run(replace(changed, inputs=specs))
        if call.library and rule_of(call.kind, operation=call.operation) is not None:
            result = derivation(replace(changed, outputs=()), shapes)
            if result is not None:
                _expect_weights(self._problem, call, result.weights)
                return result.shapes
        return self._by_keras(call, settings or {}, shapes)

    def _by_keras(
        self, call: Call, settings: Mapping[str, Any], shapes: tuple[Shape, ...]
    ) -> tuple[Shape, ...]:
        """Runs a copy of a layer of Keras; the learner's own layers never run again."""
        problem = self._problem
        node = problem.goal_node if call.id == GOAL else problem.reading.nodes.get(call.id)
        if node is None or not is_library(node.operation):
            raise DoesNotFitError("")
        specs = [
            TensorSpec(shape, tensor.dtype)
            for shape, tensor in zip(shapes, call.inputs, strict=True)
        ]
        return tuple(spec.shape or () for spec in dry_run(node, settings, specs).outputs)


def _derive(
    kind: str, settings: Mapping[str, Any], shapes: tuple[Shape, ...]
) -> tuple[Shape, ...]:
    inputs = tuple(TensorSpec(shape, "float32") for shape in shapes)
    result = derivation(Call(kind, kind, kind, kind, inputs, settings=settings), shapes)
    if result is None:
        raise DoesNotFitError("")
    return result.shapes


def _one_output(shapes: tuple[Shape, ...]) -> Shape:
    if len(shapes) != 1:
        raise DoesNotFitError("")
    return shapes[0]


def _expect_target(call: Call, shapes: tuple[Shape, ...]) -> tuple[Shape, ...]:
    wanted: Shape = call.settings["shape"]  # type: ignore[assignment]
    same = len(wanted) == len(shapes[0]) and all(
        size == other or other is None or size is None
        for size, other in zip(wanted, shapes[0], strict=True)
    )
    if not same:
        raise DoesNotFitError("")
    return (shapes[0],)


def _through_model(model: Any, shapes: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """Returns the output shapes of a model, whose inputs expect certain shapes."""
    expected = [shape_of(tensor) or () for tensor in model.inputs]
    pairs = list(zip(expected, shapes, strict=True))
    for wanted, shape in pairs:
        sizes = zip(wanted[1:], shape[1:], strict=False)
        differ = any(a is not None and a != b for a, b in sizes)
        if len(wanted) != len(shape) or differ:
            raise DoesNotFitError("")
    return tuple(shape_of(tensor) or () for tensor in model.outputs)


def _through_each_step(model: Any, shape: Shape) -> tuple[Shape, ...]:
    """Returns the output shapes of a model that is applied to each step of a sequence."""
    first, *rest = shape
    if not rest:
        raise DoesNotFitError("")
    outputs = _through_model(model, ((first, *rest[1:]),))
    return tuple((each[0], rest[0], *each[1:]) for each in outputs)


def _expect_weights(problem: Problem, call: Call, sizes: Sequence[Any]) -> None:
    """Expects the weights that a layer has from an earlier call."""
    if call.id != GOAL or not problem.is_shared:
        return
    own = sorted(tuple(weight.shape) for weight in getattr(problem.operation, "weights", ()))
    new = sorted(tuple(size.shape) for size in sizes)
    if own and own != new:
        raise DoesNotFitError("")


def setting(call: Call, name: str) -> Any:
    """Returns a setting of a call, or its default."""
    if name in call.settings:
        return call.settings[name]
    try:
        return class_defaults(call.kind).get(name)
    except AttributeError:  # an operation, or a custom class
        return None


def inner_layer(call: Call) -> tuple[str, Mapping[str, Any]]:
    """Returns the class and the settings of a call's layer, or of the layer that it wraps."""
    text = call.settings.get("layer")
    if text is None:
        return call.kind, call.settings
    try:
        return parse_layer(text)
    except LookupError:
        return call.kind, call.settings


def with_inner_setting(call: Call, name: str, value: Any) -> Mapping[str, Any]:
    """Returns the settings that change a setting of a layer, or of the layer that it wraps."""
    if "layer" not in call.settings:
        return {name: value}
    changes: dict[str, Any] = {}
    for part in ("layer", "backward_layer"):
        if part in call.settings:
            kind, settings = parse_layer(call.settings[part])
            words = {**settings, name: value}.items()
            changes[part] = f"{kind}({', '.join(f'{key}={item!r}' for key, item in words)})"
    return changes


def problem_of(failure: Failure) -> Problem | None:
    """Returns the problem of a failed call; `None` if its graph cannot be known."""
    operation = failure.operation
    if failure.stage != "call" or operation is None or not failure.tensors:
        return None
    if not all(map(has_history, failure.tensors)) or not is_library(operation):
        return None
    reading = read(list(failure.tensors), lost=False)
    if len(reading.graph.calls) > _MAX_CALLS:
        return None
    import keras

    specs = tuple(TensorSpec(shape_of(tensor), str(tensor.dtype)) for tensor in failure.tensors)
    goal = Call(
        GOAL,
        failure.name or failure.kind,
        failure.kind,
        GOAL,
        inputs=specs,
        settings=changed_settings(operation),
        operation=not isinstance(operation, keras.layers.Layer),
    )
    sources = [
        (reading.tensors[place_of(tensor)], output_number(tensor))
        if place_of(tensor) in reading.tensors
        else None
        for tensor in failure.tensors
    ]
    problem = Problem(goal, operation, reading, sources, failure.arguments)
    problem.is_shared = bool(getattr(operation, "weights", ()))
    return problem


def problem_in_model(model: Any) -> tuple[Problem, DoesNotFitError] | None:
    """Finds the first call of a model that does not fit, though Keras accepted it.

    Some layers, such as attention, only fail when they run.

    Args:
        model: A model whose training failed.

    Returns:
        The call as a problem, and the reason; `None` if every call fits.
    """
    reading = read(model, lost=False)
    graph = reading.graph
    if len(graph.calls) > _MAX_CALLS or not graph.edges:
        return None
    for call in graph.calls:
        node = reading.nodes.get(call.id)
        if node is None or call.id in graph.inside or not call.library:
            continue
        try:
            _expect_at_run(call)
            derivation(call)
        except DoesNotFitError as error:
            sources = {edge.input: edge for edge in graph.edges if edge.target == call.id}
            places = [
                (sources[position].source, sources[position].output)
                if position in sources
                else None
                for position in range(len(call.inputs))
            ]
            goal = replace(call, id=GOAL, layer_id=GOAL, outputs=())
            return Problem(goal, node.operation, reading, places), error
    return None


def _expect_at_run(call: Call) -> None:
    """Expects what Keras only notices when a layer runs on data.

    Raises:
        DoesNotFitError: If the layer fails then.
    """
    shapes = [tensor.shape for tensor in call.inputs if tensor.shape is not None]
    if call.kind == "Concatenate" and shapes:
        default = 0 if call.operation else -1
        axis = call.settings.get("axis", default)
        if axis in (0, -len(shapes[0])):
            raise DoesNotFitError(
                _("It joins the examples of the batch, because it joins along axis 0.")
            )
    if call.kind in _COMPARING and shapes and len({len(shape) for shape in shapes}) > 1:
        raise DoesNotFitError(
            _("The query and the value need the same number of axes, got {shapes}.").format(
                shapes=", ".join(map(str, shapes))
            ),
            " ≠ ".join(str(len(shape)) for shape in shapes),
        )


def problem_of_target(model: Any, target: Shape, output: int = 0) -> Problem | None:
    """Returns the problem of a model whose output does not have the shape of its targets."""
    tensors = list(getattr(model, "outputs", None) or [])
    if output >= len(tensors):
        return None
    reading = read(tensors[output], lost=False)
    if len(reading.graph.calls) > _MAX_CALLS:
        return None
    spec = TensorSpec(shape_of(tensors[output]), str(tensors[output].dtype))
    goal = Call(
        GOAL, model.name, TARGET, GOAL, inputs=(spec,), settings={"shape": tuple(target)}
    )
    place = place_of(tensors[output])
    return Problem(
        goal, None, reading, [(reading.tensors[place], output_number(tensors[output]))]
    )
