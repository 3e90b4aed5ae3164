"""Lesson 06: the total loss of a model, swapped losses, and a model with two heads."""

from collections.abc import Mapping
from typing import Any

from kfunc_lab.graph.lint.losses import for_each_output
from kfunc_lab.graph.model.comparison import Comparison
from kfunc_lab.lessons.checking import answers, graphs, losses
from kfunc_lab.lessons.checking.exercise import Exercise, NotAttempted, Wrong
from kfunc_lab.locale import N_, _

_PRIORITY, _DEPARTMENT = 0.6, 1.2
_TOTAL = 1.0 * _PRIORITY + 0.2 * _DEPARTMENT


def _check_total(answer: Any) -> None:
    answers.attempted(answer)
    total = answers.number(answer)
    if abs(total - _TOTAL) < 0.005:
        return
    messages = {
        _PRIORITY + _DEPARTMENT: _(
            "{n} counts both in full. The weight of the department is 0.2: only a fifth of its "
            "loss counts."
        ),
        0.2 * _PRIORITY + _DEPARTMENT: _(
            "{n} has the weights the wrong way round: the priority has weight 1.0, the "
            "department 0.2."
        ),
        (_PRIORITY + _DEPARTMENT) / 2: _(
            "{n} is the mean. Keras adds up the losses, each multiplied by its weight."
        ),
        _TOTAL / 1.2: _(
            "{n} is a weighted mean. Keras adds up and does not divide by the sum of the weights."
        ),
        _PRIORITY: _("{n} is the loss of the priority alone. The department counts too."),
    }
    message = next(
        (text for value, text in messages.items() if abs(total - value) < 0.005), None
    )
    text = message or _(
        "It is not {n}. Multiply each loss by its weight, and add up the results."
    )
    raise Wrong(text.format(n=f"{total:g}"))


_FITS = {"priority": "binary_crossentropy", "department": "categorical_crossentropy"}
_ACTIVATIONS = {"priority": "sigmoid", "department": "softmax"}
_WEIGHTS = {"priority": 1.0, "department": 0.2}


def _check_repaired(answer: Any) -> None:
    answers.attempted(answer)
    model = answers.model(answer)
    if list(model.output_names) and sorted(model.output_names) != sorted(_FITS):
        raise Wrong(
            _("The model's outputs are {got}; expected `priority` and `department`.").format(
                got=", ".join(f"`{name}`" for name in model.output_names)
            )
        )
    if getattr(model, "loss", None) is None:
        raise Wrong(_("The model is not compiled: `compile` sets its losses."))
    _check_names(model.loss)
    given = _by_output(model, model.loss, _("losses"))
    weights = _by_output(model, model.get_compile_config().get("loss_weights"), _("weights"))
    read = {name: losses.read_loss(name, loss) for name, loss in given.items() if loss}
    kinds = {name: read[name][0] if name in read else "" for name in given}
    if kinds == {name: _FITS[other] for name, other in _SWAPPED.items()}:
        if weights == {name: _WEIGHTS[other] for name, other in _SWAPPED.items()}:
            raise NotAttempted(
                _(
                    "The losses and their weights are still those of the lesson. "
                    "`lab.lint(repaired)` says which of them do not fit; repair these."
                )
            )
        raise Wrong(
            _(
                "The losses are still swapped. A list follows the order of the outputs, which "
                "is {order}. A dict uses their names."
            ).format(order=", ".join(f"`{name}`" for name in model.output_names))
        )
    for name, kind in kinds.items():
        _check_loss(name, kind)
        losses.check_applied_once(name, _ACTIVATIONS[name], read[name][1])
    _check_weights(weights)


_SWAPPED = {"priority": "department", "department": "priority"}


def _check_names(loss: Any) -> None:
    unknown = [name for name in loss if name not in _FITS] if isinstance(loss, Mapping) else []
    if unknown:
        raise Wrong(
            _("No output is named `{name}`. The names are those of the last layers.").format(
                name=unknown[0]
            )
        )


def _by_output(model: Any, values: Any, what: str) -> dict[str, Any]:
    each = for_each_output(model, values)
    if len(each) != len(model.output_names):
        raise Wrong(
            _("There are {n} {what} for {outputs} outputs: give one for each.").format(
                n=len(each), what=what, outputs=len(model.output_names)
            )
        )
    return dict(zip(model.output_names, each, strict=True))


def _check_loss(name: str, kind: str) -> None:
    if kind == _FITS[name]:
        return
    if not kind:
        raise Wrong(_("`{name}` has no loss, so it learns nothing.").format(name=name))
    if name == "department" and kind == "sparse_categorical_crossentropy":
        raise Wrong(
            _(
                "`department`: the *sparse* loss takes integers. These targets are rows of zeros "
                "and a one."
            )
        )
    if name == "department" and kind == "binary_crossentropy":
        raise Wrong(
            _(
                "`department`: softmax chooses one of four. `binary_crossentropy` would ask "
                "four separate yes-or-no questions."
            )
        )
    if name == "priority" and "categorical" in kind:
        raise Wrong(
            _(
                "`priority`: `{loss}` compares classes. Over a single unit it is 0 whatever "
                "the model predicts, and the head learns nothing."
            ).format(loss=kind)
        )
    raise Wrong(
        _("`{name}`: `{loss}` does not fit its activation and its targets.").format(
            name=name, loss=kind
        )
    )


def _check_weights(weights: Mapping[str, Any]) -> None:
    numbers = {name: _weight(name, weight) for name, weight in weights.items()}
    if all(abs(numbers[name] - wanted) < 1e-6 for name, wanted in _WEIGHTS.items()):
        return
    if numbers == {name: _WEIGHTS[other] for name, other in _SWAPPED.items()}:
        raise Wrong(
            _(
                "The losses are right, but their weights are still swapped: `priority` should "
                "have 1.0, `department` 0.2."
            )
        )
    raise Wrong(
        _(
            "The losses are right. Their weights are {got}; `priority` should have 1.0, "
            "`department` 0.2."
        ).format(got=", ".join(f"`{name}`: {weight:g}" for name, weight in numbers.items()))
    )


def _weight(name: str, weight: Any) -> float:
    if weight is None:
        return 1.0  # Keras's default
    if not isinstance(weight, bool | int | float) and not hasattr(weight, "dtype"):
        raise Wrong(
            _("`{name}`: a loss weight is a number, got {got}.").format(
                name=name, got=repr(weight)
            )
        )
    return float(weight)


def _two_heads() -> Any:
    import keras
    from keras import layers

    image = keras.Input((784,), name="image")
    place = keras.Input((2,), name="place")
    x = layers.Dense(64, activation="relu")(image)
    x = layers.concatenate([x, place])
    digit = layers.Dense(10, activation="softmax", name="digit")(x)
    even = layers.Dense(1, activation="sigmoid", name="even")(x)
    return keras.Model([image, place], [digit, even])


def _check_two_heads(answer: Any) -> None:
    answers.attempted(answer)
    graphs.check_model(_two_heads, answer, _explain, ends="by name")


def _explain(comparison: Comparison) -> str | None:
    graph = comparison.after
    if len(graph.inputs) == 1:
        return _(
            "There is one input, `{name}`. There should be two `keras.Input`: one for the "
            "image, one for the place."
        ).format(name=graph.inputs[0])
    if len(graph.outputs) == 1:
        return _(
            "There is one output, `{name}`. A model has several outputs when `outputs` is a "
            "list of tensors."
        ).format(name=graph.outputs[0])
    joins = [call for call in graph.calls if call.kind == "Concatenate"]
    heads = [graph.call_of[head] for head in graph.outputs]
    fed = {head.id: graph.sources.get(head.id, []) for head in heads}
    by_units = {head.outputs[0].shape[-1]: head for head in heads if head.outputs[0].shape}
    if set(by_units) == {1, 10} and heads[0] is by_units[1]:
        return _("The names of the heads are swapped: `digit` has 10 units, `even` has one.")
    chained = [head for head in heads if set(fed[head.id]) & set(graph.outputs)]
    if chained:
        return _(
            "`{head}` is called on the output of the other head. Both should take the joined "
            "tensor, side by side."
        ).format(head=chained[0].id)
    if joins and any(graph.inputs[0] in graph.sources.get(head.id, ()) for head in joins):
        return _(
            "`{layer}` joins the raw image to the place. The image should go through a Dense "
            "layer of 64 units first."
        ).format(layer=joins[0].id)
    behind = {head.id: graph.ancestors(head.id) for head in heads}
    lone = next(
        (it for it, before in behind.items() if joins and joins[-1].id not in before), None
    )
    if lone is not None:
        return _(
            "`{head}` does not take the output of `{layer}`, so it sees only part of the "
            "inputs."
        ).format(head=lone, layer=joins[-1].id)
    return None


EXERCISES = [
    Exercise(
        name="total-loss",
        check=_check_total,
        praise=N_(
            "1.0 · 0.6 + 0.2 · 1.2 = 0.84. Training minimizes this one number, and the weights "
            "set how much each head counts."
        ),
        hints=(
            N_("Training minimizes one number. It is a sum with one term for each head."),
            N_("Each term is a weight times a loss: 1.0 · 0.6, and then?"),
        ),
        solution="total = 1.0 * 0.6 + 0.2 * 1.2",
        answer="total",
    ),
    Exercise(
        name="swapped-losses",
        check=_check_repaired,
        praise=N_(
            "Each head has its own loss and weight. In a dict they are given by name, so that "
            "their order does not matter."
        ),
        hints=(
            N_("`lab.lint(repaired)` shows which head has a loss that does not fit."),
            N_(
                'Write both as dicts: `loss={"priority": ..., "department": ...}`, and the same '
                "for `loss_weights`."
            ),
        ),
        solution="""\
repaired = keras.Model([title, body, tags], [priority, department])
repaired.compile(
    optimizer=keras.optimizers.RMSprop(1e-3),
    loss={"priority": "binary_crossentropy", "department": "categorical_crossentropy"},
    loss_weights={"priority": 1.0, "department": 0.2},
)""",
        answer="repaired",
    ),
    Exercise(
        name="two-heads",
        check=_check_two_heads,
        praise=N_("Two inputs meet in one tensor, and two heads read it side by side."),
        hints=(
            N_(
                'The panel shows what is missing: `lab.watch(target="two-heads")`. Begin with the '
                "two inputs."
            ),
            N_(
                "`layers.concatenate([x, place])` returns one tensor. Call both last layers on "
                "it, and pass both results to `keras.Model` as a list."
            ),
        ),
        solution="""\
image = keras.Input(shape=(784,), name="image")
place = keras.Input(shape=(2,), name="place")
x = layers.Dense(64, activation="relu")(image)
x = layers.concatenate([x, place])
digit = layers.Dense(10, activation="softmax", name="digit")(x)
even = layers.Dense(1, activation="sigmoid", name="even")(x)
answer = keras.Model([image, place], [digit, even])""",
        answer="answer",
        target=_two_heads,
    ),
]
