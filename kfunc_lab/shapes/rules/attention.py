"""Rules for attention: queries ask keys how much of each value to take."""

from collections.abc import Sequence

from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.arithmetic import Term, number, product
from kfunc_lab.shapes.rules.dense import places
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


def _asked(given: Given) -> tuple[Shape, Shape, Shape]:
    """Returns the shapes of query, value and key, which is the value unless it is given."""
    if len(given.inputs) not in (2, 3):
        raise DoesNotFitError(
            _("It takes a query, a value and an optional key, but got {n} inputs.").format(
                n=len(given.inputs)
            )
        )
    query, value, *key = given.inputs
    return query, value, key[0] if key else value


def _expect_pairs(value: Shape, key: Shape) -> None:
    """Raises `DoesNotFitError` unless there is a value for each key."""
    if value[1:-1] != key[1:-1]:
        raise DoesNotFitError(
            _(
                "Each key needs a value, but the keys have shape {key} and the values {value}."
            ).format(key=key, value=value),
            f"{key[1:-1]} ≠ {value[1:-1]}",
        )


def _scores(given: Given, axes: Sequence[Axis]) -> list[tuple[Axis, ...]]:
    """Returns the second output, if it is asked for."""
    return [tuple(axes)] if given.get("return_attention_scores") else []


def _queries(size: int | None) -> Axis:
    return axis("queries", size, "input")


def _keys(size: int | None) -> Axis:
    return axis("keys", size, "input")


# ---------------------------------------------------------------------------------------------
# Attention without kernels


def _attention(given: Given) -> Derivation:
    query, value, key = _asked(given)
    _expect_comparable(given, query, value, key)
    size, width = number(query[-1], "q"), number(value[-1], "w")
    asks, asked = number(query[-2], "i"), number(key[-2], "j")
    scores = product([*sizes_of(query[1:-2]), asks, asked])
    multiplied = given.kind == "Attention" and given.get("score_mode", "dot") == "dot"
    roles = ("batch", "steps") if len(query) == 3 else ()
    return Derivation(
        (
            (*kept(query[:-1], roles), axis("features", value[-1], "input")),
            *_scores(given, (*kept(query[:-2]), _queries(query[-2]), _keys(key[-2]))),
        ),
        tuple(_scales(given, query, scores)),
        (*([scores * size] if multiplied else []), scores * width),
    )


def _scales(given: Given, query: Shape, scores: Term) -> list[WeightSize]:
    """Returns the weights, each of which scales all scores."""
    if given.kind == "AdditiveAttention":
        if not given.get("use_scale", True):
            return []
        return [WeightSize("scale", (number(known(query[-1], query), "q"),), scores)]
    concatenated = given.get("score_mode") == "concat"
    # What is added up for a score is scaled before.
    each = scores * number(query[-1], "q") if concatenated else scores
    return [
        *([WeightSize("scale", (), each)] if given.get("use_scale") else []),
        *([WeightSize("concat_score_weight", (), scores)] if concatenated else []),
    ]


def _expect_comparable(given: Given, query: Shape, value: Shape, key: Shape) -> None:
    """Raises an error unless queries and keys have one size, and each key has a value."""
    for shape in (query, value, key):
        expect_rank(Given(given.kind, {}, (shape,)), 2, at_least=True)
    # Of two axes the batch is one that asks, and other axes may be repeated.
    if len(query) == 2 or not query[:-2] == value[:-2] == key[:-2]:
        raise NoRuleError(given.kind)
    if value[-2] != key[-2] and None not in (value[-2], key[-2]):
        _expect_pairs(value, key)
    if query[-1] == key[-1] or None in (query[-1], key[-1]):
        return
    if 1 in (query[-1], key[-1]) and given.kind != "Attention":  # repeated, as it is added
        raise NoRuleError(given.kind)
    raise DoesNotFitError(
        _(
            "Queries have size {n} and keys have size {found}, so they cannot be compared."
        ).format(n=query[-1], found=key[-1]),
        f"{query[-1]} ≠ {key[-1]}",
    )


# ---------------------------------------------------------------------------------------------
# Attention with several heads


def _projected(
    given: Given, name: str, before: Sequence[Term], after: Sequence[Term], uses: Term
) -> list[WeightSize]:
    """Returns the weights of a product with a kernel, before or after the comparison."""
    bias = [WeightSize(f"{name}/bias", tuple(after))] if given.get("use_bias", True) else []
    return [WeightSize(f"{name}/kernel", (*before, *after), uses), *bias]


def _features(shape: Shape) -> list[Term]:
    return [number(known(shape[-1], shape), "n")]


def _multi_head_attention(given: Given) -> Derivation:
    query, value, key = _asked(given)
    if len(query) < 3 or not len(query) == len(value) == len(key):
        raise NoRuleError(given.kind)
    _expect_pairs(value, key)
    heads = number(positive(given.settings, "num_heads"), "h")
    size = number(positive(given.settings, "key_dim"), "q")
    own_width = given.get("value_dim") is not None
    width = number(positive(given.settings, "value_dim") if own_width else size.value, "w")
    head, valued = [heads, size], [heads, width]
    asks = places(query)
    made = _output_sizes(given, query)
    gate = (
        _projected(given, "gate", _features(query), valued, asks)
        if given.get("use_gate")
        else []
    )
    return Derivation(
        (_output(given, query, made), *_scores(given, _scores_axes(given, query, key))),
        (
            *_projected(given, "query", _features(query), head, asks),
            *_projected(given, "key", _features(key), head, places(key)),
            *gate,
            *_projected(given, "value", _features(value), valued, places(value)),
            *_projected(given, "attention_output", valued, made, asks),
        ),
        _compared(given, query, key, size, width),
    )


def _output_sizes(given: Given, query: Shape) -> list[Term]:
    chosen = given.get("output_shape")
    if not chosen:
        return _features(query)
    return sizes_of([chosen] if isinstance(chosen, int) else chosen)


def _output(given: Given, query: Shape, made: Sequence[Term]) -> tuple[Axis, ...]:
    reason = "output_shape" if given.get("output_shape") else "input"
    roles = ("batch", "steps") if len(query) == 3 else ()
    return (
        *kept(query[:-1], roles),
        *(axis("features", size.value, reason) for size in made),
    )


def _scores_axes(given: Given, query: Shape, key: Shape) -> tuple[Axis, ...]:
    """Returns the axes of the scores, where Keras states them as they are.

    Symbolically it takes as many keys as queries, and one axis of each.
    """
    if not given.get("return_attention_scores"):
        return ()
    if len(query) > 3 or query[1] != key[1]:
        raise NoRuleError(given.kind)
    heads = axis("heads", given.get("num_heads"), "num_heads")
    return (batch(given), heads, _queries(query[1]), _keys(key[1]))


def _compared(
    given: Given, query: Shape, key: Shape, size: Term, width: Term
) -> tuple[Term, Term]:
    """Reckons the products of queries with keys and of scores with values.

    Axes that are not attended to are as further examples.
    """
    inner = range(1, len(query) - 1)
    chosen = given.get("attention_axes") or tuple(inner)
    chosen = [chosen] if isinstance(chosen, int) else chosen
    axes = {it if it >= 0 else len(query) + it for it in chosen}
    others = [it for it in inner if it not in axes]
    if not axes.issubset(inner) or any(query[it] != key[it] for it in others):
        raise NoRuleError(given.kind)
    alone = len(axes) == 1
    scores = product(
        [
            number(given.get("num_heads"), "h"),
            *(number(query[it]) for it in others),
            *(number(query[it], "i" if alone else "") for it in sorted(axes)),
            *(number(key[it], "j" if alone else "") for it in sorted(axes)),
        ]
    )
    return scores * size, scores * width


def _grouped_query_attention(given: Given) -> Derivation:
    """Several heads of queries share one head of keys and values."""
    query, value, key = _asked(given)
    for shape in (query, value, key):
        expect_rank(Given(given.kind, {}, (shape,)), 3)
    heads, groups = _grouped(given)
    if query[-1] != value[-1]:
        raise DoesNotFitError(
            _("Queries and values must have the same size, but got {n} and {found}.").format(
                n=query[-1], found=value[-1]
            ),
            f"{query[-1]} ≠ {value[-1]}",
        )
    _expect_pairs(value, key)
    size = number(positive(given.settings, "head_dim"), "q")
    head, shared, asks = [heads, size], [groups, size], places(query)
    gate = (
        _projected(given, "gate", _features(query), head, asks) if given.get("use_gate") else []
    )
    scores = product([heads, number(query[1], "i"), number(key[1], "j")])
    of_heads = axis("heads", heads.value, "num_query_heads")
    return Derivation(
        (
            kept(query, ("batch", "steps", "features")),
            *_scores(given, (batch(given), of_heads, _queries(query[1]), _keys(key[1]))),
        ),
        (
            *_projected(given, "query", _features(query), head, asks),
            *_projected(given, "key", _features(key), shared, places(key)),
            *gate,
            *_projected(given, "value", _features(value), shared, places(value)),
            *_projected(given, "attention_output", head, _features(query), asks),
        ),
        (scores * size, scores * size),
    )


def _grouped(given: Given) -> tuple[Term, Term]:
    heads = positive(given.settings, "num_query_heads")
    groups = positive(given.settings, "num_key_value_heads")
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
        # `keras.layers` has the class by another name, under which nobody looks for them.
        {"use_bias": True, "use_gate": False},
    ),
)
