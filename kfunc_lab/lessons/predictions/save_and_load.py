"""Lesson 03: what a saved model contains."""

from typing import Any

from kfunc_lab.lessons.predictions.kinds import Choice, Number
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import N_, _


def _file_size(variables: Variables) -> float:
    size = variables["weights"].stat().st_size / (4 * variables["model"].count_params())
    return round(float(size), 1)


def _wrong_size(guess: float, truth: Any, variables: Variables) -> str | None:
    if 0.8 <= guess <= 1.2:
        return _("That would be the weights alone. The file contains something else too.")
    if guess < 0.8:
        return _("The numbers are not compressed: the weights alone take all of these bytes.")
    return None


def _what_loading_gave(variables: Variables) -> str:
    import numpy as np

    model, loaded = variables["model"], variables["loaded"]
    if loaded is model:
        return "itself"
    pairs = zip(model.get_weights(), loaded.get_weights(), strict=True)
    return "equal" if all(np.array_equal(*pair) for pair in pairs) else "new"


def _wrong_loading(guess: str, truth: Any, variables: Variables) -> str | None:
    if guess == "itself":
        return _(
            "A file outlives the kernel, so it cannot contain an object of this kernel: "
            "`load_model` builds a new one."
        )
    return _("The weights are in the file: you saw `model.weights.h5`.")


def _wrong_steps(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess and guess == int(variables["loaded"].optimizer.iterations):
        return _(
            "{guess} are the steps of the optimizer that was loaded. `compile` gave `anew` another "
            "one."
        )
    return None


def _another_step(variables: Variables) -> str:
    """Returns the name of the model whose weights moved by another amount than the others'."""
    moved = variables["moved"]
    distances = {name: round(distance / moved["model"], 1) for name, distance in moved.items()}
    odd = [name for name in distances if list(distances.values()).count(distances[name]) == 1]
    return odd[0] if len(odd) == 1 else "none"


def _wrong_step(guess: str, truth: Any, variables: Variables) -> str | None:
    if guess == "none":
        return _("The weights are equal, but the optimizers are not: one of them is new.")
    if guess == "loaded":
        return _("The file contains the averages of the optimizer, so `loaded` has them.")
    return None


def _where_class_was_found(variables: Variables) -> str:
    import keras

    try:
        keras.models.load_model(variables["own_path"])
    except TypeError:
        return "fails"
    return "notebook"


def _wrong_class(guess: str, truth: Any, variables: Variables) -> str | None:
    if guess == "file":
        return _(
            "The file contains the *name* of a class, as with `Dense`, and none of its code."
        )
    if guess == "notebook":
        return _(
            "Keras does not look into your notebook: it searches its own classes, and those "
            "that you register or pass."
        )
    return None


PREDICTIONS = [
    Prediction(
        name="file-size",
        question=N_(
            "The model has 55,050 parameters of four bytes each. How many times as large as these "
            "220,200 bytes is `model.weights.h5`?"
        ),
        kind=Number(tolerance=0.3),
        truth=_file_size,
        because=N_(
            "{truth} times: once for the weights, and once more for what the optimizer keeps."
        ),
        wrong=_wrong_size,
    ),
    Prediction(
        name="loaded-model",
        question=N_("What does `keras.models.load_model(path)` return?"),
        kind=Choice(
            {
                "itself": N_("the object `model` itself"),
                "equal": N_("another model with the same weights"),
                "new": N_("another model with new weights"),
            }
        ),
        truth=_what_loading_gave,
        because=N_(
            "`load_model` builds a new object from the description, and then loads the weights "
            "into it."
        ),
        wrong=_wrong_loading,
    ),
    Prediction(
        name="optimizer-steps",
        question=N_("How many steps has the optimizer of `anew` made?"),
        kind=Number(),
        truth=lambda variables: int(variables["anew"].optimizer.iterations),
        because=N_(
            "`compile` created a new optimizer, which has made {truth} steps. That of `loaded` "
            "came from the file, with all of its steps."
        ),
        wrong=_wrong_steps,
    ),
    Prediction(
        name="different-step",
        question=N_("Which of the three moves its weights by a different amount?"),
        kind=Choice(
            {
                "model": N_("`model`, which was never saved and loaded"),
                "loaded": N_("`loaded`, as it came from the file"),
                "anew": N_("`anew`, which was compiled again"),
                "none": N_("none: their weights are equal"),
            }
        ),
        truth=_another_step,
        because=N_(
            "The same weights and the same batch have the same gradients, but a new optimizer has "
            "no averages of earlier ones yet, and so makes another step."
        ),
        wrong=_wrong_step,
    ),
    Prediction(
        name="own-class",
        question=N_(
            "The class `Double` is defined in this notebook, and saving works. What does "
            "`load_model` do?"
        ),
        kind=Choice(
            {
                "file": N_("it loads the model: the code is in the file"),
                "notebook": N_("it loads the model: it finds the class in this notebook"),
                "fails": N_("it fails: it does not know the class"),
            }
        ),
        truth=_where_class_was_found,
        because=N_(
            "Keras looks for a class named `Double` among its own and the registered ones."
        ),
        wrong=_wrong_class,
    ),
]
