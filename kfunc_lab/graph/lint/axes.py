"""Finds axes that mean something else than the user thinks: batch, steps, places, channels."""

from collections.abc import Callable, Iterator
from math import prod

from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.graph.lint.losses import kind_of_loss, losses_of
from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable

Shape = tuple[int | None, ...]

_RECURRENT = {"LSTM", "GRU", "SimpleRNN", "Bidirectional"}
_ATTENTION = {"MultiHeadAttention", "Attention", "AdditiveAttention", "GroupedQueryAttention"}
_OF_IMAGES = {
    "Conv2D", "SeparableConv2D", "DepthwiseConv2D", "MaxPooling2D", "AveragePooling2D",
    "GlobalAveragePooling2D", "GlobalMaxPooling2D",
}  # fmt: skip
_FEW_UNITS = 1  # more answers for each place can be a map of classes


def shape_of(call: Call, output: int = 0) -> Shape:
    """Returns the shape of one of a call's results; `()` if it is not known."""
    return (call.outputs[output].shape if output < len(call.outputs) else None) or ()


def _batch_lost(case: Case) -> Iterator[Finding]:
    """Finds outputs whose first axis does not count the examples."""
    inputs = [case.graph.call_of[call_id] for call_id in case.graph.inputs]
    if not inputs or any(shape_of(call)[:1] != (None,) for call in inputs):
        return  # with a fixed batch size nobody can tell the axes apart
    for output, index in case.exits:
        if without_batch(output, index):
            loser = _first_loser(case, output)
            yield _batch_finding(loser, shape_of(output, index))
        else:
            yield from _joined_batches(case, output)


def without_batch(call: Call, output: int | None = None) -> bool:
    """Tells whether the first axis of a call's result, or of any, does not count the examples."""
    specs = call.outputs if output is None else call.outputs[output : output + 1]
    return call.library and any(
        spec.shape is not None and spec.shape[:1] != (None,) for spec in specs
    )


def _first_loser(case: Case, output: Call) -> Call:
    call = output
    while True:
        sources = [case.graph.call_of[it] for it in case.graph.sources.get(call.id, ())]
        losers = [source for source in sources if without_batch(source)]
        if not losers:
            return call
        call = losers[0]


def _batch_finding(loser: Call, shape: Shape) -> Finding:
    if loser.kind == "Stack":
        change = _(
            "Join along the last axis: `ops.concatenate([a, b], axis=-1)`, or "
            "`ops.stack([a, b], axis=1)`."
        )
    elif loser.kind == "GetItem":
        change = _("Index a later axis: `x[:, 0]` takes the first number of each example.")
    elif loser.kind == "Transpose":
        change = _("Keep axis 0 in its place, for example with `layers.Permute`.")
    else:
        change = _("Name the axis, so that axis 0 stays: for example `axis=-1`.")
    return Finding(
        "batch-lost",
        loser.id,
        _(
            "The first axis of the output no longer counts the examples: after {name} ({kind}), "
            "the shape is {shape}."
        ).format(
            name=printable(loser.layer),
            kind=loser.kind,
            shape=str(tuple(shape)),
        ),
        change,
        "certain",
    )


def _joined_batches(case: Case, output: Call) -> Iterator[Finding]:
    """Finds a concatenation along the batch axis that directly is an output."""
    if output.kind != "Concatenate" or len(case.graph.sources.get(output.id, ())) < 2:
        return
    rank = len(shape_of(output))
    axis = output.settings.get("axis", 0 if output.operation else -1)
    if isinstance(axis, int) and rank and axis % rank == 0 and rank > 1:
        yield Finding(
            "batch-lost",
            output.id,
            _(
                "{name} joins its inputs along axis 0, which counts the examples: the output has "
                "more rows than the input."
            ).format(name=printable(output.layer)),
            _("Join along the last axis: `axis=-1`."),
            "certain",
        )


def _one_step(case: Case) -> Iterator[Finding]:
    for call in case.calls:
        shape = (call.inputs[0].shape if call.inputs else None) or ()
        if call.id in case.graph.inside:
            continue  # the layer around it is enough
        if call.kind in _RECURRENT and len(shape) == 3 and shape[1] == 1:
            if len(call.inputs) > 1 or _keeps_state(case, call):
                continue  # a decoder that takes one step at a time
            features = "?" if shape[2] is None else str(shape[2])
            yield Finding(
                "one-step",
                call.id,
                _(
                    "{name} receives a sequence of one step with {n} features, so it has nothing "
                    "to remember."
                ).format(name=printable(call.layer), n=features),
                _("If these {n} numbers are the steps, give them as `({n}, 1)`.").format(
                    n=features
                )
                if features != "1"
                else _("Give it several steps, or use Dense."),
                "likely",
            )
        elif call.kind in _ATTENTION and call.inputs and _attends_to_one(call):
            yield Finding(
                "one-step",
                call.id,
                _(
                    "{name} attends to a sequence of one step, so its attention weights are "
                    "always 1."
                ).format(name=printable(call.layer)),
                _("Give it several steps, or use Dense."),
                "likely",
            )


def _keeps_state(case: Case, call: Call) -> bool:
    parts = [call, *case.inside(call)]
    return any(
        part.settings.get("stateful") or part.settings.get("return_state") for part in parts
    )


def _attends_to_one(call: Call) -> bool:
    value = call.inputs[1] if len(call.inputs) > 1 else call.inputs[0]
    return value.shape is not None and len(value.shape) == 3 and value.shape[1] == 1


def _channels_first(case: Case) -> Iterator[Finding]:
    import keras

    if keras.config.image_data_format() == "channels_first":
        return
    for call in case.calls:
        shape = (call.inputs[0].shape if call.inputs else None) or ()
        if call.kind not in _OF_IMAGES or len(shape) != 4 or "data_format" in call.settings:
            continue
        channels, rows, columns = shape[1:]
        if channels not in (1, 3) or rows is None or columns is None or not _is_raw(case, call):
            continue
        if min(rows, columns) >= 8 and columns not in (1, 3, 4):
            yield Finding(
                "channels-first",
                call.id,
                _(
                    "{name} reads its input {shape} as rows, columns and channels, so it sees "
                    "{columns} channels; the channels seem to come first."
                ).format(
                    name=printable(call.layer),
                    shape=f"({channels}, {rows}, {columns})",
                    columns=columns,
                ),
                _(
                    "Put the channels last: `keras.Input(({rows}, {columns}, {channels}))`, and "
                    "`np.moveaxis(x, 1, -1)` for the data."
                ).format(rows=rows, columns=columns, channels=channels),
                "likely" if rows == columns else "possible",
            )
            return


def _is_raw(case: Case, call: Call) -> bool:
    """Tells whether no layer with weights comes before a call."""
    return not any(
        case.graph.call_of[it].parameters and case.graph.call_of[it].kind != "Normalization"
        for it in case.leading_to([call.id])
    )


def _answers_for_places(case: Case) -> Iterator[Finding]:
    """Finds a Dense head over the places of an image or the steps of a convolution."""
    for output, index, loss in losses_of(case):
        shape = shape_of(output, index)
        if (
            output.kind not in ("Dense", "Activation")
            or len(shape) < 3
            or case.only_source(output.id) is None
        ):
            continue
        places = list(shape[1:-1])
        source = _shrinker(case, output)
        if source is None or 1 in places[:1] or kind_of_loss(loss)[0] == "ctc":
            continue
        few = shape[-1] is not None and shape[-1] <= _FEW_UNITS
        if len(shape) == 3 and not few:
            continue  # a class for each of the shorter steps
        count = "?" if None in places else str(prod(size or 1 for size in places))
        where = " × ".join("?" if size is None else str(size) for size in places)
        yield Finding(
            "answers-for-places",
            output.id,
            _(
                "{name} answers at each of the {where} places that {source} leaves, so each "
                "example gets {n} answers."
            ).format(
                name=printable(output.layer),
                where=where,
                n=count,
                source=printable(source.layer),
            ),
            _(
                "For one answer for each example, put `layers.Flatten()` or "
                "`layers.{pooling}()` before it."
            ).format(pooling=f"GlobalAveragePooling{len(places)}D"),
            "likely",
        )


def _shrinker(case: Case, output: Call) -> Call | None:
    """Returns the call that made a map smaller than the input, if Dense layers follow it."""
    call: Call | None = case.only_source(output.id)
    while call is not None and call.kind in (
        "Dense",
        "Dropout",
        "Activation",
        "BatchNormalization",
    ):
        call = case.only_source(call.id)
    if call is None or not call.kind.startswith(
        ("Conv", "SeparableConv", "MaxPool", "AveragePool", "DepthwiseConv")
    ):
        return None
    before = [case.graph.call_of[it] for it in case.leading_to([call.id])]
    sizes = [shape_of(it)[1:-1] for it in before if it.id in case.graph.inputs]
    if any(
        len(size) == len(shape_of(call)) - 2 and size == shape_of(call)[1:-1] for size in sizes
    ):
        return None  # an answer for each pixel of the input can be meant
    upsampled = any(it.kind.startswith(("UpSampling", "Conv2DTranspose")) for it in before)
    return None if upsampled else call


RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    _batch_lost,
    _one_step,
    _channels_first,
    _answers_for_places,
)
