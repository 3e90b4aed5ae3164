"""Data sets for the lessons: MNIST, colour images, synthetic tickets and a trained network.

Importing this loads neither Keras nor numpy.
"""

from kfunc_lab.datasets.colour_images import colour_images
from kfunc_lab.datasets.digits import mnist
from kfunc_lab.datasets.digits_cnn import digits_model
from kfunc_lab.datasets.tickets_synthetic import tickets

__all__ = ["colour_images", "digits_model", "mnist", "tickets"]
