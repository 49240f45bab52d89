"""Columns made of arrays are those that polars makes of them."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_series_equal

from qfluxd import columns
from qfluxd.columns import column

PLAIN = [np.array([1, 2, 3], kind) for kind in (np.float64, np.int64, np.uint32, np.int8, np.int16, np.bool_)]
ODD: list[Any] = [
    np.array([]),
    np.array([np.nan, -np.inf, 0.0]),
    np.arange(10.0)[::3],
    np.arange(6.0).reshape(2, 3)[1],
    np.arange(3.0).astype(">f8"),
    np.frombuffer(b"\0" * 25, np.float64, 3, 1),
    np.ma.masked_array([1.0, 2.0], [True, False]),
]


@pytest.mark.parametrize("values", [*PLAIN, *ODD])
def test_a_column_is_what_polars_makes_of_an_array(values: Any) -> None:
    """Also of an empty one, of one with NaN, steps, foreign bytes or a mask."""
    assert_series_equal(column("x", values), pl.Series("x", values), check_exact=True)


def test_the_quick_way_is_there() -> None:
    """With the polars that is installed; without it columns are made the slow way, and are the same."""
    assert {np.dtype(kind) for kind in (np.float64, np.int64, np.uint32, np.int8)} == set(columns._MAKERS)
