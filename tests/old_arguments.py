"""Calls with each old argument, method and attribute in the tables of names."""

import keras
from keras import layers

SETUP = """
from backends import tf
from keras import backend as K
i = keras.Input((6,), name="i")
model = keras.Sequential([i, layers.Dense(1, activation="sigmoid", name="end")])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"], run_eagerly=True)
x, y = np.ones((4, 6)), np.ones((4, 1))
def rows():
    while True:
        yield x, y
generator = rows()
with tf.GradientTape() as tape:
    loss = ops.sum(model(x))
t, u = keras.Input((6, 4)), keras.Input((4, 6))
"""

# The value of an argument; 2 if it is not listed.
VALUES = {
    **dict.fromkeys(("init", "beta_init", "gamma_init"), "'normal'"),
    **dict.fromkeys(("W_regularizer", "b_regularizer", "U_regularizer"), "'l2'"),
    **dict.fromkeys(("W_constraint", "b_constraint", "U_constraint"), "'non_neg'"),
    **dict.fromkeys(("lr", "eps", "p", "sigma", "keep_prob", "dropout", "alpha"), "0.2"),
    **dict.fromkeys(("dropout_W", "dropout_U", "beta1", "beta2", "decay"), "0.2"),
    **dict.fromkeys(("concat_axis", "dim", "dot_axes", "nb_epoch", "epoch"), "1"),
    **dict.fromkeys(("n_epochs", "num_epochs"), "1"),
    **dict.fromkeys(("bias", "logits", "save_best"), "False"),
    "inner_init": "'orthogonal'", "inner_activation": "'sigmoid'", "border_mode": "'same'",
    "dim_ordering": "'tf'", "weights": "None", "input_shape": "(3,)",
    "batch_input_shape": "(2, 3)", "input_dtype": "'int32'", "validation_set": "(x, y)",
    "callback": "keras.callbacks.CSVLogger('log.csv')", "metric": "['mae']",
    "losses": "'mse'", "opt": "'sgd'", "consume_less": "'gpu'", "profile": "0",
    "input": "i", "output": "layers.Dense(1)(i)",
}  # fmt: skip

# The arguments that a class needs, in their order.
_CONV = {"filters": "2", "kernel_size": "3"}
_UNITS = {"units": "3"}
_RATE = {"rate": "0.2"}
_NEEDED = {
    **dict.fromkeys(("Dense", "LSTM", "GRU", "SimpleRNN"), _UNITS),
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D", "ConvLSTM2D"), _CONV),
    **dict.fromkeys(("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), _CONV),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), _CONV),
    "DepthwiseConv2D": {"kernel_size": "3"},
    **{f"{kind}Pooling{n}D": {"pool_size": "2"} for kind in ("Max", "Average") for n in (1, 2, 3)},
    **{f"SpatialDropout{n}D": _RATE for n in (1, 2, 3)},
    **dict.fromkeys(("Dropout", "GaussianDropout", "AlphaDropout"), _RATE),
    "GaussianNoise": {"stddev": "0.2"}, "RepeatVector": {"n": "3"}, "Dot": {"axes": "1"},
    "Embedding": {"input_dim": "10", "output_dim": "4"},
    "MultiHeadAttention": {"num_heads": "2", "key_dim": "4"},
    "ModelCheckpoint": {"filepath": "'c.keras'"}, "to_categorical": {"x": "[0, 1]"},
}  # fmt: skip
_CALLS = {
    "concatenate": "layers.concatenate([t, t], {})", "dot": "layers.dot([i, i], {})",
    "fit": "model.fit(x, y, verbose=0, {})", "evaluate": "model.evaluate(x, y, verbose=0, {})",
    "predict": "model.predict(x, verbose=0, {})", "save": "model.save('m.keras', {})",
    "save_model": "keras.saving.save_model(model, 'm.keras', {})",
    "categorical_crossentropy": "keras.losses.categorical_crossentropy(y, y, {})",
}  # fmt: skip
_ONLY = {
    "losses": "model.compile('adam', {})", "opt": "model.compile({}, loss='mse')",
    "input": "keras.Model({}, outputs=layers.Dense(1)(i))", "output": "keras.Model(inputs=i, {})",
    "input_dtype": "keras.Input((3,), {})",
}  # fmt: skip
_MODULES = {
    "layers": layers, "keras": keras, "keras.optimizers": keras.optimizers,
    "keras.callbacks": keras.callbacks, "keras.losses": keras.losses,
    "keras.utils": keras.utils,
}  # fmt: skip


def call_with(owner, name, new):
    """Write a call with an old argument.

    Args:
        owner: The class or method, such as `"Dense"` or `"fit"`.
        name: The old argument.
        new: What the table says of it, such as `"units=value"`.
    """
    argument = f"{name}={VALUES.get(name, '2')}"
    if name in _ONLY:
        return _ONLY[name].format(argument)
    if owner == "compile":
        return f"model.compile('adam', 'mse', {argument})"
    if owner in _CALLS:
        return _CALLS[owner].format(argument)
    today = new.partition("=")[0]
    others = [f"{key}={it}" for key, it in _NEEDED.get(owner, {}).items() if key != today]
    module = next(spelled for spelled, it in _MODULES.items() if hasattr(it, owner))
    return f"{module}.{owner}({', '.join([*others, argument])})"


# The objects that have a method or attribute, by the name of their class in the table.
OBJECTS = {
    "Model": ["model"], "Optimizer": ["model.optimizer"], "KerasTensor": ["t"],
    "Shape": ["t.shape", "t.shape[1]"],
    "Layer": [
        "model.layers[0]", "layers.Conv2D(2, 3)", "layers.Dropout(0.2)", "layers.LeakyReLU()",
    ],
}  # fmt: skip

# The value of a parameter of a method or function; 2 if it is not listed.
_PARAMETERS = {
    **dict.fromkeys(("axis", "axis1", "dim", "repeats"), "1"), "indices": "[0]", "other": "t",
    "a_min": "0.0", "a_max": "1.0", "min": "0.0", "max": "1.0", "dtype": "'int32'",
    "generator": "generator, 1", "x": "x", "filepath": "'c.keras'", "model": "model",
    "shape": "(6,)", "name": "'w'", "initializer": "'ones'", "inputs": "[t, t]",
    "mode": "'sum'", "policy": "'float32'", "yaml_string": "model.to_json()", "l1": "0.1",
    "l2": "0.1", "learning_rate": "0.1", "momentum": "0.9", "theta": "0.5", "factor": "0.1",
}  # fmt: skip
_CALLED_WITH = {
    "Optimizer.minimize": "loss, model.trainable_variables, tape",
    "Layer.add_variable": "'w', (2, 3), 'float32', 'ones'", "tf.placeholder": "'int32', (None, 3)",
    "KerasTensor.transpose": "0, 2, 1", "KerasTensor.permute": "0, 2, 1",
    **dict.fromkeys((f"KerasTensor.{it}" for it in ("dot", "matmul", "mm", "bmm")), "u"),
    "KerasTensor.view": "-1, 24", "KerasTensor.size": "1", "KerasTensor.swapaxes": "1, 2",
}  # fmt: skip


def method_calls(name, old):
    """Write the calls of an old method, attribute or function, one for each object.

    Args:
        name: Its name in the table, such as `"Model.fit_generator"`.
        old: Its row.
    """
    arguments = ""
    if not old.attribute:
        needed = len(old.signature.args) - len(old.signature.defaults)
        names = [each.arg for each in old.signature.args[:needed] if each.arg != "self"]
        values = ", ".join(_PARAMETERS.get(each, "2") for each in names)
        arguments = f"({_CALLED_WITH.get(name, values)})"
    owner, _, last = name.rpartition(".")
    objects = OBJECTS.get(owner)
    return [f"{it}.{last}{arguments}" for it in objects] if objects else [f"{name}{arguments}"]
