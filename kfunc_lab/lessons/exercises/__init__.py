"""The exercises, one file for each lesson; each declares its check, hints and solution."""

from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.lessons.catalogue import Lesson
from kfunc_lab.lessons.checking.exercise import Exercise
from kfunc_lab.lessons.checking.graphs import target_of
from kfunc_lab.lessons.exercises import (
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
from kfunc_lab.locale import _

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

# Each file is named after the slug of its lesson.
_BY_SLUG: dict[str, tuple[Exercise, ...]] = {
    lesson.__name__.rpartition(".")[2]: tuple(lesson.EXERCISES) for lesson in _LESSONS
}

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise for exercises in _BY_SLUG.values() for exercise in exercises
}


def find(name: str) -> Exercise:
    """Returns the exercise with a name.

    Raises:
        LookupError: If there is no such exercise.
    """
    if name not in EXERCISES:
        raise LookupError(
            _('There is no exercise "{name}"; the exercises are {names}.').format(
                name=name, names=", ".join(EXERCISES)
            )
        )
    return EXERCISES[name]


def target_graph(name: str) -> LayerGraph:
    """Returns the target graph of an exercise.

    Raises:
        LookupError: If there is no such exercise, or it has no target.
    """
    build = find(name).target
    if build is None:
        raise LookupError(_('The exercise "{name}" has no target to show.').format(name=name))
    return target_of(build)


def of_lesson(lesson: Lesson) -> tuple[Exercise, ...]:
    """Returns the exercises of a lesson, in order; a lesson may have none."""
    return _BY_SLUG.get(lesson.slug, ())
