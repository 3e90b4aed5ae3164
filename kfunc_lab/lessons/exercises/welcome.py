"""Lesson 00: read a number from a graph."""

from typing import Any

from kfunc_lab.lessons.checking import answers
from kfunc_lab.lessons.checking.exercise import Exercise, Wrong
from kfunc_lab.locale import N_, _

# The model of the lesson: leaf (4) -> read_leaf (8), petal (4) -> read_petal (8),
# and both together -> species (3).
_SPECIES, _READ = 16 * 3 + 3, 4 * 8 + 8


def _check_species(answer: Any) -> None:
    answers.attempted(answer)
    number = answers.whole_number(answer)
    messages = {
        _SPECIES + 2 * _READ: _(
            "{n} is the whole model. The question is only about the layer `species`: select it "
            "and read its row *Parameters*."
        ),
        _READ: _(
            "{n} belongs to `read_leaf`, and to `read_petal` as well. `species` is the box at the "
            "bottom."
        ),
        _SPECIES - 3: _(
            "{n} counts the weights between the 16 inputs of the layer and its 3 units. Each "
            "unit has one more number, its bias."
        ),
        3: _(
            "{n} is the number of outputs of the layer. Its parameters are the weights inside."
        ),
        16: _(
            "{n} is the number of inputs of the layer. Its parameters are the weights inside."
        ),
    }
    if number == _SPECIES:
        return
    message = messages.get(
        number,
        _("It is not {n}. Select `species` in the graph and read its row *Parameters*."),
    )
    raise Wrong(message.format(n=number))


EXERCISES = [
    Exercise(
        name="species-parameters",
        check=_check_species,
        praise=N_(
            "16 inputs times 3 units, and a bias for each of the 3: 16 · 3 + 3 = 51. In the "
            "next lesson you will predict such numbers."
        ),
        hints=(
            N_("Click the box `species` in the graph. Its details appear beside the picture."),
            N_("The box itself shows the number too: in grey, to the right of the name."),
        ),
        solution="parameters = 16 * 3 + 3",
        answer="parameters",
    )
]
