"""Writes the table of shapes and costs as text and as plain HTML, for readers without a kernel."""

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kfunc_lab.graph.model.descriptions import notes, title
from kfunc_lab.locale import _
from kfunc_lab.shapes.costs import Amount, Cost, costs, count_text, outputs_memory, totals
from kfunc_lab.shapes.explanation import explain_call, line_text, to_lines
from kfunc_lab.shapes.rows import Row, parameters_text, rows_of, shape_or_state, visible_rows
from kfunc_lab.shapes.what_if import WhatIf
from kfunc_lab.ui.text import align_columns, printable

_BLOCKS = " ▏▎▍▌▋▊▉█"
_BAR = 6  # characters

# ---------------------------------------------------------------------------------------------
# Text


def to_text(
    after: WhatIf,
    before: WhatIf,
    batch: int,
    opened: Iterable[str] | None = None,
) -> str:
    """Writes the table, followed by the derivations for each call.

    Args:
        after: The graph with the changes.
        before: The graph of the model.
        batch: The batch size for the memory.
        opened: The ids of the open groups; by default all groups.

    Returns:
        Plain text without colours or memory addresses: the same in every process.
    """
    cost = costs(after)
    rows = visible_rows(rows_of(after, before), after, opened)
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
        row_cost = cost[row.item]
        lines.append(
            [
                "  " * row.depth + row.name + (":" if is_open else ""),
                row.kind,
                "" if is_open else shape_or_state(row),
                parameters_text(row, row_cost.parameters),
                count_text(row_cost.multiply_adds),
                outputs_memory(row_cost.results, batch),
            ]
        )
    lines_above = [title(after.graph)]
    lines_above += [
        f"{label}: {value}" for label, value in totals(cost[None], after.graph.built, batch)
    ]
    return "\n".join(
        [
            *lines_above,
            "",
            *align_columns(lines, right={3, 4, 5}),
            *notes(after.graph),
            *_explained(after, [row.item for row, _is_open in rows], batch),
        ]
    )


def _explained(result: WhatIf, items: Sequence[str], batch: int) -> Iterator[str]:
    for item in items:
        call = result.graph.call_of.get(item)
        if call is None or not call.inputs or item in result.unreached:
            continue
        yield ""
        yield f"{printable(call.id)} ({printable(call.kind)})"
        problem = result.problems.get(item)
        if problem is not None:
            yield f"  {'?' if problem.unknown else '✗'} {problem.reason}"
            yield from ([f"  {problem.arithmetic}"] if problem.arithmetic else [])
            continue
        sections = explain_call(call, result.derivations.get(item), batch)
        yield from (f"  {line}" for line in to_lines(sections))


# ---------------------------------------------------------------------------------------------
# HTML without styles, scripts or pictures, which GitHub and nbconvert show unchanged


def to_html(
    after: WhatIf,
    before: WhatIf,
    batch: int,
    opened: Iterable[str] | None = None,
) -> str:
    """Writes the table with its calculations as plain HTML, with all text escaped.

    Args:
        after: See `to_text`.
        before: See `to_text`.
        batch: See `to_text`.
        opened: See `to_text`.

    Returns:
        A `<div>` element, the same in every process.
    """
    cost = costs(after)
    rows = visible_rows(rows_of(after, before), after, opened)
    leaves = [cost[row.item] for row, is_open in rows if not is_open]
    largest = Cost(
        max((leaf.parameters for leaf in leaves), default=0),
        Amount(max((leaf.multiply_adds.known for leaf in leaves), default=0)),
        Amount(max((leaf.results.known for leaf in leaves), default=0)),
        Amount(0),
    )
    items = "".join(
        f"<li>{html.escape(label)}: {html.escape(value)}</li>"
        for label, value in totals(cost[None], after.graph.built, batch)
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
    body = "".join(
        _row_html(row, is_open, after, cost, largest, batch) for row, is_open in rows
    )
    return (
        f"<div><p><b>{html.escape(title(after.graph))}</b></p><ul>{items}</ul>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row_html(
    row: Row,
    is_open: bool,
    result: WhatIf,
    cost: Mapping[str | None, Cost],
    largest: Cost,
    batch: int,
) -> str:
    row_cost = cost[row.item]
    indent = "&nbsp;" * 4 * row.depth
    kind = f"<br>{indent}{html.escape(row.kind)}" if row.kind else ""
    bars = ("", "", "")
    if not is_open:
        bars = (
            bar(row_cost.parameters, largest.parameters),
            bar(row_cost.multiply_adds.known, largest.multiply_adds.known),
            bar(row_cost.results.known, largest.results.known),
        )
    explanations = _arithmetic(row.item, result)
    cells = (
        ["" if is_open else shape_or_state(row), *explanations["shape"]],
        [
            _with_bar(parameters_text(row, row_cost.parameters), bars[0]),
            *explanations["parameters"],
        ],
        [
            _with_bar(count_text(row_cost.multiply_adds), bars[1]),
            *explanations["multiply-adds"],
        ],
        [_with_bar(outputs_memory(row_cost.results, batch), bars[2])],
    )
    name = f"<td>{indent}<b>{html.escape(row.name)}</b>{kind}</td>"
    return f"<tr>{name}{''.join(f'<td>{_broken(cell)}</td>' for cell in cells)}</tr>"


def _with_bar(words: str, drawn: str) -> str:
    return f"{words} {drawn}".rstrip()


def _broken(lines: Iterable[str]) -> str:
    return "<br>".join(html.escape(line) for line in lines if line)


def _arithmetic(item: str, result: WhatIf) -> Mapping[str, list[str]]:
    """Returns the derivations of the shape, the parameters and the multiply-adds."""
    explanations: dict[str, list[str]] = {"shape": [], "parameters": [], "multiply-adds": []}
    problem, derivation = result.problems.get(item), result.derivations.get(item)
    if problem is not None:
        explanations["shape"] = [problem.reason, problem.arithmetic]
    elif derivation is not None:
        for section in explain_call(result.graph.call_of[item], derivation):
            if section.about in explanations:
                explanations[section.about] += [
                    line_text(line) for line in section.lines if line.label or line.term.sign
                ]
    return explanations


def bar(value: int, largest: int) -> str:
    """Draws a bar of block characters.

    Example:
        >>> bar(3, 4)
        '████▌'
    """
    eighths = round(8 * _BAR * value / largest) if largest else 0
    whole, rest = divmod(eighths, 8)
    return "█" * whole + _BLOCKS[rest].strip()
