"""Right models: lint has nothing to say about them, nor about their data."""

import keras
import numpy as np
import pytest
import seed_models
from backends import BACKEND, tensorflow_only
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


def frozen_later(compile_again):
    i = keras.Input((6,), name="i")
    base = keras.Sequential([keras.Input((6,)), layers.Dense(8)], name="base")
    model = keras.Model(i, layers.Dense(1)(base(i)))
    model.compile("adam", "mse")
    x, y = np.ones((8, 6)), np.ones((8, 1))
    model.fit(x, y, verbose=0)
    base.trainable = False
    if compile_again:
        model.compile(model.optimizer, "mse")
    before = base.get_weights()[0].copy()
    model.fit(x, y, verbose=0)
    return model, bool((base.get_weights()[0] != before).any())


@tensorflow_only("a step that is compiled once")
def test_frozen_later_and_compiled_again():
    model, still_trains = frozen_later(compile_again=False)
    assert still_trains
    assert [it.code for it in lab.lint(model)] == ["changed-after-compile"]
    model, still_trains = frozen_later(compile_again=True)
    assert not still_trains
    if hasattr(model, "_compiled_trainable_state"):  # older versions do not tell
        assert lab.lint(model) == []


@pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow keeps the compiled step")
@pytest.mark.parametrize("later", [False, True])
def test_layers_changed_after_training_in_each_step(later):
    """PyTorch stops training what is frozen; JAX fails, and both fail with more weights."""
    i = keras.Input((6,), name="i")
    base = layers.Dense(8, name="base")
    model = keras.Model(i, layers.Dense(1)(base(i)))
    x, y = np.ones((8, 6)), np.ones((8, 1))
    base.trainable = not later
    model.compile("adam", "mse")
    model.fit(x, y, verbose=0)
    base.trainable = later
    before = base.get_weights()[0].copy()
    if BACKEND == "torch" and not later:
        assert lab.lint(model) == []
        model.fit(x, y, verbose=0)
        assert (base.get_weights()[0] == before).all()
        return
    [finding] = lab.lint(model)
    assert (finding.code, "`fit` will fail" in finding.reason) == (
        "changed-after-compile",
        True,
    )
    with pytest.raises(Exception, match="variable"):
        model.fit(x, y, verbose=0)


def test_frozen_before_the_first_fit_is_no_mistake():
    """Keras asks which weights are trainable when `fit` first runs, not in `compile`."""
    i = keras.Input((6,), name="i")
    base = layers.Dense(8, name="base")
    model = keras.Model(i, layers.Dense(1)(base(i)))
    model.compile("adam", "mse")
    base.trainable = False
    before = base.get_weights()[0].copy()
    model.fit(np.ones((8, 6)), np.ones((8, 1)), verbose=0)
    assert (base.get_weights()[0] == before).all()
    assert lab.lint(model) == []
