"""Records what every call of a model gives in one forward pass."""

import functools
import inspect
import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from kfunc_lab.activations.call_names import CallNames, Place
from kfunc_lab.activations.interception import intercepted, without_trace
from kfunc_lab.activations.statistics import (
    Numbers,
    Statistics,
    all_finite,
    statistics_of,
    together,
)
from kfunc_lab.activations.thumbnails import thumbnails
from kfunc_lab.graph.keras_nodes import functional_of, given_inputs
from kfunc_lab.graph.layer_graph import LayerGraph

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


@dataclass(frozen=True)
class Subject:
    """What is called, and how.

    Attributes:
        model: The model or layer.
        graph: Its graph.
        items: The ids of its calls, as `read_graph_and_items` gives them.
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
    """Calls a model once, and records what each call within it gives.

    Args:
        subject: What is called.
        x: What it is called on.
        only: The ids of the only calls that are recorded, with those inside them.
        dtype: The type in which numbers are kept, as `"float16"`; by default their own.
        limit: The bytes that may be kept. Above it there are only statistics and thumbnails.
        first_sample: The number of the first sample in `x`.
        whole: Whether `x` holds all samples, and not a piece of them.

    Returns:
        What was recorded. The model stays as it was, also if it fails.

    Raises:
        Exception: Whatever the model raises.
    """
    recorder = _Recorder(subject, only, dtype, limit, first_sample)
    recorder.compact = not whole
    with (
        without_trace(subject.model) as recorder.scope,
        intercepted(subject.model, recorder.around),
    ):
        outputs = subject.model(x, **_training(subject))
    return recorder.recording(outputs)


def capture_in_pieces(
    subject: Subject, pieces: Iterator[tuple[int, Any]], progress: Callable[[int], None]
) -> Recording:
    """Calls a model on one piece of a batch after the other, and keeps statistics of all.

    Args:
        subject: What is called.
        pieces: The number of the first sample of each piece, and the piece.
        progress: Is called with the number of samples that are done.

    Returns:
        What was recorded, without values.

    Raises:
        Exception: Whatever the model raises.
    """
    whole: Recording | None = None
    for first, piece in pieces:
        part = capture(subject, piece, first_sample=first, whole=False)
        whole = part if whole is None else _added(whole, part)
        progress(whole.samples)
    assert whole is not None  # noqa: S101 - an empty batch was refused before
    return whole


def _training(subject: Subject) -> dict[str, bool]:
    # Without the argument a layer of its own default decides.
    return {"training": True} if subject.training else {}


class _Recorder:
    """Is called in the place of each call, while the model runs."""

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
        self._seen: list[tuple[Place, CapturedCall]] = []
        self._ended: list[int] = []  # places in `_seen`, in the order in which the calls ended
        self._addresses: set[int] = set()
        self._kept = 0
        self._needed = 0
        self._asks = False  # an attention layer is being asked for its scores
        self.compact = False
        self.scope: Any = None

    def around(self, operation: Any, call: Any, args: Any, named: dict[str, Any]) -> Any:
        """Runs a call, and notes what it gives."""
        __tracebackhide__ = True
        if self._asks:
            return call(*args, **named)
        if self._running:
            place = self._names.inside(self._running[-1], operation)
        else:
            place = self._names.root(operation)
        asks_scores = gives_scores(call) and self._is_wanted(place)
        state = dict(self.scope.state_mapping) if asks_scores else {}
        at = len(self._seen)
        self._seen.append((place, _blank(place)))
        self._running.append(place)
        try:
            if place.nodes:
                self._record_inputs(place, args, named)
            outputs = call(*args, **named)
        finally:
            self._running.pop()
        place.skips_first = _is_probed(place, args, named)
        scores = self._scores(call, args, named, outputs, state) if asks_scores else None
        self._record(at, place, outputs, scores)
        return outputs

    def _record_inputs(self, place: Place, args: Any, named: dict[str, Any]) -> None:
        given = args[0] if args else named.get("inputs")
        tensors = given_inputs(functional_of(place.operation), given)
        for inner, tensor in zip(self._names.inputs(place), tensors, strict=False):
            self._seen.append((inner, _blank(inner)))
            self._record(len(self._seen) - 1, inner, tensor, None)

    def _scores(self, call: Any, args: Any, named: Any, outputs: Any, state: Any) -> Any:
        """Asks an attention layer for its scores, with the seeds that it began with."""
        if named.get("return_attention_scores"):
            return outputs[1]
        mapping = self.scope.state_mapping
        self.scope.state_mapping = state
        self._asks = True
        try:
            return call(*args, **{**named, "return_attention_scores": True})[1]
        except Exception:  # the picture of its scores is not worth a failure
            return None
        finally:
            self.scope.state_mapping = mapping
            self._asks = False

    def _record(self, at: int, place: Place, outputs: Any, scores: Any) -> None:
        self._ended.append(at)
        if not place.base or not self._is_wanted(place):
            return
        call = _filled(_blank(place), outputs, scores, self._dtype)
        size = sum(map(self._new_bytes, _arrays_of(call)))
        self._needed += size
        if self.compact:
            call = summed_up(call, self._first_sample)
        else:
            self._kept += size
        self._seen[at] = (place, call)
        if self._kept > self._limit:
            self._sum_up_all()

    def _new_bytes(self, array: Numbers) -> int:
        """Returns what an array takes, or nothing for one that a call merely passed on."""
        address = array.__array_interface__["data"][0]
        if not self.compact and address in self._addresses:
            return 0
        self._addresses.add(address)
        return array.nbytes

    def _is_wanted(self, place: Place) -> bool:
        if self._only is None:
            return True
        around: Place | None = place
        while around is not None:
            if around.base in self._only:
                return True
            around = around.parent
        return False

    def _sum_up_all(self) -> None:
        self.compact = True
        self._kept = 0
        self._seen = [
            (place, summed_up(call, self._first_sample)) for place, call in self._seen
        ]

    def recording(self, outputs: Any) -> Recording:
        """Returns what was recorded."""
        recorded = {
            place.id: replace(call, id=place.id)
            for place, call in self._seen
            if place.base and not place.is_probe and self._is_wanted(place)
        }
        ended = [self._seen[at][0] for at in self._ended]
        return Recording(
            calls=recorded,
            outputs=None if self.compact else _as_arrays(outputs),
            samples=_first_size(outputs),
            kept=self._kept,
            needed=self._needed,
            complete=not self.compact,
            ended=tuple(
                place.id for place in ended if not place.is_probe and place.id in recorded
            ),
        )


def _is_probed(place: Place, args: Any, named: dict[str, Any]) -> bool:
    """Tells whether a recurrent layer called its cell once more than there are time steps."""
    import keras

    layer = place.operation
    if not isinstance(layer, keras.layers.RNN):
        return False
    sequences: Any = args[0] if args else named.get("sequences")
    return bool(place.counts[id(layer.cell)] == sequences.shape[1] + 1)


@functools.lru_cache(maxsize=256)
def _has_scores(function: Any) -> bool:
    try:
        return "return_attention_scores" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def gives_scores(call: Any) -> bool:
    """Tells whether a layer can be asked for its attention scores."""
    return _has_scores(getattr(call, "__func__", call))


# ---------------------------------------------------------------------------------------------
# What is noted of one call


def _blank(place: Place) -> CapturedCall:
    operation = place.operation
    activation = getattr(operation, "activation", None)
    return CapturedCall(
        id="",
        base=place.base,
        item=place.item,
        layer=getattr(operation, "name", ""),
        kind=type(operation).__name__,
        activation=getattr(activation, "__name__", "")
        or _OF_KIND.get(type(operation).__name__, ""),
        channels_first=getattr(operation, "data_format", None) == "channels_first",
    )


# Layers and operations that are an activation function themselves.
_OF_KIND = {
    "Softmax": "softmax",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "ReLU": "relu",
    "Relu": "relu",
}


def _filled(call: CapturedCall, outputs: Any, scores: Any, dtype: str | None) -> CapturedCall:
    import keras

    leaves = list(keras.tree.flatten(outputs))
    try:
        arrays = [as_array(leaf) for leaf in leaves]
    except Exception:  # a compiled call has symbols in the place of numbers
        return call
    names = _names(outputs, len(leaves))
    tensors = [
        _tensor(name, array, dtype)
        for name, array in zip(names, arrays, strict=True)
        if array is not None
    ]
    places = iter(range(len(tensors)))
    packed = keras.tree.pack_sequence_as(
        outputs, [None if array is None else next(places) for array in arrays]
    )
    for place, leaf in zip(keras.tree.flatten(packed), leaves, strict=True):
        if leaf is scores and place is not None:  # it was asked for them
            tensors[place] = replace(tensors[place], is_scores=True)
    given = as_array(scores)
    if given is not None and not any(it.is_scores for it in tensors):
        tensors.append(replace(_tensor("scores", given, dtype), is_scores=True))
    return replace(call, tensors=tuple(tensors), packed=packed)


def _names(outputs: Any, count: int) -> list[str]:
    import keras

    if count == 1:
        return [""]
    paths = [path for path, _leaf in keras.tree.flatten_with_path(outputs)]
    return [".".join(map(str, path)) for path in paths]


def _tensor(name: str, array: Numbers, dtype: str | None) -> Tensor:
    if dtype is not None and array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            array = array.astype(dtype)
    return Tensor(name, tuple(array.shape), str(array.dtype), array)


def as_array(tensor: Any) -> Numbers | None:
    """Returns a tensor's numbers, without a copy where its backend allows that.

    Args:
        tensor: A tensor of the backend, a number, or `None`.

    Returns:
        The array; `None` for `None`.

    Raises:
        Exception: If it has no numbers yet, being a symbol of a compiled function.
    """
    import keras

    if tensor is None:
        return None
    if hasattr(tensor, "_numpy") or isinstance(tensor, np.ndarray):
        return np.asarray(tensor)
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def _as_arrays(outputs: Any) -> Any:
    import keras

    try:
        return keras.tree.map_structure(as_array, outputs)
    except Exception:  # as in `_filled`
        return None


def _first_size(outputs: Any) -> int:
    import keras

    for leaf in keras.tree.flatten(outputs):
        sizes = list(getattr(leaf, "shape", ()))
        if sizes:
            return int(sizes[0])
    return 1


def _arrays_of(call: CapturedCall) -> Iterator[Numbers]:
    return (it.values for it in call.tensors if it.values is not None)


# ---------------------------------------------------------------------------------------------
# Without values


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


def _added(whole: Recording, part: Recording) -> Recording:
    """Adds what a further piece of the batch gave."""
    calls = {name: _joined(whole.calls[name], call) for name, call in part.calls.items()}
    return replace(
        whole,
        calls=calls,
        samples=whole.samples + part.samples,
        needed=whole.needed + part.needed,
    )


def _joined(before: CapturedCall, after: CapturedCall) -> CapturedCall:
    tensors = (
        replace(
            a,
            shape=(a.shape[0] + b.shape[0], *a.shape[1:]),
            statistics=together([a.statistics, b.statistics]),
            thumbnails=a.thumbnails + b.thumbnails,
        )
        for a, b in zip(before.tensors, after.tensors, strict=True)
        if a.statistics is not None and b.statistics is not None
    )
    return replace(before, tensors=tuple(tensors))
