"""Lesson 13: a recursive function that counts the calls of the joining layer."""

from typing import Any

from kfunc_lab.lessons.checking import answers
from kfunc_lab.lessons.checking.exercise import Exercise, NotAttempted, Wrong
from kfunc_lab.locale import N_, _

# From the simplest to the largest: the first wrong result shows where the function fails.
_TREES: tuple[Any, ...] = (
    0,
    (2, 1),
    ((3, 1), (2, 0)),
    (3, (1, (2, 0))),
    ((((3, 0), 1), 2), ((0, 1), 3)),
)


def _check_joins(answer: Any) -> None:
    answers.attempted(answer)
    if isinstance(answer, (int, float)):
        raise Wrong(
            _(
                "{n} is the result for one tree. Answer with the function itself, without "
                "parentheses: `answer = joins`."
            ).format(n=answer)
        )
    if not callable(answer):
        raise Wrong(
            _("Expected a function of a tree, such as `joins`, got {got}.").format(
                got=type(answer).__name__
            )
        )
    if _is_empty(answer):
        raise NotAttempted
    results = [_result(answer, tree) for tree in _TREES]
    for tree, result in zip(_TREES, results, strict=True):
        if result is None or result is ...:
            raise Wrong(
                _("For {tree} the function returns nothing: a `return` is missing.").format(
                    tree=f"`{tree}`"
                )
            )
        if not isinstance(_number(result), int | float):
            raise Wrong(
                _("For {tree} the function returns {got}; expected a number.").format(
                    tree=f"`{tree}`", got=type(result).__name__
                )
            )
    if [_number(result) for result in results] != [_leaves(tree) - 1 for tree in _TREES]:
        raise Wrong(_reason([_number(result) for result in results]))


def _is_empty(function: Any) -> bool:
    """Tells whether a function has no body, as in the lesson."""

    def empty(tree: Any) -> None: ...

    code = getattr(function, "__code__", None)
    return code is not None and code.co_code == empty.__code__.co_code


def _result(function: Any, tree: Any) -> Any:
    """Returns what the learner's function makes of a tree."""
    try:
        return function(tree)
    except RecursionError as error:
        raise Wrong(
            _(
                "The function never stops calling itself. On a leaf it should return a number "
                "without another call, and each side is smaller than the tree."
            )
        ) from error
    except Exception as error:
        raise Wrong(
            _("For {tree} the function fails: {error}").format(
                tree=f"`{tree}`", error=f"{type(error).__name__}: {error}"
            )
        ) from error


def _number(result: Any) -> Any:
    """Returns a result that is a number, of whatever type, as one of Python."""
    if isinstance(result, str):
        return result
    try:
        number = float(result)
    except (TypeError, ValueError):
        return result
    return int(number) if number.is_integer() else number


def _reason(results: list[Any]) -> str:
    mistakes = (
        (
            _leaves,
            _("This counts the leaves. `join` is called for pairs; a leaf is looked up."),
        ),
        (
            lambda tree: 2 * _leaves(tree) - 1,
            _("This counts pairs *and* leaves. A leaf needs no call of `join`: it counts 0."),
        ),
        (
            _depth,
            _("This counts along the longest side only. Add what both sides need, and 1."),
        ),
        (
            lambda tree: 0,
            _("The result is always 0. Is a pair recognised, and does it add 1 of its own?"),
        ),
        (
            lambda tree: int(isinstance(tree, tuple)),
            _("This counts only the last call of `join`. Each side may be a pair, too."),
        ),
        (
            lambda tree: _side(tree, 0),
            _("This follows only the left sides. Call the function on the right side as well."),
        ),
        (
            lambda tree: _side(tree, 1),
            _("This follows only the right sides. Call the function on the left side as well."),
        ),
        (
            lambda tree: 2 * (_leaves(tree) - 1),
            _("Both sides go into a single call of `join`: a pair counts 1, not 2."),
        ),
    )
    for count, reason in mistakes:
        if results == [count(tree) for tree in _TREES]:
            return reason
    tree, result = next(
        (tree, result)
        for tree, result in zip(_TREES, results, strict=True)
        if result != _leaves(tree) - 1
    )
    return _("For {tree} the function returns {got}; it should return {n}.").format(
        tree=f"`{tree}`", got=repr(result), n=_leaves(tree) - 1
    )


def _leaves(tree: Any) -> int:
    return sum(map(_leaves, tree)) if isinstance(tree, tuple) else 1


def _depth(tree: Any) -> int:
    return 1 + max(map(_depth, tree)) if isinstance(tree, tuple) else 0


def _side(tree: Any, side: int) -> int:
    return 1 + _side(tree[side], side) if isinstance(tree, tuple) else 0


EXERCISES = [
    Exercise(
        name="count-joins",
        check=_check_joins,
        praise=N_(
            "One call for each pair. A tree of n leaves has n − 1 pairs, whatever its shape: that "
            "is how often `join` is called."
        ),
        hints=(
            N_(
                "Take the lines of `value`. What does a leaf count, and what does a pair need "
                "besides what its two sides need?"
            ),
            N_(
                "`return joins(left) + joins(right) + 1` for a pair, and `return 0` for a leaf, "
                "where nothing is joined."
            ),
        ),
        solution="""\
def joins(tree):
    if isinstance(tree, tuple):
        left, right = tree
        return joins(left) + joins(right) + 1
    return 0


answer = joins""",
        answer="answer",
    ),
]
