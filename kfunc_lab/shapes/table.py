"""Writes the table of shapes and costs for readers without a page: as text and as plain HTML."""

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kfunc_lab.graph.model.descriptions import notes, title
from kfunc_lab.locale import _
from kfunc_lab.shapes.costs import Amount, Cost, costs, counted, in_memory, totals
from kfunc_lab.shapes.explanation import explain_call, line_text, to_lines
from kfunc_lab.shapes.rows import Row, rows_of, seen_rows, shape_or_state
from kfunc_lab.shapes.what_if import WhatIf
from kfunc_lab.ui.text import aligned, printable

_BLOCKS = " ▏▎▍▌▋▊▉█"
_BAR = 6  # characters

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


def bar(value: int, largest: int) -> str:
    """Draws a bar of block characters.

    Example:
        >>> bar(3, 4)
        '████▌'
    """
    eighths = round(8 * _BAR * value / largest) if largest else 0
    whole, rest = divmod(eighths, 8)
    return "█" * whole + _BLOCKS[rest].strip()
