# %% [markdown] id="title" tags=["en"]
# # Residual connections
#
# Here the graph forks: a tensor goes through two convolutions and, at the same time, around them, and
# the two paths meet in a sum. You will build a small ResNet of such blocks, and measure what the way
# around is worth in a deep network.
#
# ```
# x ──► Conv2D ──► Conv2D ──► + ──►
# └───────────────────────────┘
# ```

# %% [markdown] id="title" tags=["es"]
# # Conexiones residuales
#
# Aquí el grafo se bifurca: un tensor pasa por dos convoluciones y, a la vez, las rodea, y los dos
# caminos se encuentran en una suma. Vas a construir una pequeña ResNet con esos bloques y a medir
# cuánto vale ese rodeo en una red profunda.
#
# ```
# x ──► Conv2D ──► Conv2D ──► + ──►
# └───────────────────────────┘
# ```

# %% id="parameters" tags=["parameters"]
language = "en"
source = "embedded"
blocks = 10
epochs = 5
batch_size = 64
seed = 4

# %% id="setup" tags=["nbval-ignore-output"]
import keras
import kfunc_lab as lab
from keras import layers

lab.language(language)
keras.utils.set_random_seed(seed)

# %% [markdown] id="about-stem" tags=["en"]
# ## The way in
#
# The pictures have 32 × 32 pixels in three colours. Two convolutions and a pooling come first: from
# 32 to 30, to 28, and 28 / 3, rounded down, is 9.

# %% [markdown] id="about-stem" tags=["es"]
# ## La entrada
#
# Las imágenes tienen 32 × 32 píxeles y tres colores. Primero van dos convoluciones y un *pooling*: de
# 32 a 30, de ahí a 28, y 28 / 3, redondeado hacia abajo, es 9.

# %% id="stem"
inputs = keras.Input(shape=(32, 32, 3), name="img")
x = layers.Conv2D(32, 3, activation="relu")(inputs)
x = layers.Conv2D(64, 3, activation="relu")(x)
block_1_output = layers.MaxPooling2D(3)(x)
block_1_output.shape

# %% [markdown] id="about-skip" tags=["en"]
# ## A block with a skip
#
# `block_1_output` is used twice: the first convolution takes it, and so does
# `layers.add`. A tensor can be used as often as you like. `padding="same"` keeps 9 × 9, so that the
# two paths fit. In the graph, `block_1_output` has Keras's name for it, `keras_tensor_2CLONE`.

# %% [markdown] id="about-skip" tags=["es"]
# ## Un bloque con atajo
#
# `block_1_output` se usa dos veces: lo recibe la primera convolución y también
# `layers.add`. Un tensor se puede usar tantas veces como quieras. `padding="same"` conserva los 9 × 9
# para que los dos caminos encajen. En el grafo, `block_1_output` lleva el nombre que le da Keras,
# `keras_tensor_2CLONE`.

# %% id="ask-sum-shape"
lab.predict("sum-shape")

# %% id="skip"
x = layers.Conv2D(64, 3, activation="relu", padding="same")(block_1_output)
x = layers.Conv2D(64, 3, activation="relu", padding="same")(x)
block_2_output = layers.add([x, block_1_output])
lab.graph(keras.Model(block_1_output, block_2_output, name="block_2"))

# %% [markdown] id="after-skip" tags=["en"]
# The line on the outside is the *residual connection*, or skip. `add` adds number by number and has
# no parameters. The two sizes of an axis must be equal, or one of them must be 1: then that part is
# repeated along the axis, as in NumPy (*broadcasting*). Any other two sizes raise an error now, while
# you build.
#
# The two convolutions need not make the whole result any more, only what should be *added* to
# `block_1_output`: a correction, the residual.

# %% [markdown] id="after-skip" tags=["es"]
# La línea de fuera es la *conexión residual*, o atajo (*skip*). `add` suma número con número
# y no tiene parámetros. Los dos tamaños de un eje tienen que ser iguales, o uno tiene que ser 1:
# entonces esa parte se repite a lo largo del eje, como en NumPy (*broadcasting*). Con otros dos
# tamaños hay un error ya al construir.
#
# Las dos convoluciones ya no tienen que producir el resultado completo, sino solo lo que hay que
# *sumarle* a `block_1_output`: una corrección, el residuo.

# %% [markdown] id="about-what-adds" tags=["en"]
# ## Your turn: what can be added?
#
# One part of the sum has shape `(9, 9, 64)`. **Which of these fit the other part?** Write `True`
# where `layers.add` gives a result, `False` where it fails.
#
# | name | the other part |
# |---|---|
# | `same` | `(9, 9, 64)` |
# | `channels` | `(9, 9, 32)` |
# | `smaller` | `(7, 7, 64)` |
# | `one` | `(9, 9, 1)` |

# %% [markdown] id="about-what-adds" tags=["es"]
# ## Te toca: ¿qué se puede sumar?
#
# Una parte de la suma tiene forma `(9, 9, 64)`. **¿Cuáles de estas sirven como la otra?** Escribe
# `True` donde `layers.add` dé un resultado y `False` donde falle.
#
# | nombre | la otra parte |
# |---|---|
# | `same` | `(9, 9, 64)` |
# | `channels` | `(9, 9, 32)` |
# | `smaller` | `(7, 7, 64)` |
# | `one` | `(9, 9, 1)` |

# %% id="exercise-what-adds"
adds = {"same": ..., "channels": ..., "smaller": ..., "one": ...}
lab.check("what-adds", adds)

# %% id="hint-what-adds"
# lab.hint("what-adds")
# lab.solution("what-adds")

# %% [markdown] id="about-rest" tags=["en"]
# ## The rest of the network
#
# A second block, then the way out. `GlobalAveragePooling2D` replaces each map by its mean.
# `Dropout(0.5)` sets half of the numbers to 0 at random, in training only, so that the network does
# not rely on single ones.

# %% [markdown] id="about-rest" tags=["es"]
# ## El resto de la red
#
# Un segundo bloque y después la salida. `GlobalAveragePooling2D` sustituye cada mapa por su media.
# `Dropout(0.5)` pone a 0 la mitad de los números al azar, solo al entrenar: así la red no
# depende de unos pocos.

# %% id="ask-convolution-parameters"
lab.predict("convolution-parameters")

# %% id="rest"
x = layers.Conv2D(64, 3, activation="relu", padding="same")(block_2_output)
x = layers.Conv2D(64, 3, activation="relu", padding="same")(x)
block_3_output = layers.add([x, block_2_output])

x = layers.Conv2D(64, 3, activation="relu")(block_3_output)
x = layers.GlobalAveragePooling2D()(x)
x = layers.Dense(256, activation="relu")(x)
x = layers.Dropout(0.5)(x)
outputs = layers.Dense(10, activation="softmax")(x)
model = keras.Model(inputs, outputs, name="toy_resnet")
lab.graph(model)

# %% [markdown] id="about-data" tags=["en"]
# ## Colour pictures
#
# `lab.datasets.colour_images` are patches of real photographs in ten classes, their `captions`;
# training and test patches were cut from different parts of them. Their numbers, 0 to 255, become
# numbers from −1 to 1, which are learned more quickly.

# %% [markdown] id="about-data" tags=["es"]
# ## Imágenes en color
#
# `lab.datasets.colour_images` son recortes de fotografías reales, en diez clases (`captions`); los
# de entrenamiento y los de prueba salen de partes distintas. Sus números pasan de 0…255 a −1…1: así
# una red aprende más rápido.

# %% id="data"
(x_train, y_train), (x_test, y_test), names = lab.datasets.colour_images(source=source)
x_train, x_test = x_train / 127.5 - 1, x_test / 127.5 - 1
lab.pictures(x_train[:16], captions=[names[label] for label in y_train[:16]])

# %% [markdown] id="about-deep" tags=["en"]
# ## With and without the skip
#
# What is the skip worth? Here is a deep, narrow network of ten blocks, with skips or without. Nothing
# else differs: the same seed gives the same initial weights. (`strides=6` moves the
# first convolution 6 pixels at a time.)

# %% [markdown] id="about-deep" tags=["es"]
# ## Con atajo y sin él
#
# ¿Cuánto vale el atajo? Esta es una red profunda y estrecha de diez bloques, con atajos o sin ellos.
# La misma semilla da los mismos pesos iniciales. (`strides=6` mueve la primera convolución de 6 en 6
# píxeles).


# %% id="deep-block"
def deep_block(x, skip):
    before = x
    x = layers.Conv2D(16, 3, activation="relu", padding="same")(x)
    x = layers.Conv2D(16, 3, activation="relu", padding="same")(x)
    if skip:
        x = layers.add([x, before])
    return x


# %% id="deep"
def deep(skip):
    keras.utils.set_random_seed(seed)
    inputs = keras.Input(shape=(32, 32, 3))
    x = layers.Conv2D(16, 6, strides=6, activation="relu")(inputs)
    for number in range(blocks):
        x = deep_block(x, skip)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


# %% id="ask-deep-loss"
lab.predict("deep-loss")


# %% id="deep-fit" tags=["nbval-ignore-output"]
def learn(network):
    network.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy")
    return network.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=0)


histories = {"plain": learn(deep(skip=False)), "skips": learn(deep(skip=True))}
lab.curves(histories)

# %% [markdown] id="after-deep" tags=["en"]
# The plain network stays at 2.30, the loss of guessing among ten classes. Why?
#
# Gradients are computed from the last layer back to the first. `SGD` with learning rate 1 subtracts
# from each weight its gradient, so one step (`train_on_batch`) shows their mean size in the first
# convolution, without skips and with them.

# %% [markdown] id="after-deep" tags=["es"]
# La red sin atajos (`plain`) se queda en 2.30, la pérdida de quien adivina entre diez clases. ¿Por
# qué?
#
# Los gradientes se calculan desde la última capa hacia la primera. `SGD` con tasa de aprendizaje 1
# le resta a cada peso su gradiente; así, un paso (`train_on_batch`) muestra su tamaño medio en la
# primera convolución, sin y con atajos.

# %% id="ask-first-gradient"
lab.predict("first-gradient")


# %% id="gradient"
def first_gradient(network):
    before = network.layers[1].get_weights()[0]
    sgd = keras.optimizers.SGD(1.0)
    network.compile(optimizer=sgd, loss="sparse_categorical_crossentropy")
    network.train_on_batch(x_train[:batch_size], y_train[:batch_size])
    return abs(network.layers[1].get_weights()[0] - before).mean()


gradients = [first_gradient(deep(skip=False)), first_gradient(deep(skip=True))]
print(f"{gradients[0]:.7f} {gradients[1]:.1f}")

# %% [markdown] id="after-gradient" tags=["en"]
# Layer by layer the signal got weaker. A skip passes it on unchanged; that is
# why networks of a hundred layers can be trained.
#
# **Change** `blocks` to 2 in the first code cell of this lesson and run the cells from there: does a
# shallow network need its skips?
#
# ## Train the ResNet
#
# Below the curves, the dashboard shows, for the pictures in `probe`, which classes (`class_names`)
# are mistaken for which (a *confusion matrix*).

# %% [markdown] id="after-gradient" tags=["es"]
# Capa a capa la señal se debilitó. Un atajo la deja pasar sin cambios; por
# eso se pueden entrenar redes de cien capas.
#
# **Cambia** `blocks` a 2 en la primera celda de código de esta lección y ejecuta las celdas desde
# ahí: ¿necesita sus atajos una red poco profunda?
#
# ## Entrenar la ResNet
#
# Debajo de las curvas, el panel muestra qué clase (`class_names`) confunde con cuál (*matriz de
# confusión*), en las imágenes de `probe`.

# %% id="fit" tags=["nbval-ignore-output"]
model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
dashboard = lab.TrainingDashboard(class_names=names, probe=(x_test, y_test), keep=False)
history = model.fit(
    x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[dashboard]
)

# %% [markdown] id="about-projection" tags=["en"]
# ## Your turn: a skip across a change of channels
#
# Where the channels grow, the block's input no longer fits what comes out of the convolutions. The
# skip needs a *projection*: a convolution with a kernel of 1 × 1, which looks at one place at a time
# and gives it a new number of channels.
#
# **Build this block** as a model and call it `block`:
#
# - The input has shape `(9, 9, 64)`, the output `(9, 9, 128)`.
# - Two 3 × 3 convolutions with 128 filters, `relu` and `padding="same"`, one after the other.
# - A skip from the block's input, projected to 128 channels without an activation.
# - `layers.add` joins the two, and its result is the output.

# %% [markdown] id="about-projection" tags=["es"]
# ## Te toca: un atajo con cambio de canales
#
# Donde crecen los canales, la entrada del bloque ya no encaja con lo que sale de las convoluciones.
# El atajo necesita una *proyección*: una convolución de núcleo 1 × 1, que mira una sola posición
# cada vez y le da un nuevo número de canales.
#
# **Construye este bloque** como modelo y llámalo `block`:
#
# - La entrada tiene forma `(9, 9, 64)`; la salida, `(9, 9, 128)`.
# - Dos convoluciones de 3 × 3 con 128 filtros, `relu` y `padding="same"`, una tras otra.
# - Un atajo desde la entrada del bloque, proyectado a 128 canales y sin activación.
# - `layers.add` une los dos, y su resultado es la salida.

# %% id="exercise-projection"
inputs = keras.Input(shape=(9, 9, 64))
block = ...
lab.check("projected-skip", block)

# %% id="hint-projection"
# lab.hint("projected-skip")
# lab.solution("projected-skip")
# lab.watch(target="projected-skip")

# %% [markdown] id="recap" tags=["en"]
# ## What you have learned
#
# - Several calls can use the same tensor: a skip needs nothing else.
# - `add` joins sizes that are equal or 1, and has no parameters; the block learns a correction to
#   its input, and the gradient arrives at the first layer.
# - Where the channels change, a 1 × 1 convolution makes the skip fit.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [Shared layers](08_shared_layers.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - Varias llamadas pueden usar el mismo tensor: un atajo no necesita nada más.
# - `add` une tamaños iguales o de 1 y no tiene parámetros; el bloque aprende una corrección de su
#   entrada, y el gradiente llega a la primera capa.
# - Donde cambian los canales, una convolución de núcleo 1 × 1 hace que el atajo encaje.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Capas compartidas](08_shared_layers.ipynb)
