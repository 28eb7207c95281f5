"""Two levels of one network: `Graph` says what is computed, `Program` says how."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
PaddingMode = Literal["constant", "reflect", "edge", "wrap"]

# ---------------------------------------------------------------- what is computed


@dataclass(frozen=True)
class Quantization:
    """real = scale * (code - zero_point), one scale for the whole tensor; scale is a float32 value.

    uint8 codes of an ONNX file are held as int8, 128 lower, and so is their zero point. `offset` (0 or 128) is by how
    much they are larger in the file: formulas that round beside a zero point have to use the file's own.
    """

    scale: float
    zero_point: int
    offset: int = 0


@dataclass(frozen=True)
class TensorType:
    """Shape in ONNX order, numpy dtype name, and what the codes mean where they are quantized."""

    shape: tuple[int, ...]
    dtype: str
    quantization: Quantization | None = None

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        return self.size * np.dtype(self.dtype).itemsize

    @property
    def layout(self) -> tuple[int, int, int]:
        """(rows, width, channels) in C: [N,C,H,W] is [N][H][W][C], [N,C,L] [N][L][C], [N,K] [N][K], others flat."""
        if len(self.shape) == 4:
            return self.shape[0] * self.shape[2], self.shape[3], self.shape[1]
        if len(self.shape) == 3:
            return self.shape[0], self.shape[2], self.shape[1]
        if len(self.shape) == 2:
            return 1, self.shape[0], self.shape[1]
        return 1, 1, self.size

    @property
    def image(self) -> tuple[int, int, int]:
        """(height, width, channels) of one image of [N,C,H,W] or [N,C,L]."""
        return replace(self, shape=(1, *self.shape[1:])).layout

    @property
    def memory_axes(self) -> tuple[int, ...]:
        """The axes of the ONNX shape in the order in which they lie in C, the slowest first."""
        rank = len(self.shape)
        return (0, *range(2, rank), 1) if rank in (3, 4) else tuple(range(rank))

    @property
    def strides(self) -> tuple[int, ...]:
        """Elements in C from one index to the next, for each axis of the ONNX shape."""
        found, step = [0] * len(self.shape), 1
        for axis in reversed(self.memory_axes):
            found[axis] = step
            step *= self.shape[axis]
        return tuple(found)

    @property
    def channels_first_is_last(self) -> bool:
        """True when ONNX order and C order are the same bytes."""
        return len(self.shape) not in (3, 4) or self.shape[1] == 1 or math.prod(self.shape[2:]) == 1


# (operator, meaning of its input codes, of its output codes) to int8[256], the codes that onnxruntime gives
UnaryTable = Callable[["OnnxForm", Quantization, Quantization], Array]
FLOAT = frozenset({"float32"})
NUMBERS = frozenset({"float32", "int8", "uint8", "int16", "uint16", "int32", "int64", "bool"})


@dataclass(frozen=True, eq=False)
class OnnxForm:
    """An operator as ONNX writes it: type, attributes, constant inputs after the first."""

    op_type: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    constants: tuple[Array | None, ...] = ()


class Op:
    """What one operator computes. Subclasses are frozen dataclasses, one file each in `ops/`."""

    moves: ClassVar[bool] = (
        False  # values are only moved or selected: int8 works on codes, in and out share their scale
    )
    elementwise: ClassVar[bool] = False  # one input, each value on its own: int8 is a table of 256 entries
    takes: ClassVar[frozenset[str]] = FLOAT  # dtypes of its inputs as the ONNX file has them; those that move take all
    conditions: ClassVar[int] = 0  # how many of its first inputs are bool, which no quantization changes
    one_image: ClassVar[bool] = False  # its kernels take one image [1, ...]: of several, each is computed by itself

    @property
    def title(self) -> str:
        return type(self).__name__

    @property
    def onnx(self) -> OnnxForm | None:
        """How ONNX writes an elementwise operator, so that onnxruntime can make its table."""
        return None

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        """Type of the output; raises ValueError(what) for inputs that do not fit."""
        raise NotImplementedError(self.title)

    def quantized(self, inputs: Sequence[TensorType], output: TensorType) -> Op | None:
        """The same operator on int8 codes, as onnxruntime fuses it between DequantizeLinear and QuantizeLinear."""
        return self if self.moves else None

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        """numpy reference: values in ONNX order to the output in ONNX order."""
        raise NotImplementedError(self.title)

    def moves_nothing(self, x: TensorType, y: TensorType) -> bool:
        """True when the output is the bytes of the input in C: it then shares their memory."""
        return False

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        """True where image i of the output (axis 0) comes from image i of each input alone: C can loop over them."""
        return self.elementwise or self.one_image

    def keeps_rows(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        """True where each row of the output comes from the same row of each input alone, all of rank 4."""
        return False

    def for_one_image(self) -> Op:
        """The operator on [1, ...] where this one is on [N, ...]; only one that knows its own shape differs."""
        return self

    def macs(self, inputs: Sequence[TensorType], output: TensorType) -> int:
        return 0

    def lower(self, layer: Layer) -> Call:
        """How it is computed on `layer.target`."""
        raise NotImplementedError(self.title)


def fresh(name: str, *taken: Container[str]) -> str:
    """The name, or the first longer one that is not taken: files may hold any name."""
    while any(name in names for names in taken):
        name += "'"
    return name


@dataclass(frozen=True)
class Node:
    """An operator applied to tensors; the name is the ONNX node's."""

    name: str
    op: Op
    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True)
class Port:
    """A graph input or output: its ONNX name, and the tensor that C takes or gives for it."""

    name: str
    tensor: str


@dataclass(frozen=True)
class Removed:
    """A tensor of the ONNX file that C does not compute: why, and the tensor that holds the same values, if any."""

    reason: str
    same_as: str | None = None


@dataclass(frozen=True)
class Savings:
    """What went because no output depends on it: channels of tensors, multiplications, weights."""

    channels: int = 0
    macs: int = 0
    weights: int = 0


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which they can run; `types` has every tensor, `constants` those that are known."""

    name: str
    nodes: tuple[Node, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    types: Mapping[str, TensorType]
    constants: Mapping[str, Array] = field(default_factory=dict)
    removed: Mapping[str, Removed] = field(default_factory=dict)
    names: frozenset[str] = frozenset()  # of all tensors of the file: `types` lacks constants that went into operators
    batch: int = 1
    live: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # tensor: its channels (axis 1) that C computes
    savings: Savings = field(default_factory=Savings)

    def consumers(self) -> dict[str, list[Node]]:
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                found.setdefault(name, []).append(node)
        return found

    def producers(self) -> dict[str, Node]:
        return {node.output: node for node in self.nodes}

    def output_tensors(self) -> set[str]:
        return {port.tensor for port in self.outputs}

    def input_types(self, node: Node) -> tuple[TensorType, ...]:
        return tuple(self.types[name] for name in node.inputs)

    def rewritten(
        self,
        nodes: Sequence[Node],
        types: Mapping[str, TensorType] | None = None,
        removed: Mapping[str, Removed] | None = None,
        **changes: object,
    ) -> Graph:
        """This graph with other nodes; unused types fall away, removed tensors are remembered."""
        known = {**self.types, **(types or {})}
        ports = changes.get("inputs", self.inputs), changes.get("outputs", self.outputs)
        kept = {port.tensor for side in ports for port in side}  # type: ignore[attr-defined]
        kept |= {name for node in nodes for name in (*node.inputs, node.output)}
        gone = {name: why for name, why in {**self.removed, **(removed or {})}.items() if name not in kept}
        return replace(
            self,
            nodes=tuple(nodes),
            types={name: known[name] for name in known if name in kept or name in gone},
            constants={name: value for name, value in self.constants.items() if name in kept},
            removed=gone,
            **changes,  # type: ignore[arg-type]
        )


# ---------------------------------------------------------------- how it is computed


@dataclass(frozen=True)
class Target:
    """A processor: instruction sets in order of preference, how C is built for it."""

    name: str
    isas: tuple[str, ...]
    has_fpu: bool = True
    armv7: bool = False  # NEON without what AArch64 added: division, rounding to even, fused multiply-add


@dataclass(frozen=True, eq=False)
class Constant:
    """A read-only C array."""

    values: Array


@dataclass(frozen=True)
class Struct:
    """A C struct initializer: designated fields in order."""

    type: str
    fields: Mapping[str, Field]


Field = int | float | Constant | Struct | tuple[Struct, ...] | None


@dataclass(frozen=True)
class Kernel:
    """A row of a kernel table. `form` is how it is called:

    rows    f(layer, rows[], y)           one output row from a table of input row pointers; `numbered`: (..., y, oy)
    row_pairs  f(layer, rows[], y[])      two neighbouring output rows of a whole tensor, from the input rows of both
    pixels  f(layer, x..., y, pixels)     that many pixels of each input to as many of the output
    parts   f(layer, x[], y, pixels)      pixels of a table of inputs to as many of the output
    whole   f(layer, x..., y)             dense tensors
    row     f(layer, x..., y)             a row of each input to one of the output, by a kernel of whole tensors
    reduce  f(layer, x, y, row)           one input row after another; y is there after the last

    A kernel with `scratch` takes a pointer to that many bytes of the arena as its last argument. It may read `slack`
    bytes past the rows or pixels of its input. Where weights have to be packed, `pack` makes the struct of a layer.
    With `in_place`, y of a kernel of pixels may be any of its inputs. `widened`: an int8 weight takes more than a byte.
    `transformed`: there are more constants than weights, 16 of Winograd's for 9.
    `per_mac`: instructions a multiplication takes, about; to compare kernels that compute the same.
    """

    symbol: str
    form: Literal["rows", "row_pairs", "pixels", "parts", "whole", "row", "reduce"]
    dtype: str
    isa: str
    folder: str
    accepts: Callable[[Any], str | None] = lambda layer: None  # why the layer does not suit it, or None
    pack: Callable[[Any], Struct] | None = None
    scratch: Callable[[Any], int] | None = None
    slack: int = 0
    in_place: bool = False
    widened: bool = False
    transformed: bool = False
    numbered: bool = False
    per_mac: float = 5.0

    @property
    def source(self) -> str:
        return f"kernels/{self.folder}/{self.symbol.removeprefix('btw_')}.c"

    @property
    def header(self) -> str:
        return f"kernels/{self.folder}/{self.folder}_{self.dtype}.h"

    @property
    def needs(self) -> tuple[str, ...]:
        """Instruction sets without which it does not compile; the DSP kernels for any scale use the FPU."""
        if self.isa == "scalar":
            return ()
        return (self.isa, "fpu") if self.symbol.endswith("_dsp_float") else (self.isa,)


@dataclass(frozen=True)
class Window:
    """Input rows that one output row needs: `height` of them from `oy * stride - top`, `dilation` apart.

    top: negative where the first rows are not read. left and right: pixels that lie beside each row, filled as `mode`
    says; mode "absent": rows outside are null. `bottom`: in mode "constant", rows further below the image are null too.

    Mode "table": `table` lists the input rows of each output row, -1 for null; of the other numbers `height` counts.
    """

    height: int
    stride: int
    dilation: int
    top: int
    left: int
    right: int
    mode: PaddingMode | Literal["absent", "table"]
    value: int | float = 0
    bottom: int | None = None
    table: tuple[tuple[int, ...], ...] = ()

    @classmethod
    def of_table(cls, rows: Array) -> Window:
        """The window of input rows [output rows, height]; -1 for null."""
        table = tuple(tuple(int(row) for row in line) for line in rows)
        return cls(rows.shape[1], 1, 1, 0, 0, 0, "table", table=table)

    @property
    def pads(self) -> tuple[int, int]:
        return self.left, self.right


@dataclass(frozen=True)
class Layer:
    """What an operator sees when it is lowered: its node, the types around it, the target.

    `whole`: no other layer runs between its rows, so all rows of input and output are in memory.
    """

    node: Node
    inputs: tuple[TensorType, ...]
    output: TensorType
    target: Target
    whole: bool = field(default=False, kw_only=True)


@dataclass(frozen=True)
class Call:
    """One layer: a kernel, the constants of its layer struct, and for kernels of rows the window into its input."""

    kernel: Kernel
    layer: Struct | None
    window: Window | None = None
    summary: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)  # kernel symbol: why it was not chosen
    notes: tuple[str, ...] = ()
    scratch: int = 0  # bytes
    order: tuple[int, ...] | None = None  # of the node's inputs as the kernel takes them
    pixels: int | None = None  # what counts as a pixel where that is not one of the output's; needs dense tensors


@dataclass(frozen=True)
class Step:
    """A call in its place: C name, tensors, MACs."""

    name: str
    node: Node
    call: Call
    inputs: tuple[str, ...]
    output: str
    macs: int


@dataclass(frozen=True)
class Buffer:
    """Rows of one tensor in the arena: all of them, or a ring of the last `slots`."""

    tensor: str
    dtype: str
    height: int
    width: int
    channels: int
    slots: int
    left: int = 0
    right: int = 0
    mode: str = "constant"
    value: int | float = 0
    slack: int = 0  # bytes behind the last row that may be read
    below: int = 0  # rows of padding values that follow the tensor's own in a ring

    @property
    def ring(self) -> bool:
        """Rows above and below the image are rows of padding values in the ring, too."""
        return self.slots < self.height

    @property
    def itemsize(self) -> int:
        return np.dtype(self.dtype).itemsize

    @property
    def row_bytes(self) -> int:
        return self.width * self.channels * self.itemsize

    @property
    def stride(self) -> int:
        """Bytes from one row to the next."""
        return (self.left + self.width + self.right) * self.channels * self.itemsize

    @property
    def bytes(self) -> int:
        return self.slots * self.stride + self.slack

    @property
    def first(self) -> int:
        """Bytes from the start of the buffer to its first pixel."""
        return self.left * self.channels * self.itemsize

    @property
    def dense(self) -> bool:
        return self.slots == self.height and self.left == self.right == 0


@dataclass(frozen=True)
class Segment:
    """Steps that run interleaved row by row; a segment of one step runs all its rows in a loop.

    `paced`: outputs whose rows are made when they are wanted, not as soon as they can be.
    """

    steps: tuple[Step, ...]
    paced: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Place:
    """Where a buffer lies in the arena, and from which step to which it is alive (both inclusive)."""

    offset: int
    bytes: int
    first: int
    last: int


@dataclass(frozen=True)
class Search:
    """How the order of steps was found: orders tried, whether these are all, and bytes that every order needs.

    `narrowest`: the step that makes a row when so many are needed.
    """

    orders: int
    all_orders: bool
    lower_bound: int
    narrowest: str = ""


@dataclass(frozen=True)
class Program:
    """Everything the emitter needs: segments in order, buffers and their places."""

    graph: Graph
    target: Target
    schedule: str
    segments: tuple[Segment, ...]
    types: Mapping[str, TensorType]  # of every tensor of the graph, and of the copies that lowering adds
    buffers: Mapping[str, Buffer]
    outside: Mapping[str, str]  # step name: the place of its row of padding values
    scratch: Mapping[str, str]  # step name: the place of its scratch memory
    places: Mapping[str, Place]  # by tensor, or by a name of `lower`
    aliases: Mapping[str, str]  # tensor to the tensor that it is, in other dimensions
    shared: Mapping[str, str]  # tensor made in place to the tensor whose place it takes, row by row
    arena_bytes: int
    search: Search
    constants: Mapping[str, Array] = field(default_factory=dict)  # tensors that lie among the weights, in ONNX order
    pushed: bool = False  # the first step of the first segment takes input rows as they come

    def steps(self) -> Iterator[Step]:
        return (step for segment in self.segments for step in segment.steps)

    def memory_of(self, tensor: str) -> str:
        while tensor in self.aliases:
            tensor = self.aliases[tensor]
        return tensor

    def place_of(self, tensor: str) -> Place:
        """Where the rows of a tensor lie."""
        root = self.memory_of(tensor)
        return self.places[self.shared.get(root, root)]


@dataclass(frozen=True, eq=False)
class ConstantsText:
    """A file of constants: its text, made when it is asked for; `arrays`, {C array: values}, say the same."""

    make: Callable[[], str]
    arrays: Mapping[str, Array]


class Files(Mapping[str, str]):
    """{path: text}, some of it made when it is asked for."""

    def __init__(self, entries: Mapping[str, str | ConstantsText]) -> None:
        self._entries = dict(entries)

    def __getitem__(self, path: str) -> str:
        entry = self._entries[path]
        if isinstance(entry, ConstantsText):
            entry = self._entries[path] = entry.make()
        return entry

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def arrays(self, path: str) -> Mapping[str, Array] | None:
        """What a file of constants says, where nobody has asked for its text yet."""
        entry = self._entries.get(path)
        return entry.arrays if isinstance(entry, ConstantsText) else None


@dataclass(frozen=True)
class GeneratedModel:
    """The C of a model as {path: text}, made from `program`; writing it is the caller's."""

    name: str
    program: Program
    files: Mapping[str, str]
    manifest: Mapping[str, Any]
