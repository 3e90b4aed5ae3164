"""Grad-CAM: a layer's maps, weighted by how much a class's score rises with them."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from kfunc_lab.activations.attribution.attribution import Attribution, Shape, refuse, suits
from kfunc_lab.activations.attribution.score import Explained, finite, finite_heat
from kfunc_lab.graph.keras.nodes import functional_of, nodes_in_order
from kfunc_lab.locale import _


@dataclass(frozen=True)
class _Layer:
    """A layer or operation of a model: itself after the models around it, and its result."""

    path: tuple[Any, ...]
    output: Any

    @property
    def name(self) -> str:
        return "/".join(it.name for it in self.path)

    @property
    def gives_maps(self) -> bool:
        shape = tuple(self.output.shape)
        return len(shape) == 4 and shape[1:3] != (1, 1) and "float" in self.output.dtype


def layers_for_grad_cam(model: Any) -> list[str]:
    """Lists the layers that Grad-CAM can be made of, those that give maps.

    They are all whose result has the shape (batch, height, width, channels) and more than one
    position: of convolution, pooling, activation and merging, and single operations too.

    Args:
        model: A model from one image to a vector of scores.

    Returns:
        Their names, the nearest to the output last, which is the default. The name of a layer of
        a nested model stands after that model's, as `"base/conv"`.

    Raises:
        ValueError: If attributions cannot be made for the model.

    Example:
        >>> import keras
        >>> from keras import layers
        >>> image = keras.Input((8, 8, 1), name="image")
        >>> maps = layers.ReLU(name="relu")(layers.Conv2D(4, 3, name="conv")(image))
        >>> layers_for_grad_cam(keras.Model(image, layers.GlobalMaxPooling2D()(maps)))
        ['conv', 'relu']
    """
    refuse(suits(model))
    return [it.name for it in _layers(model) if it.gives_maps]


def _layers(model: Any) -> list[_Layer]:
    last: dict[str, _Layer] = {}
    for layer in _calls(functional_of(model), ()):
        last.pop(layer.name, None)
        last[layer.name] = layer
    return list(last.values())


def _calls(functional: Any, outer: tuple[Any, ...]) -> Iterator[_Layer]:
    for node in nodes_in_order(functional):
        inner = functional_of(node.operation)
        path = (*outer, node.operation)
        if inner is not None:
            yield from _calls(inner, path)
        elif not node.is_input and len(node.outputs) == 1:
            yield _Layer(path, node.outputs[0])


def _chosen_layer(model: Any, name: str | None) -> _Layer:
    layers = _layers(model)
    with_maps = {it.name: it for it in layers if it.gives_maps}
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
    shapes = {it.name: tuple(it.output.shape) for it in layers}
    raise ValueError(f"{_what_is_wrong(name, shapes)} {_what_there_is(name, list(with_maps))}")


def _what_is_wrong(name: str, shapes: dict[str, Shape]) -> str:
    if name not in shapes:
        return _("This model has no layer {name}.").format(name=repr(name))
    return _(
        "The layer {name} returns no maps: its output has the shape {shape}, but Grad-CAM "
        "needs (batch, height, width, channels) with more than one position."
    ).format(name=repr(name), shape=shapes[name])


def _what_there_is(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(str(name), names, n=5, cutoff=0.3) or names[-5:]
    return _("Choose another layer, such as {names}.").format(names=", ".join(map(repr, near)))


def grad_cam(
    model: Any, image: Any, target: int | None, layer: str | None = None
) -> Attribution:
    """Weights a layer's maps by how much a class's score rises with them.

    The score is the one before softmax or sigmoid. Where it cannot be told what a model's
    softmax or sigmoid was applied to, as with `Dense(10, activation=tf.nn.softmax)`, it is the
    logarithm of the probability, or of the odds.

    Args:
        model: A model from one image to a vector of scores. It stays as it is.
        image: Of shape (height, width, channels), in the scale that the model expects; for a
            model of flattened images also flat.
        target: The class, from 0; `None` for the one that the model gives. Of a single sigmoid
            unit, 1 is its logit and 0 the logit's opposite.
        layer: A name of `layers_for_grad_cam`; by default the last. If the layer is called
            several times, its last call counts.

    Returns:
        The heat, 0 or above, spread bilinearly over the image.

    Raises:
        ValueError: If attributions cannot be made for the model, the image does not fit, there
            is no such class or layer, or the score is not finite.

    Example:
        >>> import keras
        >>> keras.utils.set_random_seed(0)
        >>> image = keras.Input((8, 8, 1))
        >>> maps = keras.layers.Conv2D(4, 3, name="conv")(image)
        >>> model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(maps))
        >>> found = grad_cam(model, np.ones((8, 8, 1)), target=2)
        >>> found.layer, found.grid.shape, found.heat.shape
        ('conv', (6, 6), (8, 8))

    Source: Selvaraju et al., Grad-CAM: Visual explanations from deep networks via gradient-based
    localization, 2017, https://arxiv.org/abs/1610.02391, equations 1 and 2.
    """
    import tensorflow as tf

    explained = Explained(model, image, target)
    chosen = _chosen_layer(model, layer)
    # Without the variables, which would have everything before the layer recorded too.
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        run = explained.watching(chosen.path, tape.watch)
        score = explained.of(explained.image[np.newaxis], run)
    finite(np.asarray(score), explained.target)
    gradients = None if run.maps is None else tape.gradient(score, run.maps)
    if gradients is None:
        raise ValueError(_no_gradient(explained.target, chosen.name))
    weights = tf.reduce_mean(tf.cast(gradients, tf.float32), axis=(0, 1, 2))
    grid = tf.nn.relu(tf.reduce_sum(tf.cast(run.maps, tf.float32) * weights, axis=-1))[0]
    heat = tf.image.resize(grid[..., tf.newaxis], explained.image.shape[:2])[..., 0]
    return Attribution(
        method="grad_cam",
        target=explained.target,
        layer=chosen.name,
        heat=finite_heat(np.asarray(heat), explained.target),
        score=float(score[0]),
        grid=np.asarray(grid),
    )


def _no_gradient(target: int, layer: str) -> str:
    return _(
        "The score of class {target} has no gradient at layer {layer}: an operation between "
        "the layer and the output blocks it; choose a layer closer to the output."
    ).format(target=target, layer=repr(layer))
