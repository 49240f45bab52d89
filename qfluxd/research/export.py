"""From a fitted model to an ONNX file that any program can run, and the proof that it says the same."""

import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from qfluxd.errors import DataError
from qfluxd.research.curves import EDGE, Broken, Logistic
from qfluxd.research.learners import Learnt
from qfluxd.strategies.card import Parity
from qfluxd.strategies.features import Rows
from qfluxd.strategies.onnx import INPUT, OUTPUT, Runner
from qfluxd.strategy import Floats

_OPSET: Final = {"": 18, "ai.onnx.ml": 3}
_SCORES: Final = "probabilities"
_FLOAT: Final = 1
"""ONNX's number for float32."""

_SAME: Final = 1e-4
_MOST_OTHERS: Final = 1e-3
"""A tree compares with float32 where scikit-learn has float64, so a row in a million may fall on the other side."""


def as_onnx(learnt: Learnt, width: int) -> bytes:
    """The model with its curve as the bytes of an ONNX file: float32 `features` in, `probability` of a rise out."""
    from skl2onnx import to_onnx  # type: ignore[import-untyped]
    from skl2onnx.common.data_types import FloatTensorType  # type: ignore[import-untyped]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it hands numpy's numbers to protobuf, which grumbles and takes them
        model = to_onnx(
            learnt.pipeline,
            initial_types=[(INPUT, FloatTensorType([None, width]))],
            options={"zipmap": False},
            target_opset=_OPSET,
            name="qfluxd",
        )
    _Drawing(model.graph).draw(learnt)
    return bytes(model.SerializeToString(deterministic=True))


def parity(model: bytes, learnt: Learnt, rows: Rows, needed: Floats) -> Parity:
    """How far the file's probabilities are from the fitted model's, and how many decisions are other ones.

    `needed` is what a probability has to exceed, a row each.

    Raises:
        DataError: they differ by more than rounding explains.
    """
    own = learnt.probabilities(rows)
    written = Runner(model, Path("model.onnx")).probabilities(rows)
    apart = np.abs(own - written)
    if (apart > _SAME).mean() > _MOST_OTHERS:
        raise DataError(
            f"the ONNX file differs from the model that was fitted by up to {apart.max():.2g} in "
            f"{(apart > _SAME).sum()} of {apart.size} rows; take another kind of model or calibration"
        )
    other = (_sides(own, needed) != _sides(written, needed)).sum()
    return Parity(rows=len(rows), largest=float(apart.max()), other_decisions=int(other))


def _sides(up: Floats, needed: Floats) -> Any:
    return (up > needed).astype(np.int8) - (1 - up > needed).astype(np.int8)


class _Drawing:
    """Adds the curve behind the scores of a graph, node by node."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph

    def draw(self, learnt: Learnt) -> None:
        """Make the calibrated probability the graph's one output."""
        score = self._node("Gather", _SCORES, self._whole("second", 1), axis=1)
        match learnt.curve:
            case Logistic(slope, shift):
                made = self._logistic(score, slope, shift)
            case Broken(scores, probabilities):
                made = self._broken(score, scores, probabilities)
        self._graph.node.add(op_type="Identity", name=OUTPUT, input=[made], output=[OUTPUT])
        del self._graph.output[:]
        kind = self._graph.output.add(name=OUTPUT).type.tensor_type
        kind.elem_type = _FLOAT
        kind.shape.dim.add(dim_param="N")
        kind.shape.dim.add(dim_value=1)

    def _logistic(self, score: str, slope: float, shift: float) -> str:
        inside = self._node("Clip", score, self._scalar("least", EDGE), self._scalar("most", 1 - EDGE))
        rest = self._node("Sub", self._row("one", 1.0), inside)
        odds = self._node("Sub", self._node("Log", inside), self._node("Log", rest))
        line = self._node("Add", self._node("Mul", odds, self._row("slope", slope)), self._row("shift", shift))
        return self._node("Sigmoid", line)

    def _broken(self, score: str, scores: tuple[float, ...], probabilities: tuple[float, ...]) -> str:
        """Each piece adds its slope times how far the score has come through it."""
        first = self._row("first", probabilities[0])
        if len(scores) == 1:
            return self._node("Add", self._node("Mul", score, self._row("nothing", 0.0)), first)
        begins, ends = self._row("begins", *scores[:-1]), self._row("ends", *scores[1:])
        inside = self._node("Min", self._node("Max", score, begins), ends)
        pieces = zip(pairwise(probabilities), pairwise(scores), strict=True)
        slopes = self._column("slopes", *((high - low) / (end - begin) for (low, high), (begin, end) in pieces))
        return self._node("Add", self._node("MatMul", self._node("Sub", inside, begins), slopes), first)

    def _node(self, kind: str, *inputs: str, axis: int | None = None) -> str:
        name = f"curve_{len(self._graph.node)}"
        node = self._graph.node.add(op_type=kind, name=name, input=inputs, output=[name])
        if axis is not None:
            node.attribute.add(name="axis", type=2, i=axis)
        return name

    def _scalar(self, name: str, value: float) -> str:
        self._graph.initializer.add(name=name, data_type=_FLOAT, float_data=[value])
        return name

    def _row(self, name: str, *values: float) -> str:
        self._graph.initializer.add(name=name, data_type=_FLOAT, dims=[1, len(values)], float_data=values)
        return name

    def _column(self, name: str, *values: float) -> str:
        self._graph.initializer.add(name=name, data_type=_FLOAT, dims=[len(values), 1], float_data=values)
        return name

    def _whole(self, name: str, value: int) -> str:
        self._graph.initializer.add(name=name, data_type=7, dims=[1], int64_data=[value])
        return name
