"""Real data for the lessons: small sets in the package, full ones where they can be had.

Importing this loads neither Keras nor numpy.
"""

from kfunc_lab.datasets.digits import mnist

__all__ = ["mnist"]
