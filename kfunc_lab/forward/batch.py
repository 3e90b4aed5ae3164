"""The activations of one batch, stored up to a memory limit and recomputed on demand above it."""

import contextlib
import functools
import math
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kfunc_lab.forward.capture import Subject, capture, capture_in_chunks
from kfunc_lab.forward.inputs import check_inputs
from kfunc_lab.forward.recording import CapturedCall, Recording, Tensor, statistics_of_tensor
from kfunc_lab.forward.samples import (
    fixed_batch_size,
    sample_count,
    slice_samples,
)
from kfunc_lab.forward.statistics import Statistics
from kfunc_lab.forward.values import Values, no_such_call
from kfunc_lab.graph.keras.reader import read
from kfunc_lab.graph.model.layer_graph import Call, Group, LayerGraph
from kfunc_lab.graph.model.memory import activation_bytes, no_garbage_collection
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.thumbnails import thumbnail

# The state of a value: kept from the first pass, recomputed, or recomputed with weights that have
# changed since.
KEPT, RECOMPUTED, CHANGED = "kept", "recomputed", "changed"

# The share of the limit that one chunk of a large batch may take: Keras needs more while it runs.
_CHUNK_SHARE = 0.1


@dataclass(frozen=True)
class SampleValues:
    """The activation of one sample.

    Attributes:
        values: The numbers, without the batch axis if there is one.
        state: `KEPT`, `RECOMPUTED` or `CHANGED`.
    """

    values: Numbers
    state: str


class BatchActivations:
    """The outputs of every call of a model for one batch.

    Attributes:
        graph: The model's graph.
        x: The batch.
        recording: The record of the forward pass.
    """

    def __init__(
        self,
        subject: Subject,
        x: Any,
        recording: Recording,
        dtype: str | None = None,
        limit: float = math.inf,
    ) -> None:
        self.graph = subject.graph
        self.x = x
        self.recording = recording
        self._subject = subject
        self._dtype = dtype
        self._limit = limit
        self._statistics: dict[tuple[str, int], Statistics] = {}
        # The last recomputed sample with all its calls, or one call if all exceed the limit.
        self._last_sample: tuple[int, Recording | None] = (-1, None)
        self._last_call: tuple[tuple[str, int], CapturedCall] | None = None

    @property
    def samples(self) -> int:
        """The number of samples."""
        return sample_count(self.x)

    @property
    def values(self) -> Values:
        """The outputs of each call, by its id."""
        known = {*self.graph.call_of, *self.graph.group_of}
        return Values(self.recording.calls, self.complete_call, known)

    @property
    def model(self) -> Any:
        """The model."""
        return self._subject.model

    @property
    def _depends_on_batch(self) -> bool:
        return self.training or self.recording.depends_on_batch

    @property
    def training(self) -> bool:
        """Whether the model was called in training mode."""
        return self._subject.training

    def calls_of(self, item: str) -> list[CapturedCall]:
        """Returns the recorded calls that belong to an item of the graph, its own call first."""
        return self._calls_by_item.get(item, [])

    @functools.cached_property
    def _calls_by_item(self) -> dict[str, list[CapturedCall]]:
        by_item: dict[str, list[CapturedCall]] = defaultdict(list)
        for call in self.recording.calls.values():
            by_item[call.item].append(call)
        return {
            item: sorted(calls, key=lambda call: call.base != item)
            for item, calls in by_item.items()
        }

    def sample(self, call_id: str, tensor: int, sample: int) -> SampleValues:
        """Returns one output of a call for one sample.

        Args:
            call_id: The call.
            tensor: The number of the output.
            sample: The number of the sample.

        Returns:
            The values, recomputed if they were not stored.
        """
        recorded = self.recording.calls[call_id].tensors[tensor]
        if recorded.values is not None:
            return SampleValues(_values_of_sample(recorded.values, sample, self.samples), KEPT)
        recomputed = self._recompute(call_id, sample).tensors[tensor]
        assert recomputed.values is not None  # noqa: S101 - one sample is always stored
        values = _values_of_sample(recomputed.values, 0, 1)
        has_changed = self._has_changed(values, recorded, sample)
        return SampleValues(values, CHANGED if has_changed else RECOMPUTED)

    def _recompute(self, call_id: str, sample: int) -> CapturedCall:
        """Recomputes a call for one sample, and caches the last one."""
        recording = self._recording_of(sample)
        if recording is not None and call_id in recording.calls:
            return recording.calls[call_id]
        if self._last_call is None or self._last_call[0] != (call_id, sample):
            self._last_call = (call_id, sample), self._capture_call(call_id, sample)
        return self._last_call[1]

    def _recording_of(self, sample: int) -> Recording | None:
        """Recomputes all calls for one sample, if they fit into the limit."""
        if self._last_sample[0] != sample:
            self._last_sample = (sample, None)  # frees the previous one first
            self._last_sample = (sample, self._capture_sample(sample))
        return self._last_sample[1]

    def _capture_sample(self, sample: int) -> Recording | None:
        exceeds_limit = self.recording.needed / self.samples > self._limit
        if self._depends_on_batch or exceeds_limit:
            return None
        x = slice_samples(self.x, sample, sample + 1)
        with contextlib.suppress(Exception):  # a model may accept one batch size only
            recording = capture(self._subject, x, dtype=self._dtype, limit=self._limit)
            return recording if recording.complete else None
        return None

    def _capture_call(self, call_id: str, sample: int) -> CapturedCall:
        only = {self.recording.calls[call_id].base}
        if not self._depends_on_batch:
            with contextlib.suppress(Exception):
                x = slice_samples(self.x, sample, sample + 1)
                return capture(self._subject, x, only=only).calls[call_id]
        call = capture(self._subject, self.x, only=only).calls[call_id]
        return _with_one_sample(call, sample, self.samples)

    def _has_changed(self, values: Numbers, recorded: Tensor, sample: int) -> bool:
        """Tells whether a value differs from the first pass, because the model was trained."""
        if recorded.statistics is None or not recorded.statistics.count:
            return False
        if len(recorded.statistics.norms) != self.samples:  # one value for the whole batch
            return False
        numbers = np.asarray(values, np.float64)
        norm = math.sqrt(float(np.square(numbers[np.isfinite(numbers)]).sum()))
        return not math.isclose(
            norm, float(recorded.statistics.norms[sample]), rel_tol=1e-3, abs_tol=1e-6
        )

    def statistics(self, call_id: str, tensor: int = 0) -> Statistics:
        """Returns the statistics of an output of a call, over all samples."""
        key = (call_id, tensor)
        if key not in self._statistics:
            call = self.recording.calls[call_id]
            self._statistics[key] = statistics_of_tensor(call.tensors[tensor], call)
        return self._statistics[key]

    def thumbnail(self, call_id: str, sample: int) -> Numbers | None:
        """Returns a small picture of a call's first output, or `None` if there is none."""
        call = self.recording.calls[call_id]
        if not call.tensors:
            return None
        first = call.tensors[0]
        if first.values is not None:
            values = _values_of_sample(first.values, sample, self.samples)
            return thumbnail(values, call.channels_first)
        if sample < len(first.thumbnails):
            return first.thumbnails[sample]
        recording = self._recording_of(sample)
        recomputed = recording.calls.get(call_id) if recording is not None else None
        if recomputed is None or not recomputed.tensors or recomputed.tensors[0].values is None:
            return None
        values = _values_of_sample(recomputed.tensors[0].values, 0, 1)
        return thumbnail(values, call.channels_first)

    def with_samples(self, x: Any) -> "BatchActivations":
        """Calls the model on other samples, such as one that the learner draws."""
        return BatchActivations(
            self._subject, x, capture(self._subject, x, dtype=self._dtype), self._dtype
        )

    def complete_call(self, call_id: str) -> CapturedCall:
        """Returns a call with the values of all samples, recomputed if they were not stored."""
        call = self.recording.calls[call_id]
        if self.recording.complete:
            return call
        return capture(self._subject, self.x, only={call.base}, dtype=self._dtype).calls[
            call_id
        ]


def run(
    model: Any,
    x: Any,
    *,
    training: bool,
    layers: Collection[str] | None,
    dtype: str | None,
    limit: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> BatchActivations:
    """Calls a model on a batch and stores the outputs of each call, up to a limit.

    Args:
        model: The model or layer.
        x: An array, or a list, tuple or dict of arrays with the batch axis first.
        training: The `training` argument of the call.
        layers: The only layers or calls to record, by name; `None` for all.
        dtype: The type in which to store numbers.
        limit: The number of bytes that may be stored.
        progress: Called with the number of finished samples and of all samples, if the batch is
            split into chunks.

    Returns:
        The activations.

    Raises:
        TypeError: If `x` holds no arrays, or `model` is not a Keras layer.
        ValueError: If `x` does not fit the model, or no layer has a name in `layers`.
        Exception: Whatever the model raises.
    """
    x = check_inputs(model, x)
    with no_garbage_collection():
        reading = read(model)
    graph = reading.graph
    subject = Subject(model, graph, reading.items, training)
    only = None if layers is None else _calls_named(graph, layers)
    recording = _recorded(subject, x, only, dtype, limit, progress)
    return BatchActivations(subject, x, recording, dtype, limit)


def _recorded(
    subject: Subject,
    x: Any,
    only: Collection[str] | None,
    dtype: str | None,
    limit: int,
    progress: Callable[[int, int], None],
) -> Recording:
    count = sample_count(x)
    size = _chunk_size(subject.graph, count, limit, dtype)
    is_split = not (subject.training or only is not None or size >= count)
    if is_split and not fixed_batch_size(subject.model):
        # What fails for a part of the samples may do for all of them.
        with contextlib.suppress(Exception):
            return capture_in_chunks(subject, x, size, lambda done: progress(done, count))
    recording = capture(subject, x, only=only, dtype=dtype, limit=limit)
    return replace(recording, depends_on_batch=is_split or recording.depends_on_batch)


def _chunk_size(graph: LayerGraph, count: int, limit: int, dtype: str | None) -> int:
    """Returns the number of samples in one chunk; all of them if they fit into the limit."""
    if not graph.connected:
        return count
    sizes = [activation_bytes(call) or 0 for call in graph.calls if call.id not in graph.inside]
    if sum(sizes) * count * (0.5 if dtype == "float16" else 1) <= limit:
        return count
    return max(int(limit * _CHUNK_SHARE / sum(sizes)), 1)


def _calls_named(graph: LayerGraph, names: Collection[str]) -> set[str]:
    if isinstance(names, str):
        names = [names]
    items: list[Call | Group] = [*graph.calls, *graph.groups]
    ids: set[str] = set()
    for name in names:
        matching = {item.id for item in items if name in (item.id, item.layer)}
        if not matching:
            raise ValueError(no_such_call(name, [*graph.call_of, *graph.group_of]))
        ids |= matching
    return ids


def _values_of_sample(values: Numbers, sample: int, samples: int) -> Numbers:
    """Returns the row of one sample, or all values if they have no row for each sample."""
    # A row of texts without further axes is a bare object, which is no array.
    has_rows = values.ndim and len(values) == samples
    return np.asarray(values[sample]) if has_rows else values


def _with_one_sample(call: CapturedCall, sample: int, samples: int) -> CapturedCall:
    if samples == 1:
        return call
    tensors = (
        replace(tensor, values=_values_of_sample(tensor.values, sample, samples)[None])
        for tensor in call.tensors
        if tensor.values is not None
    )
    return replace(call, tensors=tuple(tensors))
