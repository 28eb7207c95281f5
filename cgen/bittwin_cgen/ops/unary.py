"""Functions of one value: activations and elementary functions.

They share one file and one kernel struct: each is a formula and its numpy reference, all else is the same for all.
In int8 each is a table of 256 results.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bittwin_cgen.ir import Array, Call, Kernel, Layer, Node, OnnxForm, Op, Struct, TensorType
from bittwin_cgen.kernels import select
from bittwin_cgen.onnx_node import OnnxNode

_erf = np.vectorize(math.erf, otypes=[np.float64])


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def _softplus(x: Array) -> Array:
    return np.logaddexp(0.0, x)


@dataclass(frozen=True)
class Function:
    """name: of the kernel; compute(x, alpha, beta) in float64; ONNX attributes for alpha and beta with defaults."""

    name: str
    compute: Callable[[Array, float, float], Array]
    parameters: Mapping[str, float] | None = None


FUNCTIONS = {
    "Abs": Function("abs", lambda x, a, b: np.abs(x)),
    "Ceil": Function("ceil", lambda x, a, b: np.ceil(x)),
    "Celu": Function("celu", lambda x, a, b: np.where(x > 0, x, a * np.expm1(np.minimum(x, 0) / a)), {"alpha": 1.0}),
    "Elu": Function("elu", lambda x, a, b: np.where(x > 0, x, a * np.expm1(np.minimum(x, 0))), {"alpha": 1.0}),
    "Erf": Function("erf", lambda x, a, b: _erf(x)),
    "Exp": Function("exp", lambda x, a, b: np.exp(x)),
    "Floor": Function("floor", lambda x, a, b: np.floor(x)),
    "Gelu": Function("gelu", lambda x, a, b: 0.5 * x * (1 + _erf(x / math.sqrt(2)))),
    "Gelu tanh": Function(
        "gelu_tanh", lambda x, a, b: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    ),
    "HardSigmoid": Function("hard_sigmoid", lambda x, a, b: np.clip(a * x + b, 0, 1), {"alpha": 0.2, "beta": 0.5}),
    "HardSwish": Function("hard_swish", lambda x, a, b: x * np.clip(x / 6 + 0.5, 0, 1)),
    "LeakyRelu": Function("leaky_relu", lambda x, a, b: np.where(x < 0, a * x, x), {"alpha": 0.01}),
    "Log": Function("log", lambda x, a, b: np.log(x)),
    "Mish": Function("mish", lambda x, a, b: x * np.tanh(_softplus(x))),
    "Neg": Function("neg", lambda x, a, b: -x),
    "Pow": Function("pow", lambda x, a, b: np.power(x, a), {"exponent": 1.0}),
    "Reciprocal": Function("reciprocal", lambda x, a, b: 1 / x),
    "Round": Function("round", lambda x, a, b: np.rint(x)),
    "Selu": Function(
        "selu",
        lambda x, a, b: b * np.where(x > 0, x, a * np.expm1(np.minimum(x, 0))),
        {"alpha": 1.67326319217681884765625, "gamma": 1.05070102214813232421875},
    ),
    "Sigmoid": Function("sigmoid", lambda x, a, b: _sigmoid(x)),
    "Sign": Function("sign", lambda x, a, b: np.sign(x)),
    "Softplus": Function("softplus", lambda x, a, b: _softplus(x)),
    "Softsign": Function("softsign", lambda x, a, b: x / (1 + np.abs(x))),
    "Sqrt": Function("sqrt", lambda x, a, b: np.sqrt(x)),
    "Swish": Function("swish", lambda x, a, b: x * _sigmoid(a * x), {"alpha": 1.0}),
    "Tanh": Function("tanh", lambda x, a, b: np.tanh(x)),
    "ThresholdedRelu": Function("thresholded_relu", lambda x, a, b: np.where(x > a, x, 0), {"alpha": 1.0}),
}


@dataclass(frozen=True)
class Unary(Op):
    """`function` (a name in FUNCTIONS) of each value."""

    function: str
    alpha: float = 0.0
    beta: float = 0.0
    elementwise = True

    @property
    def title(self) -> str:
        return self.function

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType(inputs[0].shape, inputs[0].dtype)

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        with np.errstate(all="ignore"):
            x = values[0].astype(np.float64)
            y: Array = np.asarray(FUNCTIONS[self.function].compute(x, self.alpha, self.beta))
            return y.astype(output.dtype)

    @property
    def onnx(self) -> OnnxForm | None:
        if self.function == "Swish":
            return None  # two operators in most files
        if self.function == "Gelu tanh":
            return OnnxForm("Gelu", {"approximate": "tanh"})
        if self.function == "Pow":
            return OnnxForm("Pow", {}, (np.array(self.alpha, np.float32),))
        parameters = FUNCTIONS[self.function].parameters or {}
        return OnnxForm(self.function, dict(zip(parameters, (self.alpha, self.beta), strict=False)))

    def lower(self, layer: Layer) -> Call:
        name = FUNCTIONS[self.function].name
        rows = [row for row in KERNELS if row.symbol.startswith(f"btw_unary_{name}_f32_")]
        kernel, refused = select(rows, layer)
        fields = dict(channels=layer.output.layout[2], alpha=self.alpha, beta=self.beta)
        return Call(kernel, Struct("btw_unary_f32", fields), summary=self.title, refused=refused)


def _at_least(count: int) -> Callable[[Layer], str | None]:
    def suits(layer: Layer) -> str | None:
        values = layer.output.layout[1] * layer.output.layout[2]
        return None if values >= count else f"{values} values a row; vectors pay from {count} on"

    return suits


KERNELS = (
    *(
        Kernel(f"btw_unary_{name}_f32_mve", "pixels", "f32", "mve", "unary", _at_least(8), in_place=True)
        for name in ("elu", "gelu", "hard_sigmoid", "hard_swish", "leaky_relu", "mish", "sigmoid", "swish", "tanh")
    ),
    *(
        Kernel(f"btw_unary_{name}_f32_neon", "pixels", "f32", "neon", "unary", _at_least(4), in_place=True)
        for name in (
            *("elu", "gelu", "gelu_tanh", "hard_sigmoid", "hard_swish"),
            *("leaky_relu", "mish", "sigmoid", "swish", "tanh"),
        )
    ),
    *(
        Kernel(f"btw_unary_{function.name}_f32_scalar", "pixels", "f32", "scalar", "unary", in_place=True)
        for function in FUNCTIONS.values()
    ),
)


def read_unary(node: OnnxNode) -> list[Node]:
    """An ONNX operator of FUNCTIONS."""
    name = node.op_type
    if name == "Gelu" and node.attribute("approximate", "none") == "tanh":
        name = "Gelu tanh"
    values = [float(node.attribute(key, value)) for key, value in (FUNCTIONS[name].parameters or {}).items()]
    if not all(math.isfinite(value) for value in values) or (name == "Celu" and values == [0.0]):
        raise node.refuse(f"its parameters are {values}", "Repair the model")
    return node.node(Unary(name, *(float(np.float32(value)) for value in values)), node.activation(0))
