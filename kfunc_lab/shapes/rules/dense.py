"""Shape rules for products of an input with one matrix: Dense, EinsumDense, embeddings."""

import re
from collections.abc import Mapping

from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.arithmetic import Term, number, product
from kfunc_lab.shapes.rules.rule import (
    Derivation,
    DoesNotFitError,
    Given,
    NoRuleError,
    Rule,
    Shape,
    WeightSize,
    axis,
    expect_rank,
    kept,
    known,
    positive,
)

_KERAS = "https://keras.io/api/layers/core_layers/"


def position_count(shape: Shape) -> Term:
    """Computes the number of positions in one example, from the axes between batch and features."""
    return product(number(size) for size in shape[1:-1])


def _dense(call: Given) -> Derivation:
    expect_rank(call, 2, at_least=True)
    entering = number(known(call.shape[-1], call.shape), "n")
    units = number(positive(call.settings, "units"), "u")
    return Derivation(
        ((*kept(call.shape[:-1]), axis("features", units.value, "units")),),
        (
            base_weight("kernel", (entering, units), call, position_count(call.shape)),
            *([WeightSize("bias", (units,))] if call.get("use_bias") else []),
            *lora_weights("kernel", (entering, units), call),
        ),
    )


def base_weight(
    name: str, sizes: tuple[Term, ...], call: Given, uses: Term | None = None
) -> WeightSize:
    """Returns a weight; with a low-rank adaptation (LoRA) it is no longer trainable."""
    return WeightSize(name, sizes, uses, trainable=not call.get("lora_rank"))


def lora_weights(name: str, kernel: tuple[Term, ...], call: Given) -> list[WeightSize]:
    """Returns the two small matrices of a low-rank adaptation (LoRA), whose product is added."""
    rank = call.get("lora_rank")
    if not rank:
        return []
    return [
        WeightSize(f"lora_{name}_a", (*kernel[:-1], number(rank, "r"))),
        WeightSize(f"lora_{name}_b", (number(rank, "r"), kernel[-1])),
    ]


# ---------------------------------------------------------------------------------------------
# Einstein summation

# The forms that Keras supports; an ellipsis stands for any number of axes.
_EQUATIONS = (
    re.compile("([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)"),
    re.compile(r"(\.{3}[a-zA-Z]+),([a-zA-Z]+)->(\.{3}[a-zA-Z]+)"),
    re.compile(r"([a-zA-Z]{2,}\.{3}),([a-zA-Z]+)->([a-zA-Z]+\.{3})"),
)


def _einsum_dense(call: Given) -> Derivation:
    """Derives an EinsumDense layer: each letter of the equation is an axis."""
    shape = call.shape
    input_letters, own, output_letters = _parts(str(call.get("equation")), shape)
    before = dict(zip(input_letters, shape, strict=True))
    after = _sizes_after(output_letters, before, call)
    # Keras takes a size from the output first, where it may be unspecified.
    size_of = {**before, **after}
    kernel = tuple(number(known(size_of[letter], shape)) for letter in own)
    uses = product(number(before[letter]) for letter in input_letters[1:] if letter not in own)
    return Derivation(
        (
            tuple(
                axis("batch" if place == 0 else "", size, _reason(letter, size, before))
                for place, (letter, size) in enumerate(after.items())
            ),
        ),
        (
            base_weight("kernel", kernel, call, uses),
            *_einsum_bias(call, after),
            *lora_weights("kernel", kernel, call),
        ),
    )


def _parts(equation: str, shape: Shape) -> tuple[str, str, str]:
    """Splits an equation into its parts; digits replace the axes of the ellipsis."""
    match = next(filter(None, (form.fullmatch(equation) for form in _EQUATIONS)), None)
    if match is None:
        raise DoesNotFitError(
            _(
                "The equation {equation} has none of the forms ab,bc->ac, ...b,bc->...c and "
                "ab...,bc->ac...."
            ).format(equation=equation)
        )
    input_letters, own, output_letters = match.groups()
    letters = len(input_letters.replace(".", ""))
    if len(shape) < letters or (len(shape) > letters and "." not in input_letters):
        raise DoesNotFitError(
            _(
                "The equation {equation} has {n} axes, but the input has {found}: {shape}."
            ).format(equation=equation, n=letters, found=len(shape), shape=shape),
            f"{len(shape)} ≠ {letters}",
        )
    elided = "".join(map(str, range(len(shape) - letters)))
    between = shape[1 : len(elided)]
    if input_letters[0] == "." and between != between[::-1]:  # Keras reverses their order
        raise NoRuleError(equation)
    input_letters, output_letters = (
        input_letters.replace("...", elided),
        output_letters.replace("...", elided),
    )
    for letter in own + output_letters:
        if letter not in input_letters and (letter not in output_letters or letter not in own):
            raise DoesNotFitError(
                _("Nothing in the equation {equation} gives the size of {letter}.").format(
                    equation=equation, letter=letter
                )
            )
    return input_letters, own, output_letters


def _sizes_after(
    output_letters: str, before: Mapping[str, int | None], call: Given
) -> dict[str, int | None]:
    """Returns the output sizes: from the setting, the batch and the ellipsis."""
    chosen_sizes = call.get("output_shape")
    chosen_sizes = [chosen_sizes] if isinstance(chosen_sizes, int) else list(chosen_sizes)
    named = [letter for letter in output_letters[1:] if letter.isalpha()]
    if len(named) != len(chosen_sizes) or len(set(output_letters)) < len(output_letters):
        raise NoRuleError(call.kind)
    chosen = dict(zip(named, chosen_sizes, strict=True))
    after = {output_letters[0]: call.shape[0]}
    after |= {letter: chosen.get(letter, before.get(letter)) for letter in output_letters[1:]}
    for letter, size in after.items():
        if size is not None and letter in before and size != before[letter]:
            raise DoesNotFitError(
                _(
                    "The output would have size {size} for {letter}, which has size {n} in "
                    "the input."
                ).format(size=size, letter=letter, n=before[letter]),
                f"{size} ≠ {before[letter]}",
            )
    return after


def _reason(letter: str, size: int | None, before: Mapping[str, int | None]) -> str:
    return "input" if letter in before and size == before[letter] else "output_shape"


def _einsum_bias(call: Given, after: Mapping[str, int | None]) -> list[WeightSize]:
    """Returns the bias: it has the axes in `bias_axes`, and size 1 for other axes between them."""
    letters, output_letters = call.get("bias_axes"), "".join(after)
    if not letters:
        return []
    for letter in letters:
        if letter not in output_letters:
            raise DoesNotFitError(
                _("The bias has an axis {letter} that the output does not have.").format(
                    letter=letter
                )
            )
    first = min(output_letters.index(letter) for letter in letters)
    sizes = [
        number(known(after[letter], call.shape) if letter in letters else 1)
        for letter in output_letters[first:]
    ]
    return [WeightSize("bias", tuple(sizes))]


# ---------------------------------------------------------------------------------------------
# Embeddings


def _table(call: Given) -> tuple[Term, Term]:
    words, size = positive(call.settings, "input_dim"), positive(call.settings, "output_dim")
    return number(words, "v"), number(size, "e")


def _embedding(call: Given) -> Derivation:
    """Derives an Embedding layer: it looks up rows and multiplies nothing."""
    table = _table(call)
    return Derivation(
        ((*kept(call.shape), axis("features", table[1].value, "output_dim")),),
        (
            base_weight("embeddings", table, call),
            *lora_weights("embeddings", table, call),
        ),
    )


def _reversible_embedding(call: Given) -> Derivation:
    looked_up = _embedding(call)
    weights = list(looked_up.weights)
    if not call.get("tie_weights", True):
        if call.get(
            "lora_rank"
        ):  # Keras fails: it adds the adaptation before it creates the other table
            raise NoRuleError(call.kind)
        words, size = _table(call)
        weights.append(WeightSize("reverse_embeddings", (size, words)))
    if not call.get("reverse"):
        return Derivation(looked_up.outputs, tuple(weights))
    return _reversed(call, weights)


def _reversed(call: Given, weights: list[WeightSize]) -> Derivation:
    """Derives the reverse embedding: vectors are multiplied by the transposed table."""
    shape, (words, size) = call.shape, _table(call)
    if shape[-1] is not None and shape[-1] != size.value:
        raise DoesNotFitError(
            _("It expects vectors of size {size}, but got {n}: {shape}.").format(
                size=size.value, n=shape[-1], shape=shape
            ),
            f"{shape[-1]} ≠ {size.value}",
        )
    name = "embeddings" if call.get("tie_weights", True) else "reverse_embeddings"
    return Derivation(
        ((*kept(shape[:-1]), axis("features", words.value, "input_dim")),),
        tuple(
            WeightSize(
                weight.name,
                weight.sizes,
                position_count(shape) if weight.name == name else None,
                weight.trainable,
            )
            for weight in weights
        ),
    )


RULES = (
    Rule("Dense", _dense, _KERAS + "dense/", ("units", "use_bias"), "matrix"),
    Rule("EinsumDense", _einsum_dense, _KERAS + "einsum_dense/", (), "axes"),
    Rule("Embedding", _embedding, _KERAS + "embedding/", ("input_dim", "output_dim"), "table"),
    Rule(
        "ReversibleEmbedding",
        _reversible_embedding,
        "https://arxiv.org/abs/1608.05859",
        ("input_dim", "output_dim", "tie_weights"),
        "table",
    ),
)
