"""Lesson 03: know what a saved model contains, and load one completely."""

import os
from collections.abc import Mapping
from typing import Any

from kfunc_lab.lessons.checking import answers, graphs
from kfunc_lab.lessons.checking.exercise import Exercise, NotAttempted, Wrong
from kfunc_lab.locale import N_, _
from kfunc_lab.ui.text import printable

# For each claim, whether it is true, and the message for learners who think otherwise.
_CLAIMS = {
    "wiring": (
        True,
        N_(
            "`wiring` is in the file: `config.json` says for each layer which tensors it is "
            "called on. Otherwise `load_model` could not build the same graph."
        ),
    ),
    "weights": (
        True,
        N_(
            "`weights` are in the file, in `model.weights.h5`. Otherwise the loaded model would "
            "not predict the same."
        ),
    ),
    "loss": (
        True,
        N_(
            "`loss` is in the file: the `compile_config` of `config.json` contains the "
            "arguments of `compile`. You printed it above."
        ),
    ),
    "optimizer_state": (
        True,
        N_(
            "`optimizer_state` is in the file: that is why it is twice as large as the "
            "weights, and why training continues where it stopped."
        ),
    ),
    "class_code": (
        False,
        N_(
            "`class_code` is not in the file: it contains only the *name* of the class. Look "
            "at what happened when the model with `Double` was loaded."
        ),
    ),
    "images": (
        False,
        N_(
            "`images` are not in the file: what the model learned from them is in its weights. "
            "4,000 images would take twelve megabytes; the file takes less than one."
        ),
    ),
    "history": (
        False,
        N_(
            "`history` is not in the file: `fit` returns it, and nothing else stores it. If "
            "you need it, save it yourself."
        ),
    ),
}


def _check_claims(answer: Any) -> None:
    answers.attempted(answer)
    claims = answers.by_name(answer, _CLAIMS)
    for name, (holds, correction) in _CLAIMS.items():
        if answers.truth(claims[name], name) != holds:
            raise Wrong(_(correction))


def _check_round_trip(answer: Any) -> None:
    answers.attempted(answer)
    if isinstance(answer, Mapping):
        _check_attempted(answer.get("reloaded", answer))
    parts = answers.by_name(answer, ("trained", "reloaded"))
    trained, reloaded = parts["trained"], parts["reloaded"]
    before = graphs.graph_of(trained, "trained")
    _check_kind(reloaded)
    after = graphs.graph_of(reloaded, "reloaded")
    if not _steps(trained):
        raise Wrong(
            _(
                "`trained`: this model has not been trained, so there is nothing to lose on the "
                "way. Call `compile` and `fit` first."
            )
        )
    _check_another_object(trained, reloaded)
    graphs.check_graph(before, after, lambda comparison: _other_file(trained, reloaded))
    _check_weights(trained, reloaded)
    _check_optimizer(trained, reloaded)


def _check_attempted(reloaded: Any) -> None:
    if reloaded is ...:
        raise NotAttempted  # unchanged from the lesson
    if reloaded is None:
        raise Wrong(
            _(
                "`reloaded` is None: `save` and `load_weights` return nothing. "
                "`keras.models.load_model` returns a model."
            )
        )


def _check_kind(reloaded: Any) -> None:
    """Raises `Wrong` for answers that resemble a loaded model but are not one."""
    if isinstance(reloaded, str) and reloaded.lstrip().startswith("{"):
        raise Wrong(
            _(
                "`reloaded` is a description in a string: it contains no weights and is not a "
                "model. `model.save` writes both to a file."
            )
        )
    if isinstance(reloaded, str | os.PathLike):
        raise Wrong(
            _(
                "`reloaded` is the path of a file. Now load a model from that file: "
                "`keras.models.load_model(path)`."
            )
        )
    if isinstance(reloaded, Mapping):
        raise Wrong(
            _(
                "`reloaded` is a description in a dict: it contains no weights and is not a "
                "model. `model.save` writes both to a file."
            )
        )
    if isinstance(reloaded, list | tuple):
        raise Wrong(
            _(
                "`reloaded` is a list of {n} items. If these are the weights, their model is "
                "missing: the graph and the optimizer. Load a whole model."
            ).format(n=len(reloaded))
        )


def _check_another_object(trained: Any, reloaded: Any) -> None:
    if reloaded is trained:
        raise Wrong(
            _(
                "`reloaded` is the same object as `trained`, under another name: nothing was "
                "loaded from a file. If the kernel stopped now, both would be lost."
            )
        )
    ours = {id(layer) for layer in trained.layers}
    shared = [layer.name for layer in reloaded.layers if id(layer) in ours]
    if shared:
        raise Wrong(
            _(
                "`reloaded` is another model with the *same* layers ({layers}): nothing was "
                "loaded from a file. A loaded model has its own layers."
            ).format(layers=", ".join(f"`{name}`" for name in shared))
        )


def _other_file(trained: Any, reloaded: Any) -> str | None:
    """Returns why two graphs differ if the loaded model was saved under another name."""
    names = (trained.name, reloaded.name)
    if names[0] == names[1] or any(name.startswith("functional") for name in names):
        return None  # Keras gave such a name itself, so it says nothing about the file
    return _(
        "`reloaded` is the model `{got}`, and `trained` is `{wanted}`: you loaded the file of "
        "another model. Save `trained`, and load that file."
    ).format(got=printable(names[1]), wanted=printable(names[0]))


def _check_weights(trained: Any, reloaded: Any) -> None:
    steps, saved = _steps(trained), _steps(reloaded)
    if _equal(trained.get_weights(), reloaded.get_weights()):
        return
    if not saved:
        raise Wrong(
            _(
                "The graph is the same, but the weights differ: what the model learned is "
                "lost. A description or `clone_model` creates new weights, and a file contains "
                "the model as it was *when it was saved*: save after training."
            )
        )
    if saved == steps:
        raise Wrong(
            _(
                "The weights differ, although both optimizers have made {steps} steps: `trained` "
                "is not the model that was saved. If you ran its cell again, save it again too, "
                "and load that file."
            ).format(steps=steps)
        )
    raise Wrong(
        _(
            "The weights differ: the optimizer of `reloaded` has made {saved} steps, that of "
            "`trained` {steps}. Save after the last step, and train neither model further."
        ).format(saved=saved, steps=steps)
    )


def _check_optimizer(trained: Any, reloaded: Any) -> None:
    steps, saved = _steps(trained), _steps(reloaded)
    if saved is None:
        raise Wrong(
            _(
                "The weights were loaded, but the optimizer was not: `reloaded` is not "
                "compiled and cannot continue training. Load a whole model, without "
                "`compile=False`."
            )
        )
    if saved == 0:
        raise Wrong(
            _(
                "The weights were loaded, but the optimizer state was not: {steps} steps "
                "there, 0 here. `load_weights`, `set_weights` and a new `compile` start with a "
                "new optimizer."
            ).format(steps=steps)
        )
    if len(_state(reloaded)) < len(_state(trained)):
        raise Wrong(
            _(
                "The weights were loaded, but the optimizer has lost its moving averages: files "
                "that end in `.h5` do not keep them. Save to a file that ends in `.keras`."
            )
        )
    if not _equal(_state(trained), _state(reloaded)):
        raise Wrong(
            _(
                "The weights are equal, but the optimizer states are not. Load the model as it "
                "was saved, and leave its optimizer unchanged."
            )
        )


def _steps(model: Any) -> int | None:
    """Returns the number of steps of a model's optimizer; `None` if it has no optimizer."""
    optimizer = getattr(model, "optimizer", None)
    return None if optimizer is None else int(optimizer.iterations)


def _state(model: Any) -> list[Any]:
    import keras

    return [keras.ops.convert_to_numpy(variable) for variable in model.optimizer.variables]


def _equal(ours: list[Any], theirs: list[Any]) -> bool:
    import numpy as np

    return len(ours) == len(theirs) and all(map(np.array_equal, ours, theirs))


EXERCISES = [
    Exercise(
        name="what-is-in-the-file",
        check=_check_claims,
        praise=N_(
            "The file contains what is needed to predict and to continue training: "
            "description, weights, optimizer. It does not contain code, data or history."
        ),
        hints=(
            N_(
                "You saw three files in the archive. What did `config.json` say, and what was in "
                "`model.weights.h5`?"
            ),
            N_(
                "Four are in the file: what a loaded model needs to be built, to predict and "
                "to continue training. Three are not."
            ),
        ),
        solution="""\
claims = {
    "wiring": True,
    "weights": True,
    "loss": True,
    "optimizer_state": True,
    "class_code": False,
    "images": False,
    "history": False,
}""",
        answer="claims",
    ),
    Exercise(
        name="round-trip",
        check=_check_round_trip,
        praise=N_(
            "Another object with the same graph, weights and optimizer state: it could "
            "continue training on another computer as if nothing had happened."
        ),
        hints=(
            N_(
                "Two lines: one saves `student` to a file, one loads a model from that file. "
                "Both appear earlier in this lesson, for `model`."
            ),
            N_(
                'Build the path with `Path(folder.name, "student.keras")`. Then call '
                "`student.save(...)` and `keras.models.load_model(...)`, with no other "
                "arguments."
            ),
        ),
        solution="""\
student_path = Path(folder.name, "student.keras")
student.save(student_path)
answer = {"trained": student, "reloaded": keras.models.load_model(student_path)}""",
        answer="answer",
    ),
]
