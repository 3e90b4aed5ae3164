"""What a forward pass gave, as plain data: each call, its results, and what is told of them."""

import functools
from dataclasses import dataclass, replace
from typing import Any

from kfunc_lab.forward.statistics import Statistics, all_finite, statistics_of, together
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.thumbnails import thumbnails

# Where only pictures are kept, so many samples have one.
PICTURED = 8


@dataclass(frozen=True)
class Tensor:
    """One of the results of a call.

    Attributes:
        name: Which of the results it is, as `"1"` or `"mask"`; empty for the only one.
        shape: Its shape, the batch first.
        dtype: The type of its numbers.
        values: The numbers; `None` where they are not kept.
        statistics: What is told of them, where they are not kept.
        thumbnails: A small picture for each of the first samples, where they are not kept.
        is_scores: Whether it holds the scores of an attention layer, which the layer was asked
            for besides.
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
    """One call as it happened.

    Attributes:
        id: Its id: that of the graph; with a number for each further call of the same place.
        base: The id that all calls in the same place share.
        item: The call or group of the graph that it belongs to.
        layer: The layer's name.
        kind: Its class.
        activation: The name of its activation function, if it has one.
        channels_first: Whether the channels of its images are the second axis.
        tensors: Its results.
        packed: The results as the call gave them, each written as its place in `tensors`;
            `None` where they cannot be seen, because the call was compiled.
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


@dataclass(frozen=True)
class Recording:
    """What one forward pass gave.

    Attributes:
        calls: Each call by its id, in the order in which they began.
        outputs: What the model returned, as arrays; `None` where they are not kept.
        samples: How many samples there are.
        kept: The bytes of all values that are kept.
        needed: The bytes of all values.
        complete: Whether all values are kept.
        ended: The ids of the calls in the order in which they ended.
    """

    calls: dict[str, CapturedCall]
    outputs: Any
    samples: int
    kept: int
    needed: int
    complete: bool
    ended: tuple[str, ...] = ()

    @functools.cached_property
    def not_finite(self) -> str:
        """The id of the first call that gave a NaN or an infinity; empty if none did.

        Inputs do not count: what they hold was given to them.
        """
        calls = (self.calls[it] for it in self.ended if self.calls[it].kind != "InputLayer")
        return next((it.id for it in calls if not all(map(is_finite, it.tensors))), "")


def summed_up(call: CapturedCall, first_sample: int = 0) -> CapturedCall:
    """Keeps statistics and thumbnails of a call's results, and no values."""
    return replace(
        call, tensors=tuple(_summed_up(it, call, first_sample) for it in call.tensors)
    )


def _summed_up(tensor: Tensor, call: CapturedCall, first_sample: int) -> Tensor:
    if tensor.values is None:
        return tensor
    room = max(PICTURED - first_sample, 0)
    return replace(
        tensor,
        values=None,
        statistics=statistics_of_tensor(tensor, call, first_sample),
        thumbnails=thumbnails(tensor.values[:room], call) if tensor.values.ndim else (),
    )


def is_finite(tensor: Tensor) -> bool:
    """Tells whether a result has neither NaN nor infinity."""
    if tensor.values is not None:
        return all_finite(tensor.values)
    return tensor.statistics is None or not tensor.statistics.not_finite


def statistics_of_tensor(
    tensor: Tensor, call: CapturedCall, first_sample: int = 0
) -> Statistics:
    """Returns the statistics of one of a call's results."""
    if tensor.statistics is not None or tensor.values is None:
        assert tensor.statistics is not None  # noqa: S101 - one of the two is kept
        return tensor.statistics
    return statistics_of(
        tensor.values,
        channels_first=call.channels_first,
        activation="" if tensor.is_scores else call.activation,
        first_sample=first_sample,
    )


def added(whole: Recording, part: Recording) -> Recording:
    """Adds what a further piece of the batch gave."""
    # A layer may be called for some samples only.
    calls = dict(whole.calls)
    for name, call in part.calls.items():
        calls[name] = _joined(calls[name], call, part.samples) if name in calls else call
    return replace(
        whole,
        calls=calls,
        samples=whole.samples + part.samples,
        needed=whole.needed + part.needed,
    )


def _joined(before: CapturedCall, after: CapturedCall, samples: int) -> CapturedCall:
    pairs = zip(before.tensors, after.tensors, strict=True)
    return replace(before, tensors=tuple(_joined_tensor(*it, samples) for it in pairs))


def _joined_tensor(before: Tensor, after: Tensor, samples: int) -> Tensor:
    if before.statistics is None or after.statistics is None:
        return before
    if not after.shape or after.shape[0] != samples:
        return before  # it is the same for all samples
    return replace(
        before,
        shape=(before.shape[0] + after.shape[0], *before.shape[1:]),
        statistics=together([before.statistics, after.statistics]),
        thumbnails=before.thumbnails + after.thumbnails,
    )
