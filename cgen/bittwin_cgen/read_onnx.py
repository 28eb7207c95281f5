"""ONNX to Graph: constants folded, shapes inferred, every node checked. Files are not trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.defs
import onnx.external_data_helper
import onnx.inliner
import onnx.numpy_helper
import onnx.reference
import onnx.shape_inference
from google.protobuf.message import DecodeError

from bittwin_cgen.alternatives import alternative
from bittwin_cgen.errors import BittwinError
from bittwin_cgen.ir import NUMBERS, Array, Graph, Node, Op, Port, Quantization, TensorType, fresh
from bittwin_cgen.onnx_node import Codes, OnnxNode
from bittwin_cgen.ops import OPERATORS
from bittwin_cgen.ops.known import Known
from bittwin_cgen.ops.quantize_linear import DequantizeLinear
from bittwin_cgen.ops.recentre import Recentre
from bittwin_cgen.symbolic_batch import check_dimension, with_batch

MICROSOFT = frozenset(
    """
    BiasGelu FastGelu FusedConv FusedGemm Gelu QGemm QLinearAdd QLinearAveragePool QLinearConcat
    QLinearGlobalAveragePool QLinearLeakyRelu QLinearMul QLinearSigmoid QLinearSoftmax QLinearWhere QuickGelu
    """.split()
)
QUANTIZERS = frozenset({"DequantizeLinear", "QuantizeLinear"})  # com.microsoft's do what those of opset 21 do
IN_BOTH = QUANTIZERS | {"Gelu"}  # domains: before opset 20, and since
DOMAINS = ("", "ai.onnx", "com.microsoft")
OLDEST_OPSET = 7
LARGEST_TENSOR = 1 << 31  # bytes; what C reaches with int

# Evaluated when all inputs are constants: shape arithmetic that exporters leave behind.
FOLDABLE = frozenset(
    """
    Abs Add And Cast Ceil Clip Concat ConstantOfShape Div Equal Exp Expand Floor Gather Greater GreaterOrEqual
    Identity Less LessOrEqual Log Max Min Mod Mul Neg Not Or Pow QuantizeLinear Range ReduceMax ReduceMean ReduceMin
    ReduceProd ReduceSum Reshape Round ScatterND Sign Size Slice Split Sqrt Squeeze Sub Tile Transpose Unsqueeze
    Where Xor
    """.split()
)


def load_model(source: str | Path | bytes | onnx.ModelProto) -> onnx.ModelProto:
    """A ModelProto with its weights, from a file, bytes or itself; raises BittwinError if it is not one.

    External data may only lie in the folder of the file. A batch that has no number is 1 (`symbolic_batch.py`).
    """
    if isinstance(source, onnx.ModelProto):
        _check_names(source, "model")
        return with_output_shapes(with_batch(source))
    where = "model" if isinstance(source, bytes) else str(source)
    try:
        content = source if isinstance(source, bytes) else Path(source).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        what = error.strerror if isinstance(error, OSError) else str(error)
        raise BittwinError(where, f"cannot be read ({what})", "Check the path") from None
    try:
        model = onnx.load_model_from_string(content)
    except (DecodeError, ValueError):
        raise BittwinError(where, "is not an ONNX file, or is truncated", "Export or copy it again") from None
    if not model.graph.node:
        raise BittwinError(where, "is not an ONNX file, or has no nodes", "Export or copy it again")
    _check_names(model, where)
    external = [t for t in model.graph.initializer if onnx.external_data_helper.uses_external_data(t)]
    if external and isinstance(source, bytes):
        raise BittwinError(where, "its weights lie in another file", "Give the path of the file instead of its bytes")
    for tensor in external:
        _load_external(tensor, Path(str(source)))
    return with_output_shapes(with_batch(model))


def with_output_shapes(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model, or a copy where an output has no shape in the file, which onnxruntime does not ask for."""
    if all(value.type.tensor_type.HasField("shape") for value in model.graph.output):
        return model
    try:
        inferred = {value.name: value for value in onnx.shape_inference.infer_shapes(model).graph.output}
    except (RuntimeError, ValueError):  # an invalid model, or one of more than 2 GiB: it is refused later
        return model
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for value in copy.graph.output:
        value.CopyFrom(inferred[value.name])
        value.type.tensor_type.shape.SetInParent()  # where nothing is known, the node that makes it is refused
    return copy


def _check_names(model: onnx.ModelProto, where: str) -> None:
    """Names that are no UTF-8 come as bytes, which nothing expects."""
    graph = model.graph
    names = [text for node in graph.node for text in (node.name, node.op_type, node.domain, *node.input, *node.output)]
    values = (*graph.initializer, *graph.input, *graph.output, *graph.value_info)
    for name in [*names, *(value.name for value in values)]:
        if not isinstance(name, str):
            raise BittwinError(where, f"has a name that is not text ({name!r})", "Export it again")


def _load_external(tensor: onnx.TensorProto, path: Path) -> None:
    folder = path.resolve().parent
    location = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
    file = (folder / location).resolve()
    if not location or not file.is_relative_to(folder):
        raise BittwinError(
            f"{path}, weight {tensor.name!r}",
            f"its data lies outside the model's folder ({location!r})",
            "Move it there",
        )
    if not file.is_file():
        raise BittwinError(f"{path}, weight {tensor.name!r}", f"its data file {location!r} is missing", "Copy it too")
    try:
        onnx.external_data_helper.load_external_data_for_tensor(tensor, str(folder))
    except Exception as error:  # whatever the library finds wrong with offsets and lengths
        raise BittwinError(
            f"{path}, weight {tensor.name!r}", f"its data cannot be read from {location!r} ({error})", "Export it again"
        ) from None
    tensor.data_location = onnx.TensorProto.DEFAULT
    del tensor.external_data[:]


def read_onnx(model: onnx.ModelProto, name: str) -> Graph:
    """The graph of a model as given, before any pass; raises BittwinError naming the first node that cannot be read."""
    return _reader(model, name).read()


def examine_nodes(model: onnx.ModelProto, name: str) -> dict[int, BittwinError | None]:
    """{number of the node in the file: why it cannot be read, or None}, as far as types are known."""
    reader = _reader(model, name)
    reader.problems = {}
    inferred = onnx.shape_inference.infer_shapes(model).graph
    for value in (*inferred.value_info, *inferred.output):
        tensor = value.type.tensor_type
        shape = tuple(d.dim_value for d in tensor.shape.dim)
        if tensor.HasField("shape") and math.prod(shape) > 0:
            reader.inferred[value.name] = TensorType(shape, _dtype(tensor.elem_type))
    reader.read()
    return reader.problems


def _reader(model: onnx.ModelProto, name: str) -> _Reader:
    if model.functions:
        model = onnx.inliner.inline_local_functions(model)
    try:
        onnx.checker.check_model(model)
    except Exception as error:  # also UnicodeDecodeError where a name is not text
        lines = str(error).strip().splitlines() or [type(error).__name__]
        first = "; ".join(line for line in lines if line is lines[0] or "Name:" in line)
        raise BittwinError(name, f"is not a valid ONNX model ({first})", "Export it again") from None
    opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 1)
    if opset < OLDEST_OPSET:
        raise BittwinError(
            name, f"opset {opset} is older than {OLDEST_OPSET}", "Convert it with onnx.version_converter"
        )
    if opset > onnx.defs.onnx_opset_version():
        newest = onnx.defs.onnx_opset_version()
        raise BittwinError(name, f"opset {opset} is newer than {newest}", "Update onnx, or export with an older opset")
    return _Reader(model.graph, opset, name)


class _Reader:
    def __init__(self, graph: onnx.GraphProto, opset: int, name: str) -> None:
        self.graph, self.opset, self.name = graph, opset, name
        self.constants: dict[str, Array] = {}
        self.codes: dict[str, Codes] = {}
        self.types: dict[str, TensorType] = {}
        self.nodes: list[Node] = []
        self.problems: dict[int, BittwinError | None] | None = None  # filled instead of raising the first
        self.inferred: dict[str, TensorType] = {}
        made = [name for node in graph.node for name in node.output]
        self.names = {*made, *(value.name for value in (*graph.input, *graph.initializer))}  # the file's own

    def read(self) -> Graph:
        if self.graph.sparse_initializer:
            raise BittwinError(self.name, "has sparse weights", "Export it with dense weights")
        for tensor in self.graph.initializer:
            self.constants[tensor.name] = _array(tensor)
        inputs = [self._input(value) for value in self.graph.input if value.name not in self.constants]
        for index, node in enumerate(self.graph.node):
            name = node.name or (node.output[0] if node.output else f"{node.op_type}_{index}")
            if self.problems is None:
                self._node(node, name)
            else:
                self.problems[index] = self._examine(node, name)
        ends = self.graph.output if self.problems is None or not any(self.problems.values()) else ()
        if ends and all(value.name in self.constants for value in ends):
            raise BittwinError(self.name, "gives nothing but constants", "Export a model that computes something")
        outputs = [self._output(value.name) for value in ends]
        if len({port.name for port in outputs}) != len(outputs):
            raise BittwinError(self.name, "gives one output twice", "Remove it from the model's outputs")
        if not inputs or (ends and not outputs) or not self.graph.output:
            raise BittwinError(self.name, "has no inputs or no outputs", "Export a model that computes something")
        return Graph(self.name, (), tuple(inputs), tuple(outputs), self.types, names=frozenset(self.names)).rewritten(
            self.nodes
        )

    def _examine(self, node: onnx.NodeProto, name: str) -> BittwinError | None:
        """What is wrong with a node; its outputs get the types that onnx infers, for those behind it."""
        try:
            self._node(node, name)
        except BittwinError as error:
            for output in node.output:
                if output in self.inferred:
                    self.types.setdefault(output, self.inferred[output])
            return error
        return None

    def _input(self, value: onnx.ValueInfoProto) -> Port:
        where = f"input {value.name!r}"
        tensor = value.type.tensor_type
        if not value.type.HasField("tensor_type") or not tensor.HasField("shape"):
            raise BittwinError(where, "has no static shape", "Export the model with a fixed input shape")
        shape = []
        for axis, dimension in enumerate(tensor.shape.dim):
            check_dimension(value, axis)
            shape.append(dimension.dim_value)
        dtype = _dtype(tensor.elem_type)
        if dtype not in NUMBERS:
            raise BittwinError(where, f"is {dtype}", f"Inputs have to be one of: {', '.join(sorted(NUMBERS))}")
        self._know(value.name, TensorType(tuple(shape), dtype), where)
        return Port(value.name, value.name)

    def _output(self, name: str) -> Port:
        if name in self.constants and name not in self.types:
            self._make_known(name, f"output {name!r}")
        if name not in self.types:
            raise BittwinError(f"output {name!r}", "is made by no node", "Repair the model")
        if self._is_uint8(name):
            real = self._fresh(f"{name}/uint8")
            self._make(Node(real, Recentre(), (name,), real), f"output {name!r}")
            return Port(name, real)
        return Port(name, name)

    def _is_uint8(self, name: str) -> bool:
        """True for a tensor that is uint8 in the file and held as int8."""
        quantization = self.types[name].quantization
        return quantization is not None and quantization.offset != 0

    def _know(self, name: str, type: TensorType, where: str) -> None:
        if type.bytes > LARGEST_TENSOR or type.size < 1:
            raise BittwinError(where, f"a tensor of shape {type.shape}", "Tensors have 1 byte to 2 GiB")
        self.types[name] = type

    def _node(self, proto: onnx.NodeProto, name: str) -> None:
        microsoft = proto.domain == "com.microsoft"
        node = OnnxNode(
            name,
            proto.op_type,
            max(self.opset, 21) if microsoft and proto.op_type in QUANTIZERS else self.opset,
            tuple(proto.input),
            tuple(proto.output),
            {a.name: _attribute(a) for a in proto.attribute if a.type not in (a.GRAPH, a.GRAPHS)},
            self.types,
            self.constants,
            self.codes,
        )
        for used in node.inputs:
            if used and used not in self.types and used not in self.constants:
                raise node.refuse(f"its input {used!r} is made by no node before it", "Repair the model")
        if proto.domain not in DOMAINS:
            raise node.refuse(f"domain {proto.domain!r} is unknown", "Use operators of ONNX or com.microsoft")
        try:
            if not self._fold(node, proto):
                self._compute(node, proto)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            what = f"its attributes or inputs are not valid ({type(error).__name__}: {error})"
            raise node.refuse(what, "Repair the model or export it again") from None

    def _compute(self, node: OnnxNode, proto: onnx.NodeProto) -> None:
        if proto.domain == "com.microsoft" and proto.op_type not in MICROSOFT | IN_BOTH:
            do = "Save the model before onnxruntime optimizes it"
            raise node.refuse("this operator of com.microsoft is not supported", do)
        reader = OPERATORS.get(proto.op_type)
        if reader is None:
            raise node.refuse("this operator is not supported", alternative(proto.op_type))
        if proto.op_type not in IN_BOTH and (proto.domain == "com.microsoft") != (proto.op_type in MICROSOFT):
            raise node.refuse(f"there is no such operator in domain {proto.domain!r}", "Repair the model")
        renamed: dict[str, str] = {}
        nodes = reader(node)
        for index, made in enumerate(nodes):
            own = made.output in node.outputs and all(made.output != later.output for later in nodes[index + 1 :])
            if not own and (made.output in self.names or made.output in self.types):  # a reader made that name up
                if made.output in node.inputs:
                    raise node.refuse(f"its input {made.output!r} has a name that is needed here", "Rename that tensor")
                renamed[made.output] = self._fresh(made.output)
            inputs = tuple(renamed.get(name, name) for name in made.inputs)
            output = made.output if own else renamed.get(made.output, made.output)
            self._add(replace(made, inputs=inputs, output=output), node)

    def _fresh(self, name: str) -> str:
        """A name for a tensor that the file does not have."""
        return fresh(name, self.names, self.types)

    def _add(self, made: Node, node: OnnxNode) -> None:
        for name in made.inputs:
            if name in self.constants and name not in self.types:
                self._make_known(name, f"{node.where}, input {name!r}")
        made = replace(made, inputs=tuple(self._held(name, made.op, node) for name in made.inputs))
        for name in made.inputs:
            if isinstance(made.op, DequantizeLinear):
                self._quantize(name, made.op, node)
            dtype = self.types[name].dtype
            if dtype not in made.op.takes and not made.op.moves:
                raise node.refuse(f"its input is {dtype}", f"Use {' or '.join(sorted(made.op.takes))} here")
        if made.output in self.types or made.output in self.constants:
            raise node.refuse(f"its output {made.output!r} is made twice", "Repair the model")
        self._make(made, node.where)

    def _make(self, made: Node, where: str) -> None:
        try:
            type = made.op.infer(tuple(self.types[name] for name in made.inputs))
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise BittwinError(where, str(error), "Repair the model or export it again") from None
        self._know(made.output, type, where)
        self.nodes.append(made)

    def _held(self, name: str, op: Op, node: OnnxNode) -> str:
        """The tensor that an operator reads for that of the file: uint8 codes are held as int8, other uint8 is not."""
        known = self.types[name]
        if isinstance(op, DequantizeLinear) and op.quantization.offset and known.dtype == "uint8":
            held = fresh(f"{name}/int8", self.names)
        elif self._is_uint8(name) and not op.moves and not isinstance(op, DequantizeLinear):
            held = fresh(f"{name}/uint8", self.names)
        else:
            return name
        if held not in self.types:
            self._make(Node(held, Recentre(), (name,), held), node.where)
        return held

    def _make_known(self, name: str, where: str) -> None:
        """A constant as a tensor, for outputs and for operators that have no place for it in themselves."""
        values, codes = self.constants[name], self.codes.get(name)
        if codes is not None and codes.scale.size == 1 and codes.codes.dtype in (np.int8, np.uint8):
            offset = 128 if codes.codes.dtype == np.uint8 else 0
            quantization = Quantization(
                float(codes.scale.reshape(-1)[0]), int(codes.zero_point.reshape(-1)[0]) - offset, offset
            )
            held = (codes.codes.astype(np.int16) - offset).astype(np.int8)
            made = self._fresh(f"{name}/codes")
            self._make(Node(made, Known(held, quantization), (), made), where)
            self._make(Node(name, DequantizeLinear(quantization), (made,), name), where)
            return
        if str(values.dtype) not in NUMBERS:
            raise BittwinError(where, f"is a constant of {values.dtype}", "Convert it to float32")
        self._make(Node(name, Known(values), (), name), where)

    def _quantize(self, name: str, op: DequantizeLinear, node: OnnxNode) -> None:
        """What the codes of a tensor mean is said by the node that reads them, where nothing made them."""
        known = self.types[name]
        if known.quantization is None:
            self.types[name] = TensorType(known.shape, known.dtype, op.quantization)
        elif known.quantization != op.quantization:
            raise node.refuse(
                f"codes made with {known.quantization} are read with {op.quantization}", "Quantize the model again"
            )

    def _fold(self, node: OnnxNode, proto: onnx.NodeProto) -> bool:
        """Nodes whose value is known become constants."""
        if node.op_type == "Constant":
            value = next(iter(node.attributes.values()), None)
            self.constants[node.outputs[0]] = value if isinstance(value, np.ndarray) else _constant(value, node)
            return True
        if node.op_type == "Shape" and node.inputs[0] in self.types:
            shape = self.types[node.inputs[0]].shape[node.attribute("start", 0) : node.attribute("end")]
            self.constants[node.outputs[0]] = np.array(shape, np.int64)
            return True
        if node.op_type == "Size" and node.inputs[0] in self.types:
            self.constants[node.outputs[0]] = np.array(self.types[node.inputs[0]].size, np.int64)
            return True
        if not all(not name or name in self.constants for name in node.inputs) or not node.inputs:
            return False
        if node.op_type == "DequantizeLinear":
            self._dequantize_constant(node)
            return True
        if node.op_type not in FOLDABLE:
            return False
        if node.op_type in ("ConstantOfShape", "Expand", "Tile", "Range"):
            largest = max(float(np.abs(self.constants[name].astype(np.float64)).prod()) for name in node.inputs if name)
            if largest * sum(self.constants[name].size for name in node.inputs if name) > 1 << 26:
                raise node.refuse("a constant of that size", "Store it as an initializer")
        for name in node.inputs:
            if name in self.codes:
                return False
        try:
            values = _evaluate(proto, node.opset, {name: self.constants[name] for name in node.inputs if name})
        except Exception as error:
            raise node.refuse(f"its constant value cannot be computed ({error})", "Fold it with onnxslim") from None
        self.constants.update(zip(node.outputs, values, strict=True))
        return True

    def _dequantize_constant(self, node: OnnxNode) -> None:
        codes = node.constant(0, "codes")
        scale = node.scales(1, subnormal=codes.dtype == np.int32)
        zero_point = node.constant(2, "zero point") if node.has(2) else np.zeros(scale.shape, codes.dtype)
        if not np.issubdtype(codes.dtype, np.integer) or node.attribute("block_size", 0):
            raise node.refuse(
                f"weights of type {codes.dtype} in blocks", "Quantize weights to int8, one scale a channel"
            )
        axis = node.attribute("axis", 1)
        axis = axis + codes.ndim if axis < 0 else axis
        if scale.size > 1 and (axis >= codes.ndim or codes.shape[axis] != scale.size):
            raise node.refuse(f"{scale.size} scales for codes of shape {codes.shape}", "Quantize the model again")
        if zero_point.size != scale.size:
            raise node.refuse(f"{zero_point.size} zero points for {scale.size} scales", "Quantize the model again")
        along = [-1 if i == axis else 1 for i in range(codes.ndim)]
        factor, origin = (v.reshape(along) if v.size > 1 else v.reshape(()) for v in (scale, zero_point))
        real = ((codes.astype(np.int64) - origin.astype(np.int64)).astype(np.float32) * factor).astype(np.float32)
        self.constants[node.outputs[0]] = real
        self.codes[node.outputs[0]] = Codes(codes, scale.reshape(-1), zero_point.reshape(-1), axis)


def _dtype(element: int) -> str:
    try:
        return str(onnx.helper.tensor_dtype_to_np_dtype(element))
    except KeyError:
        return f"type {element}"


def _array(tensor: onnx.TensorProto) -> Array:
    if math.prod(tensor.dims) > LARGEST_TENSOR or min(tensor.dims, default=1) < 0:
        raise BittwinError(
            f"weight {tensor.name!r}", f"has the shape {list(tensor.dims)}", "Tensors have at most 2 GiB"
        )
    if onnx.external_data_helper.uses_external_data(tensor):
        raise BittwinError(
            f"weight {tensor.name!r}",
            "its data lies in another file",
            "Give the path of the model, with weights as initializers",
        )
    try:
        return onnx.numpy_helper.to_array(tensor)
    except Exception as error:
        raise BittwinError(f"weight {tensor.name!r}", f"cannot be read ({error})", "Export the model again") from None


def _attribute(attribute: onnx.AttributeProto) -> Any:
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, onnx.TensorProto):
        return _array(value)
    return value


def _constant(value: Any, node: OnnxNode) -> Array:
    if isinstance(value, (int, float)):
        return np.array(value, np.int64 if isinstance(value, int) else np.float32)
    try:
        items = list(value)
        return np.array(items, np.int64 if all(isinstance(item, int) for item in items) else np.float32)
    except (TypeError, ValueError):
        raise node.refuse("a constant that is not a tensor of numbers", "Repair the model") from None


def _evaluate(proto: onnx.NodeProto, opset: int, values: Mapping[str, Array]) -> list[Array]:
    """Outputs of one node on known inputs, by onnx's own reference implementation."""
    infos = [
        onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
        for name, value in values.items()
    ]
    outputs = [onnx.helper.make_empty_tensor_value_info(name) for name in proto.output]
    if proto.op_type in QUANTIZERS:
        plain = onnx.NodeProto()
        plain.CopyFrom(proto)
        plain.domain, proto = "", plain
    graph = onnx.helper.make_graph([proto], "constant", infos, outputs)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=10)
    return [np.asarray(value) for value in onnx.reference.ReferenceEvaluator(model).run(None, dict(values))]
