"""The volumes of a layered figure: which tensors it shows, in which columns and rows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from kfunc_lab.graph.model.descriptions import short_name
from kfunc_lab.graph.model.families import family_of
from kfunc_lab.graph.model.folding import visible_item, visible_items
from kfunc_lab.graph.model.layer_graph import LayerGraph

Shape = tuple[int | None, ...]

# Layers that leave the numbers of a picture where they are, or only put them in a row.
_PLAIN = ("Flatten", "ZeroPadding", "Cropping", "Identity")


@dataclass(frozen=True)
class Volume:
    """What one call or folded group returns.

    Attributes:
        item: The id of the call or group.
        name: The name of the layer or group.
        family: The name of the family of its class; `"group"` for a group.
        shape: The sizes of its first output without the batch; `None` for an unknown size.
        count: The number of equal blocks in it.
        joins: Whether it only joins tensors of one shape, as an addition does.
        column: The longest path to it: the horizontal place.
        row: The branch that it belongs to: 0 for the longest, then 1, -1, 2, …
    """

    item: str
    name: str
    family: str
    shape: Shape
    count: int
    joins: bool
    column: int
    row: int


@dataclass(frozen=True)
class Figure:
    """The volumes of a graph, and the tensors between them.

    Attributes:
        volumes: The volumes by item, in graph order.
        tensors: The ends of each tensor, by item.
    """

    volumes: Mapping[str, Volume]
    tensors: tuple[tuple[str, str], ...]


def figure_of(graph: LayerGraph, opened: frozenset[str]) -> Figure:
    """Chooses the volumes of a graph.

    Activations, normalisation, dropout and padding belong to the volume before them.

    Args:
        graph: A graph whose connections are known.
        opened: The ids of the open groups.

    Returns:
        The volumes, with the tensors between them.
    """
    items = [item for item, _depth in visible_items(graph, opened)]
    items = [
        it
        for it in items
        if it not in graph.inside and (it in graph.call_of or it not in opened)
    ]
    shapes, sources = _connections(graph, opened)
    if any(call.settings.get("data_format") == "channels_first" for call in graph.calls):
        shapes = {item: _channels_last(shape) for item, shape in shapes.items()}
    kept: dict[str, str] = {}
    for item in items:
        before = [kept[it] for it in sources.get(item, ()) if it in kept]
        alone = before[0] if len(before) == 1 else None
        kept[item] = alone if alone and _is_fused(graph, item, alone, shapes) else item
    tensors = {
        (kept[source], kept[item])
        for item in items
        for source in sources.get(item, ())
        if source in kept and kept[source] != kept[item]
    }
    shown = [it for it in items if kept[it] == it]
    order = {it: at for at, it in enumerate(shown)}
    pairs = sorted(tensors, key=lambda it: (order[it[0]], order[it[1]]))
    columns = _columns(shown, pairs)
    rows = _rows(shown, pairs, columns)
    return Figure(
        {
            it: _volume(graph, it, shapes, columns[it], rows[it], _sources_of(it, pairs))
            for it in shown
        },
        tuple(pairs),
    )


def _connections(
    graph: LayerGraph, opened: frozenset[str]
) -> tuple[dict[str, Shape], dict[str, list[str]]]:
    """Returns the shape of each item's first output, and the items before each."""
    shapes: dict[str, Shape] = {}
    sources: dict[str, list[str]] = {}
    visible = {call.id: visible_item(graph, call.id, opened) for call in graph.calls}
    for edge in graph.edges:
        source, target = visible[edge.source], visible[edge.target]
        if source != target:
            shapes.setdefault(source, (edge.tensor.shape or ())[1:])
            if source not in sources.setdefault(target, []):
                sources[target].append(source)
    for call in graph.calls:
        if call.outputs and (call.id in graph.outputs or visible[call.id] == call.id):
            shapes.setdefault(visible[call.id], (call.outputs[0].shape or ())[1:])
    return shapes, sources


def _channels_last(shape: Shape) -> Shape:
    return (*shape[1:], shape[0]) if len(shape) > 2 else shape


def _is_fused(graph: LayerGraph, item: str, before: str, shapes: Mapping[str, Shape]) -> bool:
    call = graph.call_of.get(item)
    if call is None or (item in graph.group_of and not call.library):
        return False
    if call.kind == "InputLayer" or call.kind.startswith(_PLAIN):
        return True
    same = shapes.get(item) == shapes.get(before)
    return same and family_of(call).name in ("regularising", "merging")


def _sources_of(item: str, pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [source for source, target in pairs if target == item]


def _volume(
    graph: LayerGraph,
    item: str,
    shapes: Mapping[str, Shape],
    column: int,
    row: int,
    sources: list[str],
) -> Volume:
    call, group = graph.call_of.get(item), graph.group_of.get(item)
    shape = shapes.get(item, ())
    family = "group" if call is None else family_of(call).name
    joins = (
        family == "merging"
        and len(sources) > 1
        and all(shapes.get(source) == shape for source in sources)
    )
    named = call or group
    name = short_name(named) if named else item
    count = group.count if group else 1
    return Volume(item, name, family, shape, count, joins, column, row)


def _columns(items: Iterable[str], pairs: list[tuple[str, str]]) -> dict[str, int]:
    """Returns the length of the longest path to each item."""
    columns = dict.fromkeys(items, 0)
    targets: dict[str, list[str]] = {}
    for source, target in pairs:
        targets.setdefault(source, []).append(target)
    for item in columns:  # in graph order, sources first
        for target in targets.get(item, ()):
            columns[target] = max(columns[target], columns[item] + 1)
    return columns


def _rows(
    items: list[str], pairs: list[tuple[str, str]], columns: Mapping[str, int]
) -> dict[str, int]:
    """Splits the graph into chains, the longest first, and gives each a free row."""
    targets: dict[str, list[str]] = {}
    for source, target in pairs:
        targets.setdefault(source, []).append(target)
    ahead: dict[str, int] = {}
    for item in reversed(items):
        ahead[item] = 1 + max((ahead[it] for it in targets.get(item, ())), default=0)
    sources: dict[str, list[str]] = {}
    for source, target in pairs:
        sources.setdefault(target, []).append(source)
    rows: dict[str, int] = {}
    taken: dict[int, list[tuple[int, int]]] = {}
    for item in sorted(items, key=lambda it: -ahead[it]):
        if item in rows:
            continue
        chain = [item]
        while following := [it for it in targets.get(chain[-1], ()) if it not in rows]:
            chain.append(max(following, key=lambda it: ahead[it]))
        # The row stays free between the chain and what is before and after it: lines run there.
        before, after = sources.get(chain[0], [chain[0]]), targets.get(chain[-1], [chain[-1]])
        span = (
            min(columns[chain[0]], 1 + min(columns[it] for it in before)),
            max(columns[chain[-1]], max(columns[it] for it in after) - 1),
        )
        row = next(it for it in _row_numbers() if _is_free(span, taken.get(it, [])))
        taken.setdefault(row, []).append(span)
        rows |= dict.fromkeys(chain, row)
    return rows


def _row_numbers() -> Iterator[int]:
    """Yields 0, 1, -1, 2, -2 and so on."""
    yield 0
    number = 1
    while True:
        yield number
        yield -number
        number += 1


def _is_free(span: tuple[int, int], taken: Iterable[tuple[int, int]]) -> bool:
    return all(span[1] < low or high < span[0] for low, high in taken)
