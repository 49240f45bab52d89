"""Arrays as polars columns, without the questions that polars asks of an array it knows nothing of.

`pl.Series` looks for masks, byte orders and shapes, which takes longer than to take over a thousand numbers, and a
candle that closes makes dozens of columns. What is called here instead are polars' own makers of columns, which are no
part of what it promises: where they are not there, or the array is no plain one, `pl.Series` is asked after all.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray


def _found() -> Mapping[np.dtype[Any], Callable[[str, NDArray[Any], bool], Any]]:
    try:
        from polars._plr import PySeries
    except ImportError:
        return {}
    named = {np.float64: "new_f64", np.int64: "new_i64", np.uint32: "new_u32", np.int8: "new_i8"}
    found = {np.dtype(kind): getattr(PySeries, name, None) for kind, name in named.items()}
    return {kind: make for kind, make in found.items() if make is not None and hasattr(pl.Series, "_from_pyseries")}


_MAKERS: Final = _found()


def column(name: str, values: NDArray[Any]) -> pl.Series:
    """An array of one dimension as a column: the same as ``pl.Series(name, values)``; NaN stays NaN."""
    make, flags = _MAKERS.get(values.dtype), values.flags
    if make is None or values.ndim != 1 or not (flags.c_contiguous and flags.aligned) or type(values) is not np.ndarray:
        return pl.Series(name, values)
    return pl.Series._from_pyseries(make(name, values, False))
