"""Lesson 11: when a layer makes its weights, and what its config keeps."""

from typing import Any

from kfunc_lab.lessons.predictions.kinds import Choice, Number
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import N_, _


def _wrong_before(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == 2:
        return _("`w` and `b` are made in `build`, which runs at the first call.")
    return None


def _wrong_parameters(guess: float, truth: Any, variables: Variables) -> str | None:
    units, numbers = variables["units"], variables["inputs"].shape[1]
    known = {
        numbers * units: _(
            "{guess} is the size of `w`. `b` has one more number for each unit."
        ),
        numbers + units: _("Every input meets every unit: multiply, do not add."),
        units: _("{guess} is the size of `b`. `w` has one number for each input and unit."),
        2: _("2 is the number of arrays. How many numbers do they hold?"),
    }
    return known.get(guess)


def _wrong_object(guess: str, truth: Any, variables: Variables) -> str | None:
    if guess == "works" and truth == "error":
        return _("Keras noted the string by itself. An object cannot be written to a file.")
    if guess == "default" and truth == "error":
        return _("A default is taken where the config lacks a setting. Here nothing is saved.")
    return None


def _wrong_factor(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == 3:
        return _("3 is what the saved model computes: its `factor` did not get into the file.")
    if guess == 0:
        return _("A missing setting is not 0: `__init__` takes its default.")
    return None


def _wrong_from_config(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == 2:
        return _("The weights are in the file too, but `from_config` reads only the config.")
    return None


def _wrong_hasty(guess: str, truth: Any, variables: Variables) -> str | None:
    if guess == "once" and truth == "refused":
        return _("The first call looks like any other: nothing in the code says *once*.")
    if guess == "always" and truth == "refused":
        return _("That is what the code says, and what Keras prevents.")
    return None


def _wrong_random(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == 8:
        return _("`keras.random.normal` returns 8 numbers, but they are no weights of a layer.")
    return None


def _wrong_setting(guess: str, truth: Any, variables: Variables) -> str | None:
    if guess == "factor" and truth == "name":
        return _("The dict contains `factor`. What does it not contain?")
    if guess == "none" and truth == "name":
        return _("`super().get_config()` would have returned more.")
    return None


def _wrong_closed(guess: str, truth: Any, variables: Variables) -> str | None:
    if guess == "ignored" and truth == "error":
        return _("Python ignores no argument: a function gets only those that it names.")
    return None


PREDICTIONS = [
    Prediction(
        name="weights-before-call",
        question=N_("How many arrays of weights does a new layer of this class have?"),
        kind=Number(),
        truth=lambda variables: variables["before"],
        because=N_(
            "The layer does not know yet how many numbers come in. The first call shows it; then "
            "Keras runs `build`."
        ),
        wrong=_wrong_before,
    ),
    Prediction(
        name="own-parameters",
        question=N_("How many parameters does the layer have after this call?"),
        kind=Number(),
        truth=lambda variables: variables["model"].count_params(),
        because=N_(
            "{inputs.shape[1]} · {units} numbers in `w` and {units} in `b` are {truth}."
        ),
        wrong=_wrong_parameters,
    ),
    Prediction(
        name="object-argument",
        question=N_("The initializer is an object now. Can the model be saved and loaded?"),
        kind=Choice(
            {
                "works": N_("yes, with this initializer"),
                "default": N_("yes, but with the default initializer"),
                "error": N_("no, there is an error"),
            }
        ),
        truth=lambda variables: "error" if hasattr(variables["saved"], "to_text") else "works",
        because=N_(
            "Keras can note a number or a string by itself. It does not know how to write an "
            "object to a file, and says so."
        ),
        wrong=_wrong_object,
    ),
    Prediction(
        name="forgotten-factor",
        question=N_(
            "A layer with the factor 3 is saved. What does the loaded one make of a 1?"
        ),
        kind=Number(),
        truth=lambda variables: float(variables["loaded"](variables["ones"])[0, 0]),
        because=N_(
            "The config has no `factor`, so the layer is made again with the default. Nothing "
            "warns you: it is the worst way to lose a setting."
        ),
        wrong=_wrong_factor,
    ),
    Prediction(
        name="weights-from-config",
        question=N_("How many arrays of weights does a layer have that `from_config` made?"),
        kind=Number(),
        truth=lambda variables: len(variables["again"].weights),
        because=N_(
            "A config contains no weights. `load_model` makes the layer from its config, and then "
            "puts the saved weights into it."
        ),
        wrong=_wrong_from_config,
    ),
    Prediction(
        name="weights-in-call",
        question=N_("What happens when this layer is called?"),
        kind=Choice(
            {
                "once": N_("it works: the weights are made at the first call"),
                "always": N_("it works, with new weights at every call"),
                "refused": N_("there is an error"),
            }
        ),
        truth=lambda variables: "refused" if hasattr(variables["hasty"], "to_text") else "once",
        because=N_(
            "`call` runs again and again, and would make new weights each time. So Keras "
            "refuses; `build` runs only once."
        ),
        wrong=_wrong_hasty,
    ),
    Prediction(
        name="random-parameters",
        question=N_("The inputs are 4 numbers. How many parameters does this layer have?"),
        kind=Number(),
        truth=lambda variables: variables["forgetful"].count_params(),
        because=N_("Keras counts only what `self.add_weight` makes."),
        wrong=_wrong_random,
    ),
    Prediction(
        name="lost-setting",
        question=N_("What is different in the loaded layer?"),
        kind=Choice(
            {"factor": N_("its factor"), "name": N_("its name"), "none": N_("nothing")}
        ),
        truth=lambda variables: _lost(*variables["named"].layers, *variables["unnamed"].layers),
        because=N_(
            "The config has the factor, but not the name: the loaded layer is named after its "
            "class."
        ),
        wrong=_wrong_setting,
    ),
    Prediction(
        name="closed-constructor",
        question=N_("What does this `__init__` do with a config that contains `name`?"),
        kind=Choice({"error": N_("it raises an error"), "ignored": N_("it ignores the name")}),
        truth=lambda variables: "error" if isinstance(variables["closed"], str) else "ignored",
        because=N_(
            "`from_config` passes everything in the config to `__init__`. Without `**kwargs`, "
            "there is no argument that takes the name."
        ),
        wrong=_wrong_closed,
    ),
]


def _lost(_input: Any, saved: Any, _same_input: Any, loaded: Any) -> str:
    if saved.factor != loaded.factor:
        return "factor"
    return "none" if saved.name == loaded.name else "name"
