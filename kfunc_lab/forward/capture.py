"""Records the outputs of every call of a model in one forward pass."""

import functools
import inspect
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from kfunc_lab.forward.call_names import CallNames, Place
from kfunc_lab.forward.call_outputs import arrays_of, as_arrays, new_call, with_outputs
from kfunc_lab.forward.inputs import runs_own_graph
from kfunc_lab.forward.interception import intercept_calls, is_tracing, unchanged
from kfunc_lab.forward.recording import (
    CapturedCall,
    Recording,
    Tensor,
    merge_recordings,
    summarise,
)
from kfunc_lab.forward.samples import chunks_of, sample_count, slice_samples
from kfunc_lab.graph.keras.nodes import functional_of, standardized_inputs
from kfunc_lab.graph.model.layer_graph import LayerGraph, unused_id
from kfunc_lab.ui.arrays import Numbers


class DependsOnBatchError(Exception):
    """A batch cannot be split, because the values of a sample depend on the others."""


@dataclass(frozen=True)
class Subject:
    """The model to record, and how to call it.

    Attributes:
        model: The model or layer.
        graph: Its graph.
        items: The ids of its calls, as a `Reading` holds them.
        training: The `training` argument.
    """

    model: Any
    graph: LayerGraph
    items: Any = field(repr=False)
    training: bool = False


def capture(
    subject: Subject,
    x: Any,
    *,
    only: Collection[str] | None = None,
    dtype: str | None = None,
    limit: float = math.inf,
    first_sample: int = 0,
    whole: bool = True,
) -> Recording:
    """Calls a model once, and records the outputs of each call within it.

    Args:
        subject: The model.
        x: The inputs.
        only: The ids of the only calls to record, together with the calls inside them.
        dtype: The type in which to store numbers, such as `"float16"`; by default their own.
        limit: The number of bytes that may be stored. Above it, only statistics and thumbnails
            are.
        first_sample: The number of the first sample in `x`.
        whole: Whether `x` holds all samples, rather than a chunk of them.

    Returns:
        The recording. The model is left unchanged, even if it fails.

    Raises:
        Exception: Whatever the model raises.
    """
    # Passed even if it is false: random layers, and layers of users, may train by default.
    for argument in ({"training": subject.training}, {}):
        recorder = _Recorder(subject, only, dtype, limit, first_sample)
        recorder.is_summary = not whole
        recorder.samples = sample_count(x)
        try:
            with (
                unchanged(subject.model) as recorder.scope,
                intercept_calls(subject.model, recorder.run),
            ):
                outputs = subject.model(x, **argument)
            break
        except TypeError as error:
            # Keras passes it on to a layer whose `call` was replaced by one that takes none.
            if subject.training or not argument or "'training'" not in str(error):
                raise
    return recorder.recording(outputs)


def capture_in_chunks(
    subject: Subject, x: Any, size: int, progress: Callable[[int], None]
) -> Recording:
    """Calls a model on one chunk of a batch after another, and stores statistics of them all.

    Args:
        subject: The model.
        x: The inputs.
        size: The number of samples in a chunk.
        progress: Called with the number of finished samples.

    Returns:
        The recording, without values.

    Raises:
        DependsOnBatchError: If what the model returns for a sample depends on the others.
        Exception: Whatever the model raises.
    """
    if _depends_on_others(subject, x):
        raise DependsOnBatchError
    merged: Recording | None = None
    for first, chunk in chunks_of(x, size):
        part = capture(subject, chunk, first_sample=first, whole=False)
        if part.depends_on_batch:
            raise DependsOnBatchError
        merged = part if merged is None else merge_recordings(merged, part)
        progress(merged.samples)
    assert merged is not None  # noqa: S101 - an empty batch is rejected earlier
    return merged


def _depends_on_others(subject: Subject, x: Any) -> bool:
    """Tells whether the values of a sample are others if it is alone."""
    together = capture(subject, slice_samples(x, 0, 2), whole=False)
    alone = capture(subject, slice_samples(x, 0, 1), whole=False)
    return any(
        not _is_alike(one, other)
        for call_id, call in alone.calls.items()
        for one, other in zip(call.tensors, together.calls[call_id].tensors, strict=True)
    )


def _is_alike(alone: Tensor, together: Tensor) -> bool:
    one, other = alone.statistics, together.statistics
    if one is None or other is None or not one.norms.size or not other.norms.size:
        return True
    return bool(np.allclose(one.norms[0], other.norms[0], 1e-3, 1e-6, equal_nan=True))


class _Recorder:
    """Runs each call of the model in its place, and records its outputs."""

    def __init__(
        self,
        subject: Subject,
        only: Collection[str] | None,
        dtype: str | None,
        limit: float,
        first_sample: int,
    ) -> None:
        known = {*subject.graph.call_of, *subject.graph.group_of}
        self._names = CallNames(subject.items, known)
        self._only = only
        self._dtype = dtype
        self._limit = limit
        self._first_sample = first_sample
        self._running: list[Place] = []
        self._calls: list[tuple[Place, CapturedCall]] = []
        self._ended: list[int] = []  # indices into `_calls`, in the order in which calls ended
        self._addresses: set[int] = set()
        self._kept = 0
        self._needed = 0
        self._computes_scores = False  # an attention layer runs again for its scores
        self.is_summary = False
        self.samples = 0
        self.scope: Any = None

    def run(self, operation: Any, call: Any, args: Any, named: dict[str, Any]) -> Any:
        """Runs a call, and records its outputs."""
        __tracebackhide__ = True
        if self._computes_scores:
            return call(*args, **named)
        place = self._names.place(self._running, operation)
        needs_scores = has_scores(call) and self._is_selected(place) and not is_tracing()
        state = dict(self.scope.state_mapping) if needs_scores else {}
        index = len(self._calls)
        self._calls.append((place, new_call(place)))
        self._running.append(place)
        try:
            # A user's own class may change the inputs before they enter the graph.
            if place.nodes and runs_own_graph(operation):
                self._record_inputs(place, args, named)
            outputs = call(*args, **named)
        finally:
            self._running.pop()
        place.skips_first = _infers_cell_shape(place, args, named)
        scores = self._scores(call, args, named, outputs, state) if needs_scores else None
        self._record(index, place, outputs, scores)
        return outputs

    def _record_inputs(self, place: Place, args: Any, named: dict[str, Any]) -> None:
        inputs = args[0] if args else named.get("inputs")
        tensors = standardized_inputs(functional_of(place.operation), inputs)
        for inner, tensor in zip(self._names.inputs(place), tensors, strict=False):
            self._calls.append((inner, new_call(inner)))
            self._record(len(self._calls) - 1, inner, tensor, None)

    def _scores(self, call: Any, args: Any, named: Any, outputs: Any, state: Any) -> Any:
        """Calls an attention layer again for its scores, with the seeds it started with."""
        if named.get("return_attention_scores"):
            return outputs[1]
        mapping = self.scope.state_mapping
        self.scope.state_mapping = state
        self._computes_scores = True
        try:
            return call(*args, **{**named, "return_attention_scores": True})[1]
        except Exception:  # a picture of the scores must not make the model fail
            return None
        finally:
            self.scope.state_mapping = mapping
            self._computes_scores = False

    def _record(self, index: int, place: Place, outputs: Any, scores: Any) -> None:
        self._ended.append(index)
        if not place.base or not self._is_selected(place):
            return
        call = with_outputs(self._calls[index][1], outputs, scores, self._dtype)
        size = sum(map(self._new_bytes, arrays_of(call)))
        self._needed += size
        if self.is_summary:
            call = summarise(call, self._first_sample)
        else:
            self._kept += size
        self._calls[index] = (place, call)
        if self._kept > self._limit:
            self._summarise_all()

    def _new_bytes(self, array: Numbers) -> int:
        """Returns the size of an array, or 0 if a call only passed it on."""
        address = array.__array_interface__["data"][0]
        if not self.is_summary and address in self._addresses:
            return 0
        self._addresses.add(address)
        return array.nbytes

    def _is_selected(self, place: Place) -> bool:
        if self._only is None:
            return True
        ancestor: Place | None = place
        while ancestor is not None:
            if ancestor.base in self._only:
                return True
            ancestor = ancestor.parent
        return False

    def _summarise_all(self) -> None:
        self.is_summary = True
        self._kept = 0
        self._calls = [
            (place, summarise(call, self._first_sample)) for place, call in self._calls
        ]

    def recording(self, outputs: Any) -> Recording:
        """Returns the recording."""
        recorded: dict[str, CapturedCall] = {}
        ids: dict[int, str] = {}
        for index, (place, call) in enumerate(self._calls):
            if place.base and not place.is_probe and self._is_selected(place):
                # A layer may have the name that the second call of another one gets.
                ids[index] = unused_id(place.id, recorded)
                recorded[ids[index]] = replace(call, id=ids[index])
        return Recording(
            calls=recorded,
            outputs=None if self.is_summary else as_arrays(outputs),
            samples=self.samples,
            kept=self._kept,
            needed=self._needed,
            complete=not self.is_summary,
            # A call has drawn random numbers, or updated a state or an average.
            depends_on_batch=bool(self.scope.state_mapping),
            ended=tuple(ids[index] for index in self._ended if index in ids),
        )


def _infers_cell_shape(place: Place, args: Any, named: dict[str, Any]) -> bool:
    """Tells whether a recurrent layer called its cell once more often than it has time steps."""
    import keras

    layer = place.operation
    if not isinstance(layer, keras.layers.RNN):
        return False
    sequences: Any = args[0] if args else named.get("sequences")
    return bool(place.counts[id(layer.cell)] == sequences.shape[1] + 1)


@functools.lru_cache(maxsize=256)
def _accepts_scores_argument(function: Any) -> bool:
    try:
        return "return_attention_scores" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def has_scores(call: Any) -> bool:
    """Tells whether a layer can return its attention scores."""
    return _accepts_scores_argument(getattr(call, "__func__", call))
