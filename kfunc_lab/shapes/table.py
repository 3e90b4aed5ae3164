"""The table of a graph's shapes and costs: its rows, and how they are written without a page."""

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kfunc_lab.graph.costs import in_bytes
from kfunc_lab.graph.folding import items_by_parent
from kfunc_lab.graph.layer_graph import Call, Group
from kfunc_lab.graph.table import aligned
from kfunc_lab.graph.writing import notes, printable, rounded, short_name, title
from kfunc_lab.locale import _
from kfunc_lab.shapes.costs import Amount, Cost, costs
from kfunc_lab.shapes.explanation import explain_call, line_text, shapes_text, to_lines
from kfunc_lab.shapes.what_if import WhatIf

_BLOCKS = " ▏▎▍▌▋▊▉█"
_BAR = 6  # characters


@dataclass(frozen=True)
class Row:
    """A call or group of the table.

    Attributes:
        item: Its id.
        depth: In how many groups it stands.
        name: Its name within its group.
        kind: Its class.
        shapes: The shapes of its results; empty for an open group.
        state: `"wrong"` if it does not fit, `"unreached"` if it waits for one that does not,
            `"changed"` if something of it is other than in the model; else empty.
        changed: What of it is: `"shape"`, `"parameters"`.
    """

    item: str
    depth: int
    name: str
    kind: str
    shapes: str
    state: str
    changed: tuple[str, ...]


def rows_of(what: WhatIf, before: WhatIf) -> list[Row]:
    """Lists calls and groups in graph order, each group before what it holds.

    Args:
        what: The graph as it would be.
        before: The graph as it is.

    Returns:
        A row for each, without what is inside wrappers and layers made of layers.
    """
    graph = what.graph
    inside = items_by_parent(graph)
    leaving, left_before = _leaving(what), _leaving(before)
    rows = []
    waiting = [(item, 0) for item in reversed(inside[None])]
    while waiting:
        item, depth = waiting.pop()
        named = _named(item, what)
        shapes = _shapes_of(item, what, leaving)
        changed = {
            "shape": shapes != _shapes_of(item, before, left_before),
            "parameters": named.parameters != _named(item, before).parameters,
        }
        rows.append(
            Row(
                item,
                depth,
                short_name(named),
                printable(named.kind),
                shapes,
                _state(item, what, before),
                tuple(name for name, is_other in changed.items() if is_other),
            )
        )
        if item not in graph.call_of:
            waiting += [(it, depth + 1) for it in reversed(inside.get(item, []))]
    return rows


def _named(item: str, what: WhatIf) -> Call | Group:
    return what.graph.call_of.get(item) or what.graph.group_of[item]


def _shapes_of(item: str, what: WhatIf, leaving: Mapping[str, Iterable[str]]) -> str:
    """Writes the shapes of what a call or group gives."""
    call = what.graph.call_of.get(item)
    return shapes_text(call.outputs) if call else ", ".join(leaving.get(item, ()))


def _leaving(what: WhatIf) -> dict[str, dict[str, None]]:
    """Returns for each group the shapes of the tensors that leave it."""
    graph = what.graph
    around = {call.id: _groups_around(what, call) for call in graph.calls}
    found: dict[str, dict[str, None]] = {}
    for edge in graph.edges:
        stays = set(around[edge.target])
        for group in around[edge.source]:
            if group not in stays:
                found.setdefault(group, {})[shapes_text([edge.tensor])] = None
    for call_id in graph.outputs:
        for group in around[call_id]:
            made = graph.call_of[call_id].outputs
            found.setdefault(group, {})[shapes_text(made)] = None
    return found


def _groups_around(what: WhatIf, call: Call) -> list[str]:
    found = []
    group = call.group
    while group is not None:
        found.append(group)
        group = what.graph.group_of[group].parent
    return found


def _state(item: str, what: WhatIf, before: WhatIf) -> str:
    if item in what.problems:
        return "wrong"
    if item in what.unreached:
        return "unreached"
    now, then = what.graph.call_of.get(item), before.graph.call_of.get(item)
    if now is None or then is None:
        inside = what.graph.calls_inside.get(item, ())
        if any(it in what.problems for it in inside):
            return "wrong"
        return "changed" if any(_differs(it, what, before) for it in inside) else ""
    return "changed" if _differs(item, what, before) else ""


def _differs(item: str, what: WhatIf, before: WhatIf) -> bool:
    now, then = what.graph.call_of[item], before.graph.call_of[item]
    if now is then:
        return False
    return (now.outputs, now.parameters, now.settings) != (
        then.outputs,
        then.parameters,
        then.settings,
    )


def shapes_met(call: Call) -> str:
    """Says which shapes a call is given."""
    return _("called on {shapes}").format(shapes=shapes_text(call.inputs))


# ---------------------------------------------------------------------------------------------
# Amounts


def counted(amount: Amount) -> str:
    """Writes a count: exactly up to a million, `?` where nothing of it is known."""
    return _at_least(amount, rounded(amount.known))


def in_memory(amount: Amount, batch: int) -> str:
    """Writes the memory of results for a batch."""
    return _at_least(amount, in_bytes(amount.known * batch))


def _at_least(amount: Amount, said: str) -> str:
    if amount.complete:
        return said
    return f"≥ {said}" if amount.known else "?"


def totals(what: WhatIf, batch: int) -> list[tuple[str, str]]:
    """Says what the whole graph costs: labels and values."""
    cost = costs(what)[None]
    weights = _at_least(cost.weights, in_bytes(cost.weights.known))
    is_known = what.graph.built or cost.parameters
    return [
        (_("Parameters"), f"{cost.parameters:,} ({weights})" if is_known else "?"),
        (_("Multiply-adds for one example"), counted(cost.multiply_adds)),
        (
            _("Results of all calls, batch of {n}").format(n=batch),
            in_memory(cost.results, batch),
        ),
    ]


def bar(value: int, largest: int) -> str:
    """Draws a bar of block characters.

    Example:
        >>> bar(3, 4)
        '████▌'
    """
    eighths = round(8 * _BAR * value / largest) if largest else 0
    whole, rest = divmod(eighths, 8)
    return "█" * whole + _BLOCKS[rest].strip()


# ---------------------------------------------------------------------------------------------
# As text


def to_text(
    what: WhatIf,
    before: WhatIf,
    batch: int,
    opened: Iterable[str] | None = None,
) -> str:
    """Writes the table, and below it where the numbers of each call come from.

    Args:
        what: The graph as it would be.
        before: The graph as it is.
        batch: How many examples the memory is for.
        opened: The ids of the groups that are open; all of them, if it is left out.

    Returns:
        Lines without colours, escapes or addresses: the same in every process.
    """
    cost = costs(what)
    rows = seen_rows(rows_of(what, before), what, opened)
    head = [
        _("call"),
        _("class"),
        _("output shape"),
        _("parameters"),
        _("multiply-adds"),
        _("memory"),
    ]
    lines = [head]
    for row, is_open in rows:
        it = cost[row.item]
        lines.append(
            [
                "  " * row.depth + row.name + (":" if is_open else ""),
                row.kind,
                "" if is_open else shape_or_state(row),
                f"{it.parameters:,}",
                counted(it.multiply_adds),
                in_memory(it.results, batch),
            ]
        )
    said = [title(what.graph)]
    said += [f"{label}: {value}" for label, value in totals(what, batch)]
    return "\n".join(
        [
            *said,
            "",
            *aligned(lines, right={3, 4, 5}),
            *notes(what.graph),
            *_explained(what, [row.item for row, _is_open in rows], batch),
        ]
    )


def shape_or_state(row: Row) -> str:
    """Writes the shapes of a row's results, or why there are none."""
    if row.state == "wrong":
        return _("does not fit")
    return _("not reached") if row.state == "unreached" else row.shapes


def _explained(what: WhatIf, items: Sequence[str], batch: int) -> Iterator[str]:
    for item in items:
        call = what.graph.call_of.get(item)
        if call is None or not call.inputs or item in what.unreached:
            continue
        yield ""
        yield f"{printable(call.id)} ({printable(call.kind)})"
        problem = what.problems.get(item)
        if problem is not None:
            yield f"  ✗ {problem.reason}"
            yield from ([f"  {problem.arithmetic}"] if problem.arithmetic else [])
            continue
        sections = explain_call(call, what.derivations.get(item), batch)
        yield from (f"  {line}" for line in to_lines(sections))


def seen_rows(
    rows: Iterable[Row], what: WhatIf, opened: Iterable[str] | None
) -> list[tuple[Row, bool]]:
    """Leaves out what stands in closed groups, and tells which groups are open."""
    groups = what.graph.group_of
    open_groups = set(groups if opened is None else opened) - set(what.graph.call_of)
    found: list[tuple[Row, bool]] = []
    hidden_below: int | None = None
    for row in rows:
        if hidden_below is not None and row.depth > hidden_below:
            continue
        is_open = row.item in open_groups
        is_closed = row.item in groups and not is_open and row.item not in what.graph.call_of
        hidden_below = row.depth if is_closed else None
        found.append((row, is_open))
    return found


# ---------------------------------------------------------------------------------------------
# As HTML without style, script or picture: GitHub and nbconvert show it as it is


def to_html(
    what: WhatIf,
    before: WhatIf,
    batch: int,
    opened: Iterable[str] | None = None,
) -> str:
    """Writes the table with the arithmetic in it as plain HTML, everything in it escaped.

    Args:
        what: As in `to_text`.
        before: As in `to_text`.
        batch: As in `to_text`.
        opened: As in `to_text`.

    Returns:
        A `<div>`, the same in every process.
    """
    cost = costs(what)
    rows = seen_rows(rows_of(what, before), what, opened)
    leaves = [cost[row.item] for row, is_open in rows if not is_open]
    largest = Cost(
        max((it.parameters for it in leaves), default=0),
        Amount(max((it.multiply_adds.known for it in leaves), default=0)),
        Amount(max((it.results.known for it in leaves), default=0)),
        Amount(0),
    )
    said = "".join(
        f"<li>{html.escape(label)}: {html.escape(value)}</li>"
        for label, value in totals(what, batch)
    )
    head = "".join(
        f"<th>{html.escape(words)}</th>"
        for words in (
            _("call"),
            _("output shape"),
            _("parameters"),
            _("multiply-adds"),
            _("memory"),
        )
    )
    body = "".join(_row_html(row, is_open, what, cost, largest, batch) for row, is_open in rows)
    return (
        f"<div><p><b>{html.escape(title(what.graph))}</b></p><ul>{said}</ul>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row_html(
    row: Row,
    is_open: bool,
    what: WhatIf,
    cost: Mapping[str | None, Cost],
    largest: Cost,
    batch: int,
) -> str:
    it = cost[row.item]
    indent = "&nbsp;" * 4 * row.depth
    kind = f"<br>{indent}{html.escape(row.kind)}" if row.kind else ""
    bars = ("", "", "")
    if not is_open:
        bars = (
            bar(it.parameters, largest.parameters),
            bar(it.multiply_adds.known, largest.multiply_adds.known),
            bar(it.results.known, largest.results.known),
        )
    said = _arithmetic(row.item, what)
    cells = (
        ["" if is_open else shape_or_state(row), *said["shape"]],
        [_with_bar(f"{it.parameters:,}", bars[0]), *said["parameters"]],
        [_with_bar(counted(it.multiply_adds), bars[1]), *said["multiply-adds"]],
        [_with_bar(in_memory(it.results, batch), bars[2])],
    )
    name = f"<td>{indent}<b>{html.escape(row.name)}</b>{kind}</td>"
    return f"<tr>{name}{''.join(f'<td>{_broken(it)}</td>' for it in cells)}</tr>"


def _with_bar(words: str, drawn: str) -> str:
    return f"{words} {drawn}".rstrip()


def _broken(lines: Iterable[str]) -> str:
    return "<br>".join(html.escape(line) for line in lines if line)


def _arithmetic(item: str, what: WhatIf) -> Mapping[str, list[str]]:
    """Returns where the shape, the parameters and the multiply-adds come from."""
    said: dict[str, list[str]] = {"shape": [], "parameters": [], "multiply-adds": []}
    problem, found = what.problems.get(item), what.derivations.get(item)
    if problem is not None:
        said["shape"] = [problem.reason, problem.arithmetic]
    elif found is not None:
        for section in explain_call(what.graph.call_of[item], found):
            if section.about in said:
                said[section.about] += [
                    line_text(line) for line in section.lines if line.label or line.term.sign
                ]
    return said
