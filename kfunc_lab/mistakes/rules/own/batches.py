"""Tensors that a learner's code makes for a number of examples: fixed, or not known yet."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from kfunc_lab.graph.keras.nodes import functional_of, is_symbolic, nodes_in_order
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, called_name, name_of, shape_of
from kfunc_lab.mistakes.rule import Mistake, Rule, rule, title
from kfunc_lab.mistakes.rules.own.inputs import reading_function
from kfunc_lab.mistakes.rules.own.signature import parses
from kfunc_lab.mistakes.source.code import begin_of
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.own_code import (
    OwnClass,
    OwnFunction,
    is_own,
    spelled,
    value_of,
    variables,
)

_MAKERS = (
    "normal", "uniform", "truncated_normal", "randint", "random_normal", "random_uniform",
    "zeros", "ones", "full", "fill", "empty", "dropout", "gamma", "binomial", "beta",
)  # fmt: skip


# ---------------------------------------------------------------------------------------------
# A batch of a fixed size


@dataclass(frozen=True)
class _Made:
    """A tensor that a layer makes for a fixed number of examples.

    Attributes:
        node: Keras's record of the layer's call.
        count: The number of examples.
    """

    node: Any
    count: int


def _fixed_batch(match: re.Match[str], failure: Failure) -> Mistake | None:
    made = _first_fixed(failure)
    if made is None:
        return None
    layer = made.node.operation
    failed = replace(failure, operation=layer, name=name_of(layer), kind=type(layer).__name__)
    other = next((size for size in _batches(match.string) if size != made.count), None)
    function = reading_function(failed)
    found = None if function is None else _maker(made, function, failed)
    reason = _("{layer} makes a tensor for {n} examples, but a batch may have another size.")
    if other is not None:
        reason = _("{layer} makes a tensor for {n} examples, but this batch has {m}.")
    words = {"layer": title(failed), "n": made.count, "m": other}
    sums = "" if other is None else f"{other} ≠ {made.count}"
    if found is None:
        edit = _("Read the number of examples from a tensor: `{ops}.shape(x)[0]`.").format(
            ops=spelled("ops", failure)
        )
        return Mistake("fixed-batch", reason.format(**words), sums, edit, failed.name)
    code, change = found
    return Mistake(
        "fixed-batch",
        _("{reason} It is `{code}`.").format(reason=reason.format(**words), code=code),
        sums,
        _(
            "Write `{new}` instead of `{old}`: the size of the batch when the model runs."
        ).format(new=change.new, old=_old(change, function)),
        failed.name,
        (change,) if parses([change]) else (),
    )


def _first_fixed(failure: Failure) -> _Made | None:
    """Returns the first call whose output has a fixed batch, though its inputs have none."""
    for model in (failure.model, failure.operation):
        made = _fixed_in(functional_of(model))
        if made is not None:
            return made
    return None


def _fixed_in(functional: Any) -> _Made | None:
    for node in [] if functional is None else nodes_in_order(functional):
        sizes = [(shape_of(tensor) or (None,))[0] for tensor in node.input_tensors]
        if not sizes or any(size is not None for size in sizes):
            continue
        for tensor in node.outputs:
            shape = shape_of(tensor)
            if shape and shape[0] is not None:
                return _fixed_in(functional_of(node.operation)) or _Made(node, shape[0])
    return None


def _in_own_model(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Finds a tensor of a fixed batch in the `call` of a learner's model."""
    model = failure.model if failure.operation is None else failure.operation
    own = OwnClass.of(model) if is_own(model) else None
    function = None if own is None else own.method("call")
    sizes = _batches(match.string)
    if function is None or len(set(sizes)) != 2 or not function.parameters:
        return None
    known = {**getattr(type(model).call, "__globals__", {}), "self": model}
    name = function.parameters[0].arg
    for call in ast.walk(function.node):
        if not isinstance(call, ast.Call):
            continue
        for shape in [*call.args, *(word.value for word in call.keywords)]:
            first = shape.elts[0] if isinstance(shape, ast.Tuple) and shape.elts else None
            count = value_of(first, known)
            if first is None or count not in sizes:
                continue
            change = function.code.replaced(
                first, f"{spelled('ops', failure)}.shape({name})[0]"
            )
            other = next(size for size in sizes if size != count)
            return Mistake(
                "fixed-batch",
                _("`{code}` makes a tensor for {n} examples, but this batch has {m}.").format(
                    code=function.code.source(call), n=count, m=other
                ),
                f"{other} ≠ {count}",
                _(
                    "Write `{new}` instead of `{old}`: the size of the batch when the model runs."
                ).format(new=change.new, old=function.code.source(first)),
                failure.name,
                (change,),
            )
    return None


def _fixed_input(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a last batch that is smaller than the fixed batch of the input."""
    functional = functional_of(failure.model) or functional_of(failure.operation)
    inputs = list(getattr(functional, "inputs", None) or [])
    count = (shape_of(inputs[0]) or (None,))[0] if inputs else None
    sizes = _batches(match.string)
    other = next((size for size in sizes if size != count), None)
    if count is None or other is None or count not in sizes:
        return None
    return Mistake(
        "fixed-batch",
        _("The input has a fixed batch of {n} examples, but this batch has {m}.").format(
            n=count, m=other
        ),
        f"{other} ≠ {count}",
        _(
            "Use a number of examples that {n} divides, and `batch_size={n}`: leave the last "
            "{m} out."
        ).format(n=count, m=other),
        name_of(inputs[0]),
    )


def _batches(message: str) -> list[int]:
    """Returns the first size of each shape in a message."""
    return [int(size) for size in re.findall(r"\[(\d+)[,\]]", message)]


def _maker(made: _Made, function: OwnFunction, failure: Failure) -> tuple[str, Change] | None:
    """Returns the call that makes the tensor, and the change of its shape."""
    layer = made.node.operation
    outer = getattr(type(layer).call, "__globals__", {})
    known = {**variables(failure.scope), "self": layer}
    if not type(layer).__module__.startswith("keras."):
        known = {**outer, "self": layer}
    known = {**_constants(function), **known}
    for call in ast.walk(function.node):
        if not isinstance(call, ast.Call):
            continue
        for shape in [*call.args, *(word.value for word in call.keywords)]:
            if not isinstance(shape, (ast.Tuple, ast.List)) or not shape.elts:
                continue
            if value_of(shape.elts[0], known) == made.count:
                change = _open(call, shape, made, function, failure, known)
                return function.code.source(call), change
    return None


def _constants(function: OwnFunction) -> dict[str, Any]:
    """Returns the numbers that a function assigns to variables."""
    return {
        node.targets[0].id: node.value.value
        for node in ast.walk(function.node)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }


def _open(
    call: ast.Call,
    shape: ast.Tuple | ast.List,
    made: _Made,
    function: OwnFunction,
    failure: Failure,
    known: dict[str, Any],
) -> Change:
    """Returns the change that reads the number of examples from the layer's input."""
    name = called_name(function.code.source(call))
    if name == "reshape":
        return function.code.replaced(shape.elts[0], "-1")
    tensor = _tensor(function, made)
    ops = spelled("ops", failure)
    rest = tuple(value_of(size, known) for size in shape.elts[1:])
    like = shape_of(made.node.input_tensors[0]) or ()
    if rest == like[1:] and None not in rest:
        return function.code.replaced(shape, f"{ops}.shape({tensor})")
    return function.code.replaced(shape.elts[0], f"{ops}.shape({tensor})[0]")


def _tensor(function: OwnFunction, made: _Made) -> str:
    """Returns the expression for the first input tensor inside a layer's function."""
    name = function.parameters[0].arg
    if len(made.node.input_tensors) == 1:
        return name
    parts = function.unpacked(name)
    return parts[0] if parts else f"{name}[0]"


def _old(change: Change, function: OwnFunction | None) -> str:
    if function is None:
        return ""
    for node in ast.walk(function.node):
        if isinstance(node, ast.expr) and begin_of(node) == change.begin:
            return function.code.source(node)
    return ""


# ---------------------------------------------------------------------------------------------
# A batch whose size is not known yet


def _in_the_graph(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Lets a layer make the tensor: only its `call` knows how many examples there are."""
    call, code = _making_call(failure), failure.source
    if call is None or code is None or failure.scope is None:
        return None
    if failure.scope.f_code.co_name != "<module>":
        return None
    known = variables(failure.scope)
    tensors = sorted({node.id for node in _tensors_in(call, known)})
    source = code.source(call)
    random = "random" in source
    reason = _("`{code}` needs the number of examples, which is not known while the graph is "
               "built.")  # fmt: skip
    if random:
        reason = _(
            "`{code}` would draw numbers while the graph is built, when the number of examples "
            "is not known."
        )
    edit = _("Make this tensor in the `call` of a layer: it runs on each batch.")
    if random:
        edit = _("Draw the numbers in the `call` of a layer: it runs on each batch.")
    short = source if len(source) <= 60 else f"{called_name(source)}(...)"
    changes: tuple[Change, ...] = ()
    if len(tensors) == 1:
        changes = _as_layer(call, tensors[0], random, failure)
    return Mistake("random-in-graph", reason.format(code=short), "", edit, "", changes)


def _making_call(failure: Failure) -> ast.Call | None:
    """Returns the call that makes a tensor of a given shape, around the failing expression."""
    node: ast.AST | None = failure.expression
    while node is not None and not isinstance(node, ast.stmt) and failure.source is not None:
        if isinstance(node, ast.Call):
            name = called_name(failure.source.source(node))
            if name in _MAKERS:
                return node
        node = failure.source.parents.get(node)
    return None


def _tensors_in(call: ast.Call, known: Any) -> Iterator[ast.Name]:
    for node in ast.walk(call):
        if isinstance(node, ast.Name) and is_symbolic(known.get(node.id)):
            yield node


def _as_layer(
    call: ast.Call, tensor: str, random: bool, failure: Failure
) -> tuple[Change, ...]:
    code = failure.source
    statement = None if code is None else code.statement_of(call)
    known = variables(failure.scope)
    if code is None or statement is None:
        return ()
    name = "Noise" if random else called_name(code.source(call)).capitalize()
    while name in known:
        name = f"{name}Layer"
    body = code.source(call).replace(
        f"{tensor}.shape", f"{spelled('ops', failure)}.shape({tensor})"
    )
    body = re.sub(r"\bn(?:um)?py?\.random\.(\w+)\(size=", r"keras.random.\1(", body)
    lines = [
        f"class {name}({spelled('layers', failure)}.Layer):",
        f"    def call(self, {tensor}):",
        f"        return {body}",
        "",
    ]
    indent = "\n" + " " * statement.col_offset
    changes = (
        code.line_before(statement, indent.join(lines)),
        code.replaced(call, f"{name}()({tensor})"),
    )
    return changes if parses(changes) else ()


_OTHER_SIZE = (
    r"Incompatible shapes|must be equal|requested shape|Input to reshape|"
    r"same (?:shape|size)|does not match"
)

RULES: tuple[Rule, ...] = (
    rule("fixed-batch", _OTHER_SIZE, _fixed_batch),
    rule("fixed-batch", _OTHER_SIZE, _in_own_model),
    rule("fixed-batch", _OTHER_SIZE, _fixed_input),
    rule(
        "random-in-graph",
        r"convert a value \(None\)|NoneType|None values not supported|"
        r"cannot be used as input to a TensorFlow function|num_rows=None|"
        r"Failed to convert elements of [(\[][^)\]]*None",
        _in_the_graph,
    ),
)
