"""Compares the activations of one batch before and after training, or in two similar models."""

from collections.abc import Mapping

import numpy as np

from kfunc_lab.forward.batch import BatchActivations
from kfunc_lab.forward.recording import CapturedCall
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable


def match_calls(now: BatchActivations, before: BatchActivations) -> Mapping[str, str]:
    """Finds for each call its counterpart in an earlier pass.

    Args:
        now: The activations.
        before: The activations of the earlier pass, of the same model or of a model with the same
            layers in the same order.

    Returns:
        For the id of each call the id of the earlier call.

    Raises:
        ValueError: If the models differ, or the samples do.
    """
    import keras

    calls, earlier = list(now.recording.calls.values()), list(before.recording.calls.values())
    for one, other in zip(calls, earlier, strict=False):
        if not _are_alike(one, other):
            raise ValueError(
                _(
                    "Only models with the same layers in the same order can be compared: one "
                    "has {one} where the other has {other}."
                ).format(one=_describe(one), other=_describe(other))
            )
    if len(calls) != len(earlier):
        raise ValueError(
            _(
                "Only models with the same number of calls can be compared; these "
                "have {n} and {m}."
            ).format(n=len(calls), m=len(earlier))
        )
    pairs = zip(keras.tree.flatten(now.x), keras.tree.flatten(before.x), strict=True)
    if not all(np.array_equal(a, b, equal_nan=_has_nan(a)) for a, b in pairs):
        raise ValueError(
            _(
                "Only activations of the same samples can be compared; the earlier "
                "samples were different."
            )
        )
    return {one.id: other.id for one, other in zip(calls, earlier, strict=True)}


def _has_nan(values: object) -> bool:
    return np.asarray(values).dtype.kind == "f"


def _are_alike(one: CapturedCall, other: CapturedCall) -> bool:
    shapes = [[tensor.shape for tensor in call.tensors] for call in (one, other)]
    return one.kind == other.kind and shapes[0] == shapes[1]


def _describe(call: CapturedCall) -> str:
    shapes = ", ".join(str(tensor.shape) for tensor in call.tensors)
    return f"{printable(call.id)} ({printable(call.kind)}, {shapes})"


def relative_changes(
    now: BatchActivations, before: BatchActivations, pairs: Mapping[str, str]
) -> Mapping[str, float]:
    """Returns the relative change of each call's first output.

    Args:
        now: The activations.
        before: The activations of the earlier pass.
        pairs: The result of `match_calls`.

    Returns:
        For the id of each call the norm of the difference, divided by the norm of the earlier
        values. Calls without stored values are left out.
    """
    changes = {}
    for call_id, earlier_id in pairs.items():
        tensors = now.recording.calls[call_id].tensors
        earlier = before.recording.calls[earlier_id].tensors
        if not tensors or tensors[0].values is None or earlier[0].values is None:
            continue
        if tensors[0].values.dtype.kind not in "fiub":
            continue
        a = np.asarray(tensors[0].values, np.float64)
        b = np.asarray(earlier[0].values, np.float64)
        norm = float(np.linalg.norm(b))
        difference = float(np.linalg.norm(a - b))
        changes[call_id] = (
            difference / norm if norm else (0.0 if not difference else float("inf"))
        )
    return changes
