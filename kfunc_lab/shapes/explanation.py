"""Explains the numbers of one call, as lines for text and HTML."""

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from kfunc_lab.graph.model.descriptions import shape_tuple
from kfunc_lab.graph.model.layer_graph import Call, TensorSpec
from kfunc_lab.graph.model.memory import dtype_bytes, memory_text
from kfunc_lab.locale import _
from kfunc_lab.shapes.costs import Amount, Cost
from kfunc_lab.shapes.rules.arithmetic import (
    Term,
    equation,
    formula,
    number,
    number_text,
    product,
    symbols,
    text,
    total,
    typeset,
)
from kfunc_lab.shapes.rules.formulas import rule_problem
from kfunc_lab.shapes.rules.rule import Axis, Derivation, axis_name
from kfunc_lab.shapes.rules.symbols import symbol_meaning
from kfunc_lab.ui.text import format_count, printable
from kfunc_lab.ui.words import code_html

_T = TypeVar("_T")

_MAX_WEIGHTS = 8
_MIN_RUN = 4  # so many equal outputs share a line


@dataclass(frozen=True)
class Line:
    """One number and its derivation.

    Attributes:
        label: The name of the number, such as `"height, width"`.
        term: The calculation.
        setting: The setting that determines it, if it is not calculated; may be empty.
        result: The result in another unit, such as `"43.3 kB"`; may be empty.
        note: A note, such as `"not trainable"`; may be empty.
    """

    label: str
    term: Term
    setting: str = ""
    result: str = ""
    note: str = ""


@dataclass(frozen=True)
class Section:
    """Lines that belong together.

    Attributes:
        about: `"shape"`, `"parameters"`, `"multiply-adds"` or `"memory"`.
        title: The title, such as `"Output shape"`.
        lines: The calculations.
        remark: A remark instead of the lines or beside them; may be empty.
    """

    about: str
    title: str
    lines: tuple[Line, ...]
    remark: str = ""


def explain_call(
    call: Call, derivation: Derivation | None, batch: int = 1
) -> tuple[Section, ...]:
    """Explains the numbers of a call.

    Args:
        call: The call.
        derivation: The result of its shape rule; `None` if the layer itself computed the shapes.
        batch: The batch size for the memory.

    Returns:
        Sections for the output shape, the parameters, the multiply-adds and the memory, as far
        as they exist.
    """
    if derivation is None:
        itself = _("Computed by the layer itself.") if call.inputs else ""
        remark = " ".join(filter(None, [itself, rule_problem(call)]))
        sections = [*_shapes_as_they_are(call, remark), *_weights_as_they_are(call)]
    else:
        sections = [*_output_sections(call, derivation), *_parameter_sections(derivation)]
        products = derivation.multiply_adds
        if products.value != 0:
            line = Line("", products, result=_rounded(products.value))
            sections.append(
                Section("multiply-adds", _("Multiply-adds for one example"), (line,))
            )
    return (*sections, *_memory_sections(call, batch))


def explain_cost(cost: Cost, batch: int = 1) -> tuple[Section, ...]:
    """Explains the total costs of a group."""
    results = Amount(cost.results.known * batch, cost.results.complete)
    return (
        Section("parameters", _("Parameters"), (_known(Amount(cost.parameters), ""),)),
        Section(
            "multiply-adds",
            _("Multiply-adds for one example"),
            (_known(cost.multiply_adds, _rounded(cost.multiply_adds.known)),),
        ),
        Section(
            "memory",
            _("Memory of the outputs in bytes, batch of {n}").format(n=batch),
            (_known(results, memory_text(results.known) if results.known >= 1000 else ""),),
        ),
    )


def _known(amount: Amount, result: str) -> Line:
    note = "" if amount.complete else _("at least, because some values are unknown")
    return Line("", number(amount.known), result=result, note=note)


def _output_sections(call: Call, derivation: Derivation) -> Iterator[Section]:
    for first, last, axes in _runs(derivation.outputs):
        title = _("Output shape")
        if first < last:
            title = _("Shape of outputs {first}–{last}").format(first=first, last=last)
        elif len(derivation.outputs) > 1:
            title = _("Shape of output {n}").format(n=first)
        ranks = {len(tensor.shape) for tensor in call.inputs if tensor.shape is not None}
        same_rank = not ranks or len(axes) in ranks
        if same_rank and all(axis.reason == "input" for axis in axes):
            yield Section("shape", title, (), _("as in the input"))
            continue
        yield Section("shape", title, tuple(_axis_lines(axes)))


def _axis_lines(axes: Sequence[Axis]) -> Iterator[Line]:
    """Yields the lines for axes; axes with the same calculation share a line."""
    grouped: dict[tuple[str, str], list[tuple[str, Axis]]] = {}
    for place, axis in enumerate(axes):
        if place == 0 and axis.reason == "input" and len(axes) > 1:
            continue  # the batch does not change
        key = (equation(axis.size), axis.reason)
        grouped.setdefault(key, []).append((axis_name(axis, place), axis))
    for members in grouped.values():
        axis = members[0][1]
        label = ", ".join(name for name, _axis in members)
        if axis.reason == "input":
            yield Line(label, axis.size, note=_("as in the input"))
        else:
            yield Line(label, axis.size, "" if axis.size.sign else axis.reason)


def _parameter_sections(derivation: Derivation) -> Iterator[Section]:
    if not derivation.weights:
        return
    lines = [
        Line(
            printable(weight.name),
            weight.count,
            note="" if weight.trainable else _("not trainable"),
        )
        for weight in derivation.weights[:_MAX_WEIGHTS]
    ]
    more = derivation.weights[_MAX_WEIGHTS:]
    if more:
        rest = total(number(weight.count.value) for weight in more)
        lines.append(Line(_("{n} more").format(n=len(more)), rest))
    if len(derivation.weights) > 1:
        whole = total(number(weight.count.value) for weight in derivation.weights)
        lines.append(Line(_("total"), whole if len(lines) < 6 else number(whole.value)))
    yield Section("parameters", _("Parameters"), tuple(lines))


def _shapes_as_they_are(call: Call, remark: str) -> Iterator[Section]:
    shapes = ", ".join(map(shape_tuple, call.outputs))
    text = " ".join(filter(None, [shapes, remark]))
    if text:
        yield Section("shape", _("Output shape"), (), text)


def _weights_as_they_are(call: Call) -> Iterator[Section]:
    if not call.parameters:
        return
    lines = [
        Line(printable(weight.name), product(number(size) for size in weight.shape))
        for weight in call.weights[:_MAX_WEIGHTS]
    ]
    if len(call.weights) > 1:
        lines.append(Line(_("total"), number(call.parameters)))
    yield Section("parameters", _("Parameters"), tuple(lines))


def _memory_sections(call: Call, batch: int) -> Iterator[Section]:
    lines = []
    for first, last, tensor in _runs(call.outputs):
        each = dtype_bytes(tensor.dtype)
        if tensor.shape is None or each is None:
            continue
        label = _("output {n}").format(n=first) if len(call.outputs) > 1 else ""
        if first < last:
            label = _("each of outputs {first}–{last}").format(first=first, last=last)
        numbers = [number(size) for size in tensor.shape[1:]]
        term = product([number(batch), *numbers, number(each)])
        result = (
            memory_text(term.value) if term.value is not None and term.value >= 1000 else ""
        )
        lines.append(Line(label, term, result=result))
    if lines:
        title = _("Memory of the output in bytes (batch · numbers · bytes each)")
        yield Section("memory", title, tuple(lines))


def _rounded(count: int | None) -> str:
    return format_count(count) if count is not None and count >= 1_000_000 else ""


# ---------------------------------------------------------------------------------------------
# Text


def to_lines(sections: Iterable[Section]) -> list[str]:
    """Writes an explanation as text, with one line for each number."""
    written_lines = []
    for section in sections:
        labelled = len(section.lines) > 1 or any(line.label for line in section.lines)
        head = f"{section.title}:"
        if not labelled:
            texts = [line_text(line) for line in section.lines] or [section.remark]
            written_lines.append(f"{head} {texts[0]}")
            continue
        written_lines.append(" ".join(filter(None, [head, section.remark])))
        written_lines += [f"  {line_text(line)}" for line in section.lines]
    return written_lines


def line_text(line: Line) -> str:
    """Writes a number with its derivation: `"height: ⌊(28 + 2·0 − 3)/1⌋ + 1 = 26"`."""
    begin = f"{line.label}: " if line.label else ""
    steps = [line.setting] if line.setting else []
    steps.append(equation(line.term))
    steps += [line.result] if line.result else []
    return begin + " = ".join(steps) + (f" ({line.note})" if line.note else "")


# ---------------------------------------------------------------------------------------------
# HTML


def to_html(sections: Iterable[Section]) -> str:
    """Writes an explanation as typeset HTML with all text escaped."""
    explained: set[str] = set()
    return "".join(_section_html(section, explained) for section in sections)


def _section_html(section: Section, explained: set[str]) -> str:
    parts = [f"<h4>{html.escape(section.title)}</h4>"]
    if section.remark:
        parts.append(f"<p>{code_html(section.remark)}</p>")
    letters: dict[str, None] = {}
    written_before = ""
    for line in section.lines:
        named = formula(line.term)
        # Only shapes and parameters show the formula as well as the numbers.
        with_letters = (
            section.about in ("shape", "parameters")
            and named != text(line.term)
            and named != written_before
        )
        written_before = named
        if with_letters:
            letters |= dict.fromkeys(symbols(line.term))
        parts.append(_line_html(line, with_letters))
    new = [letter for letter in letters if letter not in explained and symbol_meaning(letter)]
    explained.update(new)
    if new:
        explanation = ", ".join(
            f"<i>{letter}</i>&nbsp;{html.escape(symbol_meaning(letter))}" for letter in new
        )
        parts.append(f'<p class="letters">{explanation}</p>')
    return f"<section>{''.join(parts)}</section>"


def _line_html(line: Line, with_letters: bool) -> str:
    label = f'<span class="label">{html.escape(line.label)}</span>' if line.label else ""
    result = f"<b>{number_text(line.term.value)}</b>"
    parts = []
    if line.term.sign:
        parts += [typeset(line.term, named=True)] if with_letters else []
        parts.append(typeset(line.term))
    elif line.setting:
        parts.append(f'<span class="setting">{html.escape(line.setting)}</span>')
    parts.append(result)
    if line.result:
        parts.append(html.escape(line.result))
    steps = [f"<span>{part}</span>" for part in parts]
    sign = '<span class="equals">=</span>'
    note = f'<span class="words">{html.escape(line.note)}</span>' if line.note else ""
    spoken = html.escape(line_text(line))
    return (
        f'<div class="line" role="math" aria-label="{spoken}">{label}'
        f'<span class="steps">{sign.join(steps)}</span>{note}</div>'
    )


def shapes_text(tensors: Sequence[TensorSpec]) -> str:
    """Formats the shapes of a call's outputs."""
    shapes = [
        shape_tuple(tensor) + (f" ×{last - first + 1}" if first < last else "")
        for first, last, tensor in _runs(tensors)
    ]
    return ", ".join(shapes) or "?"


def _runs(outputs: Sequence[_T]) -> Iterator[tuple[int, int, _T]]:
    """Yields outputs with the number of the first and the last that follow each other and equal it.

    Up to three equal outputs are yielded one by one.
    """
    number_of_first = 1
    for output, equal in groupby(outputs):
        count = len(list(equal))
        last = number_of_first + count - 1
        if count < _MIN_RUN:
            yield from ((place, place, output) for place in range(number_of_first, last + 1))
        else:
            yield number_of_first, last, output
        number_of_first = last + 1
