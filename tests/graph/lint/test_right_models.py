"""Right models: lint has nothing to say about them, nor about their data."""

import keras
import pytest
import seed_models
from keras import layers
from lint_models import right

import kfunc_lab as lab


@pytest.mark.parametrize("name", right.MODELS)
def test_right_model_has_no_findings(name):
    model, data = right.MODELS[name]()
    assert lab.lint(model) == []
    assert lab.lint(model, data=data) == []


@pytest.mark.deep
@pytest.mark.parametrize("name", right.MODELS)
def test_right_model_has_no_findings_after_training(name):
    model, (x, y) = right.MODELS[name]()
    if y is None:
        pytest.skip("it is trained as a part of another model")
    model.fit(x, y, verbose=0)
    assert lab.lint(model, data=(x, y)) == []


@pytest.mark.parametrize("name", seed_models.FUNCTIONAL_MODELS)
@pytest.mark.parametrize("loss", ["mse", "mae"])
def test_compiled_course_models_have_no_findings(name, loss):
    model = seed_models.FUNCTIONAL_MODELS[name][0]()
    model.compile("adam", loss)
    found = [it.code for it in lab.lint(model) if it.code != "config-loses-name"]
    assert found == []


def test_model_that_draws_samples_is_only_a_possible_mistake():
    """Dropout at inference can be meant: Gal and Ghahramani, https://arxiv.org/abs/1506.02142."""
    i = keras.Input((6,), name="i")
    x = layers.Dropout(0.5)(layers.Dense(8)(i), training=True)
    found = lab.lint(keras.Model(i, layers.Dense(1)(x)))
    assert [it.sureness for it in found] == ["possible"]
