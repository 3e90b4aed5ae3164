"""Finds masks that get lost on the way, so that padding counts as data.

Keras passes a mask from layer to layer beside the tensor it belongs to. A raw operation drops it,
and so does a layer that does not support masking.
"""

from collections.abc import Callable, Iterator
from typing import Any

from kfunc_lab.graph.keras.compiled import mask_of
from kfunc_lab.graph.keras.settings import call_parameters
from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable

# These take a mask, but it is not for them that one is made.
_PASSING = {"TimeDistributed", "BatchNormalization", "Lambda"}
# Operations over all steps, padding included.
_COUNTING = {"Mean", "Average", "AveragePooling1D"}


def _lost_masks(case: Case) -> Iterator[Finding]:
    droppers = [call for call in case.calls if _drops(case, call)]
    if not droppers or _handles_masks_itself(case):
        return
    used = any(_uses(case, call) for call in case.calls) or any(
        _is_masked(case, call) for call in case.outputs
    )
    reported: set[str] = set()
    for call in droppers:
        taker = _later_user(case, call)
        head = _later_output(case, call)
        if taker is not None and taker.id not in reported:
            reported.add(taker.id)
            yield _lost_before(call, printable(taker.layer))
        elif taker is None and head is not None:
            yield _lost_before(call, _("the loss"))
        elif taker is None and not used:
            used = True  # one finding is enough
            yield _unused(case, call)
        elif taker is None and call.kind in _COUNTING:
            yield _lost_before(call, printable(call.layer))


def _lost_before(call: Call, taker: str) -> Finding:
    return Finding(
        "mask-lost",
        call.id,
        _(
            "{name} ({kind}) loses the mask that says which steps are padding, so {taker} "
            "counts the padding as data."
        ).format(name=printable(call.layer), kind=printable(call.kind), taker=taker),
        _way_out(call),
        "likely",
    )


def _unused(case: Case, call: Call) -> Finding:
    maker = _maker(case, call)
    return Finding(
        "mask-lost",
        call.id,
        _(
            "{name} ({kind}) loses the mask of {maker}, and no layer has used it, so the padding "
            "counts as data."
        ).format(
            name=printable(call.layer),
            kind=printable(call.kind),
            maker=printable(maker.layer if maker is not None else call.layer),
        ),
        _(
            "Use a layer that respects the mask in its place, such as "
            "`layers.GlobalAveragePooling1D()` or `layers.LSTM(...)`."
        )
        if call.library
        else _way_out(call),
        "likely",
    )


def _way_out(call: Call) -> str:
    if not call.library:
        return _(
            "Set `self.supports_masking = True` in the `__init__` of {kind}, if it keeps the steps."
        ).format(kind=printable(call.kind))
    if call.kind in ("Add", "Subtract", "Multiply", "Maximum", "Minimum", "Average"):
        return _(
            "Use the layer in the place of the operation: `layers.{kind}()([a, b])` keeps the mask."
        ).format(kind=call.kind)
    return _(
        "Put {name} after the layers that need the mask, or use a layer that keeps it."
    ).format(name=printable(call.layer))


def _tensors(case: Case, call: Call) -> tuple[list[Any], list[Any]]:
    """Returns the tensors that a call took and returned; empty if Keras did not record it."""
    node = case.nodes.get(call.id)
    return ([], []) if node is None else (list(node.input_tensors), list(node.outputs))


def _takes_masked(case: Case, call: Call) -> bool:
    return any(mask_of(tensor) is not None for tensor in _tensors(case, call)[0])


def _is_masked(case: Case, call: Call) -> bool:
    return any(mask_of(tensor) is not None for tensor in _tensors(case, call)[1])


def _drops(case: Case, call: Call) -> bool:
    return (
        _takes_masked(case, call)
        and not _is_masked(case, call)
        and not _accepts_masks(case, call)
        and not _computes_masks(case, call)
    )


def _accepts_masks(case: Case, call: Call) -> bool:
    """Tells whether a layer's `call` has an argument for a mask."""
    node = case.nodes.get(call.id)
    if node is None or call.operation:
        return False
    if call.kind == "Lambda":
        function = getattr(node.operation, "function", None)
        code = getattr(function, "__code__", None)
        return code is not None and "mask" in code.co_varnames[: code.co_argcount]
    cls: Any = type(node.operation)
    names = [parameter.name for parameter in call_parameters(cls)]
    return any(name == "mask" or name.endswith("_mask") for name in names)


def _computes_masks(case: Case, call: Call) -> bool:
    """Tells whether the author of a layer has decided what becomes of the mask."""
    node = case.nodes.get(call.id)
    operation = getattr(node, "operation", None)
    return not call.library and bool(getattr(operation, "supports_masking", False))


def _uses(case: Case, call: Call) -> bool:
    """Tells whether a call receives a mask and takes it into account."""
    return (
        call.kind not in _PASSING - {"Lambda"}
        and _takes_masked(case, call)
        and _accepts_masks(case, call)
    )


def _later_user(case: Case, call: Call) -> Call | None:
    """Returns the next call after another that would use a mask but receives none."""
    for call_id in _same_steps_after(case, call):
        taker = case.graph.call_of[call_id]
        wants = _accepts_masks(case, taker) and taker.kind not in {*_PASSING, "Softmax"}
        if wants and not _takes_masked(case, taker):
            return taker
    return None


def _later_output(case: Case, call: Call) -> Call | None:
    """Returns an output with a value for each step, whose loss would use the mask."""
    if not getattr(case.model, "compiled", False):
        return None
    ends = [call.id, *_same_steps_after(case, call)]
    return next(
        (
            output
            for output in case.outputs
            if output.id in ends and _has_steps_of(output, call)
        ),
        None,
    )


def _same_steps_after(case: Case, call: Call) -> list[str]:
    """Returns the calls after another as long as each result has its steps."""
    found: list[str] = []
    waiting = [call.id] if _has_steps_of(call, call) else []
    for call_id in waiting:
        for taker_id in case.takers.get(call_id, ()):
            if taker_id not in found:
                found.append(taker_id)
                if _has_steps_of(case.graph.call_of[taker_id], call):
                    waiting.append(taker_id)
    return found


def _has_steps_of(call: Call, other: Call) -> bool:
    """Tells whether a call returns a number or a vector for each step that another received."""
    shape = call.outputs[0].shape if call.outputs else None
    before = other.inputs[0].shape if other.inputs else None
    if not shape or not before or len(shape) < 2 or len(before) < 3:
        return False
    if len(shape) == 2:  # one number for each step, such as after `Reshape((steps,))`
        return shape[1] == before[1] and shape[1] is not None and before[2] == 1
    return shape[1] == before[1] or other.kind.startswith("Conv1D")


def _maker(case: Case, call: Call) -> Call | None:
    """Returns the call that made the mask which another received."""
    for call_id in case.leading_to([call.id]):
        maker = case.graph.call_of[call_id]
        if _is_masked(case, maker) and not _takes_masked(case, maker):
            return maker
    return None


def _handles_masks_itself(case: Case) -> bool:
    """Tells whether the user computes with masks, as in `ops.not_equal(words, 0)`."""
    return any(
        spec.dtype == "bool" for call in case.calls if call.operation for spec in call.outputs
    )


RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (_lost_masks,)
