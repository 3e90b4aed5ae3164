"""Rules for layers that wrap another: in both directions, at each step, normalised."""

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
    described,
    expect_rank,
)

_KERAS = "https://keras.io/api/layers/recurrent_layers/"


def _wrapped(given: Given, text: object, inputs: tuple[Shape, ...]) -> Derivation:
    """Derives the shapes of the layer that a wrapper's setting describes."""
    kind, settings = described(text)
    found = given.derive_layer(kind, settings, inputs)
    if found is None:
        raise NoRuleError(kind)
    return found


def _wrapped_name(text: object) -> str:
    return layer_name(described(text)[0])


# ---------------------------------------------------------------------------------------------


def _bidirectional(given: Given) -> Derivation:
    sequence, states = given.inputs[:1], given.inputs[1:]
    half = len(states) // 2
    layer, back = given.get("layer"), given.get("backward_layer")
    forward = _wrapped(given, layer, (*sequence, *states[:half]))
    # Where none is given, Keras makes it from the other.
    backward = _wrapped(given, back or layer, (*sequence, *states[half:]))
    if forward.shapes != backward.shapes:
        raise NoRuleError(given.kind)
    name = _wrapped_name(layer)
    names = (f"forward_{name}", f"backward_{name}")
    if back and _is_another(layer, back):
        names = (f"forward_{name}", _wrapped_name(back))
    return Derivation(
        (*_merged(given, forward, backward), *forward.outputs[1:], *backward.outputs[1:]),
        (*within(names[0], forward.weights), *within(names[1], backward.weights)),
        (*forward.products, *backward.products),
    )


def _is_another(layer: object, back: object) -> bool:
    """Tells whether the second is more than the first turned round."""
    (kind, settings), (back_kind, back_settings) = described(layer), described(back)
    turned = {**back_settings, "go_backwards": settings.get("go_backwards", False)}
    return kind != back_kind or {"go_backwards": False, **settings} != turned


def _merged(
    given: Given, forward: Derivation, backward: Derivation
) -> tuple[tuple[Axis, ...], ...]:
    one, other = forward.outputs[0], backward.outputs[0]
    mode = given.get("merge_mode", "concat")
    if mode is None:
        return (one, other)
    if mode != "concat":
        return (one,)
    *before, last = one
    return ((*before, axis(last.role, last.size + other[-1].size)),)


def _time_distributed(given: Given) -> Derivation:
    """Each step is an input of its own."""
    expect_rank(given, 3, at_least=True)
    if len(given.inputs) > 1:
        raise NoRuleError(given.kind)
    first, steps, *rest = given.shape
    layer = given.get("layer")
    found = _wrapped(given, layer, ((first, *rest),))
    if len(found.outputs) != 1:
        raise NoRuleError(given.kind)
    (head, *after), times = found.outputs[0], number(steps)
    return Derivation(
        ((head, axis("steps", steps, "input"), *after),),
        tuple(
            replace(it, uses=it.uses and _times(it.uses, times))
            for it in within(_wrapped_name(layer), found.weights)
        ),
        tuple(it * times for it in found.products),
        found.counted,
    )


def _times(uses: Term, steps: Term) -> Term:
    """Multiplies, and leaves a plain 1 away."""
    return steps if not uses.sign and uses.value == 1 else uses * steps


def _spectral_normalization(given: Given) -> Derivation:
    """The layer inside, and a vector from which its kernel's greatest stretch is estimated."""
    layer = given.get("layer")
    kind, _settings = described(layer)
    if kind == given.kind:
        raise NoRuleError(kind)
    found = _wrapped(given, layer, given.inputs)
    kernel = next((it for it in found.weights if it.name in ("kernel", "embeddings")), None)
    if kernel is None:
        raise DoesNotFitError(
            _("It normalises a kernel or a table of embeddings, and {kind} has none.").format(
                kind=kind
            )
        )
    vector = WeightSize("vector_u", (number(1), kernel.sizes[-1]), trainable=False)
    return replace(found, weights=(*within(layer_name(kind), found.weights), vector))


RULES = (
    Rule("Bidirectional", _bidirectional, _KERAS + "bidirectional/", ("merge_mode",), "steps"),
    Rule("TimeDistributed", _time_distributed, _KERAS + "time_distributed/"),
    Rule("SpectralNormalization", _spectral_normalization, "https://arxiv.org/abs/1802.05957"),
)
