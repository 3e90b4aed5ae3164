# %% [markdown] id="title" tags=["en"]
# # Residual connections
#
# So far one layer followed another. Here the graph forks: a tensor goes through two convolutions
# and, at the same time, around them, and the two paths meet in a sum. You will build a small ResNet
# of such blocks, train it on colour pictures, and write a block whose two paths do not fit at
# first.
#
# ```
# x ──► Conv2D ──► Conv2D ──► + ──►
# └───────────────────────────┘
# ```

# %% [markdown] id="title" tags=["es"]
# # Conexiones residuales
#
# Hasta ahora cada capa seguía a la anterior. Aquí el grafo se bifurca: un tensor pasa por dos
# convoluciones y, a la vez, las rodea, y los dos caminos se encuentran en una suma. Vas a construir una
# pequeña ResNet con esos bloques, a entrenarla con imágenes en color y a escribir un bloque cuyos dos
# caminos al principio no encajan.
#
# ```
# x ──► Conv2D ──► Conv2D ──► + ──►
# └───────────────────────────┘
# ```

# %% id="parameters" tags=["parameters"]
language = "en"
source = "embedded"
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
# The pictures have 32 × 32 pixels in three colours. Two convolutions and a pooling come first.
# **Predict** the shape at the end: a 3 × 3 convolution reduces height and width by two pixels, and
# the pooling divides them by three.

# %% [markdown] id="about-stem" tags=["es"]
# ## La entrada
#
# Las imágenes tienen 32 × 32 píxeles y tres colores. Primero van dos convoluciones y un *pooling*.
# **Predice** la forma del final: una convolución de 3 × 3 reduce en dos píxeles el alto y el ancho,
# y el *pooling* los divide entre tres.

# %% id="stem"
inputs = keras.Input(shape=(32, 32, 3), name="img")
x = layers.Conv2D(32, 3, activation="relu")(inputs)
x = layers.Conv2D(64, 3, activation="relu")(x)
block_1_output = layers.MaxPooling2D(3)(x)
block_1_output.shape

# %% [markdown] id="about-skip" tags=["en"]
# From 32 to 30, to 28, and 28 / 3 rounded down is 9.
#
# ## A block with a skip
#
# Now the fork. `block_1_output` is used twice: the first convolution takes it, and so does
# `layers.add`. This needs no special syntax, because a variable that holds a tensor can be used as
# often as you like. `padding="same"` keeps 9 × 9, so that the two paths fit. **Predict:** what
# shape does the sum have, and how many parameters does `add` bring?

# %% [markdown] id="about-skip" tags=["es"]
# De 32 a 30, de ahí a 28, y 28 / 3 redondeado hacia abajo es 9.
#
# ## Un bloque con atajo
#
# Ahora, la bifurcación. `block_1_output` se usa dos veces: lo recibe la primera convolución y
# también `layers.add`. No hace falta ninguna sintaxis especial, porque una variable que guarda un
# tensor se puede usar tantas veces como quieras. `padding="same"` conserva los 9 × 9 para que los
# dos caminos encajen. **Predice:** ¿qué forma tiene la suma y cuántos parámetros añade `add`?

# %% id="skip"
x = layers.Conv2D(64, 3, activation="relu", padding="same")(block_1_output)
x = layers.Conv2D(64, 3, activation="relu", padding="same")(x)
block_2_output = layers.add([x, block_1_output])
lab.graph(block_2_output)

# %% [markdown] id="after-skip" tags=["en"]
# The line on the outside is the *residual connection*, or skip. The sum has the shape of both its
# parts and no parameters at all: it adds number by number. As in NumPy, an axis of size 1 is
# stretched to the size of the other part (*broadcasting*); any other two sizes of an axis must be
# equal.
#
# What is it good for? The two convolutions need not make the whole result any more, only what
# should be *added* to `block_1_output`: a correction, the residual. A block that has nothing to add
# learns to output zeros and does no harm. And the gradients are computed from the last layer back
# to the first: the skip gives this error signal a direct way back, so it does not fade. That is why
# networks of a hundred layers can be trained.

# %% [markdown] id="after-skip" tags=["es"]
# La línea que va por fuera es la *conexión residual*, o atajo (*skip*). La suma tiene la forma de
# sus dos partes y ningún parámetro: suma número con número. Como en NumPy, un eje de tamaño 1 se
# estira hasta el tamaño de la otra parte (*broadcasting*); en los demás casos, los tamaños de cada
# eje tienen que ser iguales.
#
# ¿Para qué sirve? Las dos convoluciones ya no tienen que producir el resultado completo, sino solo
# lo que hay que *sumarle* a `block_1_output`: una corrección, el residuo. Un bloque que no tiene
# nada que aportar aprende a devolver ceros y no estorba. Además, los gradientes se calculan desde
# la última capa hacia la primera: el atajo le da a esa señal de error un camino directo de vuelta,
# y así no se desvanece. Por eso se pueden entrenar redes de cien capas.

# %% [markdown] id="about-what-adds" tags=["en"]
# ## Your turn: what can be added?
#
# One part of the sum has shape `(9, 9, 64)`. **Which of these fit the other part?** Write `True` where
# `layers.add` gives a result, and `False` where it raises an error.
#
# | name | shape of the other part |
# |---|---|
# | `same` | `(9, 9, 64)` |
# | `channels` | `(9, 9, 32)` |
# | `smaller` | `(7, 7, 64)` |
# | `one` | `(9, 9, 1)` |

# %% [markdown] id="about-what-adds" tags=["es"]
# ## Te toca: ¿qué se puede sumar?
#
# Una parte de la suma tiene forma `(9, 9, 64)`. **¿Cuáles de estas sirven como la otra parte?** Escribe
# `True` donde `layers.add` dé un resultado y `False` donde produzca un error.
#
# | nombre | forma de la otra parte |
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

# %% [markdown] id="about-mistake" tags=["en"]
# Here is one that fails, drawn:

# %% [markdown] id="about-mistake" tags=["es"]
# Este es uno de los que fallan, dibujado:

# %% id="mistake"
narrow = layers.Conv2D(32, 3, padding="same")(block_1_output)
try:
    layers.add([narrow, block_1_output])
except ValueError as error:
    mistake = lab.explain(error)
mistake

# %% [markdown] id="about-rest" tags=["en"]
# It fails now, while you build, and not after an hour of training: with the functional API every
# shape is checked at the call.
#
# ## The rest of the network
#
# A second block of the same kind, then the way out. `GlobalAveragePooling2D` replaces each map by
# its mean. `Dropout(0.5)` sets half of the numbers to 0 at random, in training only, so that the
# network does not rely on single ones. **Predict** before you run the next cell: how many
# parameters does a 3 × 3 convolution from 64 to 64 channels have, and how many such convolutions
# will the model have?

# %% [markdown] id="about-rest" tags=["es"]
# Falla ahora, mientras construyes, y no tras una hora de entrenamiento: con la API funcional cada forma
# se comprueba en la llamada.
#
# ## El resto de la red
#
# Un segundo bloque igual y después la salida. `GlobalAveragePooling2D` sustituye cada mapa por su
# media. `Dropout(0.5)` pone a 0 la mitad de los números al azar, solo al entrenar, para que la red
# no dependa de unos pocos. **Predice** antes de ejecutar la celda: ¿cuántos parámetros tiene una
# convolución de 3 × 3 de 64 a 64 canales, y cuántas así tendrá el modelo?

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

# %% [markdown] id="about-count" tags=["en"]
# Each filter of such a convolution looks at 3 · 3 places in 64 channels, and has a bias. Five boxes
# show the number; the two `add` show none.

# %% [markdown] id="about-count" tags=["es"]
# Cada filtro de una convolución así mira 3 · 3 posiciones en 64 canales y tiene un sesgo. Hay cinco
# cajas con ese número; los dos `add` no llevan ninguno.

# %% id="count"
print(f"{(3 * 3 * 64 + 1) * 64:,}")
print(f"{model.count_params():,}")

# %% [markdown] id="about-data" tags=["en"]
# ## Colour pictures
#
# The pictures are patches of real photographs in ten classes, and come with this package. Training
# and test patches were cut from different parts of the photographs. With `source = "auto"` CIFAR-10
# is used if it can be downloaded (170 MB).

# %% [markdown] id="about-data" tags=["es"]
# ## Imágenes en color
#
# Las imágenes son recortes de fotografías reales, en diez clases, y vienen con este paquete. Los
# recortes de entrenamiento y los de prueba salen de partes distintas de las fotografías. Con
# `source = "auto"` se usa CIFAR-10, si se puede descargar (170 MB).

# %% id="data"
(x_train, y_train), (x_test, y_test), names = lab.datasets.colour_images(source=source)
lab.pictures(x_train[:16], captions=[names[label] for label in y_train[:16]])

# %% [markdown] id="about-fit" tags=["en"]
# The numbers from 0 to 255 become numbers from −1 to 1: a network learns more quickly from numbers
# around zero.
#
# **Predict:** which classes will the model mix up? Below the curves, the dashboard shows which
# classes are mistaken for which (a *confusion matrix*).

# %% [markdown] id="about-fit" tags=["es"]
# Los números de 0 a 255 pasan a ir de −1 a 1: con números alrededor del cero, una red aprende más
# rápido.
#
# **Predice:** ¿qué clases va a confundir el modelo? Debajo de las curvas, el panel muestra una
# tabla que dice qué clase confunde con cuál (la *matriz de confusión*).

# %% id="fit" tags=["nbval-ignore-output"]
x_train, x_test = x_train / 127.5 - 1, x_test / 127.5 - 1
model.compile(
    optimizer=keras.optimizers.RMSprop(1e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
dashboard = lab.TrainingDashboard(class_names=names, probe=(x_test, y_test), keep=False)
history = model.fit(
    x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[dashboard]
)

# %% [markdown] id="about-evaluate" tags=["en"]
# Guessing would be right one time in ten. The accuracy on the test patches:

# %% [markdown] id="about-evaluate" tags=["es"]
# Adivinando acertaría una de cada diez veces. La exactitud con los recortes de prueba:

# %% id="evaluate"
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
round(accuracy, 1)

# %% [markdown] id="about-projection" tags=["en"]
# ## Your turn: a skip across a change of channels
#
# In a deeper network the channels grow from block to block. Then the block's input no longer fits
# what comes out of the convolutions, and the skip needs a *projection*: a convolution with a kernel
# of 1 × 1, which looks at one place at a time and gives it a new number of channels.
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
# En una red más profunda los canales crecen de bloque en bloque. Entonces la entrada del bloque ya
# no encaja con lo que sale de las convoluciones, y el atajo necesita una *proyección*: una
# convolución de núcleo 1 × 1, que mira una sola posición cada vez y le da un nuevo número de
# canales.
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

# %% [markdown] id="about-target" tags=["en"]
# The last line opens a panel with the block as a faint outline; what you build turns solid there.

# %% [markdown] id="about-target" tags=["es"]
# La última línea abre un panel con el bloque apenas esbozado; lo que vayas construyendo se vuelve
# nítido ahí.

# %% [markdown] id="recap" tags=["en"]
# ## What you have learned
#
# - Several calls can use the same tensor: a skip needs nothing else.
# - `add` adds tensors of equal shapes (an axis of size 1 is stretched) and has no parameters; the
#   block learns a correction to its input.
# - Where the channels change, a 1 × 1 convolution makes the skip fit.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [Shared layers](08_shared_layers.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - Varias llamadas pueden usar el mismo tensor: un atajo no necesita nada más.
# - `add` suma tensores de formas iguales (un eje de tamaño 1 se estira) y no tiene parámetros; el
#   bloque aprende una corrección de su entrada.
# - Donde cambian los canales, una convolución de núcleo 1 × 1 hace que el atajo encaje.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Capas compartidas](08_shared_layers.ipynb)
