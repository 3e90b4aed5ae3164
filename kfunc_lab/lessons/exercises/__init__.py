"""The exercises: each declares its check, hints and solution; one file a lesson."""

from kfunc_lab.lessons.exercises import first_model, train_and_evaluate, welcome
from kfunc_lab.lessons.exercises.exercise import Exercise
from kfunc_lab.locale import _

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for lesson in (welcome, first_model, train_and_evaluate)
    for exercise in lesson.EXERCISES
}


def find(name: str) -> Exercise:
    """Returns the exercise of that name.

    Raises:
        LookupError: If there is none.
    """
    if name not in EXERCISES:
        raise LookupError(
            _('There is no exercise "{name}"; there are: {names}.').format(
                name=name, names=", ".join(EXERCISES)
            )
        )
    return EXERCISES[name]
