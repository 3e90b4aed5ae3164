"""Finds weights that do not train as the user means, and calls that always run in training mode."""

from collections.abc import Callable, Iterator
from typing import Any

from kfunc_lab.graph.keras.compiled import (
    changed_since_compile,
    has_trained,
    optimized_variables,
    training_argument,
)
from kfunc_lab.graph.keras.nodes import layers_within
from kfunc_lab.graph.keras.settings import call_parameters
from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable

_WITHOUT_GRADIENT = {"StopGradient", "Argmax", "Argmin", "Sign", "Round", "Floor", "Ceil"}
_NORMALISING = "BatchNormalization"
_RANDOM = ("Dropout", "Random", "Noise")


def _nothing_trains(case: Case) -> Iterator[Finding]:
    model = case.model
    if not _is_compiled(model) or not model.weights or model.trainable_weights:
        return
    if has_trained(model) and optimized_variables(model):
        return  # frozen later: another rule
    yield Finding(
        "nothing-trains",
        "",
        _("No weight of this model is trainable, so `fit` changes nothing."),
        _("Set `layer.trainable = True` for the layers that should learn, then compile again."),
        "likely",
    )


def _no_gradient(case: Case) -> Iterator[Finding]:
    """Finds weights that reach the outputs only through something that has no gradient."""
    if not _is_compiled(case.model):
        return
    blocked = [call for call in case.calls if _blocks(call)]
    reached = _reached_without(case, {call.id for call in blocked})
    cut_off = [
        call
        for call in case.calls
        if call.trainable_parameters and call.id not in reached | case.graph.inside
    ]
    for block in blocked:
        before = case.leading_to([block.id])
        names = [printable(call.layer) for call in cut_off if call.id in before]
        if names:
            yield Finding(
                "no-gradient",
                block.id,
                _(
                    "No gradient passes {name} ({kind}), so the weights of {layers} are never "
                    "trained."
                ).format(
                    name=printable(block.layer),
                    kind=block.kind,
                    layers=", ".join(names[:3]) + (", …" if len(names) > 3 else ""),
                ),
                _("Leave {name} out of the model that is trained.").format(
                    name=printable(block.layer)
                ),
                "possible" if block.kind == "StopGradient" else "likely",
            )
            return


def _blocks(call: Call) -> bool:
    if call.kind in _WITHOUT_GRADIENT and call.operation:
        return True
    whole = all(spec.dtype.startswith(("int", "uint", "bool")) for spec in call.outputs)
    return whole and bool(call.inputs) and bool(call.outputs) and call.operation


def _reached_without(case: Case, blocked: set[str]) -> set[str]:
    """Returns the calls from which the outputs can be reached without some calls."""
    reached = {call.id for call in case.outputs if call.id not in blocked}
    waiting = list(reached)
    for call_id in waiting:
        for source in case.graph.sources.get(call_id, ()):
            if source not in reached and source not in blocked:
                reached.add(source)
                waiting.append(source)
    return reached


def _changed_after_compile(case: Case) -> Iterator[Finding]:
    """Compares the weights that the optimizer was built for with those that are trainable now."""
    model = case.model
    known = optimized_variables(model) if _is_compiled(model) else None
    if known is None:
        return
    built = {id(variable) for variable in known}
    now = {id(variable) for variable in model.trainable_variables}
    own = {id(variable) for variable in model.variables}
    thawed = [variable for variable in model.trainable_variables if id(variable) not in built]
    frozen = [variable for variable in known if id(variable) in own and id(variable) not in now]
    words = _thawed_words(model) if thawed else _frozen_words(model) if frozen else None
    if words is None:
        return
    problem, change = words
    # The discriminator of a GAN is frozen for the other model only.
    confidence = "certain" if thawed or now else "possible"
    layers = _layer_names(model, thawed or frozen)
    yield Finding(
        "changed-after-compile", "", problem.format(layers=layers), change, confidence
    )


# TensorFlow goes on with the step that it compiled; the others ask the layers in each `fit`.


def _thawed_words(model: Any) -> tuple[str, str]:
    """Says what happens to layers that became trainable, and what to change."""
    import keras

    if keras.backend.backend() == "tensorflow" and has_trained(model):
        return (
            _(
                "{layers} became trainable after the model was compiled and trained: `fit` goes "
                "on without training the weights of these layers."
            ),
            _("Call `model.compile(...)` again, with a new optimizer."),
        )
    return (
        _(
            "The optimizer has already been used with other weights, and it does not know "
            "those of {layers}, so `fit` will fail."
        ),
        _('Compile with a new optimizer, such as `model.compile("adam", ...)`.'),
    )


def _frozen_words(model: Any) -> tuple[str, str] | None:
    """Says what happens to layers that became frozen, and what to change."""
    import keras

    backend = keras.backend.backend()
    if not has_trained(model):
        return None
    if backend == "jax":
        return (
            _(
                "{layers} became frozen after the model was trained, and the optimizer expects "
                "their weights, so `fit` will fail."
            ),
            _('Compile with a new optimizer, such as `model.compile("adam", ...)`.'),
        )
    if backend == "tensorflow" and changed_since_compile(model):
        return (
            _(
                "{layers} became frozen after the model was compiled and trained: `fit` goes on "
                "training the weights of these layers."
            ),
            _("Call `model.compile(...)` again."),
        )
    return None


def _is_compiled(model: Any) -> bool:
    import keras

    return isinstance(model, keras.Model) and bool(getattr(model, "compiled", False))


def _layer_names(model: Any, variables: list[Any]) -> str:
    """Returns the names of the outermost layers of a model that hold some variables."""
    wanted = {id(variable) for variable in variables}
    names = [
        printable(layer.name)
        for layer in model.layers
        if any(id(variable) in wanted for variable in layer.variables)
    ]
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _training_mode(case: Case) -> Iterator[Finding]:
    """Finds calls with `training=True`, which hold also when the model predicts."""
    for call_id, node in {**case.nested, **case.nodes}.items():
        if case.is_lost(call_id) or training_argument(node) is not True:
            continue
        layer = node.operation
        if _trains_by_default(layer):
            continue
        parts = layers_within(layer)
        kinds = {type(part).__name__ for part in parts}
        frozen = len(parts) > 1 and bool(layer.weights) and not layer.trainable_weights
        if frozen and _NORMALISING in kinds:
            yield _frozen_base(call_id, layer.name)
        elif _NORMALISING in kinds:
            yield _batch_statistics(call_id, layer.name, nested=len(parts) > 1)
        elif any(kind.endswith(_RANDOM) or kind.startswith(_RANDOM) for kind in kinds):
            yield _always_random(call_id, layer.name, "likely" if frozen else "possible")


def _trains_by_default(layer: Any) -> bool:
    """Tells whether `training=True` is only the default of a layer, as for augmentation."""
    cls: Any = type(layer)
    return any(it.name == "training" and it.default is True for it in call_parameters(cls))


def _frozen_base(call_id: str, name: str) -> Finding:
    return Finding(
        "training-mode",
        call_id,
        _(
            "{name} is frozen but called with `training=True`: it always runs as in training, "
            "also in `predict`, and its BatchNormalization starts to learn again as soon as its "
            "layers are trainable."
        ).format(name=printable(name)),
        _("Call it with `training=False`: `{name}(x, training=False)`.").format(
            name=printable(name)
        ),
        "likely",
    )


def _batch_statistics(call_id: str, name: str, nested: bool) -> Finding:
    return Finding(
        "training-mode",
        call_id,
        _(
            "{name} is called with `training=True`: also in `predict`, BatchNormalization uses "
            "the statistics of the batch, so the result for one example depends on the others."
        ).format(name=printable(name)),
        _("Leave `training` out: Keras sets it in `fit` and in `predict`."),
        "likely" if nested else "possible",
    )


def _always_random(call_id: str, name: str, sureness: str) -> Finding:
    return Finding(
        "training-mode",
        call_id,
        _("{name} is called with `training=True`, so it stays random in `predict` too.").format(
            name=printable(name)
        ),
        _(
            "Leave `training` out, unless you mean to draw several predictions and compare them."
        ),
        sureness,
    )


def _dropout(case: Case) -> Iterator[Finding]:
    """Finds a Dropout that drops the model's answers."""
    for call in case.calls:
        if not call.library or not call.kind.endswith("Dropout"):
            continue
        if call in case.outputs and _is_compiled(case.model):
            yield Finding(
                "dropout-at-the-end",
                call.id,
                _(
                    "{name} is the last layer: in training it sets some of the model's answers to "
                    "0 before the loss sees them."
                ).format(name=printable(call.layer)),
                _("Put {name} before the last Dense layer.").format(name=printable(call.layer)),
                "likely",
            )


RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    _nothing_trains,
    _no_gradient,
    _changed_after_compile,
    _training_mode,
    _dropout,
)
