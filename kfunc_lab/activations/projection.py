"""Projects vectors onto a plane by principal component analysis."""

import numpy as np

from kfunc_lab.ui.arrays import Numbers


def pca(vectors: Numbers) -> tuple[Numbers, Numbers]:
    """Projects vectors onto the plane in which they vary most.

    Args:
        vectors: An array of shape (count, dimensions).

    Returns:
        The coordinates, of shape (count, 2), and the share of the variance that each of the two
        components explains. The signs are fixed: on each axis, the last of the coordinates with
        the largest magnitude is positive.

    Source: Pearson, On lines and planes of closest fit to systems of points in space, 1901.

    Example:
        >>> points, shares = pca(np.array([[0.0, 0, 1], [2, 0, 1], [4, 0, 1]]))
        >>> points[:, 0].round(6).tolist(), shares.round(6).tolist()
        ([-2.0, 0.0, 2.0], [1.0, 0.0])
    """
    numbers = np.nan_to_num(np.asarray(vectors, np.float64), posinf=0, neginf=0)
    centred = numbers - numbers.mean(axis=0)
    left, singular_values, _right = np.linalg.svd(centred, full_matrices=False)
    points = np.zeros((len(numbers), 2))
    count = min(2, len(singular_values))
    points[:, :count] = left[:, :count] * singular_values[:count]
    for axis in range(2):
        furthest = np.abs(points[:, axis]).max()
        candidates = points[np.isclose(np.abs(points[:, axis]), furthest), axis]
        if candidates.size and candidates[-1] < 0:
            points[:, axis] *= -1
    variance = np.zeros(2)
    total = float(np.square(singular_values).sum())
    if total:
        variance[:count] = np.square(singular_values[:count]) / total
    return points, variance
