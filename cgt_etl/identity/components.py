"""Connected components of millions of nodes in numpy. Knows nothing of what the nodes stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def smallest_labels(size: int, left: Ints, right: Ints) -> Ints:
    """The smallest node of each node's component: shape `(size,)`.

    `left` and `right` are the ends of the edges, each in `0 .. size - 1`. The result depends on the graph alone, not on the
    order or direction of its edges. Every round hooks each root onto the smallest root beside it, flattens the forest and
    keeps the edges that still cross, so memory stays at a few arrays of the size of the edges.
    """
    dtype: Any = np.int64 if size > np.iinfo(np.int32).max else np.int32  # half the memory where it is enough
    label: Ints = np.arange(size, dtype=dtype)
    while True:
        left, right = label[left], label[right]
        crossing = left != right
        left, right = left[crossing], right[crossing]
        if not len(left):
            return label
        np.minimum.at(label, np.maximum(left, right), np.minimum(left, right))
        while True:
            flatter = label[label]
            if np.array_equal(flatter, label):
                break
            label = flatter
