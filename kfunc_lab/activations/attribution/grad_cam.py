"""Grad-CAM: a layer's maps, weighted by how much a class's score rises with them."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from kfunc_lab.activations.attribution.attribution import (
    Attribution,
    Shape,
    raise_if,
    unsupported_reason,
)
from kfunc_lab.activations.attribution.score import (
    ClassScore,
    check_finite,
    check_finite_heat,
)
from kfunc_lab.forward.call_outputs import as_array
from kfunc_lab.forward.gradients import Computation
from kfunc_lab.graph.keras.nodes import functional_of, nodes_in_order
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers


@dataclass(frozen=True)
class _Layer:
    """A layer or operation of a model: its path through the nested models, and its output."""

    path: tuple[Any, ...]
    output: Any

    @property
    def name(self) -> str:
        return "/".join(operation.name for operation in self.path)

    @property
    def returns_maps(self) -> bool:
        shape = tuple(self.output.shape)
        return len(shape) == 4 and shape[1:3] != (1, 1) and "float" in self.output.dtype


def layers_for_grad_cam(model: Any) -> list[str]:
    """Lists the layers that Grad-CAM supports: those that return maps.

    These are all layers and operations whose output has the shape (batch, height, width,
    channels) and more than one position, such as convolution, pooling, activation and merging.

    Args:
        model: A model from one image to a vector of scores.

    Returns:
        Their names. The last one is the closest to the output, and the default. The name of a
        layer in a nested model follows that model's name, such as `"base/conv"`.

    Raises:
        ValueError: If the model does not support attributions.

    Example:
        >>> import keras
        >>> from keras import layers
        >>> image = keras.Input((8, 8, 1), name="image")
        >>> maps = layers.ReLU(name="relu")(layers.Conv2D(4, 3, name="conv")(image))
        >>> layers_for_grad_cam(keras.Model(image, layers.GlobalMaxPooling2D()(maps)))
        ['conv', 'relu']
    """
    raise_if(unsupported_reason(model))
    return [layer.name for layer in _layers(model) if layer.returns_maps]


def _layers(model: Any) -> list[_Layer]:
    last: dict[str, _Layer] = {}
    for layer in _layers_by_call(functional_of(model), ()):
        last.pop(layer.name, None)
        last[layer.name] = layer
    return list(last.values())


def _layers_by_call(functional: Any, outer: tuple[Any, ...]) -> Iterator[_Layer]:
    for node in nodes_in_order(functional):
        inner = functional_of(node.operation)
        path = (*outer, node.operation)
        if inner is not None:
            yield from _layers_by_call(inner, path)
        elif not node.is_input and len(node.outputs) == 1:
            yield _Layer(path, node.outputs[0])


def _select_layer(model: Any, name: str | None) -> _Layer:
    layers = _layers(model)
    with_maps = {layer.name: layer for layer in layers if layer.returns_maps}
    if not with_maps:
        raise ValueError(
            _(
                "No layer of this model returns maps with more than one position, which "
                "Grad-CAM needs; use integrated gradients or occlusion."
            )
        )
    if name is None:
        return list(with_maps.values())[-1]
    if name in with_maps:
        return with_maps[name]
    shapes = {layer.name: tuple(layer.output.shape) for layer in layers}
    raise ValueError(f"{_problem(name, shapes)} {_suggestion(name, list(with_maps))}")


def _problem(name: str, shapes: dict[str, Shape]) -> str:
    if name not in shapes:
        return _("This model has no layer {name}.").format(name=repr(name))
    return _(
        "The layer {name} returns no maps: its output has the shape {shape}, but Grad-CAM "
        "needs (batch, height, width, channels) with more than one position."
    ).format(name=repr(name), shape=shapes[name])


def _suggestion(name: str, names: list[str]) -> str:
    similar = difflib.get_close_matches(str(name), names, n=5, cutoff=0.3) or names[-5:]
    return _("Choose another layer, such as {names}.").format(
        names=", ".join(map(repr, similar))
    )


def grad_cam(
    model: Any, image: Any, target: int | None, layer: str | None = None
) -> Attribution:
    """Weights a layer's maps by how much a class's score rises with them.

    The score is the one before softmax or sigmoid. If that is unknown, as with
    `Dense(10, activation=tf.nn.softmax)`, it is the logarithm of the probability or of the odds.

    Args:
        model: A model from one image to a vector of scores. It is left unchanged.
        image: An array of shape (height, width, channels) in the scale that the model expects; if
            the model takes flattened images, it may be flat.
        target: The class, from 0; `None` for the class that the model predicts. For a single
            sigmoid unit, class 1 is its logit and class 0 the negated logit.
        layer: A name from `layers_for_grad_cam`; by default the last one. If the layer is called
            several times, its last call counts.

    Returns:
        The attribution, whose heat is 0 or above, resized bilinearly to the image.

    Raises:
        ValueError: If the model does not support attributions, the image does not fit, there is
            no such class or layer, or the score is not finite.

    Example:
        >>> import keras
        >>> keras.utils.set_random_seed(0)
        >>> image = keras.Input((8, 8, 1))
        >>> maps = keras.layers.Conv2D(4, 3, name="conv")(image)
        >>> model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(maps))
        >>> attribution = grad_cam(model, np.ones((8, 8, 1)), target=2)
        >>> attribution.layer, attribution.grid.shape, attribution.heat.shape
        ('conv', (6, 6), (8, 8))

    Source: Selvaraju et al., Grad-CAM: Visual explanations from deep networks via gradient-based
    localization, 2017, https://arxiv.org/abs/1610.02391, equations 1 and 2.
    """
    from keras import ops

    class_score = ClassScore(model, image, target)
    selected = _select_layer(model, layer)
    start = class_score.image[np.newaxis]
    computation = Computation(
        lambda watch: class_score.tensor(start, class_score.watched_pass(selected.path, watch))
    )
    score = check_finite(np.asarray(as_array(computation.value)), class_score.target)
    gradient = computation.gradients()[-1] if computation.watched else None
    if gradient is None:
        raise ValueError(_no_gradient(class_score.target, selected.name))
    grid = _weighted_sum(computation.watched[-1], gradient)
    heat = ops.image.resize(
        grid[..., np.newaxis], class_score.image.shape[:2], data_format="channels_last"
    )[..., 0]
    return Attribution(
        method="grad_cam",
        target=class_score.target,
        layer=selected.name,
        heat=check_finite_heat(np.asarray(as_array(heat)), class_score.target),
        score=float(score[0]),
        grid=np.asarray(as_array(grid)),
    )


def _weighted_sum(maps: Any, gradient: Numbers) -> Any:
    from keras import ops

    weights = ops.mean(ops.convert_to_tensor(gradient, dtype="float32"), axis=(0, 1, 2))
    return ops.relu(ops.sum(ops.cast(maps, "float32") * weights, axis=-1))[0]


def _no_gradient(target: int, layer: str) -> str:
    return _(
        "The score of class {target} has no gradient at layer {layer}: an operation between "
        "the layer and the output blocks it; choose a layer closer to the output."
    ).format(target=target, layer=repr(layer))
