"""The connections of a model according to Keras, and those of a graph in the same form."""

import warnings
from collections.abc import Iterator

import keras


def inner_functional(operation):
    if isinstance(operation, keras.Sequential):
        return operation._functional
    return operation if hasattr(operation, "operations") else None


def levels(graph, model) -> Iterator:
    """Yields the model and each nested model, each with the id of its group in the graph."""
    functionals = {None: inner_functional(model)}
    yield None, functionals[None]
    for group in graph.groups:
        if group.id in graph.call_of or group.parent not in functionals:
            continue  # inside a composite layer
        outer = functionals[group.parent]
        [operation] = [it for it in outer.operations if it.name == group.layer]
        functionals[group.id] = inner_functional(operation)
        yield group.id, functionals[group.id]


def configured_edges(functional) -> Iterator:
    """Yields the connections in the configuration of a model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = functional.get_config()
    for layer in config["layers"]:
        for number, node in enumerate(layer["inbound_nodes"], start=1):
            histories = keras_histories([node["args"], node["kwargs"]])
            for position, (source, index, output) in enumerate(histories):
                yield (source, index + 1), output, (layer["name"], number), position


def keras_histories(value) -> Iterator:
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            yield value["config"]["keras_history"]
        else:
            for key in sorted(value):
                yield from keras_histories(value[key])
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from keras_histories(item)


def folded_edges(graph, level) -> Iterator:
    """Yields the edges at one level of nesting, with each nested model as one node."""
    items = {
        it.id: it for it in [*graph.groups, *graph.calls]
    }  # a composite layer counts as a call

    def at_level(call_id):
        item = items[call_id]
        while item is not None and parent(item) != level:
            item = items.get(parent(item))
        return item

    for edge in graph.edges:
        source, target = at_level(edge.source), at_level(edge.target)
        if source is None or target is None or source is target:
            continue
        output, position = edge.output, edge.input
        if hasattr(source, "exits"):
            output = source.exits.index((edge.source, edge.output))
        if hasattr(target, "entries"):
            assert position == 0
            position = target.entries.index(edge.target)
        yield node_of(source, level), output, node_of(target, level), position


def recorded_calls(graph) -> list[str]:
    """Returns the calls that Keras records, without those inside composite layers."""
    return [call.id for call in graph.calls if call.id not in graph.inside]


def parent(item):
    return item.parent if hasattr(item, "parent") else item.group


def node_of(item, level) -> tuple[str, int]:
    step = item.id if level is None else item.id.removeprefix(f"{level}/")
    name, _, number = step.partition("#")
    assert name == item.layer
    return name, int(number or 1)
