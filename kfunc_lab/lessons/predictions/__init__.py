"""The predictions, one file for each lesson: each question, and what a guess is told."""

from kfunc_lab.lessons.predictions import (
    custom_rnn,
    first_model,
    look_inside,
    many_inputs_and_outputs,
    masks_and_saving,
    models_are_layers,
    one_graph_many_models,
    project,
    residual_connections,
    save_and_load,
    shared_layers,
    train_and_evaluate,
    transfer_learning,
    tree_rnn,
    welcome,
    which_api,
    your_own_layer,
)
from kfunc_lab.lessons.predictions.prediction import Prediction
from kfunc_lab.locale import _

# Each file is named after the slug of its lesson.
_LESSONS = (
    welcome,
    first_model,
    train_and_evaluate,
    save_and_load,
    one_graph_many_models,
    models_are_layers,
    many_inputs_and_outputs,
    residual_connections,
    shared_layers,
    look_inside,
    transfer_learning,
    your_own_layer,
    which_api,
    tree_rnn,
    custom_rnn,
    masks_and_saving,
    project,
)

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
