"""Applies the shape rules: one for each class of layers and operations."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.locale import _
from kfunc_lab.shapes.rules import (
    attention,
    dense,
    merging,
    normalisation,
    operations,
    preprocessing,
    recurrent,
    reshaping,
    shape_preserving,
    windows,
    wrappers,
)
from kfunc_lab.shapes.rules.rule import (
    Derivation,
    DoesNotFitError,
    Given,
    NoRuleError,
    Rule,
    Shape,
)
from kfunc_lab.ui.text import first_sentences

# The rule of each Keras layer class.
LAYERS: Mapping[str, Rule] = {
    rule.kind: rule
    for module in (
        windows,
        dense,
        recurrent,
        wrappers,
        attention,
        normalisation,
        merging,
        reshaping,
        preprocessing,
        shape_preserving,
    )
    for rule in module.RULES
}
# The rule of each class of raw operations.
OPERATIONS: Mapping[str, Rule] = {rule.kind: rule for rule in operations.RULES}

# The rule of each custom layer class.
_custom_rules: dict[str, Rule] = {}


def shape_rule(
    layer_class: type[Any], *, settings: Iterable[str] = ()
) -> Callable[[Callable[[Given], Derivation]], Callable[[Given], Derivation]]:
    """Registers a shape rule for a custom layer class.

    Args:
        layer_class: The class.
        settings: The names in its `get_config()` that can be changed in `lab.shapes`.

    Returns:
        A decorator for a function that takes a `kfunc_lab.shape_rules.Given`, the settings and
        inputs of a call, and returns a `kfunc_lab.shape_rules.Derivation`.

    Example:
        >>> import keras
        >>> from kfunc_lab.shape_rules import axis, batch, ceiling, number
        >>> class Halve(keras.layers.Layer):
        ...     def call(self, x):
        ...         return x[:, ::2]
        >>> @shape_rule(Halve)
        ... def halve(call):
        ...     size = ceiling(number(call.shape[1], "n") / 2)
        ...     return Derivation(((batch(call), axis("features", size)),))
    """
    from kfunc_lab.graph.keras.settings import constructor_defaults

    def register(derive: Callable[[Given], Derivation]) -> Callable[[Given], Derivation]:
        name = layer_class.__name__
        defaults = dict(constructor_defaults(layer_class))  # type: ignore[arg-type]
        _custom_rules[name] = Rule(
            name, derive, layer_class.__module__, tuple(settings), "", defaults
        )
        _derived.cache_clear()
        return derive

    return register


def rule_of(kind: str, *, operation: bool = False, library: bool = True) -> Rule | None:
    """Returns the rule for a class, if there is one.

    Args:
        kind: The class's name.
        operation: Whether it is a raw operation.
        library: Whether the class comes with Keras.
    """
    if not library:
        return _custom_rules.get(kind)
    return (OPERATIONS if operation else LAYERS).get(kind)


def derivation(call: Call, inputs: tuple[Shape, ...] | None = None) -> Derivation | None:
    """Derives the shapes, weights and costs of a call.

    Args:
        call: The call.
        inputs: Other input shapes than those of the call.

    Returns:
        The derivation; `None` if no rule knows the class or its settings, if a shape is unknown,
        or if the rule disagrees with the outputs of the call.

    Raises:
        DoesNotFitError: If the layer cannot be called on these shapes.

    Example:
        >>> from kfunc_lab.graph.model.layer_graph import TensorSpec
        >>> image = TensorSpec((None, 28, 28, 1), "float32")
        >>> settings = {"filters": 16, "kernel_size": (3, 3)}
        >>> result = derivation(Call("c", "c", "Conv2D", "c", (image,), settings=settings))
        >>> result.shapes, result.parameters
        (((None, 26, 26, 16),), 3·3·1·16 + 16)
    """
    rule = rule_of(call.kind, operation=call.operation, library=call.library)
    if rule is None:
        return None
    if inputs is not None:
        return derive(rule, call.settings, _without_masks(call, inputs), call.operation)
    shapes = tuple(tensor.shape for tensor in call.inputs)
    if None in shapes:
        return None
    result = derive(rule, call.settings, _without_masks(call, shapes), call.operation)  # type: ignore[arg-type]
    outputs = tuple(tensor.shape for tensor in call.outputs)
    # No rule sees constants among the arguments, as in `ops.concatenate([x, zeros])`.
    return None if result is None or (outputs and result.shapes != outputs) else result


def rule_problem(call: Call) -> str:
    """Says why a custom rule is not used for a call; empty if it is used.

    Args:
        call: A call of a model.

    Returns:
        A sentence: the rule fails, or it disagrees with the layer.
    """
    rule = _custom_rules.get(call.kind)
    inputs = tuple(tensor.shape for tensor in call.inputs)
    if call.library or rule is None or None in inputs or not call.outputs:
        return ""
    settings = {**rule.defaults, **call.settings}
    rule_input = Given(call.kind, settings, _without_masks(call, inputs))  # type: ignore[arg-type]
    try:
        result = rule.derive(rule_input)
        outputs = tuple(tensor.shape for tensor in call.outputs)
        agrees = result.shapes == outputs and result.parameters.value == call.parameters
    except NoRuleError:
        return ""
    except Exception as error:  # a custom rule may raise anything
        return _("Its shape rule fails: {error}").format(
            error=first_sentences(f"{type(error).__name__}: {error}")
        )
    return "" if agrees else _("Its shape rule disagrees with the layer.")


def _without_masks(call: Call, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """Removes the masks among the inputs of a layer, because they affect no shape."""
    if call.operation:
        return inputs
    shapes = [
        shape
        for shape, tensor in zip(inputs, call.inputs, strict=True)
        if tensor.dtype != "bool"
    ]
    return tuple(shapes) or inputs


def multiply_adds(call: Call) -> int | None:
    """Counts the multiplications, each with its addition, of a call for one example.

    As usual, only products of inputs with weights and of inputs with each other count (Molchanov
    et al., 2017, https://arxiv.org/abs/1611.06440, appendix A.1), but not biases, normalisation,
    activations, pooling or sums.

    Args:
        call: A call.

    Returns:
        The count; `None` if a size that matters is unknown, or if no rule knows the call.

    Example:
        >>> from kfunc_lab.graph.model.layer_graph import TensorSpec
        >>> image = TensorSpec((None, 784), "float32")
        >>> multiply_adds(Call("d", "d", "Dense", "d", (image,), settings={"units": 64}))
        50176
    """
    if call.kind == "InputLayer":
        return 0
    try:
        result = derivation(call)
    except DoesNotFitError:  # Keras accepted the call and may fail only when it runs
        return None
    return None if result is None else result.multiply_adds.value


def derive(
    rule: Rule,
    settings: Mapping[str, Any],
    inputs: tuple[Shape, ...],
    operation: bool = False,
) -> Derivation | None:
    """Applies a rule with the defaults of its class; equal calls are computed once.

    Raises:
        DoesNotFitError: If the layer cannot be called on these shapes.
    """
    items = tuple(settings.items())
    try:
        return _derived(rule, items, inputs, operation)
    except TypeError:  # a setting that cannot be hashed
        return _derived.__wrapped__(rule, items, inputs, operation)


def derive_layer(
    kind: str, settings: Mapping[str, Any], inputs: tuple[Shape, ...]
) -> Derivation | None:
    """Derives the shapes of a Keras layer from its class, settings and input shapes."""
    rule = rule_of(kind)
    return derive(rule, settings, inputs) if rule else None


@lru_cache(maxsize=4096)
def _derived(
    rule: Rule, items: tuple[tuple[str, Any], ...], inputs: tuple[Shape, ...], operation: bool
) -> Derivation | None:
    settings = dict(items)
    if "_from_" in str(settings.get("dtype")):  # quantised weights have other shapes
        return None
    if not operation:
        settings = {**(rule.defaults or class_defaults(rule.kind)), **settings}
    try:
        return rule.derive(Given(rule.kind, settings, inputs, derive_layer))
    except DoesNotFitError:
        raise
    except Exception:  # NoRuleError, and whatever a custom rule may raise
        return None


@lru_cache(maxsize=1024)
def class_defaults(kind: str) -> Mapping[str, Any]:
    """Returns the defaults of a Keras layer class; required arguments have none."""
    import keras

    from kfunc_lab.graph.keras.settings import constructor_defaults

    defaults = constructor_defaults(getattr(keras.layers, kind))
    return {
        name: default
        for name, default in defaults.items()
        if default is not inspect.Parameter.empty
    }
