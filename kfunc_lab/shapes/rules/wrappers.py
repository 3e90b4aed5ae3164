"""Shape rules for wrappers: Bidirectional, TimeDistributed and SpectralNormalization."""

from dataclasses import replace

from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.arithmetic import Term, number
from kfunc_lab.shapes.rules.recurrent import layer_name, within
from kfunc_lab.shapes.rules.rule import (
    Axis,
    Derivation,
    DoesNotFitError,
    Given,
    NoRuleError,
    Rule,
    Shape,
    WeightSize,
    axis,
    expect_rank,
    parse_layer,
)

_KERAS = "https://keras.io/api/layers/recurrent_layers/"


def _wrapped(call: Given, text: object, inputs: tuple[Shape, ...]) -> Derivation:
    """Derives the shapes of the layer that a wrapper's setting describes."""
    kind, settings = parse_layer(text)
    result = call.derive_layer(kind, settings, inputs)
    if result is None:
        raise NoRuleError(kind)
    return result


def _wrapped_name(text: object) -> str:
    return layer_name(parse_layer(text)[0])


# ---------------------------------------------------------------------------------------------


def _bidirectional(call: Given) -> Derivation:
    sequence, states = call.inputs[:1], call.inputs[1:]
    half = len(states) // 2
    layer, back = call.get("layer"), call.get("backward_layer")
    forward = _wrapped(call, layer, (*sequence, *states[:half]))
    # By default, Keras creates the backward layer from the other one.
    backward = _wrapped(call, back or layer, (*sequence, *states[half:]))
    if forward.shapes != backward.shapes:
        raise NoRuleError(call.kind)
    name = _wrapped_name(layer)
    names = (f"forward_{name}", f"backward_{name}")
    if back and _is_another(layer, back):
        names = (f"forward_{name}", _wrapped_name(back))
    return Derivation(
        (*_merged(call, forward, backward), *forward.outputs[1:], *backward.outputs[1:]),
        (*within(names[0], forward.weights), *within(names[1], backward.weights)),
        (*forward.products, *backward.products),
    )


def _is_another(layer: object, back: object) -> bool:
    """Tells whether the backward layer differs from the reversed forward layer."""
    (kind, settings), (back_kind, back_settings) = parse_layer(layer), parse_layer(back)
    turned = {**back_settings, "go_backwards": settings.get("go_backwards", False)}
    return kind != back_kind or {"go_backwards": False, **settings} != turned


def _merged(
    call: Given, forward: Derivation, backward: Derivation
) -> tuple[tuple[Axis, ...], ...]:
    one, other = forward.outputs[0], backward.outputs[0]
    mode = call.get("merge_mode", "concat")
    if mode is None:
        return (one, other)
    if mode != "concat":
        return (one,)
    *before, last = one
    return ((*before, axis(last.role, last.size + other[-1].size)),)


def _time_distributed(call: Given) -> Derivation:
    """Derives a TimeDistributed layer: each step is a separate input."""
    expect_rank(call, 3, at_least=True)
    if len(call.inputs) > 1:
        raise NoRuleError(call.kind)
    first, steps, *rest = call.shape
    layer = call.get("layer")
    inner = _wrapped(call, layer, ((first, *rest),))
    if len(inner.outputs) != 1:
        raise NoRuleError(call.kind)
    (head, *after), times = inner.outputs[0], number(steps)
    return Derivation(
        ((head, axis("steps", steps, "input"), *after),),
        tuple(
            replace(weight, uses=weight.uses and _times(weight.uses, times))
            for weight in within(_wrapped_name(layer), inner.weights)
        ),
        tuple(term * times for term in inner.products),
        inner.counted,
    )


def _times(uses: Term, steps: Term) -> Term:
    """Multiplies two terms without writing a plain 1."""
    return steps if not uses.sign and uses.value == 1 else uses * steps


def _spectral_normalization(call: Given) -> Derivation:
    """Derives the inner layer, and a vector that estimates the spectral norm of its kernel."""
    layer = call.get("layer")
    kind, _settings = parse_layer(layer)
    if kind == call.kind:
        raise NoRuleError(kind)
    inner = _wrapped(call, layer, call.inputs)
    kernel = next(
        (weight for weight in inner.weights if weight.name in ("kernel", "embeddings")), None
    )
    if kernel is None:
        raise DoesNotFitError(
            _(
                "It normalises a kernel or a table of embeddings, but {kind} has neither."
            ).format(kind=kind)
        )
    vector = WeightSize("vector_u", (number(1), kernel.sizes[-1]), trainable=False)
    # The wrapper has the kernel as its own too, so Keras lists it before the others.
    rest = (weight for weight in inner.weights if weight is not kernel)
    name = layer_name(kind)
    return replace(inner, weights=(*within(name, [kernel]), vector, *within(name, rest)))


RULES = (
    Rule("Bidirectional", _bidirectional, _KERAS + "bidirectional/", ("merge_mode",), "steps"),
    Rule("TimeDistributed", _time_distributed, _KERAS + "time_distributed/"),
    Rule("SpectralNormalization", _spectral_normalization, "https://arxiv.org/abs/1802.05957"),
)
