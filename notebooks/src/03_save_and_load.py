# %% [markdown] id="title" tags=["en"]
# # Save and load
#
# A trained model is lost when its kernel stops, unless it is saved. You will save one to a file,
# look at what the file contains, load the model from it and train it further. You will see what
# such a file contains, and what it does not.

# %% [markdown] id="title" tags=["es"]
# # Guardar y cargar
#
# Un modelo entrenado se pierde al cerrarse su kernel, a menos que lo guardes. Vas a escribir uno en
# un archivo, mirar qué hay dentro, recuperar el modelo y seguir entrenándolo. Al final sabrás qué
# contiene un archivo así y qué no.

# %% id="parameters" tags=["parameters"]
language = "en"
source = "embedded"
epochs = 2
batch_size = 64
seed = 1

# %% id="setup" tags=["nbval-ignore-output"]
import io
import json
import tempfile
import warnings
import zipfile
from pathlib import Path

import h5py
import keras
import kfunc_lab as lab
import numpy as np
from keras import layers

lab.language(language)
keras.utils.set_random_seed(seed)
warnings.filterwarnings("ignore", message="Skipping nested container")

# %% [markdown] id="about-model" tags=["en"]
# ## Something worth keeping
#
# The network of the first two lessons, in a function this time, so that it can be built again.

# %% [markdown] id="about-model" tags=["es"]
# ## Algo que vale la pena guardar
#
# La red de las dos primeras lecciones, esta vez en una función, para poder construirla de nuevo.


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
# `model.save("digits.keras")` would write the file beside this notebook. Here it goes to a
# temporary folder, which vanishes with the kernel. The name must end in `.keras`.

# %% [markdown] id="about-save" tags=["es"]
# ## Un solo archivo
#
# `model.save("digits.keras")` escribiría el archivo junto a este cuaderno. Aquí va a una carpeta
# temporal, que desaparece con el kernel. El nombre debe terminar en `.keras`.

# %% id="save"
folder = tempfile.TemporaryDirectory()
path = Path(folder.name, "digits.keras")
model.save(path)
[file.name for file in Path(folder.name).iterdir()]

# %% [markdown] id="about-members" tags=["en"]
# ## What is in it
#
# The file is a zip archive, so Python can open it. **Predict:** what must be in there, so that the
# model can be loaded from it?

# %% [markdown] id="about-members" tags=["es"]
# ## Qué hay dentro
#
# El archivo es un zip, así que Python puede abrirlo. **Predice:** ¿qué tiene que haber dentro para
# poder recuperar el modelo?

# %% id="members"
with zipfile.ZipFile(path) as archive:
    config = json.loads(archive.read("config.json"))
    weights = archive.read("model.weights.h5")
    print(*sorted(archive.namelist()), sep="\n")

# %% [markdown] id="about-config" tags=["en"]
# `metadata.json` contains the version of Keras and the date. `config.json` describes the model:
# each layer with its class, its settings and what it is called on, and after that what you gave to
# `compile`. The first Dense layer, and the loss:

# %% [markdown] id="about-config" tags=["es"]
# `metadata.json` contiene la versión de Keras y la fecha. `config.json` describe el modelo: la
# clase de cada capa, sus ajustes y con qué tensores se llama; y además, lo que le diste a
# `compile`. La primera capa Dense y la pérdida:

# %% id="config"
layer = config["config"]["layers"][1]
print(layer["class_name"], layer["config"]["units"], layer["config"]["activation"])
print(config["compile_config"]["loss"])

# %% [markdown] id="about-weights" tags=["en"]
# Of a class, only the *name* is there: `Dense`. The file contains none of its code, which is part
# of Keras.
#
# The numbers are in `model.weights.h5`. The model has 55,050 parameters of four bytes each.
# **Predict:** how many times as large as these bytes is that file?

# %% [markdown] id="about-weights" tags=["es"]
# De una clase solo está el *nombre*, `Dense`. El archivo no contiene su código, que forma parte de
# Keras.
#
# Los números están en `model.weights.h5`. El modelo tiene 55,050 parámetros de cuatro bytes cada
# uno. **Predice:** ¿cuántas veces más que esos bytes ocupa el archivo?

# %% id="size"
print(f"{4 * model.count_params():,}", round(len(weights) / (4 * model.count_params()), 1))

# %% [markdown] id="about-state" tags=["en"]
# It is more than twice as large. Something is in there besides the weights:

# %% [markdown] id="about-state" tags=["es"]
# Ocupa más del doble. Además de los pesos hay algo más:

# %% id="state"
with h5py.File(io.BytesIO(weights)) as numbers:
    print([array.shape for array in numbers["layers/dense/vars"].values()])
    print([array.shape for array in numbers["optimizer/vars"].values()])

# %% [markdown] id="about-load" tags=["en"]
# The first line shows the weights and the biases of the first layer. The second one is the *state
# of the optimizer*: how many steps it has made, its learning rate and, for every weight, a running
# average of its recent squared gradients, from which RMSprop chooses the size of its steps.
#
# ## Load
#
# **Predict:** does `load_model` need the function `build`? Is the result the same object? Then
# `lab.compare` draws both models as one, and would mark what differs.

# %% [markdown] id="about-load" tags=["es"]
# La primera línea muestra los pesos y los sesgos de la primera capa. La segunda es el *estado del
# optimizador*: cuántos pasos ha dado, su tasa de aprendizaje y, para cada peso, una media móvil de
# sus gradientes recientes al cuadrado, con la que RMSprop elige el tamaño de sus pasos.
#
# ## Cargar
#
# **Predice:** ¿necesita `load_model` la función `build`? ¿Es el resultado el mismo objeto? Después,
# `lab.compare` dibuja los dos modelos como uno solo y marcaría lo que difiere.

# %% id="load"
loaded = keras.models.load_model(path)
loaded is model

# %% id="compare"
lab.compare(model, loaded)

# %% [markdown] id="about-equal" tags=["en"]
# Another object with the same graph: `load_model` built it from the description in the file, and
# then loaded the weights. Does it also compute the same?

# %% [markdown] id="about-equal" tags=["es"]
# Otro objeto con el mismo grafo: `load_model` lo construyó a partir de la descripción del archivo y
# después cargó los pesos. ¿También calcula lo mismo?


# %% id="equal"
def equal(one, other):
    return np.array_equal(one.predict(x_test, verbose=0), other.predict(x_test, verbose=0))


equal(model, loaded)

# %% [markdown] id="about-go-on" tags=["en"]
# Equal to the last bit, for each of the test digits.
#
# ## Training goes on where it stopped
#
# A second loaded copy, `anew`, gets a new optimizer from `compile`. **Predict** the steps that each
# optimizer has made. One epoch was 63 batches.

# %% [markdown] id="about-go-on" tags=["es"]
# Iguales hasta el último bit, en cada uno de los dígitos de prueba.
#
# ## El entrenamiento sigue donde se quedó
#
# Una segunda copia cargada, `anew`, recibe un optimizador nuevo con `compile`. **Predice** cuántos
# pasos ha dado cada optimizador. Una época fueron 63 lotes.

# %% id="iterations"
anew = keras.models.load_model(path)
anew.compile(**training)
[int(it.optimizer.iterations) for it in (model, loaded, anew)]

# %% [markdown] id="about-step" tags=["en"]
# Now each of the three makes one step, on the same batch. **Predict:** which of them moves its
# weights by a different amount? (The movement of `model` counts as 1.)

# %% [markdown] id="about-step" tags=["es"]
# Ahora los tres dan un paso, con el mismo lote. **Predice:** ¿cuál mueve sus pesos en una cantidad
# distinta? (El movimiento de `model` vale 1).

# %% id="step"
moved = {}
for name, it in {"model": model, "loaded": loaded, "anew": anew}.items():
    before = it.layers[1].get_weights()[0]
    it.train_on_batch(x_train[:64], y_train[:64])
    moved[name] = float(np.abs(it.layers[1].get_weights()[0] - before).mean())
print({name: round(distance / moved["model"], 1) for name, distance in moved.items()})

# %% [markdown] id="after-step" tags=["en"]
# The loaded model goes on as if nothing had happened. The one with a new optimizer makes a much
# larger step: it knows nothing of the steps before. So do not call `compile` after loading, unless
# you want that.
#
# ## Weights alone
#
# `save_weights` leaves the description out. You need the code that builds the model; then the
# weights can be loaded into it.

# %% [markdown] id="after-step" tags=["es"]
# El modelo cargado sigue como si nada hubiera pasado. El que empieza con un optimizador nuevo da un
# paso mucho mayor: no sabe nada de los pasos anteriores. Por eso, no llames a `compile` después de
# cargar, salvo que quieras eso.
#
# ## Solo los pesos
#
# `save_weights` deja fuera la descripción. Hace falta el código que construye el modelo; en él se
# cargan los pesos.

# %% id="weights"
weights_path = Path(folder.name, "digits.weights.h5")
model.save_weights(weights_path)
twin = build(64)
twin.load_weights(weights_path)
equal(model, twin)

# %% [markdown] id="about-misfit" tags=["en"]
# **Predict:** what happens if you load these weights into a model with 32 units?

# %% [markdown] id="about-misfit" tags=["es"]
# **Predice:** ¿qué pasa si cargas estos pesos en un modelo de 32 unidades?

# %% id="misfit"
try:
    build(32).load_weights(weights_path)
except ValueError as error:
    display(lab.explain(error))

# %% [markdown] id="about-json" tags=["en"]
# ## The description alone
#
# The other half is `to_json` (or `get_config`, as a dict). **Predict:** does a model made from it
# have the same graph? Does it predict the same?

# %% [markdown] id="about-json" tags=["es"]
# ## Solo la descripción
#
# La otra mitad es `to_json` (o `get_config`, como diccionario). **Predice:** ¿tiene el mismo grafo
# un modelo hecho a partir de ella? ¿Predice lo mismo?

# %% id="json"
described = keras.models.model_from_json(model.to_json())
print(lab.compare(model, described).to_text())
print(equal(model, described))

# %% [markdown] id="about-own" tags=["en"]
# The same graph with fresh random weights: what was learned is gone.
#
# (In older code you meet `model.save("digits.h5")`. This older format loses what the optimizer has
# averaged, and a model that was compiled with a short name such as `"mse"` cannot be loaded from it
# without `compile=False`. Use `.keras`.)
#
# ## What the file does not contain
#
# Here is a layer that Keras does not have: it doubles what comes in. **Predict:** the class is
# defined in this notebook, and saving works. Does loading work?

# %% [markdown] id="about-own" tags=["es"]
# El mismo grafo con pesos nuevos al azar: lo aprendido se perdió.
#
# (En código más antiguo verás `model.save("digits.h5")`. Ese formato anterior pierde las medias del
# optimizador, y un modelo compilado con un nombre corto como `"mse"` no se puede cargar desde él
# sin `compile=False`. Usa `.keras`).
#
# ## Lo que el archivo no contiene
#
# Esta es una capa que Keras no tiene: duplica lo que entra. **Predice:** la clase está definida en
# este cuaderno y guardar funciona. ¿Funciona cargar?


# %% id="own"
class Double(layers.Layer):
    def call(self, inputs):
        return 2 * inputs


inputs = keras.Input(shape=(3,))
own_path = Path(folder.name, "double.keras")
keras.Model(inputs, Double()(inputs), name="doubler").save(own_path)

# %% id="own-load"
try:
    keras.models.load_model(own_path)
except TypeError as error:
    print(lab.explain(error).to_text())

# %% [markdown] id="after-own" tags=["en"]
# The file does not store the code of your class. It stores the name `Double`, as it does with
# `Dense`, and Keras looks for a class of that name among its own. Whoever loads the file needs the
# code, and passes the class to `load_model`:

# %% [markdown] id="after-own" tags=["es"]
# El archivo no guarda el código de tu clase. Guarda el nombre `Double`, igual que con `Dense`, y
# Keras busca una clase con ese nombre entre las suyas. Quien carga el archivo necesita el código y
# le pasa la clase a `load_model`:

# %% id="custom-objects"
doubler = keras.models.load_model(own_path, custom_objects={"Double": Double})
doubler.predict(np.array([[1, 2, 3]]), verbose=0).tolist()

# %% [markdown] id="about-claims" tags=["en"]
# The lesson *Your own layer* goes on from here. Two more things are not in the file: the data, and
# the `history` of the training.
#
# A `Lambda` layer is the exception: it stores Python code, and code in a stranger's file could do
# anything. So `load_model` refuses it unless you write `safe_mode=False`. Do that for files of your
# own only.
#
# ## Your turn: what is in the file?
#
# Write `True` or `False` for what `model.save("digits.keras")` keeps of a trained model:
#
# | name | is this in the file? |
# |---|---|
# | `wiring` | which layer is called on which tensor |
# | `weights` | the values of the weights |
# | `loss` | the loss that was given to `compile` |
# | `optimizer_state` | the steps and moving averages of the optimizer |
# | `class_code` | the Python code of a layer class of your own |
# | `images` | the images that the model was trained on |
# | `history` | the losses of the past epochs |

# %% [markdown] id="about-claims" tags=["es"]
# La lección *Tu propia capa* sigue a partir de aquí. Hay dos cosas más que no están en el archivo:
# los datos y el historial (`history`) del entrenamiento.
#
# La capa `Lambda` es la excepción: guarda código de Python, y el código que viene en un archivo
# ajeno podría hacer cualquier cosa. Por eso `load_model` la rechaza, a menos que escribas
# `safe_mode=False`. Hazlo solo con archivos tuyos.
#
# ## Te toca: ¿qué hay en el archivo?
#
# Escribe `True` o `False` según lo que `model.save("digits.keras")` guarda de un modelo entrenado:
#
# | nombre | ¿está en el archivo? |
# |---|---|
# | `wiring` | con qué tensor se llama a cada capa |
# | `weights` | los valores de los pesos |
# | `loss` | la pérdida que recibió `compile` |
# | `optimizer_state` | los pasos y las medias móviles del optimizador |
# | `class_code` | el código de Python de una clase de capa tuya |
# | `images` | las imágenes con las que se entrenó el modelo |
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
# and load it **complete**: the same graph, the same weights, ready to train on.

# %% [markdown] id="about-trip" tags=["es"]
# ## Te toca: ida y vuelta
#
# `student` es una red más pequeña que ha entrenado una época. Guárdala en la carpeta temporal y
# recupérala **completa**: el mismo grafo, los mismos pesos y lista para seguir entrenando.

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
# - A loaded model predicts the same, and its training can continue where it stopped.
# - The file contains only the names of classes: to load it, you need the code of your own ones.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [One graph, many models](04_one_graph_many_models.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - Un archivo `.keras` contiene el grafo, los ajustes, los pesos y el estado del optimizador.
# - Al cargarlo, el modelo predice lo mismo y sigue entrenando donde se quedó.
# - De las clases solo está el nombre: para cargarlo necesitas el código de las tuyas.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Un grafo, muchos modelos](04_one_graph_many_models.ipynb)
