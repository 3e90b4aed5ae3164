"""The checks of one model: each view of it, beside what Keras says."""

import ast
import base64
import builtins
import contextlib
import inspect
import marshal
import types
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import graph_checks
import keras
from data import same_numbers, same_seeds, some_data
from faults import Fault

import kfunc_lab as lab
from kfunc_lab.forward.batch import run
from kfunc_lab.graph.keras.nodes import first_batch_of
from kfunc_lab.graph.keras.reader import read
from kfunc_lab.graph.keras.state import preserve_keras_state
from kfunc_lab.graph.model.graph_file import from_json
from kfunc_lab.graph.picture.graphviz import run_dot
from kfunc_lab.shapes.what_if import Changes, what_if

_SMALL = 80  # calls in a graph that is drawn as PNG
_CLOSURE = "a closure"
_UNKNOWN_MODELS = (KeyError, ValueError, TypeError, AttributeError, RuntimeError)
_ALL_VALUES = 10**12
_NOT_STRUCTURE = {"build_config", "compile_config"}


@dataclass
class Subject:
    """The model to check.

    Attributes:
        model: The model.
        space: The names that its code may use: the classes and functions of its author.
    """

    model: Any
    space: dict[str, Any]

    @cached_property
    def view(self) -> Any:
        """The view of its graph."""
        return lab.graph(self.model)

    @property
    def graph(self) -> Any:
        """Its graph."""
        return self.view.graph

    @property
    def is_functional(self) -> bool:
        """Whether Keras records the connections of the model."""
        return bool(getattr(self.model, "_functional", None)) or hasattr(
            self.model, "operations"
        )


def check_reading(it: Subject) -> Iterator[Fault]:
    """Compares the graph with Keras's own records."""
    graph = lab.read_graph(it.model, masks=True)
    if not it.model.built or not it.is_functional or graph.lost:
        return
    checks = [graph_checks.assert_parameters_match, graph_checks.assert_connections_match]
    # A graph shows no batch size that only comes from the first data of a Sequential.
    if all(first_batch_of(layer) is None for layer in it.model._flatten_layers()):
        checks += [
            graph_checks.assert_inputs_and_outputs_match,
            graph_checks.assert_shapes_match,
        ]
    for check in checks:
        try:
            check(it.model, graph)
        except AssertionError as error:
            yield Fault("read", check.__name__.removeprefix("assert_"), str(error)[:300])
        except _UNKNOWN_MODELS:
            continue  # the check itself knows fewer models than the reader
    position = {call.id: number for number, call in enumerate(graph.calls)}
    for edge in graph.edges:
        given = graph.call_of[edge.source].outputs[edge.output]
        if position[edge.source] >= position[edge.target]:
            yield Fault("read", "a call stands before its input", edge.target)
        elif not _fits(edge.tensor, given):
            detail = f"{edge.source}: {given.shape}, taken as {edge.tensor.shape}"
            yield Fault("read", "a tensor has two shapes", detail)
            return


def _fits(given: Any, declared: Any) -> bool:
    """Tells whether a tensor is as declared; a nested model may leave sizes open."""
    if given.shape is None or declared.shape is None:
        return bool(given == declared)
    return (
        given.dtype == declared.dtype
        and len(given.shape) == len(declared.shape)
        and all(b in (a, None) for a, b in zip(given.shape, declared.shape, strict=True))
    )


def check_text(it: Subject) -> Iterator[Fault]:
    """Writes the table and the description."""
    if not it.view.to_text().strip():
        yield Fault("text", "is empty")
    if it.view.to_text() != lab.graph(it.model).to_text():
        yield Fault("text", "differs between two views of one model")


def check_svg(it: Subject) -> Iterator[Fault]:
    """Draws the graph folded and, if it is small, unfolded."""
    ET.fromstring(it.view.to_svg())
    if len(it.graph.calls) <= 400:
        view = lab.graph(it.model)
        view.unfold_all()
        svg = ET.fromstring(view.to_svg())
        boxes = [
            node
            for node in svg.iter("{http://www.w3.org/2000/svg}g")
            if "call" in node.get("class", "").split()
        ]
        if len(boxes) < len(it.graph.calls) - len(it.graph.inside) - len(it.graph.groups):
            yield Fault("svg", "boxes are missing", f"{len(boxes)} of {len(it.graph.calls)}")


def check_png(it: Subject) -> Iterator[Fault]:
    """Draws small graphs as PNG."""
    if len(it.graph.calls) <= _SMALL and not it.view.to_png().startswith(b"\x89PNG"):
        yield Fault("png", "is no PNG")


def check_json(it: Subject) -> Iterator[Fault]:
    """Reads the graph again from its JSON."""
    if from_json(it.view.to_json()) != it.graph:
        yield Fault("json", "differs after the round trip")


def check_mermaid(it: Subject) -> Iterator[Fault]:
    """Writes Mermaid."""
    text = it.view.to_mermaid()
    if not text.startswith(("flowchart", "graph", "---", "%%")):
        yield Fault("mermaid", "is no flowchart", text[:80])


def check_dot(it: Subject) -> Iterator[Fault]:
    """Lays out what the view writes as DOT."""
    if not run_dot(it.view.to_dot(), "svg").startswith(b"<?xml"):
        yield Fault("dot", "Graphviz does not draw it")


def check_html(it: Subject) -> Iterator[Fault]:
    """Writes the page."""
    if not it.view.to_html().lower().startswith("<!doctype html"):
        yield Fault("html", "is no page")


def check_code(it: Subject) -> Iterator[Fault]:
    """Runs the model's code and compares what it builds."""
    if not it.is_functional and not isinstance(it.model, keras.Sequential):
        return
    code = it.view.to_code()
    unwritable = any(line.lstrip().startswith("# ") for line in code.splitlines())
    space = {**_classes(it.model), **it.space}
    try:
        tree = compile(ast.parse(code), "<code>", "exec")
        try:
            with preserve_keras_state():
                exec(tree, space)
        except ValueError as error:
            if "stateless scope" not in str(error):
                raise
            exec(tree, space)  # stateful layers create variables at once
    except Exception as error:
        named = isinstance(error, NameError | NotImplementedError) and unwritable
        if not named:
            kind = f"code raises {type(error).__name__}" + " (with a comment)" * unwritable
            yield Fault("code", kind, f"{' '.join(str(error).split())[:300]}")
        return
    if unwritable:
        return
    with contextlib.suppress(Exception):  # a custom layer may have no configuration
        before, after = comparable(it.model), comparable(space["model"])
        # The code names the values of a closure, so its lambda is another one.
        if before != after and _CLOSURE not in repr(before):
            yield Fault("code", "builds another model", _difference(before, after))


def comparable(model: Any) -> Any:
    """Returns a model's configuration, with raw operations numbered in order."""
    names: dict[str, str] = {}

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            if str(value.get("module")).startswith("keras.src.ops") and "config" in value:
                names[value["config"].get("name") or value.get("name")] = f"op {len(names)}"
            for part in value.values():
                collect(part)
        elif isinstance(value, list | tuple):
            for part in value:
                collect(part)

    def replaced(value: Any, place: str = "") -> Any:
        if isinstance(value, dict) and value.get("class_name") == "__lambda__":
            # Where a lambda stands in a file is in its code too.
            code = marshal.loads(base64.decodebytes(value["config"]["code"].encode()))
            return _instructions(code)
        if isinstance(value, dict):
            kept = {k: it for k, it in value.items() if k not in _NOT_STRUCTURE}
            outer = place if place in ("input_layers", "output_layers") else ""
            return {k: replaced(it, outer or k) for k, it in kept.items()}
        if isinstance(value, list | tuple):
            return [replaced(it, place) for it in value]
        named = place in ("name", "keras_history", "input_layers", "output_layers")
        return names.get(value, value) if isinstance(value, str) and named else value

    config = model.get_config()
    collect(config)
    return replaced(config)


def _instructions(code: types.CodeType) -> list[Any]:
    inner = [
        _instructions(it) if isinstance(it, types.CodeType) else repr(it)
        for it in code.co_consts
    ]
    closure = _CLOSURE if code.co_freevars else ""
    return [code.co_code, code.co_names, code.co_varnames, inner, closure]


def _classes(model: Any) -> dict[str, Any]:
    """Returns the classes and functions that the model's code may name."""
    space: dict[str, Any] = {}
    layers = getattr(model, "_flatten_layers", lambda: [])()
    for layer in layers:
        module = inspect.getmodule(type(layer))
        home = vars(module) if module is not None else {}
        if not type(layer).__module__.startswith("keras."):
            space.update({k: v for k, v in home.items() if not hasattr(builtins, k)})
            space[type(layer).__name__] = type(layer)
    return {k: v for k, v in space.items() if not k.startswith("__")}


def _difference(one: Any, other: Any, path: str = "") -> str:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {*one, *other}:
            if one.get(key) != other.get(key):
                return _difference(one.get(key), other.get(key), f"{path}/{key}")
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        for at, (a, b) in enumerate(zip(one, other, strict=False)):
            if a != b:
                return _difference(a, b, f"{path}/{at}")
    return f"{path}: {str(one)[:120]} / {str(other)[:120]}"


def check_shapes(it: Subject) -> Iterator[Fault]:
    """Compares computed shapes with those of Keras: as they are, and for other inputs."""
    reading = read(it.model)
    graph = reading.graph
    found = what_if(graph, None, reading.nodes)
    for call_id, problem in found.problems.items():
        yield Fault("shapes", "says «does not fit»", f"{call_id}: {problem.reason}")
        return
    pairs = zip(found.graph.calls, graph.calls, strict=True)
    for now, then in pairs:
        fits = all(map(_fits, now.outputs, then.outputs))
        same = now.settings == then.settings and {*now.weights} == {*then.weights}
        if not fits or not same:
            yield Fault("shapes", "changes a graph without a change", now.id)
            return
    lab.shapes(it.model).to_text()
    if not graph.built or not graph.inputs or not it.is_functional:
        return
    yield from _changed_inputs(it, graph, reading.nodes, "batch")
    yield from _changed_inputs(it, graph, reading.nodes, "size")


def _changed_inputs(it: Subject, graph: Any, nodes: Any, what: str) -> Iterator[Fault]:
    shapes = {}
    for call_id in graph.inputs:
        shape = graph.call_of[call_id].outputs[0].shape
        if shape is None:
            return
        shapes[call_id] = _changed(shape, what)
    names = {graph.call_of[it].layer: shape for it, shape in shapes.items()}
    try:
        anew = _rebuilt_with(it.model, names)
        expected = lab.read_graph(anew)
    except Exception:
        expected = None  # Keras refuses it; or the model cannot be built again
    found = what_if(graph, Changes({}, shapes), nodes)
    if expected is None or found.problems:
        if expected is not None:
            call_id, problem = next(iter(found.problems.items()))
            detail = f"{call_id}: {problem.reason} {problem.arithmetic}"
            yield Fault("shapes", f"{what}: refuses what Keras takes", detail)
        return
    for call in expected.calls:
        mine = found.graph.call_of.get(call.id)
        if mine is None:
            return  # another structure: operations are numbered anew
        for a, b in zip(mine.outputs, call.outputs, strict=False):
            if a.shape != b.shape:
                detail = f"{call.id} ({call.kind}): {a.shape}, Keras {b.shape}"
                yield Fault("shapes", f"{what}: another shape than Keras's", detail)
                return


def _changed(shape: tuple[int | None, ...], what: str) -> tuple[int | None, ...]:
    if what == "batch":
        return (3, *shape[1:])
    if len(shape) == 2:
        return (shape[0], shape[1] and shape[1] + 1)
    middle = tuple(size and size + (8 if len(shape) > 3 else 1) for size in shape[1:-1])
    return (shape[0], *middle, shape[-1])


def _rebuilt_with(model: Any, inputs: dict[str, Any]) -> Any:
    """Builds the model again from its configuration, with other inputs and without weights."""
    functional = getattr(model, "_functional", None) or model
    config = keras.Functional.get_config(functional)
    for layer in config["layers"]:
        layer.pop("build_config", None)
        if layer["config"].get("name") in inputs:
            layer["config"] = {
                **layer["config"],
                "batch_shape": inputs[layer["config"]["name"]],
            }
    own = {type(it).__name__: type(it) for it in model._flatten_layers()}
    with preserve_keras_state(), keras.saving.custom_object_scope(own):
        return keras.Functional.from_config(config)


def check_activations(it: Subject) -> Iterator[Fault]:
    """Compares the recorded values with the model's outputs and with each layer by hand."""
    x = some_data(it.model) if it.model.built else None
    if x is None:
        return
    try:
        with same_seeds(it.model):
            given = it.model(x, training=False)
    except Exception:
        return  # the model itself does not take these data
    with same_seeds(it.model):
        lab.activations(it.model, x).to_text()
    with same_seeds(it.model):
        flow = run(it.model, x, training=False, layers=None, dtype=None, limit=_ALL_VALUES)
    if not same_numbers(flow.recording.outputs, given):
        yield Fault("activations", "outputs differ from model(x, training=False)")
    if it.is_functional:
        yield from _differing_calls(it, x, flow)


def _differing_calls(it: Subject, x: Any, flow: Any) -> Iterator[Fault]:
    """Compares the values of each call of the outer graph with those that Keras extracts."""
    reading = read(it.model)
    top = {
        call.id: reading.nodes[call.id]
        for call in reading.graph.calls
        if call.group is None and call.id in reading.nodes and call.id not in reading.graph.lost
    }
    try:
        with preserve_keras_state():
            outputs = [list(node.outputs) for node in top.values()]
            extraction = keras.Model(it.model.input, outputs)
    except (ValueError, AttributeError):
        return  # an input leads to no output, or is a tensor that no call returned
    with same_seeds(it.model):
        expected = dict(zip(top, extraction(x, training=False), strict=True))
    for call_id, values in expected.items():
        if call_id not in flow.values:
            yield Fault("activations", "a call has no values", call_id)
            return
        values = [value for value in keras.tree.flatten(values) if value is not None]
        recorded = flow.recording.calls[call_id].tensors[: len(values)]  # and attention scores
        mine = [tensor.values for tensor in recorded]
        if not same_numbers(mine, values):
            yield Fault("activations", "a call's values differ", call_id)
            return


def check_compare(it: Subject) -> Iterator[Fault]:
    """Compares the model with itself and with its clone: there is no difference."""
    view = lab.compare(it.model, it.model)
    if not _no_difference(view.comparison):
        yield Fault("compare", "a model differs from itself", view.to_text()[:300])
    if not it.is_functional or not it.model.built or it.graph.lost:
        return
    own = {type(layer).__name__: type(layer) for layer in it.model._flatten_layers()}
    try:
        with preserve_keras_state(), keras.saving.custom_object_scope(own):
            clone = type(it.model).from_config(it.model.get_config())
    except Exception:
        return
    view = lab.compare(it.model, clone)
    lines = view.to_text().splitlines()[1:]
    # Some classes give their layers other names when they are built from a configuration.
    if not _no_difference(view.comparison) and not all(": name " in line for line in lines):
        yield Fault("compare", "a model differs from its clone", "; ".join(lines)[:300])


def _no_difference(comparison: Any) -> bool:
    return not (
        comparison.added or comparison.removed or comparison.changed or comparison.lines
    )


CHECKS: dict[str, Callable[[Subject], Iterator[Fault]]] = {
    "read": check_reading,
    "text": check_text,
    "svg": check_svg,
    "png": check_png,
    "json": check_json,
    "mermaid": check_mermaid,
    "dot": check_dot,
    "html": check_html,
    "code": check_code,
    "shapes": check_shapes,
    "activations": check_activations,
    "compare": check_compare,
}
