# %% [markdown] id="title" tags=["en"]
# # Your first functional model
#
# You will build the network below, layer by layer, and watch its graph grow. By the end you will be
# able to predict the shape of every tensor and the number of parameters of every layer *before* you
# run a cell.
#
# ```
# 784 numbers → Dense (64, relu) → Dense (64, relu) → Dense (10, softmax) → 10 probabilities
# ```

# %% [markdown] id="title" tags=["es"]
# # Tu primer modelo funcional
#
# Vas a construir la red de abajo, capa por capa, y verás crecer su grafo. Al final sabrás predecir
# la forma de cada tensor y el número de parámetros de cada capa *antes* de ejecutar una celda.
#
# ```
# 784 números → Dense (64, relu) → Dense (64, relu) → Dense (10, softmax) → 10 probabilidades
# ```

# %% id="parameters" tags=["parameters"]
language = "en"
source = "embedded"
units = 64

# %% id="setup" tags=["nbval-ignore-output"]
import keras
import kfunc_lab as lab
from keras import layers

lab.language(language)

# %% [markdown] id="about-watch" tags=["en"]
# The next cell opens a panel that follows this notebook: what you build appears there as you build
# it. `lab.unwatch()` closes it. (The `;` at the end of the line keeps the cell from printing
# anything.)

# %% [markdown] id="about-watch" tags=["es"]
# La celda siguiente abre un panel que sigue a este cuaderno: lo que construyas irá apareciendo ahí
# a medida que lo escribes. Con `lab.unwatch()` se cierra. (El `;` del final de la línea evita que
# la celda imprima algo).

# %% id="watch"
lab.watch()
# %% [markdown] id="about-input" tags=["en"]
# ## An input is a promise
#
# `keras.Input` says what kind of data will come: here vectors of 784 numbers, the pixels of an image
# of 28 × 28. **Predict:** what will the shape of `inputs` be, `(784,)` or something longer?

# %% [markdown] id="about-input" tags=["es"]
# ## Una entrada es una promesa
#
# `keras.Input` anuncia qué tipo de datos llegará: aquí, vectores de 784 números, los píxeles de una
# imagen de 28 × 28. **Predice:** ¿qué forma tendrá `inputs`, `(784,)` o algo más largo?

# %% id="input"
inputs = keras.Input(shape=(784,), name="img")
print(inputs.shape, inputs.dtype)

# %% [markdown] id="after-input" tags=["en"]
# Keras put an axis in front: the *batch*, the number of examples that are processed together. Its
# size is `None`, because any number may come. You never write it into `shape`.
#
# `inputs` holds no numbers. It is a *symbolic* tensor: it knows its shape and its type, and where it
# comes from. **Predict:** what happens if you ask it for a number?

# %% [markdown] id="after-input" tags=["es"]
# Keras puso un eje delante: el *lote* (*batch*), la cantidad de ejemplos que se procesan juntos. Su
# tamaño es `None` porque puede llegar cualquier cantidad. Nunca se escribe en `shape`.
#
# `inputs` no contiene números. Es un tensor *simbólico*: conoce su forma, su tipo y de dónde viene.
# **Predice:** ¿qué pasa si le pides un número?

# %% id="no-values"
try:
    float(inputs)
except ValueError as error:
    print(str(error).split(":")[0])

# %% [markdown] id="about-call" tags=["en"]
# There is nothing to convert yet. Numbers come later, when the model is used. In the panel, `img` has
# appeared, with the variable `inputs` pinned to it.
#
# ## Calling a layer draws an arrow
#
# A layer is made first, and then *called* on a tensor. The call returns a new symbolic tensor.
# **Predict** the shape of `x`.

# %% [markdown] id="about-call" tags=["es"]
# Todavía no hay nada que convertir. Los números llegan después, cuando se usa el modelo. En el
# panel apareció `img`, con la variable `inputs` anclada a él.
#
# ## Llamar a una capa dibuja una flecha
#
# Primero se crea la capa y luego se *llama* con un tensor. La llamada devuelve un nuevo tensor
# simbólico. **Predice** la forma de `x`.

# %% id="call"
dense = layers.Dense(units, activation="relu")
x = dense(inputs)
print(x.shape)

# %% [markdown] id="about-so-far" tags=["en"]
# The last axis went from 784 to the number of units; the batch stayed. There is no model yet, but
# the tensor `x` remembers which calls made it, so its graph can be drawn. The panel has drawn it
# already; here it is once more, to stay on this page:

# %% [markdown] id="about-so-far" tags=["es"]
# El último eje pasó de 784 al número de unidades; el lote quedó igual. Aún no hay modelo, pero el
# tensor `x` recuerda qué llamadas lo produjeron y por eso ya se puede dibujar su grafo. El panel ya
# lo dibujó; aquí va de nuevo, para que quede en la página:

# %% id="so-far"
lab.graph(x)

# %% [markdown] id="about-parameters" tags=["en"]
# ## Where the parameters come from
#
# Every unit of a Dense layer has one *weight* for each number that comes in, and one *bias*. It
# multiplies each number by its weight, adds up the products and the bias, and applies the
# *activation* to the sum: `relu` replaces a negative sum by 0. **Predict** the parameters of this
# layer, with 784 numbers coming in and 64 units. The first number printed is the arithmetic, the
# second is what Keras counts.

# %% [markdown] id="about-parameters" tags=["es"]
# ## De dónde salen los parámetros
#
# Cada unidad de una capa Dense tiene un *peso* por cada número que entra, y un *sesgo*. Multiplica
# cada número por su peso, suma los productos y el sesgo, y aplica la *activación* a la suma: `relu`
# cambia por 0 una suma negativa. **Predice** los parámetros de esta capa, en la que entran 784
# números y hay 64 unidades. El primer número que se imprime es el cálculo; el segundo, lo que dice
# Keras.

# %% id="count-one"
784 * units + units, dense.count_params()

# %% [markdown] id="about-mistake" tags=["en"]
# ## A layer is not a tensor
#
# `layers.Dense(10)` makes a layer; only the call, with the second pair of parentheses, makes a
# tensor. **Predict:** what happens if the second pair is missing, and the next layer is called on
# the layer itself? `lab.explain` draws what went wrong.

# %% [markdown] id="about-mistake" tags=["es"]
# ## Una capa no es un tensor
#
# `layers.Dense(10)` crea una capa; solo la llamada, con el segundo par de paréntesis, crea un
# tensor. **Predice:** ¿qué pasa si falta ese segundo par y la capa siguiente recibe la capa misma
# en lugar de un tensor? `lab.explain` dibuja lo que falló.

# %% id="mistake"
try:
    layers.Dense(10)(dense)
except ValueError as error:
    mistake = lab.explain(error)
mistake

# %% [markdown] id="after-mistake" tags=["en"]
# Read the last line first: it says what to write. When one of your own cells fails, this picture
# appears automatically under the error while the panel is open.

# %% [markdown] id="after-mistake" tags=["es"]
# Empieza por la última línea: dice qué hay que escribir. Si falla una de tus celdas, este dibujo
# aparecerá automáticamente debajo del error mientras el panel esté abierto.

# %% [markdown] id="about-rest" tags=["en"]
# ## The other layers, and the model
#
# You usually make a layer and call it on one line. The name `x` always refers to the newest tensor.
# `softmax` turns ten numbers into ten probabilities, which add up to 1.

# %% [markdown] id="about-rest" tags=["es"]
# ## Las demás capas y el modelo
#
# Crear una capa y llamarla suele escribirse en una sola línea. El nombre `x` designa siempre el
# tensor más reciente. `softmax` convierte diez números en diez probabilidades, que suman 1.

# %% id="rest"
x = layers.Dense(units, activation="relu")(x)
outputs = layers.Dense(10, activation="softmax")(x)

# %% [markdown] id="about-model" tags=["en"]
# `keras.Model` takes the two ends of the graph; everything between them becomes the model.
# **Predict** the parameters of all three layers and add them up. Then compare: click each layer.

# %% [markdown] id="about-model" tags=["es"]
# `keras.Model` recibe los dos extremos del grafo; todo lo que hay entre ellos pasa a ser el modelo.
# **Predice** los parámetros de las tres capas y súmalos. Después compara: haz clic en cada capa.

# %% id="model"
model = keras.Model(inputs=inputs, outputs=outputs, name="mnist_model")
lab.graph(model)

# %% id="total"
f"{model.count_params():,}"

# %% [markdown] id="about-summary" tags=["en"]
# Keras's own summary shows the same in a table. Find there what you clicked.

# %% [markdown] id="about-summary" tags=["es"]
# El resumen de Keras muestra lo mismo en una tabla. Busca allí lo que viste al hacer clic.

# %% id="summary"
model.summary()

# %% [markdown] id="about-shapes" tags=["en"]
# ## Your turn: predict
#
# A Dense layer uses the *last* axis only, whatever axes come before it. So it can be called on a
# whole image of 28 × 28 too, without making a vector of it. **What shape does `layers.Dense(20)`
# output then, and how many parameters does it have?** Fill in both, the batch included, before you
# try it.

# %% [markdown] id="about-shapes" tags=["es"]
# ## Te toca: predice
#
# Una capa Dense solo mira el *último* eje, haya lo que haya delante. Por eso también se puede
# llamar con una imagen entera de 28 × 28, sin convertirla en un vector. **¿Qué forma devuelve
# entonces `layers.Dense(20)` y cuántos parámetros tiene?** Completa las dos cosas, con el lote
# incluido, antes de probarlo.

# %% id="exercise-shapes"
dense_on_image = {"shape": ..., "parameters": ...}
lab.check("dense-on-image", dense_on_image)

# %% id="hint-shapes"
# lab.hint("dense-on-image")
# lab.solution("dense-on-image")
# dense = layers.Dense(20)
# dense(keras.Input(shape=(28, 28))).shape, dense.count_params()

# %% [markdown] id="about-change" tags=["en"]
# ## Change something
#
# **Predict:** if both hidden layers get twice as many units, does the number of parameters double?
# A function that builds the model makes the experiment short.

# %% [markdown] id="about-change" tags=["es"]
# ## Cambia algo
#
# **Predice:** si las dos capas ocultas tienen el doble de unidades, ¿se duplica el número de
# parámetros? Una función que construye el modelo acorta el experimento.


# %% id="change"
def build(units):
    inputs = keras.Input(shape=(784,))
    x = layers.Dense(units, activation="relu")(inputs)
    x = layers.Dense(units, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


for size in (32, 64, 128):
    print(f"{size:4} {build(size).count_params():8,}")

# %% [markdown] id="after-change" tags=["en"]
# More than double: the weights between the two hidden layers grow with the *square* of the units,
# 64 · 64 against 128 · 128. Most parameters are still in the first layer, because 784 numbers
# enter.
#
# ## Numbers flow at last
#
# Here is a real digit. The model is not trained yet, so its ten probabilities mean nothing, but
# their shape is what you predicted, and they add up to 1.

# %% [markdown] id="after-change" tags=["es"]
# Más del doble: los pesos entre las dos capas ocultas crecen con el *cuadrado* de las unidades,
# 64 · 64 frente a 128 · 128. Aun así, la mayoría de los parámetros está en la primera capa, porque
# ahí entran 784 números.
#
# ## Por fin fluyen números
#
# Este es un dígito real. El modelo todavía no está entrenado, así que sus diez probabilidades no
# significan nada; pero su forma es la que predijiste y suman 1.

# %% id="data"
(x_train, y_train), (x_test, y_test) = lab.datasets.mnist(source=source)
digit = x_train[:1].reshape(1, 784).astype("float32") / 255
digit.shape

# %% id="predict"
probabilities = model.predict(digit, verbose=0)
print(probabilities.shape, round(float(probabilities.sum()), 3))

# %% [markdown] id="about-exercise" tags=["en"]
# ## Your turn
#
# Build a model for the same images with **one** hidden Dense layer and ten outputs that has exactly
# **25,450 parameters**. How many hidden units does it need? Put your model in place of the dots.

# %% [markdown] id="about-exercise" tags=["es"]
# ## Te toca
#
# Construye un modelo para las mismas imágenes con **una** capa Dense oculta y diez salidas que tenga
# exactamente **25,450 parámetros**. ¿Cuántas unidades ocultas necesita? Pon tu modelo en lugar de
# los puntos.

# %% id="exercise"
answer = ...
lab.check("hidden-units", answer)

# %% id="hint"
# lab.hint("hidden-units")
# lab.solution("hidden-units")
# lab.graph(answer)

# %% [markdown] id="recap" tags=["en"]
# ## What you have learned
#
# - `keras.Input` and every call return symbolic tensors: they have a shape and know which calls
#   made them, but hold no numbers.
# - A Dense layer has inputs × units weights, and one bias for each unit.
# - `keras.Model(inputs, outputs)` cuts a model out of the graph, from one end to the other.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [Train and evaluate](02_train_and_evaluate.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - `keras.Input` y cada llamada devuelven tensores simbólicos: tienen una forma y saben qué
#   llamadas los produjeron, pero no contienen números.
# - Una capa Dense tiene (entradas × unidades) pesos, y un sesgo por unidad.
# - `keras.Model(inputs, outputs)` recorta un modelo del grafo, de un extremo al otro.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Entrenar y evaluar](02_train_and_evaluate.ipynb)
