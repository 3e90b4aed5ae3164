"""The record of a forward pass as plain data: each call, its outputs and their statistics."""

import functools
from dataclasses import dataclass, replace
from typing import Any

from kfunc_lab.forward.statistics import Statistics, all_finite, combine, statistics_of
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.thumbnails import thumbnails

# The number of samples that have a thumbnail if the values are dropped.
THUMBNAIL_SAMPLES = 8


@dataclass(frozen=True)
class Tensor:
    """One output of a call.

    Attributes:
        name: The output's place among several, such as `"1"` or `"mask"`; empty for a single
            output.
        shape: Its shape, with the batch axis first.
        dtype: The type of its numbers.
        values: The numbers; `None` if they were dropped.
        statistics: Summary statistics if the values were dropped.
        thumbnails: A small picture for each of the first samples if the values were dropped.
        is_scores: Whether it holds the scores of an attention layer, which are recorded in
            addition to its outputs.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    values: Numbers | None = None
    statistics: Statistics | None = None
    thumbnails: tuple[Numbers, ...] = ()
    is_scores: bool = False


@dataclass(frozen=True)
class CapturedCall:
    """One recorded call.

    Attributes:
        id: Its id in the graph, with a number for each further call in the same place.
        base: The id that all calls in the same place share.
        item: The call or group of the graph that it belongs to.
        layer: The layer's name.
        kind: The layer's class.
        activation: The name of its activation function, if it has one.
        channels_first: Whether the channels of its images are the second axis.
        tensors: Its outputs.
        packed: The structure of the outputs, with each output replaced by its index in `tensors`,
            or by `None` if it has no numbers.
        is_compiled: Whether the outputs could not be recorded because the call was compiled.
    """

    id: str
    base: str
    item: str
    layer: str
    kind: str
    activation: str = ""
    channels_first: bool = False
    tensors: tuple[Tensor, ...] = ()
    packed: Any = None
    is_compiled: bool = True


@dataclass(frozen=True)
class Recording:
    """The record of one forward pass.

    Attributes:
        calls: Each call by its id, in the order in which they began.
        outputs: The model's outputs as arrays; `None` if they were dropped.
        samples: The number of samples.
        kept: The size in bytes of the stored values.
        needed: The size in bytes of all values.
        complete: Whether all values are stored.
        ended: The ids of the calls in the order in which they ended.
        depends_on_batch: Whether a sample alone would get other values: other random numbers,
            averages over other samples, or none because the model takes one batch size only.
    """

    calls: dict[str, CapturedCall]
    outputs: Any
    samples: int
    kept: int
    needed: int
    complete: bool
    ended: tuple[str, ...] = ()
    depends_on_batch: bool = False

    @functools.cached_property
    def not_finite(self) -> str:
        """The id of the first call that returned a NaN or an infinity; empty if none did.

        Inputs do not count, because they only pass on the data.
        """
        calls = (self.calls[call_id] for call_id in self.ended)
        for call in calls:
            if call.kind != "InputLayer" and not all(map(is_finite, call.tensors)):
                return call.id
        return ""


def summarise(call: CapturedCall, first_sample: int = 0) -> CapturedCall:
    """Replaces the values of a call's outputs by statistics and thumbnails."""
    tensors = (_summarise_tensor(tensor, call, first_sample) for tensor in call.tensors)
    return replace(call, tensors=tuple(tensors))


def _summarise_tensor(tensor: Tensor, call: CapturedCall, first_sample: int) -> Tensor:
    if tensor.values is None:
        return tensor
    count = max(THUMBNAIL_SAMPLES - first_sample, 0)
    return replace(
        tensor,
        values=None,
        statistics=statistics_of_tensor(tensor, call, first_sample),
        thumbnails=thumbnails(tensor.values[:count], call) if tensor.values.ndim else (),
    )


def is_finite(tensor: Tensor) -> bool:
    """Tells whether an output holds neither NaN nor infinity."""
    if tensor.values is not None:
        return all_finite(tensor.values)
    return tensor.statistics is None or not tensor.statistics.not_finite


def statistics_of_tensor(
    tensor: Tensor, call: CapturedCall, first_sample: int = 0
) -> Statistics:
    """Returns the statistics of one output of a call."""
    if tensor.statistics is not None or tensor.values is None:
        assert tensor.statistics is not None  # noqa: S101 - one of the two is stored
        return tensor.statistics
    return statistics_of(
        tensor.values,
        channels_first=call.channels_first,
        activation="" if tensor.is_scores else call.activation,
        first_sample=first_sample,
    )


def merge_recordings(whole: Recording, part: Recording) -> Recording:
    """Adds the record of a further chunk of the batch."""
    # A layer may be called for some samples only.
    calls = dict(whole.calls)
    for name, call in part.calls.items():
        calls[name] = _merge_calls(calls[name], call, part.samples) if name in calls else call
    return replace(
        whole,
        calls=calls,
        samples=whole.samples + part.samples,
        needed=whole.needed + part.needed,
    )


def _merge_calls(before: CapturedCall, after: CapturedCall, samples: int) -> CapturedCall:
    pairs = zip(before.tensors, after.tensors, strict=True)
    return replace(before, tensors=tuple(_merge_tensors(*pair, samples) for pair in pairs))


def _merge_tensors(before: Tensor, after: Tensor, samples: int) -> Tensor:
    if before.statistics is None or after.statistics is None:
        return before
    if not after.shape or after.shape[0] != samples:
        return before  # one value for all samples
    # A text is padded to the longest one in its chunk.
    sizes = map(max, zip(before.shape[1:], after.shape[1:], strict=True))
    return replace(
        before,
        shape=(before.shape[0] + after.shape[0], *sizes),
        statistics=combine([before.statistics, after.statistics]),
        thumbnails=before.thumbnails + after.thumbnails,
    )
