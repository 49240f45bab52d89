"""ONNX models, run by onnxruntime on one thread; opened once per file."""

import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from qfluxd.strategies.card import digest
from qfluxd.strategies.features import Rows
from qfluxd.strategy import Floats

INPUT: Final = "features"
OUTPUT: Final = "probability"
"""What a model's file calls what it is given (float32, a row per candle) and what it answers: the chance of a rise."""

MISSING: Final = "a model strategy needs onnxruntime, which is not installed; run: pip install 'qfluxd[ml]'"


class Runner:
    """One opened model. The promise: a row's answer depends on that row only, not on those beside it."""

    def __init__(self, data: bytes, place: Path) -> None:
        """Raises `ValueError` where the bytes are no such model, or onnxruntime is not installed."""
        self._session = _session(data, place)
        inputs = [(each.name, each.type) for each in self._session.get_inputs()]
        if inputs != [(INPUT, "tensor(float)")] or OUTPUT not in [each.name for each in self._session.get_outputs()]:
            raise ValueError(f"{place}: does not turn float32 {INPUT!r} into {OUTPUT!r}; train it with `qfluxd train`")
        self.width = int(self._session.get_inputs()[0].shape[1])
        """How many features a row has."""
        self.probabilities(np.zeros((1, self.width), dtype=np.float32))  # the first run allocates

    def probabilities(self, rows: Rows) -> Floats:
        """The calibrated probability of a rise for each row."""
        (found,) = self._session.run([OUTPUT], {INPUT: rows})
        return np.asarray(found, dtype=np.float64).reshape(-1)


def read_model(place: Path) -> str:
    """Open a model's file and give its SHA-256, under which `runner` has it then.

    Raises:
        ValueError: it cannot be read, is no such model, or onnxruntime is not installed.
    """
    sha256 = digest(_bytes(place))
    runner(place, sha256)
    return sha256


@lru_cache(maxsize=64)
def runner(place: Path, sha256: str) -> Runner:
    """The opened model of this file and SHA-256. Raises `ValueError` as `read_model` does, or where it has changed."""
    data = _bytes(place)
    if digest(data) != sha256:
        raise ValueError(f"{place}: has changed since it was read; reload the configuration")
    return Runner(data, place)


def _bytes(place: Path) -> bytes:
    try:
        return place.read_bytes()
    except FileNotFoundError:
        raise ValueError(f"{place}: there is no such file; `qfluxd train` makes one") from None
    except OSError as problem:
        raise ValueError(f"{place}: cannot be read ({problem.strerror or problem})") from None


def _session(data: bytes, place: Path) -> Any:
    if importlib.util.find_spec("onnxruntime") is None:
        raise ValueError(MISSING)
    import onnxruntime  # type: ignore[import-untyped]

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # noqa: BLE001 (onnxruntime has no class of errors of its own)
        why = str(problem).partition("\n")[0][:200]
        raise ValueError(f"{place}: cannot be opened as an ONNX model: {why}") from None
