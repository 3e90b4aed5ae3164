"""Where the numbers of a call come from: a rule for each class of layers and operations."""

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
from kfunc_lab.ui.text import printable

# For each class of Keras's layers its rule.
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
# For each class of raw operations its rule.
OPERATIONS: Mapping[str, Rule] = {rule.kind: rule for rule in operations.RULES}

# For each class of the user's own its rule.
_own: dict[str, Rule] = {}


def shape_rule(
    layer_class: type[Any], *, settings: Iterable[str] = ()
) -> Callable[[Callable[[Given], Derivation]], Callable[[Given], Derivation]]:
    """Registers how the shapes of a layer class of your own are reckoned.

    Args:
        layer_class: The class.
        settings: The names in its `get_config()` that can be played with in `lab.shapes`.

    Returns:
        A decorator for a function that takes what the layer is given, a
        `kfunc_lab.shapes.rules.rule.Given`, and returns a `kfunc_lab.shapes.rules.rule.Derivation`.

    Example:
        >>> import keras
        >>> from kfunc_lab.shapes.rules.arithmetic import ceiling, number
        >>> from kfunc_lab.shapes.rules.rule import axis, batch
        >>> class Halve(keras.layers.Layer):
        ...     def call(self, x):
        ...         return x[:, ::2]
        >>> @shape_rule(Halve)
        ... def halve(given):
        ...     size = ceiling(number(given.shape[1], "n") / 2)
        ...     return Derivation(((batch(given), axis("features", size)),))
    """
    from kfunc_lab.graph.keras.settings import constructor_defaults

    def register(derive: Callable[[Given], Derivation]) -> Callable[[Given], Derivation]:
        name = layer_class.__name__
        defaults = dict(constructor_defaults(layer_class))  # type: ignore[arg-type]
        _own[name] = Rule(name, derive, layer_class.__module__, tuple(settings), "", defaults)
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
        return _own.get(kind)
    return (OPERATIONS if operation else LAYERS).get(kind)


def derivation(call: Call, inputs: tuple[Shape, ...] | None = None) -> Derivation | None:
    """Reckons where the numbers of a call come from.

    Args:
        call: The call.
        inputs: The shapes that it is called on, if they are not its own.

    Returns:
        The derivation; nothing where no rule knows the class or its settings, where a shape is
        not known, or where the call's own outputs are others.

    Raises:
        DoesNotFitError: If the layer cannot be called on these shapes.

    Example:
        >>> from kfunc_lab.graph.model.layer_graph import TensorSpec
        >>> image = TensorSpec((None, 28, 28, 1), "float32")
        >>> settings = {"filters": 16, "kernel_size": (3, 3)}
        >>> found = derivation(Call("c", "c", "Conv2D", "c", (image,), settings=settings))
        >>> found.shapes, found.parameters
        (((None, 26, 26, 16),), 3·3·1·16 + 16)
    """
    rule = rule_of(call.kind, operation=call.operation, library=call.library)
    if rule is None:
        return None
    if inputs is not None:
        return derive(rule, call.settings, _without_masks(call, inputs), call.operation)
    shapes = tuple(it.shape for it in call.inputs)
    if None in shapes:
        return None
    found = derive(rule, call.settings, _without_masks(call, shapes), call.operation)  # type: ignore[arg-type]
    made = tuple(it.shape for it in call.outputs)
    # Constants among a call's arguments, as in `ops.concatenate([x, zeros])`, no rule can see.
    return None if found is None or (made and found.shapes != made) else found


def objection(call: Call) -> str:
    """Says why a rule of the user's own is left aside for a call; empty if it is not.

    Args:
        call: A call as it is in a model.

    Returns:
        That the rule fails, and how, or that it says what the layer does not do.
    """
    rule = _own.get(call.kind)
    inputs = tuple(it.shape for it in call.inputs)
    if call.library or rule is None or None in inputs or not call.outputs:
        return ""
    given = Given(call.kind, {**rule.defaults, **call.settings}, _without_masks(call, inputs))  # type: ignore[arg-type]
    try:
        found = rule.derive(given)
        made = tuple(it.shape for it in call.outputs)
        agrees = found.shapes == made and found.parameters.value == call.parameters
    except NoRuleError:
        return ""
    except Exception as error:  # a rule of the user's own may raise anything
        return _("Its rule fails: {error}").format(
            error=printable(f"{type(error).__name__}: {error}")[:200]
        )
    return "" if agrees else _("Its rule says something else.")


def _without_masks(call: Call, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """Leaves out the masks that a layer was given beside its inputs: they decide no shape."""
    if call.operation:
        return inputs
    kept = [
        shape
        for shape, tensor in zip(inputs, call.inputs, strict=True)
        if tensor.dtype != "bool"
    ]
    return tuple(kept) or inputs


def multiply_adds(call: Call) -> int | None:
    """Counts the multiplications, each with its addition, that a call takes for one example.

    Products of a call's inputs with its weights, and of inputs with one another, are counted, as
    is usual (Molchanov et al., 2017, https://arxiv.org/abs/1611.06440, appendix A.1): not biases,
    normalisation, activations, pooling or sums.

    Args:
        call: A call.

    Returns:
        The count; `None` where a size that matters is not known, or no rule knows what the call
        does.

    Example:
        >>> from kfunc_lab.graph.model.layer_graph import TensorSpec
        >>> image = TensorSpec((None, 784), "float32")
        >>> multiply_adds(Call("d", "d", "Dense", "d", (image,), settings={"units": 64}))
        50176
    """
    if call.kind == "InputLayer":
        return 0
    try:
        found = derivation(call)
    except DoesNotFitError:  # Keras has taken it, and may only fail once there are numbers
        return None
    return None if found is None else found.multiply_adds.value


def derive(
    rule: Rule,
    settings: Mapping[str, Any],
    inputs: tuple[Shape, ...],
    operation: bool = False,
) -> Derivation | None:
    """Reckons by a rule, with the defaults of its class; equal questions are answered once.

    Raises:
        DoesNotFitError: If the layer cannot be called on these shapes.
    """
    asked = tuple(settings.items())
    try:
        return _derived(rule, asked, inputs, operation)
    except TypeError:  # a setting that cannot be hashed
        return _derived.__wrapped__(rule, asked, inputs, operation)


def derive_layer(
    kind: str, settings: Mapping[str, Any], inputs: tuple[Shape, ...]
) -> Derivation | None:
    """Derives the shapes of a Keras layer from its class, settings and input shapes."""
    rule = rule_of(kind)
    return derive(rule, settings, inputs) if rule else None


@lru_cache(maxsize=4096)
def _derived(
    rule: Rule, asked: tuple[tuple[str, Any], ...], inputs: tuple[Shape, ...], operation: bool
) -> Derivation | None:
    settings = dict(asked)
    if "_from_" in str(settings.get("dtype")):  # quantised weights are of other shapes
        return None
    if not operation:
        settings = {**(rule.defaults or class_defaults(rule.kind)), **settings}
    try:
        return rule.derive(Given(rule.kind, settings, inputs, derive_layer))
    except DoesNotFitError:
        raise
    except Exception:  # NoRuleError, and whatever a rule of the user's own may raise
        return None


@lru_cache(maxsize=1024)
def class_defaults(kind: str) -> Mapping[str, Any]:
    """Returns the defaults of one of Keras's layer classes; required arguments have none."""
    import keras

    from kfunc_lab.graph.keras.settings import constructor_defaults

    defaults = constructor_defaults(getattr(keras.layers, kind))
    return {name: it for name, it in defaults.items() if it is not inspect.Parameter.empty}
