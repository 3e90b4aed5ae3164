# %% [markdown] id="title" tags=["en"]
# # Your first functional model
#
# You will build a network that makes ten probabilities out of 784 numbers, layer by layer, and
# watch its graph grow. By the end you can predict every shape and every number of parameters
# *beforehand*.

# %% [markdown] id="title" tags=["es"]
# # Tu primer modelo funcional
#
# Vas a construir, capa por capa, una red que convierte 784 números en diez probabilidades, y verás
# crecer su grafo. Al final sabrás predecir cada forma y cada número de parámetros *de antemano*.

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
# `lab.watch()` opens a panel that shows what you build as you build it; `lab.unwatch()` closes it.
# (The `;` keeps the cell from printing anything.)

# %% [markdown] id="about-watch" tags=["es"]
# `lab.watch()` abre un panel donde aparece lo que construyes a medida que lo escribes; con
# `lab.unwatch()` se cierra. (El `;` evita que la celda imprima algo).

# %% id="watch"
lab.watch();

# %% [markdown] id="about-input" tags=["en"]
# ## An input is a promise
#
# `keras.Input` says what kind of data will come: here vectors of 784 numbers, the pixels of an
# image of 28 × 28.

# %% [markdown] id="about-input" tags=["es"]
# ## Una entrada es una promesa
#
# `keras.Input` anuncia qué tipo de datos llegará: aquí, vectores de 784 números, los píxeles de una
# imagen de 28 × 28.

# %% id="predict-input-shape"
lab.predict("input-shape")

# %% id="input"
inputs = keras.Input(shape=(784,), name="img")
print(inputs.shape, inputs.dtype)

# %% [markdown] id="after-input" tags=["en"]
# Keras put an axis in front: the *batch*, the number of examples that are processed together. Its
# size is `None`, because any number may come. (`try` runs what may fail; `except` catches the
# error.)

# %% [markdown] id="after-input" tags=["es"]
# Keras puso un eje delante: el *lote* (*batch*), la cantidad de ejemplos que se procesan juntos. Su
# tamaño es `None` porque puede llegar cualquier cantidad. (`try` ejecuta lo que puede fallar;
# `except` atrapa el error).

# %% id="predict-input-number"
lab.predict("input-number")

# %% id="no-values"
try:
    number = float(inputs)
except ValueError as error:
    number = None
    print(str(error).split(":")[0])

# %% [markdown] id="about-call" tags=["en"]
# `inputs` is a *symbolic* tensor: it knows its shape, its type and where it comes from. Numbers
# come when the model is used.
#
# ## Calling a layer draws an arrow
#
# A layer is made first, and then *called* on a tensor. The call returns a new symbolic tensor. In a
# Dense layer every *unit* makes one number out of all that enter. Its `activation`, here `relu`,
# comes later.

# %% [markdown] id="about-call" tags=["es"]
# `inputs` es un tensor *simbólico*: conoce su forma, su tipo y de dónde viene. Los números llegan
# cuando se usa el modelo.
#
# ## Llamar a una capa dibuja una flecha
#
# Primero se crea la capa y luego se *llama* con un tensor. La llamada devuelve un nuevo tensor
# simbólico. En una capa Dense cada *unidad* saca un número de todos los que entran. Su
# `activation`, aquí `relu`, se explica abajo.

# %% id="predict-dense-shape"
lab.predict("dense-shape")

# %% id="call"
dense = layers.Dense(units, activation="relu")
x = dense(inputs)
print(x.shape)

# %% [markdown] id="about-unit" tags=["en"]
# The panel shows both calls.
#
# ## What a unit computes
#
# A unit has one *weight* for each number that enters, and one *bias*. It multiplies each number by
# its weight, adds up the products and the bias, and applies its *activation* to the sum. The
# activation `relu` replaces a negative sum with 0. `lab.unit` draws a unit.

# %% [markdown] id="about-unit" tags=["es"]
# El panel muestra las dos llamadas.
#
# ## Qué calcula una unidad
#
# Una unidad tiene un *peso* por cada número que entra, y un *sesgo*. Multiplica cada número por su
# peso, suma los productos y el sesgo, y aplica su *activación* a la suma. La activación `relu`
# cambia por 0 una suma negativa. `lab.unit` dibuja una unidad.

# %% id="predict-unit-output"
lab.predict("unit-output")

# %% id="unit"
numbers, weights = [1.0, 2.0], [0.5, -1.0]
bias = 0.5
lab.unit(numbers, weights, bias)

# %% [markdown] id="about-parameters" tags=["en"]
# Move the numbers, and choose other activations: `sigmoid` turns any sum into a number between 0
# and 1, `tanh` into one between −1 and 1, `none` leaves it as it is. Without activations, many layers
# could do no more than one: a sum of sums is a sum again.
#
# Weights and biases are the *parameters* of a layer: the numbers that training changes.
# `count_params` counts them.

# %% [markdown] id="about-parameters" tags=["es"]
# Mueve los números y elige otras activaciones: `sigmoid` convierte cualquier suma en un número
# entre 0 y 1; `tanh`, en uno entre −1 y 1; y `none` la deja como está. Sin activaciones, muchas capas
# no podrían hacer más que una, porque una suma de sumas es otra suma.
#
# Los pesos y los sesgos son los *parámetros* de una capa: los números que cambia el entrenamiento.
# `count_params` los cuenta.

# %% id="predict-dense-parameters"
lab.predict("dense-parameters")

# %% id="count-one"
print(f"{dense.count_params():,}")

# %% [markdown] id="about-mistake" tags=["en"]
# ## A layer is not a tensor
#
# `layers.Dense(10)` makes a layer; only the call, with the second pair of parentheses, makes a
# tensor. In the next cell a layer is called on the layer `dense` itself; `lab.explain` draws what is
# wrong.

# %% [markdown] id="about-mistake" tags=["es"]
# ## Una capa no es un tensor
#
# `layers.Dense(10)` crea una capa; solo la llamada, con el segundo par de paréntesis, crea un
# tensor. En la celda siguiente una capa recibe la propia capa `dense`; `lab.explain` dibuja lo que
# falla.

# %% id="mistake"
try:
    layers.Dense(10)(dense)
except ValueError as error:
    mistake = lab.explain(error)
mistake

# %% [markdown] id="after-mistake" tags=["en"]
# Read the last line first. If one of your own cells fails, such a picture appears automatically.

# %% [markdown] id="after-mistake" tags=["es"]
# Empieza por la última línea. Si falla una de tus celdas, un dibujo así aparece automáticamente.

# %% [markdown] id="about-rest" tags=["en"]
# ## The other layers, and the model
#
# Usually a layer is made and called on one line. `x` always refers to the newest tensor. The last
# activation is `softmax`.

# %% [markdown] id="about-rest" tags=["es"]
# ## Las demás capas y el modelo
#
# Crear una capa y llamarla suele escribirse en una sola línea. `x` designa siempre el tensor más
# reciente. La última activación es `softmax`.

# %% id="rest"
x = layers.Dense(units, activation="relu")(x)
outputs = layers.Dense(10, activation="softmax")(x)

# %% [markdown] id="about-softmax" tags=["en"]
# `softmax` acts on a whole layer: it turns the sums of its units into probabilities, which add up
# to 1; the larger the sum, the more of the whole it gets. `lab.explore` shows what a function
# returns while you move its arguments, here the sums of three units; `names` are those of the bars.
# (`keras.ops` is like NumPy: `ops.array`, `ops.softmax`.) **Move one sum: what do the other two
# bars do?**

# %% [markdown] id="about-softmax" tags=["es"]
# `softmax` actúa sobre toda una capa: convierte las sumas de sus unidades en probabilidades, que
# suman 1; cuanto mayor es la suma, más le toca. `lab.explore` muestra lo que devuelve una función
# mientras mueves sus argumentos, aquí las sumas de tres unidades; `names` son los nombres de las
# barras. (`keras.ops` es como NumPy: `ops.array`, `ops.softmax`). **Mueve una suma: ¿qué hacen las
# otras dos barras?**

# %% id="softmax"
def softmax(cat, dog, bird):
    sums = keras.ops.array([cat, dog, bird])
    return lab.bars(keras.ops.softmax(sums), names=["cat", "dog", "bird"])


lab.explore(softmax, cat=(-4.0, 4.0, 2.0),
            dog=(-4.0, 4.0, 1.0),
            bird=(-4.0, 4.0, 0.0))

# %% [markdown] id="about-model" tags=["en"]
# `keras.Model` takes the two ends of the graph, `inputs` and `outputs`; everything between them
# becomes the model.

# %% [markdown] id="about-model" tags=["es"]
# `keras.Model` recibe los dos extremos del grafo, `inputs` y `outputs`; todo lo que hay entre ellos
# pasa a ser el modelo.

# %% id="predict-model-parameters"
lab.predict("model-parameters")

# %% id="model"
model = keras.Model(inputs=inputs, outputs=outputs, name="mnist_model")
lab.graph(model)

# %% [markdown] id="about-summary" tags=["en"]
# Click each layer. Keras's `summary` shows the same:

# %% [markdown] id="about-summary" tags=["es"]
# Haz clic en cada capa. El resumen de Keras, `summary`, muestra lo mismo:

# %% id="summary"
model.summary()

# %% [markdown] id="about-shapes" tags=["en"]
# ## Your turn: predict
#
# A Dense layer uses the *last* axis only, whatever axes come before it. So it can be called on a
# whole image of 28 × 28 too. **What shape does `layers.Dense(20)` output then, and how many
# parameters does it have?** Fill in both, the batch included.

# %% [markdown] id="about-shapes" tags=["es"]
# ## Te toca: predice
#
# Una capa Dense solo mira el *último* eje, haya lo que haya delante. Por eso también se puede
# llamar con una imagen entera de 28 × 28. **¿Qué forma devuelve entonces `layers.Dense(20)` y
# cuántos parámetros tiene?** Completa las dos cosas, con el lote incluido.

# %% id="exercise-shapes"
dense_on_image = {"shape": ..., "parameters": ...}
lab.check("dense-on-image", dense_on_image)

# %% id="hint-shapes"
# lab.hint("dense-on-image")
# lab.solution("dense-on-image")
# dense = layers.Dense(20)
# dense(keras.Input(shape=(28, 28))).shape, dense.count_params()

# %% [markdown] id="about-change" tags=["en", "optional"]
# ## Change something (optional)
#
# A function that builds the model makes an experiment short. The *hidden* layers are those between
# input and output.

# %% [markdown] id="about-change" tags=["es", "optional"]
# ## Cambia algo (opcional)
#
# Una función que construye el modelo acorta un experimento. Las capas *ocultas* son las que están
# entre la entrada y la salida.

# %% id="predict-twice-the-units" tags=["optional"]
lab.predict("twice-the-units")

# %% id="change" tags=["optional"]
def build(units):
    inputs = keras.Input(shape=(784,))
    x = layers.Dense(units, activation="relu")(inputs)
    x = layers.Dense(units, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


counts = {size: build(size).count_params() for size in (32, 64, 128)}
counts

# %% [markdown] id="after-change" tags=["en"]
# ## Numbers flow at last
#
# A real digit enters, as a batch of one row. `predict` returns the outputs; `verbose=0` prints no
# progress. The model is not trained: its probabilities mean nothing yet, but they add up to 1.

# %% [markdown] id="after-change" tags=["es"]
# ## Por fin fluyen números
#
# Entra un dígito real, como un lote de una sola fila. `predict` devuelve las salidas en un array;
# con `verbose=0` no se imprime el avance. El modelo no está entrenado: sus probabilidades aún no
# significan nada, pero suman 1.

# %% id="data"
(x_train, y_train), (x_test, y_test) = lab.datasets.mnist(source=source)
digit = x_train[:1].reshape(1, 784).astype("float32") / 255
probabilities = model.predict(digit, verbose=0)
print(probabilities.shape, round(float(probabilities.sum()), 3))

# %% [markdown] id="about-exercise" tags=["en"]
# ## Your turn
#
# Build a model for the same images with **one** (hidden) Dense layer between the input and the ten
# outputs, and exactly **25,450 parameters**. How many units does that layer need?

# %% [markdown] id="about-exercise" tags=["es"]
# ## Te toca
#
# Construye un modelo para las mismas imágenes con **una** capa Dense (oculta) entre la entrada y las
# diez salidas, y exactamente **25,450 parámetros**. ¿Cuántas unidades necesita esa capa?

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
# - `keras.Input` and every call return symbolic tensors, which have a shape but hold no numbers.
# - A Dense layer has inputs × units weights, and one bias for each unit.
# - `keras.Model(inputs, outputs)` cuts a model out of the graph.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [Train and evaluate](02_train_and_evaluate.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - `keras.Input` y cada llamada devuelven tensores simbólicos, que tienen forma pero no números.
# - Una capa Dense tiene (entradas × unidades) pesos, y un sesgo por unidad.
# - `keras.Model(inputs, outputs)` recorta un modelo del grafo.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Entrenar y evaluar](02_train_and_evaluate.ipynb)
