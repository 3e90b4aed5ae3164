"""The lessons of the course: their numbers, titles and notebooks."""

from dataclasses import dataclass
from pathlib import Path

from kfunc_lab.locale import N_, _, check_language


def _folder(package: Path) -> Path:
    """Returns the folder of the notebooks: beside the package in a checkout, else inside it.

    Only a checkout also has the sources of the notebooks, in `src`.
    """
    beside = package.parent / "notebooks"
    return beside if (beside / "src").is_dir() else package / "lessons" / "notebooks"


_FOLDER = _folder(Path(__file__).parents[1])


@dataclass(frozen=True)
class Lesson:
    """A lesson of the course.

    Attributes:
        number: Its number in the course, such as `"02"`.
        slug: Its name in file names, such as `"train_and_evaluate"`.
        english_title: Its title in English, to be translated.
        english_teaches: The skill that it teaches, as one English sentence to be translated.
    """

    number: str
    slug: str
    english_title: str
    english_teaches: str

    @property
    def name(self) -> str:
        """The name of its notebooks, such as `"02_train_and_evaluate"`."""
        return f"{self.number}_{self.slug}"

    @property
    def title(self) -> str:
        """Its title, in the current language."""
        return _(self.english_title)

    @property
    def teaches(self) -> str:
        """The skill that it teaches, as one sentence in the current language."""
        return _(self.english_teaches)


_LESSONS = (
    Lesson(
        "00",
        "welcome",
        N_("Welcome"),
        N_("Find your way around: draw a model, open its details, check an answer."),
    ),
    Lesson(
        "01",
        "first_model",
        N_("Your first functional model"),
        N_("Connect layers into a model, and predict its shapes and parameter counts."),
    ),
    Lesson(
        "02",
        "train_and_evaluate",
        N_("Train and evaluate"),
        N_("Train on real digits, and choose the loss that fits the last activation."),
    ),
    Lesson(
        "03",
        "save_and_load",
        N_("Save and load"),
        N_(
            "Save a trained model to a file, and know what the file contains and what it does "
            "not."
        ),
    ),
    Lesson(
        "04",
        "one_graph_many_models",
        N_("One graph, many models"),
        N_("Cut several models out of one graph: an encoder, and the autoencoder around it."),
    ),
    Lesson(
        "05",
        "models_are_layers",
        N_("Models are layers"),
        N_("Call a model like a layer: nest models, and average several in an ensemble."),
    ),
    Lesson(
        "06",
        "many_inputs_and_outputs",
        N_("Many inputs and outputs"),
        N_("Join three inputs, branch into two outputs, and give each its own loss by name."),
    ),
    Lesson(
        "07",
        "residual_connections",
        N_("Residual connections"),
        N_(
            "Add a skip connection around two layers, and project it where the channels change."
        ),
    ),
    Lesson(
        "08",
        "shared_layers",
        N_("Shared layers"),
        N_("Use one layer, with one set of weights, in several places of the graph."),
    ),
    Lesson(
        "09",
        "look_inside",
        N_("Look inside"),
        N_(
            "Build a model from the tensors inside a network, and look at the values that flow "
            "there."
        ),
    ),
    Lesson(
        "10",
        "transfer_learning",
        N_("Transfer learning"),
        N_(
            "Build a new head on a trained network, and choose what to freeze and what to train."
        ),
    ),
    Lesson(
        "11",
        "your_own_layer",
        N_("Your own layer"),
        N_("Write a layer with weights that trains, saves and loads like Keras's own."),
    ),
    Lesson(
        "12",
        "which_api",
        N_("Which API"),
        N_("Choose between functional, Sequential and subclassed models, by what each allows."),
    ),
    Lesson(
        "13",
        "tree_rnn",
        N_("A network for trees"),
        N_("Write a subclass that computes along a tree of its own for every example."),
    ),
    Lesson(
        "14",
        "custom_rnn",
        N_("A custom RNN"),
        N_(
            "Put a functional model inside a custom layer, and that layer inside a functional "
            "model."
        ),
    ),
    Lesson(
        "15",
        "masks_and_saving",
        N_("Masks and saving (optional)"),
        N_("Skip padding with a mask, and save a layer that contains another layer."),
    ),
    Lesson(
        "16",
        "project",
        N_("Final project: a machine that adds handwriting"),
        N_("Build a model of your own that reads two handwritten digits and adds them."),
    ),
)


def lessons() -> tuple[Lesson, ...]:
    """Returns the lessons in the order of the course."""
    return _LESSONS


def find(text: str) -> Lesson:
    """Finds a lesson by its number or name.

    Args:
        text: The number, the slug or both: `"2"`, `"02"`, `"train_and_evaluate"` or
            `"02_train_and_evaluate"`.

    Raises:
        LookupError: If there is no such lesson.

    Example:
        >>> find("2").name
        '02_train_and_evaluate'
    """
    for lesson in _LESSONS:
        if text in (lesson.number, str(int(lesson.number)), lesson.slug, lesson.name):
            return lesson
    names = ", ".join(lesson.name for lesson in _LESSONS)
    raise LookupError(
        _('There is no lesson "{text}"; the lessons are {names}.').format(
            text=text, names=names
        )
    )


def notebook(lesson: Lesson, language: str) -> Path:
    """Returns the path of a lesson's built notebook. It is the original: only read it.

    Args:
        lesson: The lesson.
        language: `"en"` or `"es"`.

    Raises:
        ValueError: If there is no such language.
        FileNotFoundError: If the notebook has not been built.
    """
    check_language(language)
    path = _FOLDER / language / f"{lesson.name}.ipynb"
    if path.exists():
        return path
    raise FileNotFoundError(
        _("The notebook {path} is missing; in a checkout, `make lessons` builds it.").format(
            path=path
        )
    )
