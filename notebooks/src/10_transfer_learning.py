# %% [markdown] id="title" tags=["en"]
# # Transfer learning
#
# A network that has learned from thousands of images can help with a question for which you have only
# thirty. You will put a new head on a trained network, freeze what it already knows, and measure what
# that is worth.
#
# ```
# image → edges → parts → features → new head → answer
#         └──── trained, frozen ───┘   └ trained now
# ```

# %% [markdown] id="title" tags=["es"]
# # Aprendizaje por transferencia
#
# Una red que aprendió de miles de imágenes puede ayudar con una pregunta para la que solo tienes
# treinta. Vas a ponerle una cabeza nueva a una red entrenada, a congelar lo que ya sabe y a medir
# cuánto vale eso.
#
# ```
# imagen → edges → parts → features → cabeza nueva → respuesta
#          └── entrenado, congelado ─┘   └ se entrena ahora
# ```

# %% id="parameters" tags=["parameters"]
language = "en"
source = "embedded"
examples = 3
epochs = 30
seed = 1
weights = None

# %% id="setup" tags=["nbval-ignore-output"]
import keras
import kfunc_lab as lab
import numpy as np
from keras import layers

lab.language(language)
keras.utils.set_random_seed(seed)

# %% [markdown] id="about-question" tags=["en"]
# ## A new question
#
# The network of the last lesson was trained on 4,000 images, to tell ten digits apart. Our question
# is another one: **does a digit have a closed loop**, as 0, 6, 8 and 9 do? And only three images of
# each digit have an answer. (`np.isin` says for each label whether it is in the list;
# `np.flatnonzero` gives the places of the images with a label.)

# %% [markdown] id="about-question" tags=["es"]
# ## Una pregunta nueva
#
# La red de la lección anterior se entrenó con 4,000 imágenes para distinguir diez dígitos. Nuestra
# pregunta es otra: **¿tiene el dígito un lazo cerrado**, como 0, 6, 8 y 9? Y solo hay respuesta para
# tres imágenes de cada dígito. (`np.isin` dice, para cada etiqueta, si está en la lista;
# `np.flatnonzero` da las posiciones de las imágenes con una etiqueta).

# %% id="data"
(x_train, y_train), (x_test, y_test) = lab.datasets.mnist(source=source)
x_train = x_train[..., None].astype("float32") / 255
x_test = x_test[..., None].astype("float32") / 255
train_loop, test_loop = np.isin(y_train, [0, 6, 8, 9]), np.isin(y_test, [0, 6, 8, 9])

# %% id="few"
few = []
for digit in range(10):
    few += list(np.flatnonzero(y_train == digit)[:examples])
x_few, few_loop = x_train[few], train_loop[few]
lab.pictures(x_few[:10], captions=list(few_loop[:10]))

# %% [markdown] id="about-base" tags=["en"]
# ## Base and head
#
# The *base* is the trained network without its old head, up to `features`: a cut at a place in the
# graph, as in the last lesson. The *head* turns features into an answer: here one unit, because the
# answer is yes or no. For comparison, `clone_model` makes the same layers with new random weights.

# %% [markdown] id="about-base" tags=["es"]
# ## Base y cabeza
#
# La *base* es la red entrenada sin su cabeza anterior, hasta `features`: un corte en un lugar del
# grafo, como en la lección anterior. La *cabeza* convierte las características en una respuesta: aquí
# una unidad, porque la respuesta es sí o no. Para comparar, `clone_model` crea las mismas capas con
# pesos aleatorios nuevos.

# %% id="base"
reader = lab.datasets.digits_model()
base = keras.Model(reader.input, reader.get_layer("features").output, name="base")
fresh = keras.models.clone_model(base)


def with_head(base):
    answer = layers.Dense(1, activation="sigmoid")(base.output)
    return keras.Model(base.input, answer)


# %% [markdown] id="about-freeze" tags=["en"]
# `trainable = False` freezes a layer, and freezing a model freezes all of its layers. What is left to
# train is in `model.trainable_weights`.

# %% [markdown] id="about-freeze" tags=["es"]
# `trainable = False` congela una capa, y congelar un modelo congela todas sus capas. Lo que queda por
# entrenar está en `model.trainable_weights`.

# %% id="ask-trainable-parameters"
lab.predict("frozen-base-parameters")

# %% id="freeze"
base.trainable = False
model = with_head(base)
print([tuple(weights.shape) for weights in model.trainable_weights])
lab.graph(model)

# %% [markdown] id="about-three" tags=["en"]
# The graph says which layers are frozen. Now three networks learn to answer the question:
#
# - **scratch**: the layers of `fresh`, with random weights, and a head; all are trained;
# - **frozen**: only the new head on the trained base is trained;
# - **tuned**: afterwards the base is unfrozen and trained a little as well.
#
# First the first two. With `validation_data`, their accuracy on a thousand test digits is kept after
# each epoch.

# %% [markdown] id="about-three" tags=["es"]
# El grafo dice qué capas están congeladas. Ahora tres redes aprenden a responder:
#
# - **scratch** (desde cero): las capas de `fresh`, con pesos aleatorios, y una cabeza; se entrenan
#   todas;
# - **frozen** (congelada): solo se entrena la cabeza nueva sobre la base entrenada;
# - **tuned** (ajustada): después, la base se descongela y se entrena también un poco.
#
# Primero, las dos primeras. Con `validation_data`, tras cada época se guarda su exactitud con mil
# dígitos de prueba.

# %% id="ask-scratch-or-frozen"
lab.predict("scratch-or-frozen")


# %% id="learn" tags=["nbval-ignore-output"]
def learn(model, learning_rate):
    adam = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer=adam, loss="binary_crossentropy", metrics=["accuracy"])
    test = (x_test, test_loop)
    history = model.fit(
        x_few, few_loop, batch_size=10, epochs=epochs, verbose=0, validation_data=test
    )
    return {"accuracy": history.history["val_accuracy"]}


runs = {"scratch": learn(with_head(fresh), 0.001)}
runs["frozen"] = learn(model, 0.03)
lab.curves(runs)

# %% [markdown] id="about-tune" tags=["en"]
# The features were learned for another question, and still they serve this one.
#
# ## Fine-tune
#
# Now the base is unfrozen. `learn` compiles the model again, so that the change counts, and the
# learning rate is much smaller than the last one: large steps would destroy what the base has
# learned.

# %% [markdown] id="about-tune" tags=["es"]
# Las características se aprendieron para otra pregunta y, aun así, sirven para esta.
#
# ## Ajuste fino
#
# Ahora se descongela la base. `learn` vuelve a compilar el modelo para que el cambio cuente, y la
# tasa de aprendizaje es mucho menor que la anterior: con pasos grandes se destruiría lo que la base
# aprendió.

# %% id="ask-tuned-parameters"
lab.predict("tuned-parameters")

# %% id="unfreeze"
base.trainable = True
print([tuple(weights.shape) for weights in model.trainable_weights])

# %% id="tune" tags=["nbval-ignore-output"]
runs["tuned"] = learn(model, 0.001)
print({name: round(run["accuracy"][-1], 2) for name, run in runs.items()})
lab.curves(runs)

# %% [markdown] id="after-tune" tags=["en"]
# With thirty images the base makes the difference; fine-tuning adds little, for there is little to
# learn from.
#
# **Change** `examples` to 100 in the first code cell of this lesson and run the cells from there,
# which takes a minute or two. What is the base worth with a thousand images? And which of the three
# is best?
#
# (They change places: scratch overtakes frozen, whose features were made for another question, and
# tuned is as good as scratch or better.)

# %% [markdown] id="after-tune" tags=["es"]
# Con treinta imágenes, la base marca la diferencia; el ajuste fino añade poco, porque hay poco de
# donde aprender.
#
# **Cambia** `examples` a 100 en la primera celda de código de esta lección y ejecuta las celdas desde
# ahí; tarda uno o dos minutos. ¿Cuánto vale la base con mil imágenes? ¿Y cuál de las tres es la
# mejor?
#
# (Cambian de lugar: scratch adelanta a frozen, cuyas características se hicieron para otra pregunta,
# y tuned es igual de buena que scratch o mejor).

# %% [markdown] id="about-head" tags=["en"]
# ## Your turn: three classes
#
# A digit has no loop, one (0, 6, 9) or two (8). **Build a model `loops` for these three classes**: on
# the features of `base` a Dense layer of 16 units with `relu`, then one with softmax. Only these two
# layers should be trained.

# %% [markdown] id="about-head" tags=["es"]
# ## Te toca: tres clases
#
# Un dígito no tiene ningún lazo, tiene uno (0, 6, 9) o dos (8). **Construye un modelo `loops` para
# estas tres clases**: sobre las características de `base`, una capa Dense de 16 unidades con `relu` y
# luego una con softmax. Solo deben entrenarse estas dos capas.

# %% id="exercise-head"
loops = ...
lab.check("new-head", loops)

# %% id="hint-head"
# lab.hint("new-head")
# lab.solution("new-head")
# lab.watch(target="new-head")

# %% [markdown] id="about-count" tags=["en"]
# ## Your turn: count
#
# For photographs, the base is a network such as VGG19, trained on a million of them. It ends in 512
# maps of 7 × 7. On this base, frozen, come `layers.GlobalAveragePooling2D()` and `layers.Dense(5,
# activation="softmax")`. **How many parameters are trained, and how many are frozen?**

# %% [markdown] id="about-count" tags=["es"]
# ## Te toca: cuenta
#
# Para fotografías, la base es una red como VGG19, entrenada con un millón de ellas. Termina en 512
# mapas de 7 × 7. Sobre esta base, congelada, van `layers.GlobalAveragePooling2D()` y `layers.Dense(5,
# activation="softmax")`. **¿Cuántos parámetros se entrenan y cuántos están congelados?**

# %% id="exercise-count"
parameters = {"trained": ..., "frozen": ...}
lab.check("frozen-count", parameters)

# %% id="hint-count"
# lab.hint("frozen-count")
# lab.solution("frozen-count")

# %% [markdown] id="about-photos" tags=["en", "optional"]
# ## A base for photographs (optional)
#
# `keras.applications` has such networks; here it is `MobileNetV2`, from the module `mobilenet_v2`,
# with `pooling="avg"`, the mean of each map, at its end. With `weights = "imagenet"` in the first
# code cell, Keras downloads the trained weights (9 MB); without, they are random, and only the graph
# is right. Two things are easy to forget:
#
# - `preprocess_input` prepares the colours as in the training of the base.
# - `BatchNormalization` layers rescale numbers by means that they update while training. With
#   `training=False` they leave their means alone, also while the head is trained.

# %% [markdown] id="about-photos" tags=["es", "optional"]
# ## Una base para fotografías (opcional)
#
# `keras.applications` tiene redes así; aquí, `MobileNetV2`, del módulo `mobilenet_v2`, que con
# `pooling="avg"` termina en la media de cada mapa. Con `weights = "imagenet"` en la primera celda de
# código, Keras descarga los pesos entrenados (9 MB); si no, son aleatorios y solo es correcto el
# grafo. Dos cosas se olvidan con facilidad:
#
# - `preprocess_input` prepara los colores como en el entrenamiento de la base.
# - Las capas `BatchNormalization` reescalan los números con medias que actualizan al entrenar. Con
#   `training=False` no tocan sus medias, tampoco mientras se entrena la cabeza.

# %% id="photos" tags=["optional"]
mobilenet = keras.applications.mobilenet_v2
photo_base = mobilenet.MobileNetV2(
    weights=weights, include_top=False, pooling="avg", input_shape=(96, 96, 3)
)
photo_base.trainable = False

image = keras.Input(shape=(96, 96, 3))
x = photo_base(mobilenet.preprocess_input(image), training=False)
photo_model = keras.Model(image, layers.Dense(5, activation="softmax")(x))
photo_model.summary()

# %% [markdown] id="recap" tags=["en"]
# ## What you have learned
#
# - A trained network cut before its head is a base; its features serve other questions, too.
# - `base.trainable = False` before `compile` freezes it: only the head is trained.
# - To fine-tune, unfreeze the base, compile again, and take small steps.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [Your own layer](11_your_own_layer.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - Una red entrenada y cortada antes de su cabeza es una base; sus características sirven también
#   para otras preguntas.
# - `base.trainable = False` antes de `compile` la congela: solo se entrena la cabeza.
# - Para el ajuste fino, descongela la base, vuelve a compilar y da pasos pequeños.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Tu propia capa](11_your_own_layer.ipynb)
