"""Graph to Program: kernels chosen, buffers with their padding, segments, offsets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bittwin_cgen.errors import BittwinError
from bittwin_cgen.ir import Buffer, Graph, Layer, Node, Program, Segment, Step, Target, TensorType, Window
from bittwin_cgen.memory import Request, plan_memory
from bittwin_cgen.ops.copy import Copy
from bittwin_cgen.ops.reshape import Reshape
from bittwin_cgen.schedule import ring_slots

RESERVED = frozenset(
    """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl const constexpr continue
    default delete do double else enum explicit export extern false float for friend goto if inline int long mutable
    namespace new not not_eq nullptr operator or or_eq private protected public register restrict return short
    signed sizeof static struct switch template this throw true try typedef typename union unsigned using virtual
    void volatile while xor xor_eq run arena frame weights
    """.split()
)


def identifier(text: str, taken: set[str], default: str) -> str:
    """A C identifier like `text`, not in `taken` (to which it is added): letters, digits, single underscores."""
    name = re.sub(r"[^0-9A-Za-z]+", "_", text).strip("_").lower()[:40].strip("_") or default
    if name[0].isdigit():
        name = f"{default}_{name}"
    if name in RESERVED:
        name += "_"
    unique, count = name, 1
    while unique in taken:
        count += 1
        unique = f"{name}_{count}"
    taken.add(unique)
    return unique


def lower(graph: Graph, target: Target, schedule: str) -> Program:
    """The program of a graph for a target; raises BittwinError for layers that cannot be computed."""
    aliases = _aliases(graph)
    nodes, types = _with_copies_to_outputs(graph, aliases)
    steps = _steps(graph, nodes, types, aliases, target)
    return _Memory(graph, types, aliases, steps).program(target, schedule)


def _aliases(graph: Graph) -> dict[str, str]:
    return {
        node.output: node.inputs[0]
        for node in graph.nodes
        if isinstance(node.op, Reshape) and node.op.moves_nothing(graph.types[node.inputs[0]], graph.types[node.output])
    }


def _root(aliases: Mapping[str, str], tensor: str) -> str:
    while tensor in aliases:
        tensor = aliases[tensor]
    return tensor


def _with_copies_to_outputs(graph: Graph, aliases: dict[str, str]) -> tuple[list[Node], dict[str, TensorType]]:
    """Every output has memory of its own: one that shares it with an input or another output gets a copy."""
    types = dict(graph.types)
    nodes = [node for node in graph.nodes if node.output not in aliases]
    owned = {port.tensor for port in graph.inputs}
    for port in graph.outputs:
        root = _root(aliases, port.tensor)
        if root in owned:
            copy = output_tensor(port.name)
            nodes.append(Node(copy, Copy(), (port.tensor,), copy))
            types[copy] = types[port.tensor]
        owned.add(root)
    return nodes, types


def output_tensor(port: str) -> str:
    """The tensor that holds an output which is a copy."""
    return f"{port}/output"


def _steps(
    graph: Graph, nodes: list[Node], types: Mapping[str, TensorType], aliases: Mapping[str, str], target: Target
) -> list[Step]:
    taken: set[str] = set()
    steps = []
    for node in nodes:
        inputs = tuple(types[name] for name in node.inputs)
        layer = Layer(node, inputs, types[node.output], target)
        try:
            call = node.op.lower(layer)
        except NotImplementedError:
            raise BittwinError(
                f"node {node.name!r}", f"{node.op.title} has no C in this place", "Fold it into the layer before it"
            ) from None
        name = identifier(node.name, taken, "layer")
        ordered = tuple(node.inputs[i] for i in call.order) if call.order else node.inputs
        steps.append(Step(name, node, call, ordered, node.output, node.op.macs(inputs, types[node.output])))
    return steps


@dataclass(frozen=True)
class _Demand:
    """One input of a step: the padding it wants, and whether it can read rows that lie apart."""

    step: int
    index: int
    window: Window | None
    dense: bool

    @property
    def filling(self) -> tuple[str, int | float]:
        """What lies in the pads."""
        return (self.window.mode, self.window.value) if self.window else ("constant", 0)


@dataclass
class _Memory:
    """Decides which buffer has which padding, who reads a copy, and where everything lies."""

    graph: Graph
    types: dict[str, TensorType]
    aliases: dict[str, str]
    steps: list[Step]
    buffers: dict[str, Buffer] = field(default_factory=dict)
    copies: dict[int, list[Step]] = field(default_factory=dict)

    def program(self, target: Target, schedule: str) -> Program:
        inputs = {port.tensor for port in self.graph.inputs}
        outputs = self._output_roots()
        for tensor in [port.tensor for port in self.graph.inputs] + [step.output for step in self.steps]:
            self._place_tensor(tensor, fixed=tensor in inputs or tensor in outputs)
        segments = [Segment((*self.copies.get(index, ()), self.steps[index])) for index in range(len(self.steps))]
        for segment in segments:
            self._shrink_rings(segment)
        outside = {step.name: bytes for segment in segments for step in segment.steps if (bytes := self._outside(step))}
        places, arena_bytes = plan_memory(self._requests(segments, outside, inputs | outputs))
        return Program(
            graph=self.graph,
            target=target,
            schedule=schedule,
            segments=tuple(segments),
            types=self.types,
            buffers=self.buffers,
            outside=outside,
            places=places,
            aliases=self.aliases,
            arena_bytes=arena_bytes,
        )

    def _output_roots(self) -> set[str]:
        made = {step.output for step in self.steps}
        return {
            copy if (copy := output_tensor(port.name)) in made else _root(self.aliases, port.tensor)
            for port in self.graph.outputs
        }

    def _place_tensor(self, tensor: str, fixed: bool) -> None:
        """The buffer of a tensor; readers whose padding it cannot have get rows of their own."""
        type = self.types[tensor]
        height, width, channels = type.layout
        buffer = Buffer(tensor, type.dtype, height, width, channels, slots=height)
        demands = self._demands(tensor)
        maker = next((step for step in self.steps if step.output == tensor), None)
        rigid = fixed or maker is None or maker.call.kernel.form == "whole" or maker.call.pixels is not None
        rigid = rigid or any(demand.dense for demand in demands)
        for demand in demands:
            window, slack = demand.window, self.steps[demand.step].call.kernel.slack
            wants_pads = window is not None and window.pads != (0, 0)
            other_pads = (buffer.left or buffer.right) and (buffer.mode, buffer.value) != demand.filling
            if (wants_pads and (rigid or other_pads)) or (slack and fixed):
                self._copy_rows(demand)
                continue
            buffer = replace(buffer, slack=max(buffer.slack, slack))
            if window is not None and wants_pads:
                buffer = replace(
                    buffer,
                    left=max(buffer.left, window.left),
                    right=max(buffer.right, window.right),
                    mode=window.mode,
                    value=window.value,
                )
        self.buffers[tensor] = buffer

    def _demands(self, tensor: str) -> list[_Demand]:
        found = []
        for number, step in enumerate(self.steps):
            for index, name in enumerate(step.inputs):
                if _root(self.aliases, name) == tensor:
                    dense = step.call.kernel.form == "whole" or step.call.pixels is not None
                    reshaped = self.types[name].layout != self.types[tensor].layout
                    found.append(_Demand(number, index, step.call.window, dense or reshaped))
        return found

    def _copy_rows(self, demand: _Demand) -> None:
        """A ring of rows with the padding that one reader wants, filled just before it reads."""
        step = self.steps[demand.step]
        name = step.inputs[demand.index]
        rows = f"{name}/rows of {step.name}"
        type = self.types[name]
        self.types[rows] = type
        height, width, channels = type.layout
        left, right = demand.window.pads if demand.window else (0, 0)
        mode, value = demand.filling
        slack = step.call.kernel.slack
        self.buffers[rows] = Buffer(rows, type.dtype, height, width, channels, height, left, right, mode, value, slack)
        node = Node(rows, Copy(), (name,), rows)
        call = node.op.lower(Layer(node, (type,), type, Target("any", ("scalar",))))
        copy = Step(f"{step.name}_rows", node, call, (name,), rows, 0)
        self.copies.setdefault(demand.step, []).append(copy)
        inputs = tuple(rows if i == demand.index else other for i, other in enumerate(step.inputs))
        self.steps[demand.step] = replace(step, inputs=inputs)

    def _shrink_rings(self, segment: Segment) -> None:
        """Tensors that only this segment reads keep as many rows as it needs."""
        if len(segment.steps) == 1:
            return
        names = {name for step in segment.steps for name in (*step.inputs, step.output)}
        heights = {name: self.types[name].layout[0] for name in names}
        before = {name: heights[name] for name in names - {step.output for step in segment.steps}}
        slots = ring_slots(segment.steps, heights, before)
        for step in segment.steps[:-1]:
            self.buffers[step.output] = replace(self.buffers[step.output], slots=slots[step.output])

    def _outside(self, step: Step) -> int:
        """Bytes of a row of padding values, where the window of a step reaches over the top or bottom."""
        window = step.call.window
        if window is None or window.mode != "constant":
            return 0
        height, width, channels = self.types[step.inputs[0]].layout
        rows = self.types[step.output].layout[0]
        lowest = (rows - 1) * window.stride - window.top + (window.height - 1) * window.dilation
        if window.top == 0 and lowest < height:
            return 0
        itemsize = self.buffers[_root(self.aliases, step.inputs[0])].itemsize
        return (window.left + width + window.right) * channels * itemsize + step.call.kernel.slack

    def _requests(self, segments: list[Segment], outside: Mapping[str, int], ports: set[str]) -> list[Request]:
        first: dict[str, int] = {}
        last: dict[str, int] = {}
        for number, segment in enumerate(segments):
            for step in segment.steps:
                first.setdefault(step.output, number)
                for name in (*step.inputs, step.output):
                    last[_root(self.aliases, name)] = number
        requests = [
            Request(name, self.buffers[name].bytes, first[name], last[name]) for name in first if name not in ports
        ]
        for number, segment in enumerate(segments):
            for step in segment.steps:
                if step.name in outside:
                    requests.append(Request(outside_name(step), outside[step.name], number, number))
                if step.call.scratch:
                    requests.append(Request(scratch_name(step), step.call.scratch, number, number))
        return requests


def outside_name(step: Step) -> str:
    """The name under which the row of padding values of a step has its place."""
    return f"outside of {step.name}"


def scratch_name(step: Step) -> str:
    """The name under which the scratch memory of a step has its place."""
    return f"scratch of {step.name}"
