"""Trains the small network of digits, `kfunc_lab/datasets/digits_cnn.keras`.

Run it from the top of the repository, with the oldest supported Keras, because that one cannot
read all settings that a newer Keras writes (`make oldest` creates the environment):

    PYTHONPATH=. .venv/oldest/bin/python tools/train_digits_cnn.py

It takes about a minute. Seeds are set, but the last digits of a sum depend on the processor, so
another machine gives an equally good network, not the same one. The script prints the accuracy
and the sha256 of the file, which belong in `kfunc_lab/datasets/digits_cnn.md`.
"""

import hashlib
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from kfunc_lab.datasets import mnist

FILE = Path(__file__).parents[1] / "kfunc_lab" / "datasets" / "digits_cnn.keras"
COPIES = 4  # of each digit, each with its own shift
EPOCHS = 12
SEED = 28

Images = npt.NDArray[np.floating]


def build() -> keras.Model:
    """Returns the network, untrained: two convolutions, then two dense layers."""
    img = keras.Input((28, 28, 1), name="img")
    x = layers.Conv2D(16, 3, activation="relu", name="edges")(img)
    x = layers.MaxPooling2D(2, name="pool_1")(x)
    x = layers.Conv2D(32, 3, activation="relu", name="parts")(x)
    x = layers.MaxPooling2D(2, name="pool_2")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(32, activation="relu", name="features")(x)
    digit = layers.Dense(10, activation="softmax", name="digit")(x)
    return keras.Model(img, digit, name="digits_cnn")


def shifted(images: Images, random: np.random.RandomState) -> Images:
    """Shifts every image by up to two pixels down or up, and right or left.

    Args:
        images: The images, of shape (n, 28, 28, 1), with an empty border.
        random: The source of the random shifts.

    Returns:
        The shifted images, of the same shape.
    """
    shifts = random.randint(-2, 3, size=(len(images), 2))
    moved = [np.roll(img, by, axis=(0, 1)) for img, by in zip(images, shifts, strict=True)]
    return np.stack(moved)


def main() -> None:
    """Trains the network, writes the file and prints the accuracy."""
    (x_train, y_train), (x_test, y_test) = mnist(source="embedded")
    train, test = (x[..., None].astype("float32") / 255 for x in (x_train, x_test))
    random = np.random.RandomState(SEED)
    copies = np.concatenate([train, *(shifted(train, random) for _ in range(COPIES))])

    keras.utils.set_random_seed(SEED)
    model = build()
    steps = EPOCHS * -(-len(copies) // 64)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, steps)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(copies, np.tile(y_train, COPIES + 1), batch_size=64, epochs=EPOCHS, verbose=2)
    _, accuracy = model.evaluate(test, y_test, verbose=0)

    # A new model with the same weights has no optimizer to store in the file.
    shipped = build()
    shipped.set_weights(model.get_weights())
    shipped.save(FILE)
    checksum = hashlib.sha256(FILE.read_bytes()).hexdigest()
    print(
        f"{accuracy:.1%} of the test digits; {FILE.stat().st_size:,} bytes; sha256 {checksum}"
    )


if __name__ == "__main__":
    main()
