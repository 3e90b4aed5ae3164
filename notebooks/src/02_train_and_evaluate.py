# %% [markdown] id="title" tags=["en"]
# # Train and evaluate
#
# The model of the last lesson learns to read digits. You will train it, watch its learning curves,
# measure it on digits that it was not trained on, and see why the last activation and the loss
# belong together.

# %% [markdown] id="title" tags=["es"]
# # Entrenar y evaluar
#
# El modelo de la lección anterior aprende a leer dígitos. Vas a entrenarlo, a observar sus curvas
# de aprendizaje, a medirlo con dígitos con los que no se entrenó y a descubrir por qué la última
# activación y la pérdida van juntas.

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
# The images are arrays of 28 × 28 grey levels, the targets are the digits themselves. The test
# digits are put aside: they are used to measure the model, never to train it.

# %% [markdown] id="about-data" tags=["es"]
# ## Los datos
#
# Las imágenes son arrays de 28 × 28 niveles de gris; los objetivos son los propios dígitos. Los
# dígitos de prueba se apartan: sirven para medir el modelo, nunca para entrenarlo.

# %% id="data"
(x_train, y_train), (x_test, y_test) = lab.datasets.mnist(source=source)
print(x_train.shape, x_train.dtype, x_train.max(), y_train[:8])

# %% [markdown] id="about-prepare" tags=["en"]
# The model expects vectors of 784 numbers, and learns best from small ones: the pixels become one
# row, and 0 to 255 becomes 0 to 1. **Predict** the new shape.

# %% [markdown] id="about-prepare" tags=["es"]
# El modelo espera vectores de 784 números, y aprende mejor con números pequeños: los píxeles pasan a
# una sola fila, y el rango de 0 a 255, a uno de 0 a 1. **Predice** la nueva forma.

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

# %% [markdown] id="about-compile" tags=["en"]
# ## Compile: what to learn, and how
#
# - The **loss** is a number that says how wrong the answers are; training makes it smaller.
# - The **optimizer** adjusts the weights after each batch so that the loss gets smaller; here it is
#   RMSprop. It starts from the *gradient*, which tells for each weight how the loss would change
#   with it.
# - **Metrics** are for you. Accuracy is the share of digits that are read right.
#
# **Predict:** what accuracy does a model have that has learned nothing, with ten digits to choose
# from?

# %% [markdown] id="about-compile" tags=["es"]
# ## Compilar: qué aprender y cómo
#
# - La **pérdida** (*loss*) es un número que dice cuánto se equivocan las respuestas; el
#   entrenamiento lo reduce.
# - El **optimizador** ajusta los pesos después de cada lote para que baje la pérdida; aquí es
#   RMSprop. Parte del *gradiente*, que dice de cada peso cómo cambiaría con él la pérdida.
# - Las **métricas** son para ti. La exactitud (*accuracy*) es la proporción de dígitos bien leídos.
#
# **Predice:** ¿qué exactitud tiene un modelo que no ha aprendido nada, con diez dígitos para
# elegir?

# %% id="compile"
model.compile(
    optimizer=keras.optimizers.RMSprop(),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
round(accuracy, 1)

# %% [markdown] id="about-steps" tags=["en"]
# It guesses: about one digit in ten is right.
#
# ## Fit: round after round through the data
#
# An *epoch* is one round through the training digits. The weights change after every *batch* of
# `batch_size` digits: one such change is a *step*. `validation_split=0.2` keeps the last fifth of the
# digits out of training, and measures on it after each epoch.
#
# **Your turn.** Given 4,000 digits, `validation_split=0.2` and `batch_size=64`, how many steps does one
# epoch have?

# %% [markdown] id="about-steps" tags=["es"]
# Adivina: acierta más o menos uno de cada diez dígitos.
#
# ## Ajustar: vuelta tras vuelta a los datos
#
# Una *época* es una vuelta completa a los dígitos de entrenamiento. Los pesos cambian después de cada
# *lote* de `batch_size` dígitos: cada uno de esos cambios es un *paso*. `validation_split=0.2` aparta
# la última quinta parte de los dígitos, no entrena con ella y la usa para medir al final de cada época.
#
# **Te toca.** Con 4,000 dígitos, `validation_split=0.2` y `batch_size=64`, ¿cuántos pasos tiene una
# época?

# %% id="exercise-steps"
steps = ...
lab.check("steps-per-epoch", steps)

# %% id="hint-steps"
# lab.hint("steps-per-epoch")
# lab.solution("steps-per-epoch")

# %% [markdown] id="about-fit" tags=["en"]
# Training can be watched. `lab.TrainingDashboard` draws the curves while `fit` runs, and has
# buttons to pause, to go one step and to stop. With `keep=False` the run is not stored on disk.
# **Predict:** which curve ends higher in accuracy, the one of training or the one of validation?

# %% [markdown] id="about-fit" tags=["es"]
# El entrenamiento se puede seguir en vivo. `lab.TrainingDashboard` dibuja las curvas mientras se
# ejecuta `fit` y tiene botones para pausar, avanzar un paso y detener. Con `keep=False`, el
# entrenamiento no se guarda en el disco. **Predice:** ¿qué curva termina con más exactitud, la de
# entrenamiento o la de validación?

# %% id="fit" tags=["nbval-ignore-output"]
dashboard = lab.TrainingDashboard(keep=False)
history = model.fit(
    x_train,
    y_train,
    batch_size=batch_size,
    epochs=epochs,
    validation_split=0.2,
    verbose=0,
    callbacks=[dashboard],
)

# %% [markdown] id="after-curves" tags=["en"]
# Both losses fall. Training ends with a slightly better value, because the weights were fitted to
# those digits. When the gap keeps growing while the validation loss rises again, the model is
# learning its examples by heart: it *overfits*. The dashboard says so in words when it happens. To
# see it, raise `epochs` to 60 in the first code cell of this lesson, run the cells again from
# there, and press *Stop* when you have seen enough: what was learned so far is kept.
#
# ## Evaluate: the digits that were put aside

# %% [markdown] id="after-curves" tags=["es"]
# Las dos pérdidas bajan. La de entrenamiento acaba un poco mejor, porque los pesos se ajustaron a
# esos dígitos. Si la distancia sigue creciendo mientras la pérdida de validación vuelve a subir, el
# modelo se está aprendiendo los ejemplos de memoria: *se sobreajusta*. Cuando eso ocurre, el panel
# lo dice con palabras. Para verlo, sube `epochs` a 60 en la primera celda de código de la lección,
# vuelve a ejecutar las celdas desde ahí y pulsa *Detener* cuando hayas visto suficiente: lo
# aprendido se conserva.
#
# ## Evaluar: los dígitos apartados

# %% id="evaluate"
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
round(accuracy, 1)

# %% [markdown] id="about-one" tags=["en"]
# About nine in ten, after a few seconds of training. One digit, with the probability of each answer
# in percent:

# %% [markdown] id="about-one" tags=["es"]
# Unos nueve de cada diez, con unos segundos de entrenamiento. Un dígito, con la probabilidad de
# cada respuesta en porcentaje:

# %% id="one" tags=["nbval-ignore-output"]
probabilities = model.predict(x_test[:1], verbose=0)[0]
for digit, probability in enumerate(probabilities):
    print(digit, f"{probability:6.1%}", "#" * round(40 * float(probability)))
print(y_test[0])

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
# `sigmoid` turns any number into a number between 0 and 1. `mse`, the *mean squared error*, is the
# mean of (output − target)². For classes there is one more way: leave the activation out, and give
# the loss `from_logits=True`; it then applies softmax itself. Doing **both** raises no error.
# **Predict:** what does softmax make of numbers that are probabilities already?

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
# `sigmoid` convierte cualquier número en uno entre 0 y 1. `mse`, el error cuadrático medio (*mean
# squared error*), es la media de (salida − objetivo)². Para las clases hay otra posibilidad: no
# poner activación y darle a la pérdida `from_logits=True`; entonces ella misma aplica softmax.
# Hacer **las dos cosas** no produce ningún error. **Predice:** ¿qué hace softmax con números que ya
# son probabilidades?

# %% id="twice"
once = keras.ops.softmax(keras.ops.convert_to_tensor([4.0, 1.0, 0.0]))
twice = keras.ops.softmax(once)
print([round(float(p), 2) for p in once])
print([round(float(p), 2) for p in twice])

# %% [markdown] id="about-exercise" tags=["en"]
# A clear answer became a vague one: the model can never be sure, and learns slowly.
#
# ## Your turn
#
# The same images can answer other questions. Here are three, with their targets for the first
# digit: which digit it is, whether it is even, and how much ink it contains.

# %% [markdown] id="about-exercise" tags=["es"]
# Una respuesta clara se volvió vaga: el modelo nunca puede estar seguro y aprende despacio.
#
# ## Te toca
#
# Las mismas imágenes pueden responder otras preguntas. Aquí hay tres, con su objetivo para el
# primer dígito: qué dígito es, si es par y cuánta tinta contiene.

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

# %% [markdown] id="about-proof" tags=["en"]
# When the check says *right*, remove the `#` and see one of the three models learn:

# %% [markdown] id="about-proof" tags=["es"]
# Cuando la comprobación diga que es correcto, quita los `#` y mira cómo aprende uno de los tres
# modelos:

# %% id="proof"
# history = heads["even"].fit(x_train, targets["even"], epochs=5, validation_split=0.2, verbose=0)
# lab.curves(history)

# %% [markdown] id="recap" tags=["en"]
# ## What you have learned
#
# - `compile` sets what to learn, `fit` trains, `evaluate` measures on data that was put aside.
# - The curves of training and validation show whether a model learns or memorizes.
# - Target, last activation and loss must fit each other; a mismatch may raise no error.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [Save and load](03_save_and_load.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - `compile` indica qué aprender, `fit` entrena y `evaluate` mide con datos apartados.
# - Las curvas de entrenamiento y validación muestran si un modelo aprende o memoriza.
# - El objetivo, la última activación y la pérdida tienen que encajar; si no encajan, quizá no haya
#   ningún error.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Guardar y cargar](03_save_and_load.ipynb)
