"""Finds activations that have no effect or are applied twice, anywhere in the graph."""

from collections.abc import Callable, Iterator

from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.graph.lint.spans import WRAPPERS, activation_of, softmax_axis, span_of
from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable

_SQUASHING = ("softmax", "sigmoid")
_NORMALISING = {"LayerNormalization", "UnitNormalization", "RMSNormalization"}
_PURE = {"Activation", "Softmax", "Sigmoid"}


def _softmax_of_one(case: Case) -> Iterator[Finding]:
    for call in case.calls:
        owner = _owner(case, call)
        if owner is None or activation_of(call) != "softmax" or not call.library:
            continue
        axis, shape = softmax_axis(call), _output_shape(owner)
        rank = len(shape)
        if not rank or not isinstance(axis, int) or not -rank <= axis < rank:
            continue
        if axis % rank == 0 and rank > 1:
            yield _over_the_batch(owner)
        elif shape[axis] == 1:
            yield _one_unit(owner) if owner in case.outputs else _weights_of_one(owner, shape)


def _owner(case: Case, call: Call) -> Call | None:
    """Returns the call that shows a layer's result: for a layer in a wrapper, the wrapper."""
    if call.id not in case.graph.inside:
        return call
    wrapper = case.graph.call_of.get(call.group or "")
    return wrapper if wrapper is not None and wrapper.kind in WRAPPERS else None


def _output_shape(call: Call) -> tuple[int | None, ...]:
    return (call.outputs[0].shape if call.outputs else None) or ()


def _one_unit(call: Call) -> Finding:
    return Finding(
        "one-class",
        call.id,
        _("{name} applies softmax to a single unit, so its output is always 1.").format(
            name=printable(call.layer)
        ),
        _('Use `activation="sigmoid"`, or one unit for each class.'),
        "certain",
    )


def _weights_of_one(call: Call, shape: tuple[int | None, ...]) -> Finding:
    name = printable(call.layer)
    if len(shape) < 3:
        change = _('Use `activation="sigmoid"`, or one unit for each class.')
    else:
        change = _(
            "Remove the activation of {name}, and apply `layers.Softmax(axis=1)` to its result, "
            "so that the weights of the steps add up to 1."
        ).format(name=name)
    return Finding(
        "softmax-of-one",
        call.id,
        _(
            "{name} applies softmax along an axis of size 1, so all of its results are 1, "
            "whatever it receives."
        ).format(name=name),
        change,
        "certain",
    )


def _over_the_batch(call: Call) -> Finding:
    return Finding(
        "softmax-over-batch",
        call.id,
        _(
            "{name} applies softmax along axis 0, which counts the examples: the result for one "
            "example depends on the others in its batch."
        ).format(name=printable(call.layer)),
        _("Use `axis=-1`, or the axis whose values should add up to 1."),
        "certain",
    )


def _twice(case: Case) -> Iterator[Finding]:
    """Finds softmax or sigmoid of numbers that are probabilities already."""
    for call in case.calls:
        activation = activation_of(call)
        if call.kind not in _PURE or activation not in _SQUASHING:
            continue
        sources = case.sources_of(call.id)
        span = span_of(case, *sources[0]) if len(sources) == 1 else None
        if span is None or span.activation not in _SQUASHING or not span.is_probability:
            continue
        if activation == "softmax" and not (span.adds_up and softmax_axis(call) == -1):
            continue  # a softmax of other numbers from 0 to 1 can be meant as weights
        earlier = case.graph.call_of[span.call]
        names = {
            "name": printable(call.layer),
            "activation": activation,
            "other": printable(earlier.layer),
            "before": span.activation,
        }
        yield Finding(
            "activation-twice",
            call.id,
            _(
                "{name} applies {activation} to the result of {other}, which has applied "
                "{before} already, so the probabilities are squeezed together."
            ).format(**names),
            _("Remove the activation of {other} or the one of {name}.").format(**names),
            "certain" if activation == span.activation else "likely",
        )


def _classes_of_classes(case: Case) -> Iterator[Finding]:
    """Finds a last layer that reads the classes of another one, as of a head left in place."""
    for call in case.outputs:
        source = case.only_source(call.id)
        if source is None or call.kind != "Dense" or activation_of(call) != "softmax":
            continue
        if source.kind != "Dense" or activation_of(source) != "softmax":
            continue
        names = {"name": printable(call.layer), "other": printable(source.layer)}
        yield Finding(
            "classes-of-classes",
            call.id,
            _(
                "{name} sees only the classes that {other} has chosen with softmax, not the "
                "features before it. `layers.pop()` takes no layer out of a model."
            ).format(**names),
            _("Call {name} on the input of {other}: `get_layer(...).input`.").format(**names),
            "likely",
        )


def _normalised_alone(case: Case) -> Iterator[Finding]:
    for call in case.calls:
        shape = _output_shape(call)
        axis = call.settings.get("axis", -1)
        if call.kind not in _NORMALISING or not shape or not isinstance(axis, int):
            continue
        if len(shape) > 1 and shape[axis] == 1:
            yield Finding(
                "normalises-one",
                call.id,
                _(
                    "{name} normalises along an axis of size 1, so its result no longer depends "
                    "on the size of what it receives."
                ).format(name=printable(call.layer)),
                _("Remove {name}, or use `layers.BatchNormalization()`.").format(
                    name=printable(call.layer)
                ),
                "certain",
            )


RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    _softmax_of_one,
    _twice,
    _classes_of_classes,
    _normalised_alone,
)
