"""Records what every call of a model gives in one forward pass."""

import functools
import inspect
import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from kfunc_lab.forward.call_names import CallNames, Place
from kfunc_lab.forward.call_outputs import arrays_of, as_arrays, blank, filled
from kfunc_lab.forward.interception import intercepted, is_tracing, without_trace
from kfunc_lab.forward.recording import CapturedCall, Recording, added, summed_up
from kfunc_lab.forward.samples import count_of
from kfunc_lab.graph.keras.nodes import functional_of, standardized_inputs
from kfunc_lab.graph.model.layer_graph import LayerGraph, unused_id
from kfunc_lab.ui.arrays import Numbers


@dataclass(frozen=True)
class Subject:
    """What is called, and how.

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
    recorder.samples = count_of(x)
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
        whole = part if whole is None else added(whole, part)
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
        self.samples = 0
        self.scope: Any = None

    def around(self, operation: Any, call: Any, args: Any, named: dict[str, Any]) -> Any:
        """Runs a call, and notes what it gives."""
        __tracebackhide__ = True
        if self._asks:
            return call(*args, **named)
        place = self._names.place(self._running, operation)
        asks_scores = gives_scores(call) and self._is_wanted(place) and not is_tracing()
        state = dict(self.scope.state_mapping) if asks_scores else {}
        at = len(self._seen)
        self._seen.append((place, blank(place)))
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
        tensors = standardized_inputs(functional_of(place.operation), given)
        for inner, tensor in zip(self._names.inputs(place), tensors, strict=False):
            self._seen.append((inner, blank(inner)))
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
        call = filled(blank(place), outputs, scores, self._dtype)
        size = sum(map(self._new_bytes, arrays_of(call)))
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
        recorded: dict[str, CapturedCall] = {}
        ids: dict[int, str] = {}
        for at, (place, call) in enumerate(self._seen):
            if place.base and not place.is_probe and self._is_wanted(place):
                # A layer may be called what the second call of another one is.
                ids[at] = unused_id(place.id, recorded)
                recorded[ids[at]] = replace(call, id=ids[at])
        return Recording(
            calls=recorded,
            outputs=None if self.compact else as_arrays(outputs),
            samples=self.samples,
            kept=self._kept,
            needed=self._needed,
            complete=not self.compact,
            ended=tuple(ids[at] for at in self._ended if at in ids),
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
