"""Writes and reads a graph as JSON; `docs/graph-json.md` describes the format."""

import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from kfunc_lab.graph.model.layer_graph import Call, Edge, Group, LayerGraph, TensorSpec
from kfunc_lab.locale import _

FORMAT = "kfunc_lab graph"
VERSION = 1


class GraphFileError(ValueError):
    """The text is not a graph; the message says what is wrong and what is expected."""


def to_json(graph: LayerGraph) -> str:
    """Writes a graph as JSON.

    Args:
        graph: The graph.

    Returns:
        A JSON object with one line for each call, edge and group; the same in every process.

    Example:
        >>> graph = LayerGraph("m", "Sequential", (Call("d", "d", "Dense", "d"),), ())
        >>> from_json(to_json(graph)) == graph
        True
    """
    head = {"format": FORMAT, "version": VERSION}
    parts = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
    for field in fields(graph):
        value = getattr(graph, field.name)
        if field.name in ("calls", "edges", "groups"):
            rows = ",\n  ".join(json.dumps(asdict(row)) for row in value)
            parts.append(
                f"{json.dumps(field.name)}: [\n  {rows}\n]" if rows else f'"{field.name}": []'
            )
        else:
            parts.append(f"{json.dumps(field.name)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}"


def load_graph(path: str | Path) -> LayerGraph:
    """Reads a graph from a JSON file that a view saved.

    Args:
        path: The file.

    Returns:
        The graph; `lab.graph` shows it.

    Raises:
        GraphFileError: If the file does not contain a graph.
        OSError: If the file cannot be read.

    Example:
        >>> import tempfile
        >>> graph = LayerGraph("m", "Sequential", (Call("d", "d", "Dense", "d"),), ())
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     length = Path(folder, "m.json").write_text(to_json(graph))
        ...     load_graph(Path(folder, "m.json")).name
        'm'
    """
    try:
        text = Path(path).read_text("utf-8")
    except UnicodeDecodeError as error:
        raise GraphFileError(_("This is not JSON: {reason}").format(reason=error)) from error
    return from_json(text)


def from_json(text: str) -> LayerGraph:
    """Reads a graph from JSON.

    Args:
        text: The JSON that `to_json` wrote.

    Returns:
        A graph equal to the original.

    Raises:
        GraphFileError: If the text is not a graph.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise GraphFileError(_("This is not JSON: {reason}").format(reason=error)) from error
    if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
        raise GraphFileError(
            _('This is not a graph: its "format" must be "{format}".').format(format=FORMAT)
        )
    version = data.pop("version", None)
    if version != VERSION:
        raise GraphFileError(
            _(
                "This graph has version {version}, but this version of kfunc_lab reads "
                "version {known}."
            ).format(version=version, known=VERSION)
        )
    graph: LayerGraph = _read(LayerGraph, data, "graph")
    _check(graph)
    return graph


def _read(kind: Any, value: Any, place: str) -> Any:
    """Reads a value of one of the types in the graph's dataclasses."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is types.UnionType:
        if value is None:
            return None
        [kind] = [argument for argument in arguments if argument is not type(None)]
        return _read(kind, value, place)
    if origin is tuple:
        return _read_tuple(arguments, value, place)
    if kind in (TensorSpec, Call, Edge, Group, LayerGraph) or hasattr(
        kind, "__dataclass_fields__"
    ):
        return _read_record(kind, value, place)
    if origin is not None:  # the settings: values of any type by name
        _expect(isinstance(value, dict), place, "object")
        return {name: _setting(item) for name, item in value.items()}
    _expect(type(value) is kind, place, kind.__name__)
    return value


def _read_tuple(arguments: tuple[Any, ...], value: Any, place: str) -> tuple[Any, ...]:
    _expect(isinstance(value, list), place, "list")
    if arguments[-1] is Ellipsis:
        return tuple(
            _read(arguments[0], item, f"{place}[{at}]") for at, item in enumerate(value)
        )
    _expect(len(value) == len(arguments), place, f"list of {len(arguments)}")
    return tuple(
        _read(kind, item, f"{place}[{at}]")
        for at, (kind, item) in enumerate(zip(arguments, value, strict=True))
    )


def _read_record(kind: Any, value: Any, place: str) -> Any:
    _expect(isinstance(value, dict), place, "object")
    hints = get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}
    for name in value:
        if name not in known:
            raise GraphFileError(
                _("{place} has an unknown field {name}.").format(place=place, name=repr(name))
            )
    for name, field in known.items():
        required = field.default is MISSING and field.default_factory is MISSING
        if required and name not in value:
            raise GraphFileError(
                _("{place} lacks the field {name}.").format(place=place, name=repr(name))
            )
    return kind(
        **{name: _read(hints[name], item, f"{place}.{name}") for name, item in value.items()}
    )


def _setting(value: Any) -> Any:
    """Restores the value of a setting: JSON stores tuples as lists."""
    if isinstance(value, list):
        return tuple(map(_setting, value))
    if isinstance(value, dict):
        return {name: _setting(item) for name, item in value.items()}
    return value


def _expect(condition: bool, place: str, expected: str) -> None:
    if not condition:
        raise GraphFileError(
            _("{place} must be of type {expected}.").format(place=place, expected=expected)
        )


def _check(graph: LayerGraph) -> None:
    """Checks that ids are unique and that every reference has a target."""
    calls, groups = graph.call_of, graph.group_of
    if len(calls) < len(graph.calls) or len(groups) < len(graph.groups):
        raise GraphFileError(_("Two calls or two groups have the same id."))
    seen: set[str] = set()
    for group in graph.groups:
        _expect_known(group.parent, seen)
        seen.add(group.id)
    references = [
        *(end for edge in graph.edges for end in (edge.source, edge.target)),
        *graph.inputs,
        *graph.outputs,
        *(leaving for leaving, _output in graph.exits),
        *graph.lost,
        *(entry for group in graph.groups for entry in group.entries),
        *(leaving for group in graph.groups for leaving, _output in group.exits),
    ]
    for call_id in references:
        _expect_known(call_id, calls)
    for call in graph.calls:
        _expect_known(call.group, groups)


def _expect_known(name: str | None, known: Mapping[str, Any] | set[str]) -> None:
    if name is not None and name not in known:
        raise GraphFileError(
            _("{name} is referred to before it is defined.").format(name=repr(name))
        )
