"""The type of NumPy arrays in signatures."""

from typing import Any

import numpy.typing as npt

Numbers = npt.NDArray[Any]
