"""The type of a NumPy array in signatures."""

from typing import Any

import numpy.typing as npt

Numbers = npt.NDArray[Any]
