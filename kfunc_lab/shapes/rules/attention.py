"""Shape rules for attention layers."""

from collections.abc import Sequence

from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.arithmetic import Term, number, product
from kfunc_lab.shapes.rules.dense import position_count
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
    batch,
    expect_rank,
    kept,
    known,
    positive,
    sizes_of,
)


def _query_value_key(call: Given) -> tuple[Shape, Shape, Shape]:
    """Returns the shapes of query, value and key; by default the key is the value."""
    if len(call.inputs) not in (2, 3):
        raise DoesNotFitError(
            _("It takes a query, a value and an optional key, but got {n} inputs.").format(
                n=len(call.inputs)
            )
        )
    query, value, *key = call.inputs
    return query, value, key[0] if key else value


def _expect_pairs(value: Shape, key: Shape) -> None:
    """Raises `DoesNotFitError` unless each key has a value."""
    if value[1:-1] != key[1:-1]:
        raise DoesNotFitError(
            _(
                "Each key needs a value, but the keys have shape {key} and the values {value}."
            ).format(key=key, value=value),
            f"{key[1:-1]} ≠ {value[1:-1]}",
        )


def _scores(call: Given, axes: Sequence[Axis]) -> list[tuple[Axis, ...]]:
    """Returns the second output, the scores, if the call returns them."""
    return [tuple(axes)] if call.get("return_attention_scores") else []


def _queries(size: int | None) -> Axis:
    return axis("queries", size, "input")


def _keys(size: int | None) -> Axis:
    return axis("keys", size, "input")


# ---------------------------------------------------------------------------------------------
# Attention without kernels


def _attention(call: Given) -> Derivation:
    query, value, key = _query_value_key(call)
    _expect_comparable(call, query, value, key)
    size, width = number(query[-1], "q"), number(value[-1], "w")
    asks, keys = number(query[-2], "i"), number(key[-2], "j")
    scores = product([*sizes_of(query[1:-2]), asks, keys])
    multiplied = call.kind == "Attention" and call.get("score_mode", "dot") == "dot"
    roles = ("batch", "steps") if len(query) == 3 else ()
    return Derivation(
        (
            (*kept(query[:-1], roles), axis("features", value[-1], "input")),
            *_scores(call, (*kept(query[:-2]), _queries(query[-2]), _keys(key[-2]))),
        ),
        tuple(_scales(call, query, scores)),
        (*([scores * size] if multiplied else []), scores * width),
    )


def _scales(call: Given, query: Shape, scores: Term) -> list[WeightSize]:
    """Returns the weights that scale the scores."""
    if call.kind == "AdditiveAttention":
        if not call.get("use_scale", True):
            return []
        return [WeightSize("scale", (number(known(query[-1], query), "q"),), scores)]
    concatenated = call.get("score_mode") == "concat"
    # The summands of a score are scaled before they are added.
    each = scores * number(query[-1], "q") if concatenated else scores
    return [
        *([WeightSize("scale", (), each)] if call.get("use_scale") else []),
        *([WeightSize("concat_score_weight", (), scores)] if concatenated else []),
    ]


def _expect_comparable(call: Given, query: Shape, value: Shape, key: Shape) -> None:
    """Raises an error unless queries and keys have the same size, and each key has a value."""
    for shape in (query, value, key):
        expect_rank(Given(call.kind, {}, (shape,)), 2, at_least=True)
    # With two axes, the batch axis holds the queries; further axes may be broadcast.
    if len(query) == 2 or not query[:-2] == value[:-2] == key[:-2]:
        raise NoRuleError(call.kind)
    if value[-2] != key[-2] and None not in (value[-2], key[-2]):
        _expect_pairs(value, key)
    if query[-1] == key[-1] or None in (query[-1], key[-1]):
        return
    if 1 in (query[-1], key[-1]) and call.kind != "Attention":  # addition broadcasts it
        raise NoRuleError(call.kind)
    raise DoesNotFitError(
        _(
            "Queries have size {n} and keys have size {found}, so they cannot be compared."
        ).format(n=query[-1], found=key[-1]),
        f"{query[-1]} ≠ {key[-1]}",
    )


# ---------------------------------------------------------------------------------------------
# Multi-head attention


def _projected(
    call: Given, name: str, before: Sequence[Term], after: Sequence[Term], uses: Term
) -> list[WeightSize]:
    """Returns the weights of a projection, before or after the attention."""
    bias = [WeightSize(f"{name}/bias", tuple(after))] if call.get("use_bias", True) else []
    return [WeightSize(f"{name}/kernel", (*before, *after), uses), *bias]


def _features(shape: Shape) -> list[Term]:
    return [number(known(shape[-1], shape), "n")]


def _multi_head_attention(call: Given) -> Derivation:
    query, value, key = _query_value_key(call)
    if len(query) < 3 or not len(query) == len(value) == len(key):
        raise NoRuleError(call.kind)
    _expect_pairs(value, key)
    heads = number(positive(call.settings, "num_heads"), "h")
    size = number(positive(call.settings, "key_dim"), "q")
    own_width = call.get("value_dim") is not None
    width = number(positive(call.settings, "value_dim") if own_width else size.value, "w")
    head, valued = [heads, size], [heads, width]
    asks = position_count(query)
    sizes = _output_sizes(call, query)
    gate = (
        _projected(call, "gate", _features(query), valued, asks) if call.get("use_gate") else []
    )
    return Derivation(
        (_output(call, query, sizes), *_scores(call, _scores_axes(call, query, key))),
        (
            *_projected(call, "query", _features(query), head, asks),
            *_projected(call, "key", _features(key), head, position_count(key)),
            *gate,
            *_projected(call, "value", _features(value), valued, position_count(value)),
            *_projected(call, "attention_output", valued, sizes, asks),
        ),
        _compared(call, query, key, size, width),
    )


def _output_sizes(call: Given, query: Shape) -> list[Term]:
    chosen = call.get("output_shape")
    if not chosen:
        return _features(query)
    return sizes_of([chosen] if isinstance(chosen, int) else chosen)


def _output(call: Given, query: Shape, sizes: Sequence[Term]) -> tuple[Axis, ...]:
    reason = "output_shape" if call.get("output_shape") else "input"
    roles = ("batch", "steps") if len(query) == 3 else ()
    return (
        *kept(query[:-1], roles),
        *(axis("features", size.value, reason) for size in sizes),
    )


def _scores_axes(call: Given, query: Shape, key: Shape) -> tuple[Axis, ...]:
    """Returns the axes of the scores, if Keras states them correctly.

    Symbolically, Keras assumes as many keys as queries, and one axis of each.
    """
    if not call.get("return_attention_scores"):
        return ()
    if len(query) > 3 or query[1] != key[1]:
        raise NoRuleError(call.kind)
    heads = axis("heads", call.get("num_heads"), "num_heads")
    return (batch(call), heads, _queries(query[1]), _keys(key[1]))


def _compared(
    call: Given, query: Shape, key: Shape, size: Term, width: Term
) -> tuple[Term, Term]:
    """Computes the products of queries with keys and of scores with values.

    Axes that are not attended to act like further examples.
    """
    inner = range(1, len(query) - 1)
    chosen = call.get("attention_axes") or tuple(inner)
    chosen = [chosen] if isinstance(chosen, int) else chosen
    axes = {
        axis_number if axis_number >= 0 else len(query) + axis_number for axis_number in chosen
    }
    others = [place for place in inner if place not in axes]
    if not axes.issubset(inner) or any(query[place] != key[place] for place in others):
        raise NoRuleError(call.kind)
    alone = len(axes) == 1
    scores = product(
        [
            number(call.get("num_heads"), "h"),
            *(number(query[place]) for place in others),
            *(number(query[place], "i" if alone else "") for place in sorted(axes)),
            *(number(key[place], "j" if alone else "") for place in sorted(axes)),
        ]
    )
    return scores * size, scores * width


def _grouped_query_attention(call: Given) -> Derivation:
    """Derives grouped-query attention: several query heads share one head of keys and values."""
    query, value, key = _query_value_key(call)
    for shape in (query, value, key):
        expect_rank(Given(call.kind, {}, (shape,)), 3)
    heads, groups = _grouped(call)
    if query[-1] != value[-1]:
        raise DoesNotFitError(
            _("Queries and values must have the same size, but got {n} and {found}.").format(
                n=query[-1], found=value[-1]
            ),
            f"{query[-1]} ≠ {value[-1]}",
        )
    _expect_pairs(value, key)
    size = number(positive(call.settings, "head_dim"), "q")
    head, shared, asks = [heads, size], [groups, size], position_count(query)
    gate = (
        _projected(call, "gate", _features(query), head, asks) if call.get("use_gate") else []
    )
    scores = product([heads, number(query[1], "i"), number(key[1], "j")])
    of_heads = axis("heads", heads.value, "num_query_heads")
    return Derivation(
        (
            kept(query, ("batch", "steps", "features")),
            *_scores(call, (batch(call), of_heads, _queries(query[1]), _keys(key[1]))),
        ),
        (
            *_projected(call, "query", _features(query), head, asks),
            *_projected(call, "key", _features(key), shared, position_count(key)),
            *gate,
            *_projected(call, "value", _features(value), shared, position_count(value)),
            *_projected(call, "attention_output", head, _features(query), asks),
        ),
        (scores * size, scores * size),
    )


def _grouped(call: Given) -> tuple[Term, Term]:
    heads = positive(call.settings, "num_query_heads")
    groups = positive(call.settings, "num_key_value_heads")
    if heads % groups:
        raise DoesNotFitError(
            _("Its {n} query heads cannot be divided equally among {groups} key heads.").format(
                n=heads, groups=groups
            ),
            f"{heads} / {groups}",
        )
    return number(heads, "h"), number(groups, "g")


RULES = (
    Rule(
        "Attention",
        _attention,
        "https://arxiv.org/abs/1508.04025",
        ("use_scale", "score_mode"),
        "attention",
    ),
    Rule(
        "AdditiveAttention",
        _attention,
        "https://arxiv.org/abs/1409.0473",
        ("use_scale",),
        "attention",
    ),
    Rule(
        "MultiHeadAttention",
        _multi_head_attention,
        "https://arxiv.org/abs/1706.03762",
        ("num_heads", "key_dim", "value_dim", "use_bias"),
        "attention",
    ),
    Rule(
        "GroupedQueryAttention",
        _grouped_query_attention,
        "https://arxiv.org/abs/2305.13245",
        ("num_query_heads", "num_key_value_heads", "head_dim", "use_bias"),
        "attention",
        # `keras.layers` exports the class by another name, so its defaults are repeated here.
        {"use_bias": True, "use_gate": False},
    ),
)
