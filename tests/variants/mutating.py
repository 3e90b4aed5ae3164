"""Mutations of a spec: each is one slip that a learner could make."""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from variants.spec import Node, Spec, build, is_equivalent

_MERGES = ("Add", "Average", "Concatenate", "Multiply", "Subtract", "Maximum")
_OTHER_ACTIVATIONS = ("relu", "tanh", "sigmoid", "softmax", "linear")


def mutants(
    spec: Spec, draw: random.Random, skip: tuple[str, ...] = ()
) -> Iterator[tuple[str, Spec]]:
    """Yields mutants that Keras builds and that are other models, each with what was done.

    All kinds of mutation come up before one is repeated.
    """
    kinds: dict[str, list[tuple[str, Spec]]] = {}
    for it in _all(spec):
        if not it[0].startswith(skip):
            kinds.setdefault(it[0].split()[0], []).append(it)
    for found in kinds.values():
        draw.shuffle(found)
    waiting = list(kinds.values())
    draw.shuffle(waiting)
    while waiting:
        for found in waiting:
            note, mutant = found.pop()
            if not _only_reordered(spec, note) and _is_other(spec, mutant):
                yield note, mutant
        waiting = [found for found in waiting if found]


def _is_other(spec: Spec, mutant: Spec) -> bool:
    try:
        build(mutant)
    except Exception:  # a learner never gets to the check
        return False
    return not is_equivalent(spec, mutant)


def _only_reordered(spec: Spec, note: str) -> bool:
    return spec.free and note in ("inputs reversed", "outputs reversed")


def _all(spec: Spec) -> Iterator[tuple[str, Spec]]:
    for it in spec.nodes:
        if it.kind == "Input":
            yield from _inputs(spec, it)
        else:
            yield from _settings(spec, it)
            yield from _structure(spec, it)
            yield from _wiring(spec, it)
    yield from _sharing(spec)
    yield from _ends(spec)


def _inputs(spec: Spec, it: Node) -> Iterator[tuple[str, Spec]]:
    *rest, last = it.settings["shape"]
    for shape in ([(*rest, last + 1), (*rest, last - 1)] if last else []) + [(*rest, 4, last)]:
        yield f"shape {it.name} {shape}", spec.with_node(_set(it, shape=shape))


def _set(it: Node, **settings: Any) -> Node:
    return replace(it, settings={**it.settings, **settings})


def _set_layer(spec: Spec, it: Node, **settings: Any) -> Spec:
    """Changes the settings of a layer in all of its calls."""
    nodes = tuple(_set(n, **settings) if n.key == it.key else n for n in spec.nodes)
    return replace(spec, nodes=nodes)


def _settings(spec: Spec, it: Node) -> Iterator[tuple[str, Spec]]:
    if spec.given:
        return
    for name in ("units", "filters", "input_dim", "output_dim"):
        value = it.settings.get(name)
        for other in {value + 1, value - 1, value * 2} - {0} if value else ():
            yield f"{name} {it.name} {other}", _set_layer(spec, it, **{name: other})
    if it.kind in ("Dense", "Conv2D"):
        for other in _OTHER_ACTIVATIONS:
            if other != it.settings.get("activation", "linear"):
                yield f"activation {it.name} {other}", _set_layer(spec, it, activation=other)
        yield f"bias {it.name}", _set_layer(spec, it, use_bias=False)
        yield f"frozen {it.name}", _set_layer(spec, it, trainable=False)
    if it.kind == "Conv2D":
        for other in {1, 2, 3, 5} - {it.settings["kernel_size"]}:
            yield f"kernel {it.name} {other}", _set_layer(spec, it, kernel_size=other)
        for padding in ("same", "valid"):
            yield f"padding {it.name} {padding}", _set_layer(spec, it, padding=padding)
        yield f"strides {it.name}", _set_layer(spec, it, strides=2)
        yield f"strides {it.name} 3", _set_layer(spec, it, strides=3)
    if it.kind == "Concatenate":
        yield f"axis {it.name}", _set_layer(spec, it, axis=0)


def _structure(spec: Spec, it: Node) -> Iterator[tuple[str, Spec]]:
    if it.kind in _MERGES:
        for kind in _MERGES:
            if kind != it.kind:
                yield f"merge {it.name} {kind}", spec.with_node(replace(it, kind=kind))
    if it.kind == "GlobalAveragePooling1D":
        changed = replace(it, kind="GlobalMaxPooling1D")
        yield f"pooling {it.name}", spec.with_node(changed)
    for source in it.sources:
        yield f"dropped {it.name}", _without(spec, it, source)
    if len(it.sources) == 1:
        for kind, settings in (
            ("same", it.settings),
            ("Dropout", {"rate": 0.5}),
            ("BatchNormalization", {}),
            ("Activation", {"activation": "tanh"}),
            ("Dense", {"units": 10}),
        ):
            kind = it.kind if kind == "same" else kind
            yield f"added {kind} {it.name}", _after(spec, it, kind, settings)
    elif not spec.given:
        for source in set(it.sources):
            others = tuple(s for s in it.sources if s != source)
            if len(others) > 1:
                yield (
                    f"left-out {it.name} {source}",
                    spec.with_node(replace(it, sources=others)),
                )
        twice = replace(it, sources=(*it.sources, it.sources[0]))
        yield f"twice {it.name}", spec.with_node(twice)


def _without(spec: Spec, it: Node, source: str) -> Spec:
    nodes = [
        replace(n, sources=tuple(source if s == it.name else s for s in n.sources))
        for n in spec.nodes
        if n is not it
    ]
    outputs = tuple(source if name == it.name else name for name in spec.outputs)
    titles = {n: t for n, t in spec.titles.items() if n != it.name}
    return _used(replace(spec, nodes=tuple(nodes), outputs=outputs, titles=titles))


def _used(spec: Spec) -> Spec:
    """Removes the calls that no output needs."""
    needed = set(spec.outputs) | set(spec.inputs)
    for it in reversed(spec.nodes):
        if it.name in needed:
            needed |= set(it.sources)
    return replace(spec, nodes=tuple(it for it in spec.nodes if it.name in needed))


def _after(spec: Spec, it: Node, kind: str, settings: Any) -> Spec:
    extra = Node("extra", kind, dict(settings), (it.name,))
    nodes = []
    for n in spec.nodes:
        sources = tuple("extra" if s == it.name else s for s in n.sources)
        nodes.append(replace(n, sources=sources))
        if n is it:
            nodes.append(extra)
    outputs = tuple("extra" if name == it.name else name for name in spec.outputs)
    titles = {("extra" if n == it.name else n): t for n, t in spec.titles.items()}
    return replace(spec, nodes=tuple(nodes), outputs=outputs, titles=titles)


def _wiring(spec: Spec, it: Node) -> Iterator[tuple[str, Spec]]:
    before = spec.nodes[: spec.nodes.index(it)]
    for at, source in enumerate(it.sources):
        for other in before:
            if other.name != source:
                sources = (*it.sources[:at], other.name, *it.sources[at + 1 :])
                rewired = spec.with_node(replace(it, sources=sources))
                yield f"wired {it.name} {other.name}", _used(rewired)
    if it.kind == "Concatenate" and len(it.sources) > 1:
        swapped = replace(it, sources=it.sources[::-1])
        yield f"swapped {it.name}", spec.with_node(swapped)


def _sharing(spec: Spec) -> Iterator[tuple[str, Spec]]:
    weighted = [n for n in spec.nodes if n.kind in ("Dense", "Conv2D", "Embedding")]
    for at, one in enumerate(weighted):
        for other in weighted[at + 1 :]:
            if one.key == other.key:
                apart = spec.with_node(replace(other, layer=other.name + "_own"))
                yield f"apart {other.name}", apart
            elif (one.kind, one.settings) == (other.kind, other.settings):
                yield (
                    f"shared {one.name} {other.name}",
                    spec.with_node(replace(other, layer=one.key)),
                )


def _ends(spec: Spec) -> Iterator[tuple[str, Spec]]:
    if len(spec.outputs) > 1:
        yield "outputs reversed", replace(spec, outputs=spec.outputs[::-1])
        for name in spec.outputs:
            others = tuple(o for o in spec.outputs if o != name)
            yield f"output-left-out {name}", _used(replace(spec, outputs=others))
    for it in spec.nodes:
        if it.name not in (*spec.outputs, *spec.inputs) and not spec.titles:
            yield f"output-added {it.name}", replace(spec, outputs=(*spec.outputs, it.name))
            yield f"output-moved {it.name}", _used(replace(spec, outputs=(it.name,)))
    if len(spec.inputs) > 1:
        yield "inputs reversed", replace(spec, inputs=spec.inputs[::-1])
    more = Node("more", "Input", dict(spec.node_of[spec.inputs[0]].settings))
    yield (
        "input-added",
        replace(spec, nodes=(more, *spec.nodes), inputs=(*spec.inputs, "more")),
    )
