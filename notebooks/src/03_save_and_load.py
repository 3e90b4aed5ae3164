# %% [markdown] id="title" tags=["en"]
# # Save and load
#
# A trained model is lost when its kernel stops, unless it is saved. You will save one, see what the
# file contains and what it does not, load the model and train it further.

# %% [markdown] id="title" tags=["es"]
# # Guardar y cargar
#
# Un modelo entrenado se pierde al cerrarse su kernel, a menos que lo guardes. Vas a guardar uno, a
# ver qué contiene el archivo y qué no, a recuperar el modelo y a seguir entrenándolo.

# %% id="parameters" tags=["parameters"]
language = "en"
source = "embedded"
epochs = 2
batch_size = 64
seed = 1

# %% id="setup" tags=["nbval-ignore-output"]
import json
import tempfile
import zipfile
from pathlib import Path

import h5py
import keras
import kfunc_lab as lab
import numpy as np
from keras import layers

lab.language(language)
keras.utils.set_random_seed(seed)

# %% [markdown] id="about-model" tags=["en"]
# ## Something worth keeping
#
# The network of the first two lessons, in a function. `**` passes a dict as arguments.

# %% [markdown] id="about-model" tags=["es"]
# ## Algo que vale la pena guardar
#
# La red de las dos primeras lecciones, en una función. `**` pasa un diccionario como argumentos.

# %% id="build"
def build(units):
    inputs = keras.Input(shape=(784,), name="img")
    x = layers.Dense(units, activation="relu")(inputs)
    x = layers.Dense(units, activation="relu")(x)
    outputs = layers.Dense(10, activation="softmax")(x)
    return keras.Model(inputs, outputs, name=f"mnist_{units}")

# %% id="data"
(x_train, y_train), (x_test, y_test) = lab.datasets.mnist(source=source)
x_train = x_train.reshape(-1, 784).astype("float32") / 255
x_test = x_test.reshape(-1, 784).astype("float32") / 255

# %% id="fit"
training = {"optimizer": "rmsprop", "loss": "sparse_categorical_crossentropy"}
model = build(64)
model.compile(**training)
history = model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=0)

# %% [markdown] id="about-save" tags=["en"]
# ## One file
#
# The file that `save` writes must end in `.keras`. The `TemporaryDirectory`, at `folder.name`,
# vanishes with the kernel.

# %% [markdown] id="about-save" tags=["es"]
# ## Un solo archivo
#
# El archivo que escribe `save` debe terminar en `.keras`. La `TemporaryDirectory`, en
# `folder.name`, desaparece con el kernel.

# %% id="save"
folder = tempfile.TemporaryDirectory()
path = Path(folder.name, "digits.keras")
model.save(path)

# %% [markdown] id="about-members" tags=["en"]
# ## What is in it
#
# The file is a zip archive: several files in one. `ZipFile` opens it until the end of `with`;
# `namelist` lists the files, `read` and `extract` get one, `json.loads` makes a dict. `config.json`
# describes the model: each layer with its class, its settings and what it is called on, and then
# what you gave to `compile`. The last two lines are the first Dense layer and the loss.

# %% [markdown] id="about-members" tags=["es"]
# ## Qué hay dentro
#
# El archivo es un zip: varios archivos en uno. `ZipFile` lo abre hasta el final de `with`;
# `namelist` enumera los archivos, `read` y `extract` sacan uno, `json.loads` crea un diccionario.
# `config.json` describe el modelo: la clase de cada capa, sus ajustes y con qué tensores se llama;
# y lo que le diste a `compile`. Las dos últimas líneas son la primera capa Dense y la pérdida.

# %% id="members"
with zipfile.ZipFile(path) as archive:
    config = json.loads(archive.read("config.json"))
    weights = Path(archive.extract("model.weights.h5", folder.name))
    print(sorted(archive.namelist()))
layer = config["config"]["layers"][1]
print(layer["class_name"], layer["config"]["units"], layer["config"]["activation"])
print(config["compile_config"]["loss"])

# %% [markdown] id="about-weights" tags=["en"]
# Of a class, only the *name* is there: `Dense`. Its code is part of Keras.
#
# The numbers are in `model.weights.h5`. How large is that file (`stat().st_size`)?

# %% [markdown] id="about-weights" tags=["es"]
# De una clase solo está el *nombre*, `Dense`. Su código forma parte de Keras.
#
# Los números están en `model.weights.h5`. ¿Cuánto ocupa ese archivo (`stat().st_size`)?

# %% id="predict-size"
lab.predict("file-size")

# %% id="size"
parameter_bytes = 4 * model.count_params()
print(f"{parameter_bytes:,} {weights.stat().st_size / parameter_bytes:.1f}")

# %% [markdown] id="about-state" tags=["en"]
# Something is in there besides the weights. An `.h5` file contains arrays with names; `h5py.File`
# reads them.

# %% [markdown] id="about-state" tags=["es"]
# Además de los pesos hay algo más. Un archivo `.h5` contiene arrays con nombre; `h5py.File` los
# lee.

# %% id="state"
with h5py.File(weights) as numbers:
    print([array.shape for array in numbers["layers/dense/vars"].values()])
    print([array.shape for array in numbers["optimizer/vars"].values()])

# %% [markdown] id="about-load" tags=["en"]
# First the weights and biases of the first layer, then the *state of the optimizer*: how many steps
# it has made, its learning rate and, for every weight, a running average of its recent squared
# gradients.
#
# ## Load
#
# `load_model` gets only the path. `lab.compare` draws both models as one, and would mark what
# differs.

# %% [markdown] id="about-load" tags=["es"]
# Primero, los pesos y los sesgos de la primera capa; después, el *estado del optimizador*: cuántos
# pasos ha dado, su tasa de aprendizaje y, para cada peso, una media móvil de sus gradientes
# recientes al cuadrado.
#
# ## Cargar
#
# `load_model` recibe solo la ruta. `lab.compare` dibuja los dos modelos como uno solo y marcaría lo
# que difiere.

# %% id="predict-load"
lab.predict("loaded-model")

# %% id="load"
loaded = keras.models.load_model(path)
lab.compare(model, loaded)

# %% [markdown] id="about-equal" tags=["en"]
# The same graph. `difference` returns the largest difference between the probabilities that two
# models give for the test digits:

# %% [markdown] id="about-equal" tags=["es"]
# El mismo grafo. `difference` devuelve la mayor diferencia entre las probabilidades que dan dos
# modelos para los dígitos de prueba:

# %% id="equal"
def difference(one, other):
    gaps = one.predict(x_test, verbose=0) - other.predict(x_test, verbose=0)
    return float(np.abs(gaps).max())


print(difference(model, loaded))

# %% [markdown] id="about-go-on" tags=["en"]
# No difference.
#
# ## Training goes on where it stopped
#
# A second loaded copy, `anew`, gets a new optimizer from `compile`. In each epoch, `model` made 63
# steps, one for each batch; `optimizer.iterations` counts them.

# %% [markdown] id="about-go-on" tags=["es"]
# Ninguna diferencia.
#
# ## El entrenamiento sigue donde se quedó
#
# Una segunda copia cargada, `anew`, recibe un optimizador nuevo con `compile`. En cada época,
# `model` dio 63 pasos, uno por lote; los cuenta `optimizer.iterations`.

# %% id="predict-steps"
lab.predict("optimizer-steps")

# %% id="iterations"
anew = keras.models.load_model(path)
anew.compile(**training)
[int(it.optimizer.iterations) for it in (model, loaded, anew)]

# %% [markdown] id="about-step" tags=["en", "optional"]
# ## One more step, and weights alone (optional)
#
# Each of the three makes one step, on the same batch: `train_on_batch`. How far the weights of the
# first Dense layer (`layers[1].get_weights`) move is printed; the movement of `model` counts as 1.

# %% [markdown] id="about-step" tags=["es", "optional"]
# ## Un paso más, y solo los pesos (opcional)
#
# Los tres dan un paso, con el mismo lote: `train_on_batch`. Se imprime cuánto se mueven los pesos
# de la primera capa Dense (`layers[1].get_weights`); el movimiento de `model` vale 1.

# %% id="predict-step" tags=["optional"]
lab.predict("different-step")

# %% id="step" tags=["optional"]
moved = {}
for name, it in {"model": model, "loaded": loaded, "anew": anew}.items():
    before = it.layers[1].get_weights()[0]
    it.train_on_batch(x_train[:64], y_train[:64])
    moved[name] = float(np.abs(it.layers[1].get_weights()[0] - before).mean())
    print(name, round(moved[name] / moved["model"], 1))

# %% [markdown] id="about-alone" tags=["en", "optional"]
# The new optimizer knows nothing of the earlier steps, and makes a much larger one.
#
# `save_weights` leaves the description out. You need the code that builds the model, with the same
# shapes; then `load_weights` loads the weights into it. (The older format for whole models,
# `digits.h5`, loses the averages of the optimizer. Use `.keras`.)

# %% [markdown] id="about-alone" tags=["es", "optional"]
# El optimizador nuevo no sabe nada de los pasos anteriores y da uno mucho mayor.
#
# `save_weights` deja fuera la descripción. Hace falta el código que construye el modelo, con las
# mismas formas; en él carga los pesos `load_weights`. (El formato anterior para modelos enteros,
# `digits.h5`, pierde las medias del optimizador. Usa `.keras`).

# %% id="weights" tags=["optional"]
weights_path = Path(folder.name, "digits.weights.h5")
model.save_weights(weights_path)
twin = build(64)
twin.load_weights(weights_path)
print(difference(model, twin))

# %% [markdown] id="about-own" tags=["en"]
# ## What the file does not contain
#
# Keras has no layer `Double`: it doubles what comes in. (Lesson 11 shows how such a class is
# written.)

# %% [markdown] id="about-own" tags=["es"]
# ## Lo que el archivo no contiene
#
# Keras no tiene una capa `Double`: duplica lo que entra. (Cómo se escribe una clase así, en la
# lección 11).

# %% id="own"
class Double(layers.Layer):
    def call(self, inputs):
        return 2 * inputs


inputs = keras.Input(shape=(3,))
own_path = Path(folder.name, "double.keras")
keras.Model(inputs, Double()(inputs), name="doubler").save(own_path)

# %% id="predict-own"
lab.predict("own-class")

# %% id="own-load"
try:
    keras.models.load_model(own_path)
except TypeError as error:
    print(lab.explain(error).to_text())

# %% [markdown] id="after-own" tags=["en"]
# The file contains the name `Double`, as it does with `Dense`, and none of your code. Whoever loads
# the file needs the code, and passes the class in `custom_objects`:

# %% [markdown] id="after-own" tags=["es"]
# El archivo contiene el nombre `Double`, igual que con `Dense`, y nada de tu código. Quien lo carga
# necesita el código y pasa la clase en `custom_objects`:

# %% id="custom-objects"
doubler = keras.models.load_model(own_path, custom_objects={"Double": Double})
doubler.predict(np.array([[1, 2, 3]]), verbose=0).tolist()

# %% [markdown] id="about-claims" tags=["en"]
# The data and the `history` of the training are not in the file either.
#
# ## Your turn: what is in the file?
#
# Write `True` or `False` for what `model.save("digits.keras")` keeps:
#
# | name | is this in the file? |
# |---|---|
# | `wiring` | which layer is called on which tensor |
# | `weights` | the values of the weights |
# | `loss` | the loss given to `compile` |
# | `optimizer_state` | the optimizer's steps and averages |
# | `class_code` | the Python code of your own layers |
# | `images` | the images trained on |
# | `history` | the losses of past epochs |

# %% [markdown] id="about-claims" tags=["es"]
# Tampoco están en el archivo los datos ni el historial (`history`) del entrenamiento.
#
# ## Te toca: ¿qué hay en el archivo?
#
# Escribe `True` o `False` según lo que guarda `model.save("digits.keras")`:
#
# | nombre | ¿está en el archivo? |
# |---|---|
# | `wiring` | con qué tensor se llama a cada capa |
# | `weights` | los valores de los pesos |
# | `loss` | la pérdida que recibió `compile` |
# | `optimizer_state` | los pasos y las medias del optimizador |
# | `class_code` | el código de Python de tus capas |
# | `images` | las imágenes del entrenamiento |
# | `history` | las pérdidas de las épocas pasadas |

# %% id="exercise-file"
claims = {
    "wiring": ...,
    "weights": ...,
    "loss": ...,
    "optimizer_state": ...,
    "class_code": ...,
    "images": ...,
    "history": ...,
}
lab.check("what-is-in-the-file", claims)

# %% id="hint-file"
# lab.hint("what-is-in-the-file")
# lab.solution("what-is-in-the-file")

# %% [markdown] id="about-trip" tags=["en"]
# ## Your turn: a round trip
#
# `student` is a smaller network that has trained for one epoch. Save it into the temporary folder,
# and load it **complete**, ready to train on.

# %% [markdown] id="about-trip" tags=["es"]
# ## Te toca: ida y vuelta
#
# `student` es una red más pequeña que ha entrenado una época. Guárdala en la carpeta temporal y
# recupérala **completa**, lista para seguir entrenando.

# %% id="student"
student = build(32)
student.compile(**training)
history = student.fit(x_train, y_train, batch_size=batch_size, epochs=1, verbose=0)

# %% id="exercise-trip"
answer = {"trained": student, "reloaded": ...}
lab.check("round-trip", answer)

# %% id="hint-trip"
# lab.hint("round-trip")
# lab.solution("round-trip")

# %% [markdown] id="recap" tags=["en"]
# ## What you have learned
#
# - A `.keras` file contains the graph, the settings, the weights and the state of the optimizer.
# - A loaded model predicts the same, and its training can continue where it stopped. Another
#   `compile` would start a new optimizer.
# - Of classes, the file contains only the names: to load your own ones, you need their code.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [One graph, many models](04_one_graph_many_models.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - Un archivo `.keras` contiene el grafo, los ajustes, los pesos y el estado del optimizador.
# - Al cargarlo, el modelo predice lo mismo y sigue entrenando donde se quedó. Compilarlo otra vez
#   crearía un optimizador nuevo.
# - De las clases solo está el nombre: para cargar las tuyas necesitas su código.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Un grafo, muchos modelos](04_one_graph_many_models.ipynb)
