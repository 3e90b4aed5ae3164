# %% [markdown] id="title" tags=["en"]
# # Models are layers
#
# A model can be called on a tensor, as a layer can. You will chain two models into a third one,
# call one model twice, and let three models vote. You will see which weights a nested model has,
# and which of them training changes.
#
# ```
# image ──► [ encoder ] ──► 16 numbers ──► [ decoder ] ──► image
# ```

# %% [markdown] id="title" tags=["es"]
# # Los modelos son capas
#
# Un modelo se puede llamar con un tensor, igual que una capa. Vas a encadenar dos modelos para
# formar un tercero, a llamar dos veces al mismo modelo y a hacer que voten tres modelos. Verás qué
# pesos tiene un modelo anidado y cuáles de ellos cambia el entrenamiento.
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
# `m` is a model of a single Dense layer. It is called on another input, `a`, as a layer would be.
#
# A cell whose first line is `%%steps` runs statement by statement, and keeps every step: move the
# slider or press the arrow keys, and see what each line did to the graph. **Predict:** does the
# fourth line, `y = m(a)`, make a second Dense layer?

# %% [markdown] id="about-steps" tags=["es"]
# ## Un modelo se llama como una capa
#
# `m` es un modelo de una sola capa Dense. Aquí se llama con otra entrada, `a`, como se haría con
# una capa.
#
# Una celda cuya primera línea es `%%steps` se ejecuta instrucción por instrucción y guarda cada
# paso: mueve el control o pulsa las flechas del teclado y mira qué le hizo cada línea al grafo.
# **Predice:** la cuarta línea, `y = m(a)`, ¿crea una segunda capa Dense?

# %% id="steps"
# %%steps
numbers = keras.Input(shape=(16,), name="numbers")
m = keras.Model(numbers, layers.Dense(8, name="dense")(numbers), name="m")
a = keras.Input(shape=(16,), name="a")
y = m(a)
outer = keras.Model(a, y, name="outer")

# %% [markdown] id="after-steps" tags=["en"]
# The line adds one box, `m`, with its calls inside. The Dense layer in it is *use 2 of 2*: the
# layer that was called when `m` was built is called once more.

# %% [markdown] id="after-steps" tags=["es"]
# La línea añade una caja, `m`, con sus llamadas dentro. La capa Dense que contiene es el *uso 2 de
# 2*: la capa que se llamó al construir `m` se llama otra vez.

# %% [markdown] id="about-parts" tags=["en"]
# ## Two models in a chain
#
# In the last lesson, encoder and decoder were two stretches of one graph. Here they are built
# apart: the decoder has an input of its own, for 16 numbers. **Predict** its parameters, from
# 18,672 of the encoder and 28,241 of the autoencoder.

# %% [markdown] id="about-parts" tags=["es"]
# ## Dos modelos encadenados
#
# En la lección anterior, el codificador y el decodificador eran dos tramos de un mismo grafo. Aquí
# se construyen por separado: el decodificador tiene su propia entrada, de 16 números. **Predice**
# sus parámetros, sabiendo que el codificador tiene 18,672 y el autoencoder, 28,241.

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
# 28,241 − 18,672 = 9,569. Now the encoder is called on an image, and the decoder on the code.
#
# `fold=True` shows each nested model as one box. Click its triangle to unfold it, or press Enter on
# it. **Predict:** how many layers does Keras count in `autoencoder.layers`?

# %% [markdown] id="about-chain" tags=["es"]
# 28,241 − 18,672 = 9,569. Ahora se llama al codificador con una imagen, y al decodificador con el
# código.
#
# Con `fold=True`, cada modelo anidado se muestra como una caja. Haz clic en su triángulo para
# desplegarla, o pulsa Intro sobre ella. **Predice:** ¿cuántas capas cuenta Keras en
# `autoencoder.layers`?

# %% id="chain"
img = keras.Input(shape=(28, 28, 1), name="img")
code = encoder(img)
image = decoder(code)
autoencoder = keras.Model(img, image, name="autoencoder")
lab.graph(autoencoder, fold=True)

# %% id="layers"
[layer.name for layer in autoencoder.layers]

# %% [markdown] id="about-open" tags=["en"]
# Three: the input and two models. Without `fold`, the boxes are unfolded. **Predict:** does the
# input of the encoder, `original_img`, still appear, although an image now comes from `img`?

# %% [markdown] id="about-open" tags=["es"]
# Tres: la entrada y dos modelos. Sin `fold`, las cajas aparecen desplegadas. **Predice:** ¿sigue
# apareciendo `original_img`, la entrada del codificador, aunque ahora la imagen venga de `img`?

# %% id="open"
lab.graph(autoencoder)

# %% [markdown] id="about-copy" tags=["en"]
# It does: it is the entrance of that model, and passes on the tensor that the model is called on.
# The 28,241 parameters are those of the last lesson.
#
# ## A call copies nothing
#
# Does `encoder(img)` put a copy of the encoder into the new model? Here is a test. Every weight of
# `encoder` is set to zero, so that every code is sixteen zeros. The decoder makes a black image of
# them, because biases start at zero and it is not trained yet. **Predict:** does the autoencoder,
# which was built before, still use its old weights?

# %% [markdown] id="about-copy" tags=["es"]
# Sí: es la entrada de ese modelo, y deja pasar lo que recibe. Los 28,241 parámetros son los de la
# lección anterior.
#
# ## Una llamada no copia nada
#
# ¿Pone `encoder(img)` una copia del codificador en el nuevo modelo? Haz la prueba. Todos los pesos
# de `encoder` se ponen a cero; así, cada código son dieciséis ceros. El decodificador hace con
# ellos una imagen negra, porque los sesgos empiezan en cero y aún no se ha entrenado. **Predice:**
# ¿usa todavía sus pesos de antes el autoencoder, que ya estaba construido?

# %% id="data"
(digits, _), _ = lab.datasets.mnist(source=source)
digits = digits[:64, :, :, None].astype("float32") / 255
digits.shape

# %% id="zeros"
kept = encoder.get_weights()
before = autoencoder.predict(digits, verbose=0)
encoder.set_weights([0 * weight for weight in kept])
after = autoencoder.predict(digits, verbose=0)
bool(before.max() > 0), float(after.max())

# %% [markdown] id="about-back" tags=["en"]
# Black. There is one encoder, and the autoencoder contains it, not a copy. When `encoder` gets its
# old weights again, so does the autoencoder:

# %% [markdown] id="about-back" tags=["es"]
# Negra. Hay un solo codificador, y el autoencoder lo contiene a él, no una copia. Cuando `encoder`
# recupera sus pesos, el autoencoder también:

# %% id="back"
encoder.set_weights(kept)
again = autoencoder.predict(digits, verbose=0)
autoencoder.layers[1] is encoder, np.allclose(again, before, atol=1e-6)

# %% [markdown] id="about-twice" tags=["en"]
# ## Your turn: called twice
#
# The model `m` from above turns 16 numbers into 8 with one Dense layer. Now it is called on two
# inputs, and the results are added:
#
# ```python
# a, b = keras.Input(shape=(16,)), keras.Input(shape=(16,))
# total = keras.Model([a, b], m(a) + m(b))
# ```
#
# **How many parameters does `total` have?**

# %% [markdown] id="about-twice" tags=["es"]
# ## Te toca: llamado dos veces
#
# El modelo `m` de arriba convierte 16 números en 8 con una capa Dense. Ahora se llama con dos
# entradas y se suman los resultados:
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

# %% [markdown] id="about-pair" tags=["en"]
# The same with the encoder: `pair` takes two images and returns the difference of their codes. The
# graph shows each call, and counts them: *use 1 of 2*. **Predict** the parameters of `pair`, and
# what it returns for two identical images.

# %% [markdown] id="about-pair" tags=["es"]
# Lo mismo con el codificador: `pair` recibe dos imágenes y devuelve la diferencia de sus códigos.
# El grafo muestra cada llamada y las numera: *uso 1 de 2*. **Predice** los parámetros de `pair`, y
# qué responde si las dos imágenes son la misma.

# %% id="pair"
left = keras.Input(shape=(28, 28, 1), name="left")
right = keras.Input(shape=(28, 28, 1), name="right")
pair = keras.Model([left, right], encoder(left) - encoder(right), name="pair")
lab.graph(pair, fold=True)

# %% id="pair-same"
same = pair.predict([digits, digits], verbose=0)
f"{pair.count_params():,}", round(float(np.abs(same).max()), 5)

# %% [markdown] id="about-ensemble" tags=["en"]
# 18,672, counted once, and no difference: both images went through the same weights.
#
# ## An ensemble: three models vote
#
# Sometimes you *want* separate weights. Models that start from different random weights make
# different mistakes; their average is often better than each of them. This is an *ensemble*.
# (`layers.average` is a function: it makes a layer `Average` and calls it on a list of tensors.)
# **Predict** the parameters of one member with 128 numbers in and one probability out, and of all
# three.

# %% [markdown] id="about-ensemble" tags=["es"]
# 18,672, contados una sola vez, y ninguna diferencia: las dos imágenes pasaron por los mismos
# pesos.
#
# ## Un conjunto de modelos: votan tres
#
# A veces sí *quieres* pesos separados. Los modelos que parten de pesos al azar distintos cometen
# errores distintos, y su promedio suele ser mejor que cada uno de ellos. Eso es un *conjunto de
# modelos* (*ensemble*). (`layers.average` es una función: crea una capa `Average` y la llama con
# una lista de tensores). **Predice** los parámetros de un miembro, en el que entran 128 números y
# del que sale una probabilidad, y los de los tres.


# %% id="member"
def get_model():
    inputs = keras.Input(shape=(128,))
    outputs = layers.Dense(1, activation="sigmoid")(inputs)
    return keras.Model(inputs, outputs)


models = [get_model() for _ in range(members)]

# %% id="ensemble"
inputs = keras.Input(shape=(128,), name="features")
outputs = layers.average([model(inputs) for model in models])
ensemble = keras.Model(inputs, outputs, name="ensemble")
lab.graph(ensemble)

# %% [markdown] id="about-votes" tags=["en"]
# `get_model()` ran three times, so there are three models of 129 parameters. One input goes into
# all of them. If you call a model on numbers instead of symbolic tensors, it computes at once.
# **Predict:** is the ensemble's answer the mean of the three answers?

# %% [markdown] id="about-votes" tags=["es"]
# `get_model()` se ejecutó tres veces, así que hay tres modelos de 129 parámetros. La misma entrada
# va a todos. Si se llama a un modelo con números en lugar de tensores simbólicos, calcula
# enseguida. **Predice:** ¿la respuesta del conjunto de modelos es la media de las tres respuestas?

# %% id="votes"
features = np.random.normal(size=(5, 128)).astype("float32")
votes = [model(features) for model in models]
mean = np.mean(votes, axis=0)
ensemble.count_params(), np.allclose(mean, ensemble(features), atol=1e-6)

# %% [markdown] id="about-freeze" tags=["en"]
# ## Freeze a part
#
# 387 = 3 · 129. Back to the autoencoder. `trainable = False` *freezes* a layer: training does not
# change its weights. A model is a layer, so it can be frozen as a whole. **Predict** the three
# totals at the end of the summary.

# %% [markdown] id="about-freeze" tags=["es"]
# ## Congelar una parte
#
# 387 = 3 · 129. De vuelta al autoencoder: `trainable = False` *congela* una capa, es decir, el
# entrenamiento no toca sus pesos. Como un modelo es una capa, se puede congelar entero. **Predice**
# los tres totales al final del resumen.

# %% id="freeze"
encoder.trainable = False
autoencoder.summary()

# %% [markdown] id="about-frozen-fit" tags=["en"]
# Of 28,241 numbers, 9,569 are trained; the 18,672 of the encoder stay as they are.
# (`summary(expand_nested=True)` also lists what is inside.) **Predict:** after an epoch of
# training, which of the two models has other weights? Freeze first and compile then: once training
# has begun, a change of `trainable` has no effect until the next `compile`.

# %% [markdown] id="about-frozen-fit" tags=["es"]
# De 28,241 números se entrenan 9,569; los 18,672 del codificador se quedan como están.
# (`summary(expand_nested=True)` muestra también lo que hay dentro). **Predice:** después de una
# época de entrenamiento, ¿cuál de los dos modelos tiene otros pesos? Primero se congela y luego se
# compila: cuando el entrenamiento ha empezado, un cambio de `trainable` no tiene efecto hasta el
# siguiente `compile`.

# %% id="frozen-fit"
parts = {"encoder": encoder, "decoder": decoder}
old = {name: part.get_weights() for name, part in parts.items()}
autoencoder.compile(optimizer="rmsprop", loss="mse")
history = autoencoder.fit(digits, digits, epochs=1, verbose=0)

# %% id="changed"
for name, part in parts.items():
    print(name, not all(map(np.array_equal, old[name], part.get_weights())))

# %% [markdown] id="about-exercise" tags=["en"]
# Only the decoder changed. Frozen encoders are common: you use a part that was trained elsewhere,
# and train only what is new.
#
# ## Your turn: a committee
#
# `reader()` makes a model that reads digits. Build `committee`: one model in which **three
# different readers** look at the same 784 numbers, and whose output is the average of their
# probabilities.

# %% [markdown] id="about-exercise" tags=["es"]
# Solo cambió el decodificador. Los codificadores congelados son habituales: se aprovecha una parte
# entrenada en otro sitio y se entrena solo lo nuevo.
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
# - A call copies nothing: the same model, called again or in another model, has the same weights.
# - For separate weights, build separate models; `layers.average` lets them vote.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [Many inputs and outputs](06_many_inputs_and_outputs.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - Un modelo se puede llamar igual que una capa, y pasa a ser una caja en un grafo mayor.
# - Una llamada no copia nada: el mismo modelo, llamado otra vez o en otro modelo, tiene los mismos
#   pesos.
# - Para tener pesos separados, construye modelos separados; `layers.average` los hace votar.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Varias entradas y salidas](06_many_inputs_and_outputs.ipynb)
