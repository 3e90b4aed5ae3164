# %% [markdown] id="title" tags=["en"]
# # Models are layers
#
# A model can be called on a tensor, as a layer can. You will chain two models, call one twice, let
# three vote, and freeze a part.
#
# ```
# image ──► [ encoder ] ──► 16 numbers ──► [ decoder ] ──► image
# ```

# %% [markdown] id="title" tags=["es"]
# # Los modelos son capas
#
# Un modelo se puede llamar con un tensor, igual que una capa. Vas a encadenar dos modelos, a llamar
# dos veces al mismo, a hacer que voten tres y a congelar una parte.
#
# ```
# imagen ──► [ encoder ] ──► 16 números ──► [ decoder ] ──► imagen
# ```

# %% id="parameters" tags=["parameters"]
language = "en"
source = "embedded"
members = 3
seed = 1

# %% id="setup" tags=["nbval-ignore-output"]
import keras
import kfunc_lab as lab
import numpy as np
from keras import layers

lab.language(language)
keras.utils.set_random_seed(seed)

# %% [markdown] id="about-steps" tags=["en"]
# ## A model is called like a layer
#
# `m` is a model of a single Dense layer. It is called on another input, `a`.
#
# A cell whose first line is `%%steps` keeps every step: move the slider or press the arrow keys,
# and see what each line did to the graph.

# %% [markdown] id="about-steps" tags=["es"]
# ## Un modelo se llama como una capa
#
# `m` es un modelo de una sola capa Dense. Aquí se llama con otra entrada, `a`.
#
# Una celda cuya primera línea es `%%steps` guarda cada paso: mueve el control, o pulsa las flechas,
# y mira qué le hizo cada línea al grafo.

# %% id="predict-steps"
lab.predict("second-dense")

# %% id="steps"
# %%steps
numbers = keras.Input(shape=(16,), name="numbers")
m = keras.Model(numbers, layers.Dense(8, name="dense")(numbers), name="m")
a = keras.Input(shape=(16,), name="a")
y = m(a)
outer = keras.Model(a, y, name="outer")

# %% [markdown] id="about-parts" tags=["en"]
# The call `m(a)` added one box, `m`. The Dense layer in it is the one that was called when `m` was
# built: *use 2 of 2*.
#
# ## Two models in a chain
#
# In the last lesson, encoder and decoder were two stretches of one graph. Here they are built
# apart: the decoder has an input of its own, for 16 numbers.

# %% [markdown] id="about-parts" tags=["es"]
# La llamada `m(a)` añadió una caja, `m`. La capa Dense que contiene es la que se llamó al construir
# `m`: *uso 2 de 2*.
#
# ## Dos modelos encadenados
#
# En la lección anterior, el codificador y el decodificador eran dos tramos de un mismo grafo. Aquí
# se construyen por separado: el decodificador tiene su propia entrada, de 16 números.

# %% id="encoder"
encoder_input = keras.Input(shape=(28, 28, 1), name="original_img")
x = layers.Conv2D(16, 3, activation="relu")(encoder_input)
x = layers.Conv2D(32, 3, activation="relu")(x)
x = layers.MaxPooling2D(3)(x)
x = layers.Conv2D(32, 3, activation="relu")(x)
x = layers.Conv2D(16, 3, activation="relu")(x)
encoder = keras.Model(encoder_input, layers.GlobalMaxPooling2D()(x), name="encoder")

# %% id="decoder"
decoder_input = keras.Input(shape=(16,), name="encoded_img")
x = layers.Reshape((4, 4, 1))(decoder_input)
x = layers.Conv2DTranspose(16, 3, activation="relu")(x)
x = layers.Conv2DTranspose(32, 3, activation="relu")(x)
x = layers.UpSampling2D(3)(x)
x = layers.Conv2DTranspose(16, 3, activation="relu")(x)
decoder_output = layers.Conv2DTranspose(1, 3, activation="relu")(x)
decoder = keras.Model(decoder_input, decoder_output, name="decoder")
print(lab.graph(decoder).to_text())

# %% [markdown] id="about-chain" tags=["en"]
# Now the encoder is called on an image, and the decoder on the code. `fold=True` shows each nested
# model as one box. Its triangle, or Enter, unfolds it.

# %% [markdown] id="about-chain" tags=["es"]
# Ahora se llama al codificador con una imagen, y al decodificador con el código. Con `fold=True`,
# cada modelo anidado se muestra como una caja. Su triángulo, o Intro, la despliega.

# %% id="predict-chain"
lab.predict("layers-of-chain")

# %% id="chain"
img = keras.Input(shape=(28, 28, 1), name="img")
code = encoder(img)
autoencoder = keras.Model(img, decoder(code), name="autoencoder")
print([layer.name for layer in autoencoder.layers])
lab.graph(autoencoder, fold=True)

# %% [markdown] id="about-open" tags=["en"]
# Without `fold`, the boxes are unfolded. The encoder's own input, `original_img`, is still there:
# it passes on the tensor that the model is called on.

# %% [markdown] id="about-open" tags=["es"]
# Sin `fold`, las cajas aparecen desplegadas. La entrada propia del codificador, `original_img`,
# sigue ahí: deja pasar el tensor recibido.

# %% id="open"
lab.graph(autoencoder)

# %% [markdown] id="about-copy" tags=["en"]
# ## A call copies nothing
#
# Does `encoder(img)` put a copy of the encoder into the new model? For a test, every weight of
# `encoder` (`get_weights`) is set to zero (`set_weights`), so that every code is sixteen zeros. The
# decoder is not trained yet, and its biases start at zero. The brightest pixel is printed, before
# and after.

# %% [markdown] id="about-copy" tags=["es"]
# ## Una llamada no copia nada
#
# ¿Pone `encoder(img)` una copia del codificador en el nuevo modelo? Como prueba, todos los pesos de
# `encoder` (`get_weights`) se ponen a cero (`set_weights`), así que cada código son dieciséis
# ceros. El decodificador no está entrenado, y sus sesgos empiezan en cero. Se imprime el píxel más
# claro, antes y después.

# %% id="data"
(digits, _), _ = lab.datasets.mnist(source=source)
digits = digits[:64, :, :, None].astype("float32") / 255

# %% id="predict-zeros"
lab.predict("zeroed-encoder")

# %% id="zeros"
kept = encoder.get_weights()
before = autoencoder.predict(digits, verbose=0)
encoder.set_weights([0 * weight for weight in kept])
after = autoencoder.predict(digits, verbose=0)
encoder.set_weights(kept)
print(f"{before.max():.3f} {after.max():.3f}")

# %% [markdown] id="about-twice" tags=["en"]
# There is one encoder, and the autoencoder contains it, not a copy.
#
# ## Your turn: called twice
#
# The model `m` turns 16 numbers into 8 with one Dense layer. Now it is called on two inputs, and
# the results are added:
#
# ```python
# a, b = keras.Input(shape=(16,)), keras.Input(shape=(16,))
# total = keras.Model([a, b], m(a) + m(b))
# ```
#
# **How many parameters does `total` have?**

# %% [markdown] id="about-twice" tags=["es"]
# Hay un solo codificador, y el autoencoder lo contiene a él, no una copia.
#
# ## Te toca: llamado dos veces
#
# El modelo `m` convierte 16 números en 8 con una capa Dense. Ahora se llama con dos entradas y se
# suman los resultados:
#
# ```python
# a, b = keras.Input(shape=(16,)), keras.Input(shape=(16,))
# total = keras.Model([a, b], m(a) + m(b))
# ```
#
# **¿Cuántos parámetros tiene `total`?**

# %% id="exercise-twice"
parameters = ...
lab.check("same-model-twice", parameters)

# %% id="hint-twice"
# lab.hint("same-model-twice")
# lab.solution("same-model-twice")
# b = keras.Input(shape=(16,), name="b")
# lab.graph(keras.Model([a, b], m(a) + m(b)))

# %% [markdown] id="about-ensemble" tags=["en"]
# ## An ensemble: three models vote
#
# Sometimes you *want* separate weights. Models that start from different random weights make
# different mistakes; their average is often better. This is an *ensemble*. `get_model()` runs three
# times, and one input goes into all models. (`layers.average` is a function: it makes a layer
# `Average` and calls it on a list of tensors.)

# %% [markdown] id="about-ensemble" tags=["es"]
# ## Un conjunto de modelos: votan tres
#
# A veces sí *quieres* pesos separados. Los modelos que parten de pesos al azar distintos cometen
# errores distintos, y su promedio suele ser mejor. Eso es un *conjunto de modelos* (*ensemble*).
# `get_model()` se ejecuta tres veces, y la misma entrada va a todos los modelos. (`layers.average`
# es una función: crea una capa `Average` y la llama con una lista de tensores).

# %% id="member"
def get_model():
    inputs = keras.Input(shape=(128,))
    outputs = layers.Dense(1, activation="sigmoid")(inputs)
    return keras.Model(inputs, outputs)


models = [get_model() for _ in range(members)]

# %% id="predict-ensemble"
lab.predict("ensemble-parameters")

# %% id="ensemble"
inputs = keras.Input(shape=(128,), name="features")
outputs = layers.average([model(inputs) for model in models])
ensemble = keras.Model(inputs, outputs, name="ensemble")
lab.graph(ensemble)

# %% [markdown] id="about-freeze" tags=["en"]
# ## Freeze a part
#
# `trainable = False` *freezes* a layer: training does not change its weights. A model is a layer,
# so the encoder can be frozen as a whole. The last lines of the summary count the weights.

# %% [markdown] id="about-freeze" tags=["es"]
# ## Congelar una parte
#
# `trainable = False` *congela* una capa: el entrenamiento no toca sus pesos. Como un modelo es una
# capa, el codificador se puede congelar entero. Las últimas líneas del resumen cuentan los pesos.

# %% id="predict-freeze"
lab.predict("trainable-parameters")

# %% id="freeze"
encoder.trainable = False
autoencoder.summary()

# %% [markdown] id="about-frozen-fit" tags=["en"]
# Freeze first and compile then: once training has begun, a change of `trainable` has no effect
# until the next `compile`. Count the arrays of weights that changed in an epoch:

# %% [markdown] id="about-frozen-fit" tags=["es"]
# Primero se congela y luego se compila: cuando el entrenamiento ha empezado, un cambio de
# `trainable` no tiene efecto hasta el siguiente `compile`. Cuenta los arrays de pesos que cambiaron
# en una época:

# %% id="frozen-fit"
parts = {"encoder": encoder, "decoder": decoder}
old = {name: part.get_weights() for name, part in parts.items()}
autoencoder.compile(optimizer="rmsprop", loss="mse")
history = autoencoder.fit(digits, digits, epochs=1, verbose=0)

# %% id="changed"
for name, part in parts.items():
    new = part.get_weights()
    changed = [not np.array_equal(new[n], old[name][n]) for n in range(len(new))]
    print(name, sum(changed), "/", len(changed))

# %% [markdown] id="about-exercise" tags=["en"]
# Only the decoder changed. In this way you can use a part that was trained elsewhere, and train
# only what is new.
#
# ## Your turn: a committee
#
# `reader()` makes a model that reads digits. Build `committee`: one model in which **three
# different readers** look at the same 784 numbers, and whose output is the average of their
# probabilities.

# %% [markdown] id="about-exercise" tags=["es"]
# Solo cambió el decodificador. Así se aprovecha una parte entrenada en otro sitio y se entrena solo
# lo nuevo.
#
# ## Te toca: un comité
#
# `reader()` crea un modelo que lee dígitos. Construye `committee`: un solo modelo en el que **tres
# lectores distintos** miran los mismos 784 números y cuya salida es el promedio de sus
# probabilidades.

# %% id="exercise"
def reader():
    inputs = keras.Input(shape=(784,))
    x = layers.Dense(32, activation="relu")(inputs)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


committee = ...
lab.check("committee", committee)

# %% id="hint"
# lab.hint("committee")
# lab.solution("committee")
# lab.graph(committee, fold=True)

# %% [markdown] id="recap" tags=["en"]
# ## What you have learned
#
# - A model can be called like a layer, and is then one box in a larger graph.
# - A call copies nothing: a model has the same weights wherever it is called.
# - For separate weights, build separate models; `layers.average` lets them vote.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [Many inputs and outputs](06_many_inputs_and_outputs.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - Un modelo se puede llamar igual que una capa, y pasa a ser una caja en un grafo mayor.
# - Una llamada no copia nada: un modelo tiene los mismos pesos dondequiera que se llame.
# - Para tener pesos separados, construye modelos separados; `layers.average` los hace votar.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Varias entradas y salidas](06_many_inputs_and_outputs.ipynb)
