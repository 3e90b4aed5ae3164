"""The activations of one batch: kept where there is room, and else computed again when asked."""

import contextlib
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kfunc_lab.forward.capture import Subject, capture, capture_in_pieces
from kfunc_lab.forward.recording import CapturedCall, Recording, Tensor, statistics_of_tensor
from kfunc_lab.forward.samples import checked, count_of, fixed_batch, part_of, pieces_of
from kfunc_lab.forward.statistics import Statistics
from kfunc_lab.forward.values import Values, no_such_call
from kfunc_lab.graph.keras.reader import read
from kfunc_lab.graph.model.layer_graph import Call, Group, LayerGraph
from kfunc_lab.graph.model.memory import activation_bytes
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.thumbnails import thumbnail

# What a value shown is: kept from the first pass, computed again, or computed again with weights
# that have changed since.
KEPT, AGAIN, CHANGED = "kept", "again", "changed"

# Of the limit, what one piece of a large batch may take; Keras needs some more meanwhile.
_SHARE_OF_A_PIECE = 0.1


@dataclass(frozen=True)
class Found:
    """The activation of one sample.

    Attributes:
        values: The numbers, without the batch where there is one.
        state: Whether they were kept, computed again, or have changed since.
    """

    values: Numbers
    state: str


class BatchActivations:
    """What flows through each call of a model for one batch.

    Attributes:
        graph: The model's graph.
        x: The batch.
        recording: What the forward pass gave.
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
        # What was computed again last: a sample's calls, or one of them where all have no room.
        self._sample: tuple[int, Recording | None] = (-1, None)
        self._last: tuple[tuple[str, int], CapturedCall] | None = None

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return count_of(self.x)

    @property
    def values(self) -> Values:
        """The results of each call, by its id."""
        known = {*self.graph.call_of, *self.graph.group_of}
        return Values(self.recording.calls, self.whole, known)

    @property
    def model(self) -> Any:
        """The model."""
        return self._subject.model

    @property
    def training(self) -> bool:
        """Whether the model was called as in training."""
        return self._subject.training

    def calls_of(self, item: str) -> list[CapturedCall]:
        """Returns the calls that belong to a call or group of the graph, its own first."""
        calls = [it for it in self.recording.calls.values() if it.item == item]
        return sorted(calls, key=lambda it: it.base != item)

    def sample(self, call_id: str, tensor: int, sample: int) -> Found:
        """Returns a result of a call for one sample.

        Args:
            call_id: The call.
            tensor: Which of its results.
            sample: The number of the sample.

        Returns:
            The values, computed again where they are not kept.
        """
        kept = self.recording.calls[call_id].tensors[tensor]
        if kept.values is not None:
            return Found(_of_sample(kept.values, sample, self.samples), KEPT)
        again = self._again(call_id, sample).tensors[tensor]
        assert again.values is not None  # noqa: S101 - one sample is always kept
        values = _of_sample(again.values, 0, 1)
        return Found(values, CHANGED if self._differs(values, kept, sample) else AGAIN)

    def _again(self, call_id: str, sample: int) -> CapturedCall:
        """Computes a call for one sample again; what was computed last is remembered."""
        whole = self._one(sample)
        if whole is not None and call_id in whole.calls:
            return whole.calls[call_id]
        if self._last is None or self._last[0] != (call_id, sample):
            self._last = (call_id, sample), self._computed(call_id, sample)
        return self._last[1]

    def _one(self, sample: int) -> Recording | None:
        """Computes all calls for one sample again, if there is room for them."""
        if self._sample[0] != sample:
            self._sample = (sample, None)  # the former one is let go before
            self._sample = (sample, self._whole_sample(sample))
        return self._sample[1]

    def _whole_sample(self, sample: int) -> Recording | None:
        too_much = self.recording.needed / self.samples > self._limit
        # In training each sample counts for the others.
        if self.training or too_much:
            return None
        part = part_of(self.x, sample, sample + 1)
        with contextlib.suppress(Exception):  # a model may take one size of batch only
            found = capture(self._subject, part, dtype=self._dtype, limit=self._limit)
            return found if found.complete else None
        return None

    def _computed(self, call_id: str, sample: int) -> CapturedCall:
        only = {self.recording.calls[call_id].base}
        if not self.training:
            with contextlib.suppress(Exception):
                part = part_of(self.x, sample, sample + 1)
                return capture(self._subject, part, only=only).calls[call_id]
        call = capture(self._subject, self.x, only=only).calls[call_id]
        return _cut(call, sample, self.samples)

    def _differs(self, values: Numbers, kept: Tensor, sample: int) -> bool:
        """Tells whether a value is another than in the first pass: the model was trained."""
        if kept.statistics is None or not kept.statistics.count:
            return False
        if len(kept.statistics.norms) != self.samples:  # it is the same for all of them
            return False
        numbers = np.asarray(values, np.float64)
        norm = math.sqrt(float(np.square(numbers[np.isfinite(numbers)]).sum()))
        return not math.isclose(
            norm, float(kept.statistics.norms[sample]), rel_tol=1e-3, abs_tol=1e-6
        )

    def statistics(self, call_id: str, tensor: int = 0) -> Statistics:
        """Returns the statistics of a result of a call, over all samples."""
        key = (call_id, tensor)
        if key not in self._statistics:
            call = self.recording.calls[call_id]
            self._statistics[key] = statistics_of_tensor(call.tensors[tensor], call)
        return self._statistics[key]

    def thumbnail(self, call_id: str, sample: int) -> Numbers | None:
        """Returns a small picture of a call's first result, where one can be had."""
        call = self.recording.calls[call_id]
        if not call.tensors:
            return None
        first = call.tensors[0]
        if first.values is not None:
            values = _of_sample(first.values, sample, self.samples)
            return thumbnail(values, call.channels_first)
        if sample < len(first.thumbnails):
            return first.thumbnails[sample]
        whole = self._one(sample)
        again = whole.calls.get(call_id) if whole is not None else None
        if again is None or not again.tensors or again.tensors[0].values is None:
            return None
        return thumbnail(_of_sample(again.tensors[0].values, 0, 1), call.channels_first)

    def with_samples(self, x: Any) -> "BatchActivations":
        """Calls the model on other samples, as when they are drawn."""
        return BatchActivations(
            self._subject, x, capture(self._subject, x, dtype=self._dtype), self._dtype
        )

    def whole(self, call_id: str) -> CapturedCall:
        """Returns a call with the values of all samples, computed again where not kept."""
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
    """Calls a model on a batch and keeps what each call gives, within a limit.

    Args:
        model: The model or layer.
        x: An array, or a list, tuple or dict of arrays, the batch first.
        training: The `training` argument of the call.
        layers: The only layers or calls to record, by name.
        dtype: The type in which numbers are kept.
        limit: The bytes that may be kept.
        progress: Is called with the samples that are done and all samples, if the batch is cut
            into pieces.

    Returns:
        The activations.

    Raises:
        TypeError: If `x` or the model is no such thing.
        ValueError: If `x` does not fit the model, or there is no such layer.
        Exception: Whatever the model raises.
    """
    x = checked(model, x)
    reading = read(model)
    graph = reading.graph
    subject = Subject(model, graph, reading.items, training)
    only = None if layers is None else _calls_named(graph, layers)
    count = count_of(x)
    size = _samples_at_once(graph, count, limit, dtype)
    if training or only is not None or size >= count or fixed_batch(model):
        recording = capture(subject, x, only=only, dtype=dtype, limit=limit)
    else:
        recording = capture_in_pieces(
            subject, pieces_of(x, size), lambda done: progress(done, count)
        )
    return BatchActivations(subject, x, recording, dtype, limit)


def _samples_at_once(graph: LayerGraph, count: int, limit: int, dtype: str | None) -> int:
    """Returns how many samples may be in one piece, if all together need too much room."""
    if not graph.connected:
        return count
    sizes = [activation_bytes(call) or 0 for call in graph.calls if call.id not in graph.inside]
    if sum(sizes) * count * (0.5 if dtype == "float16" else 1) <= limit:
        return count
    return max(int(limit * _SHARE_OF_A_PIECE / sum(sizes)), 1)


def _calls_named(graph: LayerGraph, names: Collection[str]) -> set[str]:
    if isinstance(names, str):
        names = [names]
    everything: list[Call | Group] = [*graph.calls, *graph.groups]
    found: set[str] = set()
    for name in names:
        matching = {it.id for it in everything if name in (it.id, it.layer)}
        if not matching:
            raise ValueError(no_such_call(name, [*graph.call_of, *graph.group_of]))
        found |= matching
    return found


def _of_sample(values: Numbers, sample: int, samples: int) -> Numbers:
    """Returns one sample's part of a result; the whole if it is not one row a sample."""
    return values[sample] if values.ndim and len(values) == samples else values


def _cut(call: CapturedCall, sample: int, samples: int) -> CapturedCall:
    if samples == 1:
        return call
    tensors = (
        replace(it, values=_of_sample(it.values, sample, samples)[None])
        for it in call.tensors
        if it.values is not None
    )
    return replace(call, tensors=tuple(tensors))
