"""Tells whether two models compute the same: with equal weights, on the same numbers."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kfunc_lab.graph.keras.reader import read
from kfunc_lab.graph.keras.state import preserve_keras_state
from kfunc_lab.graph.model.comparison import Comparison
from kfunc_lab.graph.model.layer_graph import LayerGraph

# How often the models are compared, each time with other weights; and how many samples.
_TRIALS, _SAMPLES = 2, 3


def behaves_like(
    target: Any, model: Any, comparison: Comparison, ends: tuple[list[int], list[int]]
) -> bool:
    """Tells whether a model computes what its target computes, for any weights.

    Args:
        target: The target, whose weights need no values.
        model: The model. Its weights do not change.
        comparison: The comparison of their graphs, which tells which layers correspond.
        ends: For each input of the model, the index of the input of the target; and the same for
            the outputs.
    """
    counts = [(len(it.inputs), len(it.outputs)) for it in (target, model)]
    if counts[0] != counts[1] or any(sorted(it) != list(range(len(it))) for it in ends):
        return False
    pairs = _pairs_of_weights(target, model, comparison)
    if pairs is None:
        return False
    with preserve_keras_state(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return all(_agree(target, model, pairs, ends, seed) for seed in range(_TRIALS))
        except Exception:  # an answer may contain any layer
            return False


# ---------------------------------------------------------------------------------------------
# Weights

_Pairs = list[tuple[Any, Any]]


def _pairs_of_weights(target: Any, model: Any, comparison: Comparison) -> _Pairs | None:
    """Pairs the weights of corresponding layers; `None` if they do not correspond."""
    ours = _layers_with_weights(target, comparison.before)
    theirs = _layers_with_weights(model, comparison.after)
    layers: dict[str, str] = {}
    for before, after in comparison.matched:
        one = comparison.before.call_of[before].layer_id
        other = comparison.after.call_of[after].layer_id
        if (one in ours or other in theirs) and layers.setdefault(one, other) != other:
            return None
    # The layers without a match are paired in their order, such as Dense and Conv2D(…, 1).
    rest = [[it for it in ours if it not in layers]]
    rest.append([it for it in theirs if it not in layers.values()])
    if len(rest[0]) != len(rest[1]):
        return None
    layers.update(zip(*rest, strict=True))
    pairs: _Pairs = []
    for one, other in layers.items():
        weights = [ours.get(one, []), theirs.get(other, [])]
        if [_size(it) for it in weights[0]] != [_size(it) for it in weights[1]]:
            return None
        pairs += zip(*weights, strict=True)
    return pairs if _is_one_to_one(pairs) and len(pairs) == len(model.weights) else None


def _layers_with_weights(model: Any, graph: LayerGraph) -> Mapping[str, Sequence[Any]]:
    ids = {call.layer_id for call in graph.calls if call.id not in graph.inside}
    return {
        layer_id: layer.weights
        for layer_id, layer in read(model).layers.values()
        if layer_id in ids and getattr(layer, "weights", None)
    }


def _size(weight: Any) -> tuple[int, bool]:
    size = 1
    for length in weight.shape:
        size *= length
    return size, bool(weight.trainable)


def _is_one_to_one(pairs: _Pairs) -> bool:
    return all(len({id(pair[side]) for pair in pairs}) == len(pairs) for side in range(2))


# ---------------------------------------------------------------------------------------------
# Runs


@dataclass(frozen=True)
class _Values:
    """Values for the variables of a model, by the `id()` of the variable."""

    of: Mapping[int, Any]

    def run(self, model: Any, arrays: Sequence[Any], training: bool) -> list[Any]:
        import keras
        import numpy as np

        values = [
            [self.of.get(id(it), np.zeros(it.shape, it.dtype)) for it in variables]
            for variables in (model.trainable_variables, model.non_trainable_variables)
        ]
        packed = keras.tree.pack_sequence_as(model.input, list(arrays))
        outputs, _others = model.stateless_call(*values, packed, training=training)
        return [np.asarray(it) for it in keras.tree.flatten(outputs)]


def _agree(
    target: Any, model: Any, pairs: _Pairs, ends: tuple[list[int], list[int]], seed: int
) -> bool:
    import numpy as np

    random = np.random.default_rng(seed)
    ours, theirs = {}, {}
    for one, other in pairs:
        # Rows of an embedding are looked up, not added: smaller ones would hide a tanh.
        added = 1 if one.name == "embeddings" else np.prod(one.shape[:-1])
        scale = 1 / np.sqrt(max(1, added))
        values = random.normal(0, scale, tuple(one.shape)).astype("float32")
        ours[id(one)], theirs[id(other)] = values, values.reshape(tuple(other.shape))
    arrays = [_array(it, random) for it in target.inputs]
    for training in (False, True):
        wanted = _Values(ours).run(target, arrays, training)
        got = _Values(theirs).run(model, [arrays[at] for at in ends[0]], training)
        for at, other in zip(ends[1], got, strict=True):
            one = wanted[at]
            if one.shape != other.shape or not np.allclose(one, other, rtol=1e-3, atol=1e-4):
                return False
    return True


def _array(tensor: Any, random: Any) -> Any:
    shape = [_SAMPLES, *(5 if size is None else size for size in tensor.shape[1:])]
    if "int" in str(tensor.dtype):
        return random.integers(0, 10, shape).astype(str(tensor.dtype))
    return random.normal(size=shape).astype(str(tensor.dtype))
