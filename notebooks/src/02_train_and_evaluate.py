# %% [markdown] id="title" tags=["en"]
# # Train and evaluate
#
# The model of the last lesson learns to read digits. You will see how a weight learns, train the
# model, measure it on other digits, and see why the last activation and the loss belong together.

# %% [markdown] id="title" tags=["es"]
# # Entrenar y evaluar
#
# El modelo de la lección anterior aprende a leer dígitos. Vas a ver cómo aprende un peso, a entrenar
# el modelo, a medirlo con otros dígitos y a descubrir por qué la última activación y la pérdida van
# juntas.

# %% id="parameters" tags=["parameters"]
language = "en"
source = "embedded"
epochs = 5
batch_size = 64
seed = 1

# %% id="setup" tags=["nbval-ignore-output"]
import keras
import kfunc_lab as lab
from keras import layers

lab.language(language)
keras.utils.set_random_seed(seed)

# %% [markdown] id="about-data" tags=["en"]
# ## The data
#
# The images are arrays of 28 × 28 grey levels, the targets are the digits. The test digits are put
# aside, to measure the model at the end.

# %% [markdown] id="about-data" tags=["es"]
# ## Los datos
#
# Las imágenes son arrays de 28 × 28 niveles de gris; los objetivos, los dígitos. Los dígitos de
# prueba se apartan: al final miden el modelo.

# %% id="data"
(x_train, y_train), (x_test, y_test) = lab.datasets.mnist(source=source)
print(x_train.shape, x_train.dtype, x_train.max(), y_train[:8])

# %% [markdown] id="about-prepare" tags=["en"]
# The model expects vectors of 784 numbers, and learns best from small ones: each image becomes one
# row (`-1` stands for "as many as there are"), and 0 to 255 becomes 0 to 1.

# %% [markdown] id="about-prepare" tags=["es"]
# El modelo espera vectores de 784 números, y aprende mejor con números pequeños: cada imagen pasa a
# ser una fila (`-1` significa «tantas como haya»), y el rango de 0 a 255, uno de 0 a 1.

# %% id="prepare"
x_train = x_train.reshape(-1, 784).astype("float32") / 255
x_test = x_test.reshape(-1, 784).astype("float32") / 255
x_train.shape, float(x_train.max())

# %% id="model"
inputs = keras.Input(shape=(784,), name="img")
x = layers.Dense(64, activation="relu")(inputs)
x = layers.Dense(64, activation="relu")(x)
outputs = layers.Dense(10, activation="softmax")(x)
model = keras.Model(inputs, outputs, name="mnist_model")
lab.graph(model)

# %% [markdown] id="about-loss" tags=["en"]
# ## How a weight learns
#
# Training makes a **loss** smaller: a number that says how wrong the answers are. The smallest model
# shows how. It has *one* weight, and guesses the ink in the right half of a digit as weight × ink in
# the left half. Its loss is the *mean squared error*, the mean of (guess − target)².
#
# The **gradient** is the slope of the loss at a weight: how fast the loss grows with the weight. So
# a *step* goes the other way: new weight = weight − learning rate × gradient. You choose the
# **learning rate**. `lab.descent` draws the steps on the loss, from `low` to `high`.

# %% [markdown] id="about-loss" tags=["es"]
# ## Cómo aprende un peso
#
# El entrenamiento reduce una **pérdida** (*loss*): un número que dice cuánto se equivocan las
# respuestas. El modelo más pequeño muestra cómo. Tiene *un* peso, y estima la tinta de la mitad
# derecha de un dígito como peso × tinta de la izquierda. Su pérdida es el *error cuadrático medio*, la
# media de (respuesta − objetivo)².
#
# El **gradiente** es la pendiente de la pérdida en un peso: cuánto crece con él. Por eso un *paso*
# va en sentido contrario: nuevo peso = peso − tasa de aprendizaje × gradiente. La **tasa de
# aprendizaje** (*learning rate*) la eliges tú. `lab.descent` dibuja los pasos sobre la pérdida, de
# `low` a `high`.

# %% id="one-weight"
images = x_train.reshape(-1, 28, 28)
left = images[:, :, :14].sum(axis=(1, 2)) / 100
right = images[:, :, 14:].sum(axis=(1, 2)) / 100


def loss_at(weight):
    return float(((weight * left - right) ** 2).mean())


def gradient_at(weight):
    return (loss_at(weight + 0.01) - loss_at(weight - 0.01)) / 0.02


print(f"loss {loss_at(2.5):.2f}, gradient {gradient_at(2.5):.2f}")

# %% id="predict-weight-step"
lab.predict("weight-step")

# %% id="descent"
def train(learning_rate, steps):
    weights = [2.5]
    for step in range(steps):
        weights.append(weights[-1] - learning_rate * gradient_at(weights[-1]))
    return lab.descent(loss_at, weights, low=-0.5, high=3)


lab.explore(train, learning_rate=(0.1, 5.0, 0.5), steps=(0, 10, 1))

# %% [markdown] id="about-compile" tags=["en"]
# **Raise `steps`, then the learning rate. With which rate does the weight jump over the valley, and
# with which does it climb out?**
#
# ## Compile: what to learn, and how (`compile`)
#
# The network has 55,050 weights, so its gradient has 55,050 numbers. Keras computes them all in one
# walk back through the graph, from the loss to the input.
#
# - The **loss** is here `sparse_categorical_crossentropy`, for ten classes: it is small if the
#   right digit gets a high probability.
# - The **optimizer** takes the steps; RMSprop adapts its `learning_rate` to each weight.
# - The `metrics` are for you. Accuracy is the share of digits that are read right. `evaluate`
#   returns the loss and the metrics.

# %% [markdown] id="about-compile" tags=["es"]
# **Sube `steps` y luego la tasa de aprendizaje: ¿con cuál salta el peso por encima del valle y desde
# cuál se sale de él?**
#
# ## Compilar (`compile`): qué aprender y cómo
#
# La red tiene 55,050 pesos, así que su gradiente tiene 55,050 números. Keras los calcula todos
# recorriendo el grafo una vez hacia atrás, desde la pérdida hasta la entrada.
#
# - La **pérdida** es aquí `sparse_categorical_crossentropy`, para diez clases: es pequeña si el
#   dígito correcto tiene probabilidad alta.
# - El **optimizador** (`optimizer`) da los pasos; RMSprop adapta su `learning_rate` a cada peso.
# - Las métricas (`metrics`) son para ti. La exactitud (*accuracy*) es la proporción de dígitos bien
#   leídos. `evaluate` devuelve la pérdida y las métricas.

# %% id="predict-untrained-accuracy"
lab.predict("untrained-accuracy")

# %% id="compile"
model.compile(
    optimizer=keras.optimizers.RMSprop(learning_rate=0.001),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
loss, untrained = model.evaluate(x_train, y_train, verbose=0)
print(f"{untrained:.2f}")

# %% [markdown] id="about-steps" tags=["en"]
# ## Fit: rounds through the data
#
# An *epoch* is one round through the training digits; `epochs` is their number. After every *batch*
# of `batch_size` digits comes a *step*. `validation_split=0.2` keeps the last fifth of the digits
# out of training, and measures on it after each epoch.
#
# **Your turn.** Given 4,000 digits, `validation_split=0.2` and `batch_size=64`, how many steps does one
# epoch have?

# %% [markdown] id="about-steps" tags=["es"]
# ## Ajustar: vuelta tras vuelta a los datos
#
# Una *época* es una vuelta a los dígitos de entrenamiento; `epochs` dice cuántas. Después de cada
# *lote* de `batch_size` dígitos viene un *paso*. `validation_split=0.2` aparta la última quinta
# parte de los dígitos y mide con ella al final de cada época.
#
# **Te toca.** ¿Cuántos pasos tiene una época con 4,000 dígitos, `validation_split=0.2` y
# `batch_size=64`?

# %% id="exercise-steps"
steps = ...
lab.check("steps-per-epoch", steps)

# %% id="hint-steps"
# lab.hint("steps-per-epoch")
# lab.solution("steps-per-epoch")

# %% [markdown] id="about-fit" tags=["en"]
# Training can be watched. `lab.TrainingDashboard`, passed in `callbacks`, draws the curves while
# `fit` runs, and has buttons to pause, to go one step and to stop. (`keep=False` does not store the
# run on disk.)

# %% [markdown] id="about-fit" tags=["es"]
# `lab.TrainingDashboard`, que se pasa en `callbacks`, dibuja las curvas mientras se ejecuta `fit` y
# tiene botones para pausar, avanzar un paso y detener. (`keep=False` no guarda nada en el disco).

# %% id="predict-higher-curve"
lab.predict("higher-curve")

# %% id="fit" tags=["nbval-ignore-output"]
dashboard = lab.TrainingDashboard(keep=False)
history = model.fit(
    x_train, y_train, batch_size=batch_size, epochs=epochs, validation_split=0.2,
    verbose=0, callbacks=[dashboard],
)

# %% [markdown] id="after-curves" tags=["en", "optional"]
# ### Overfitting (optional)
#
# If the gap between the curves keeps growing while the validation loss rises again, the model is learning its examples
# by heart: it *overfits*. The dashboard says so in words when it happens. To see it, set `epochs`
# to 60 in the first code cell, run the cells again from there, and press *Stop* when you have seen
# enough.

# %% [markdown] id="about-evaluate" tags=["en"]
# ## Evaluate: the digits that were put aside

# %% [markdown] id="after-curves" tags=["es", "optional"]
# ### Sobreajuste (opcional)
#
# Si la distancia entre las curvas sigue creciendo mientras la pérdida de validación vuelve a subir, el modelo se está
# aprendiendo los ejemplos de memoria: se *sobreajusta*. Cuando eso ocurre, el panel lo dice con
# palabras. Para verlo, pon `epochs` en 60 en la primera celda de código, vuelve a ejecutar las
# celdas desde ahí y pulsa *Detener* cuando hayas visto suficiente.

# %% [markdown] id="about-evaluate" tags=["es"]
# ## Evaluar: los dígitos apartados

# %% id="evaluate"
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"untrained {untrained:.0%}, trained {accuracy:.0%}")

# %% [markdown] id="about-one" tags=["en"]
# Write a digit for the model that *you* trained:

# %% [markdown] id="about-one" tags=["es"]
# Escríbele un dígito al modelo que has entrenado *tú*:

# %% id="one" tags=["nbval-ignore-output"]
lab.digit_pad(model)

# %% [markdown] id="about-pairs" tags=["en"]
# ## The last activation and the loss belong together
#
# | the target is | last layer | loss |
# |---|---|---|
# | one of n classes, as an integer | n units, `softmax` | `sparse_categorical_crossentropy` |
# | one of n classes, as a row of zeros and a one | n units, `softmax` | `categorical_crossentropy` |
# | yes or no, as 1 or 0 | 1 unit, `sigmoid` | `binary_crossentropy` |
# | a quantity | 1 unit, no activation | `mse` |
#
# `mse` is the mean squared error. For classes there is one more way: leave the activation out, and
# give the loss `from_logits=True`; it then applies softmax itself. Doing **both** raises no error, but
# applies softmax to probabilities.

# %% [markdown] id="about-pairs" tags=["es"]
# ## La última activación y la pérdida van juntas
#
# | el objetivo es | última capa | pérdida |
# |---|---|---|
# | una de n clases, como entero | n unidades, `softmax` | `sparse_categorical_crossentropy` |
# | una de n clases, como fila de ceros y un uno | n unidades, `softmax` | `categorical_crossentropy` |
# | sí o no, como 1 o 0 | 1 unidad, `sigmoid` | `binary_crossentropy` |
# | una cantidad | 1 unidad, sin activación | `mse` |
#
# `mse` es el error cuadrático medio (*mean squared error*). Para las clases hay otra posibilidad: no
# poner activación y darle a la pérdida `from_logits=True`; entonces ella misma aplica softmax. Hacer
# **las dos cosas** no produce ningún error, pero aplica softmax a probabilidades.

# %% id="predict-softmax-twice"
lab.predict("softmax-twice")

# %% id="twice"
once = keras.ops.softmax(keras.ops.array([4.0, 1.0, 0.0]))
twice = keras.ops.softmax(once)
print([round(float(p), 2) for p in once])
print([round(float(p), 2) for p in twice])

# %% [markdown] id="about-exercise" tags=["en"]
# ## Your turn
#
# Three questions about the same images, with their targets for the first one: which digit it is,
# whether it is even, and how much ink it contains.

# %% [markdown] id="about-exercise" tags=["es"]
# ## Te toca
#
# Tres preguntas sobre las mismas imágenes, con el objetivo de la primera: qué dígito es, si es par y
# cuánta tinta contiene.

# %% id="targets"
targets = {"digit": y_train, "even": 1 - y_train % 2, "ink": x_train.mean(axis=1)}
for name, values in targets.items():
    print(name, round(float(values[0]), 3))

# %% [markdown] id="about-heads" tags=["en"]
# Below is a model for each question, and **in each the last activation and the loss do not fit the
# target**. Correct the three lines; the number of units is right.

# %% [markdown] id="about-heads" tags=["es"]
# Abajo hay un modelo para cada pregunta, y **en cada uno la última activación y la pérdida no encajan
# con su objetivo**. Corrige las tres líneas; el número de unidades es correcto.

# %% id="exercise"
def head(units, activation, loss):
    inputs = keras.Input(shape=(784,))
    x = layers.Dense(32, activation="relu")(inputs)
    model = keras.Model(inputs, layers.Dense(units, activation=activation)(x))
    model.compile(optimizer="rmsprop", loss=loss)
    return model


heads = {
    "digit": head(10, "softmax", "categorical_crossentropy"),
    "even": head(1, "softmax", "binary_crossentropy"),
    "ink": head(1, None, "binary_crossentropy"),
}
lab.check("three-heads", heads)

# %% id="hint"
# lab.hint("three-heads")
# lab.solution("three-heads")

# %% [markdown] id="about-proof" tags=["en", "optional"]
# ### See one learn (optional)
#
# When the check says *right*, remove the `#` and see one of the three models learn:

# %% [markdown] id="about-proof" tags=["es", "optional"]
# ### Mira cómo aprende uno (opcional)
#
# Cuando la comprobación diga que es correcto, quita los `#` y mira cómo aprende uno de los tres
# modelos:

# %% id="proof" tags=["optional"]
# history = heads["even"].fit(x_train, targets["even"], epochs=5, validation_split=0.2, verbose=0)
# lab.curves(history)

# %% [markdown] id="recap" tags=["en"]
# ## What you have learned
#
# - A step changes each weight against its gradient, by the learning rate; too large a rate overshoots.
# - `compile` sets what to learn, `fit` trains, `evaluate` measures on data that was put aside.
# - The curves of training and validation show whether a model learns or memorizes.
# - Target, last activation and loss must fit each other.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [Save and load](03_save_and_load.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - Un paso cambia cada peso en contra de su gradiente, según la tasa de aprendizaje; si es
#   demasiado grande, se pasa.
# - `compile` indica qué aprender, `fit` entrena y `evaluate` mide con datos apartados.
# - Las curvas de entrenamiento y validación muestran si un modelo aprende o memoriza.
# - El objetivo, la última activación y la pérdida tienen que encajar.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Guardar y cargar](03_save_and_load.ipynb)
