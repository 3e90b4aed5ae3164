"""Each exercise: its solution, no answer, and wrong answers met by the message made for them."""

import keras
import pytest
from keras import layers

import kfunc_lab as lab
from kfunc_lab.lessons.exercises import EXERCISES


@pytest.fixture(params=["en", "es"], autouse=True)
def language(request):
    lab.language(request.param)
    return request.param


def solve(name):
    exercise = EXERCISES[name]
    names = {"keras": keras, "layers": layers}
    exec(exercise.solution, names)
    return names[exercise.answer]


@pytest.mark.parametrize("name", EXERCISES)
def test_solution_is_right(name):
    feedback = lab.check(name, solve(name))
    assert feedback.status == "right", feedback


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("answer", [..., None])
def test_no_answer_is_not_wrong(name, answer):
    assert lab.check(name, answer).status == "not attempted"
    assert lab.check(name).status == "not attempted"


@pytest.mark.parametrize("name", EXERCISES)
def test_praise_and_hints_are_translated(name, language):
    exercise = EXERCISES[name]
    said = [lab.check(name, solve(name)).message]
    said += [lab.hint(name).message for _ in exercise.hints]
    for message in (exercise.praise, *exercise.hints):
        assert (message in said) == (language == "en")


def mlp(*units, shape=(784,), last=10, **options):
    inputs = x = keras.Input(shape=shape)
    for count in units:
        x = layers.Dense(count, activation="relu", **options)(x)
    return keras.Model(inputs, layers.Dense(last, activation="softmax", **options)(x))


def tensor():
    return layers.Dense(10)(layers.Dense(32)(keras.Input((784,))))


def two_outputs():
    inputs = keras.Input((784,))
    x = layers.Dense(32)(inputs)
    return keras.Model(inputs, [layers.Dense(10)(x), layers.Dense(10)(x)])


WRONG = [
    ("species-parameters", lambda: 195, ("whole model", "modelo entero")),
    ("species-parameters", lambda: 144, ("`hidden`", "`hidden`")),
    ("species-parameters", lambda: 48, ("bias", "sesgo")),
    ("species-parameters", lambda: 3, ("gives out", "salen de la capa")),
    ("species-parameters", lambda: 16, ("enter the layer", "entran en la capa")),
    ("species-parameters", lambda: 52, ("not 52", "No es 52")),
    ("species-parameters", lambda: "many", ("whole number", "número entero")),
    ("hidden-units", tensor, ("keras.Model(inputs, outputs)", "keras.Model(inputs, outputs)")),
    ("hidden-units", lambda: 32, ("this is: int", "esto es: int")),
    ("hidden-units", lambda: mlp(shape=(28, 784)), ("batch is left out", "lote no se incluye")),
    ("hidden-units", lambda: mlp(32, shape=(28,)), ("784 numbers", "784 números")),
    ("hidden-units", lambda: mlp(32, last=9), ("10 numbers", "10 números")),
    ("hidden-units", lambda: mlp(), ("straight into", "directa a la última")),
    ("hidden-units", lambda: mlp(32, 32), ("2 hidden Dense layers", "2 capas Dense ocultas")),
    ("hidden-units", lambda: mlp(32, use_bias=False), ("no biases", "no tiene sesgos")),
    ("hidden-units", lambda: mlp(64), ("50,890", "50,890")),
    ("hidden-units", two_outputs, ("One input and one output", "una sola salida")),
    (
        "hidden-units",
        lambda: keras.Sequential([layers.Dense(32), layers.Dense(10)]),
        ("no graph yet", "aún no tiene grafo"),
    ),
]


def head(units, activation, loss):
    inputs = keras.Input((784,))
    model = keras.Model(inputs, layers.Dense(units, activation=activation)(inputs))
    if loss is not None:
        model.compile(loss=loss)
    return model


def heads(**changed):
    right = {
        "digit": (10, "softmax", "sparse_categorical_crossentropy"),
        "even": (1, "sigmoid", "binary_crossentropy"),
        "ink": (1, None, "mse"),
    }
    return {name: head(*parts) for name, parts in {**right, **changed}.items()}


def logits(cls):
    return cls(from_logits=True)


SPARSE, BINARY = keras.losses.SparseCategoricalCrossentropy, keras.losses.BinaryCrossentropy

WRONG_HEADS = [
    ({"digit": (10, "softmax", "categorical_crossentropy")}, ("sparse", "sparse")),
    ({"digit": (10, "softmax", "mse")}, ("twice the class 4", "doble de la clase 4")),
    ({"digit": (10, "softmax", "binary_crossentropy")}, ("yes or no", "sí o no")),
    ({"digit": (10, "softmax", logits(SPARSE))}, ("applied twice", "dos veces")),
    ({"digit": (10, "sigmoid", SPARSE())}, ("expects probabilities", "espera probabilidades")),
    ({"digit": (9, "softmax", SPARSE())}, ("ten classes", "diez clases")),
    ({"even": (1, "softmax", "binary_crossentropy")}, ("add up to 1", "sumen 1")),
    ({"even": (1, "sigmoid", logits(BINARY))}, ("applied twice", "dos veces")),
    ({"even": (1, None, "binary_crossentropy")}, ("expects probabilities", "probabilidades")),
    ({"even": (1, "sigmoid", "mse")}, ("does not fit", "no encaja")),
    ({"even": (3, "sigmoid", "binary_crossentropy")}, ("one unit is enough", "basta una")),
    ({"ink": (1, None, "binary_crossentropy")}, ("quantity", "cantidad")),
    ({"ink": (1, "softmax", "mse")}, ("always says 1", "siempre dice 1")),
    ({"ink": (1, "relu", "mse")}, ("stuck at 0", "atascada en 0")),
    ({"ink": (1, "tanh", "mse")}, ("cannot reach", "no puede alcanzar")),
    ({"ink": (2, None, "mse")}, ("one number", "un solo número")),
    ({"ink": (1, None, None)}, ("no loss yet", "aún no tiene pérdida")),
]
WRONG += [
    ("three-heads", lambda changed=changed: heads(**changed), words)
    for changed, words in WRONG_HEADS
]
WRONG += [
    ("three-heads", lambda: {"digit": 1}, ("keys", "claves")),
    ("three-heads", lambda: {**heads(), "ink": "mse"}, ("this is: str", "esto es: str")),
]


@pytest.mark.parametrize(("name", "answer", "words"), WRONG)
def test_wrong_answer_meets_its_message(name, answer, words, language):
    feedback = lab.check(name, answer())
    assert feedback.status == "wrong"
    assert words[language == "es"] in feedback.message, feedback


def test_every_exercise_has_three_wrong_answers():
    for name in EXERCISES:
        assert len([wrong for wrong in WRONG if wrong[0] == name]) >= 3


RIGHT_HEADS = [
    {"digit": (10, None, logits(SPARSE))},
    {"even": (1, None, logits(BINARY))},
    {"even": (2, "softmax", "sparse_categorical_crossentropy")},
    {"ink": (1, "sigmoid", "mean_squared_error")},
    {"ink": (1, None, keras.losses.Huber())},
    {"ink": (1, None, "mae")},
]


@pytest.mark.parametrize("changed", RIGHT_HEADS)
def test_other_right_answers_are_right(changed):
    feedback = lab.check("three-heads", heads(**changed))
    assert feedback.status == "right", feedback


def test_heads_as_given_are_not_attempted():
    given = heads(
        digit=(10, "softmax", "categorical_crossentropy"),
        even=(1, "softmax", "binary_crossentropy"),
        ink=(1, None, "binary_crossentropy"),
    )
    assert lab.check("three-heads", given).status == "not attempted"
