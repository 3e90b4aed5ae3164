"""The predictions, one file for each lesson: each question, and what a guess is told."""

from kfunc_lab.lessons.predictions import first_model, project
from kfunc_lab.lessons.predictions.prediction import Prediction
from kfunc_lab.locale import _

# Each file is named after the slug of its lesson.
_LESSONS = (first_model, project)

PREDICTIONS: dict[str, Prediction] = {
    prediction.name: prediction for lesson in _LESSONS for prediction in lesson.PREDICTIONS
}


def find(name: str) -> Prediction:
    """Returns the prediction with a name.

    Raises:
        LookupError: If there is no such prediction.
    """
    if name not in PREDICTIONS:
        raise LookupError(
            _('There is no prediction "{name}"; the predictions are {names}.').format(
                name=name, names=", ".join(PREDICTIONS)
            )
        )
    return PREDICTIONS[name]
