"""Graph to Program: kernels chosen, buffers with their padding, segments, offsets."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace

from bittwin_cgen.errors import BittwinError
from bittwin_cgen.ir import (
    Array,
    Buffer,
    Call,
    Graph,
    Layer,
    Node,
    Port,
    Program,
    Search,
    Segment,
    Step,
    Target,
    TensorType,
    Window,
    fresh,
)
from bittwin_cgen.memory import Request, plan_memory
from bittwin_cgen.ops.copy import Copy
from bittwin_cgen.ops.known import Known
from bittwin_cgen.rounds import Rows, paced_tasks, task_of
from bittwin_cgen.schedule import COUNTER_BYTES, Chosen, Plan, choose, choose_layers, least_moment, owner

RESERVED = frozenset(
    """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl const constexpr continue
    default delete do double else enum explicit export extern false float for friend goto if inline int long mutable
    namespace new not not_eq nullptr operator or or_eq private protected public register restrict return short
    signed sizeof static struct switch template this throw true try typedef typename union unsigned using virtual
    void volatile while xor xor_eq run arena frame weights
    """.split()
)


LARGEST_ARENA = 1 << 31  # offsets are int
LARGEST_HEIGHT = 1 << 14  # rows are counted in int16, padding included

# Words that generated names add behind a layer's name, or that stand there for something else.
SUFFIXES = frozenset("layer weights bias requantization multiplier scale table parts rows stream packed".split())
TAKEN_WORDS = frozenset(
    """
    run frame arena begin push output quantize dequantize flow rows weights selftest sample samples observed see
    goldens checksum camera
    """.split()
)
TAKEN_NAMES = frozenset("arena btw busy frame image linux made memcpy memset oy row rows unix whole x y".split())


def identifier(text: str, taken: set[str], default: str) -> str:
    """A C identifier like `text`, not in `taken` (to which it is added): letters, digits, single underscores."""
    name = re.sub(r"[^0-9A-Za-z]+", "_", text).strip("_").lower()[:40].strip("_") or default
    if name[0].isdigit():
        name = f"{default}_{name}"
    if name in RESERVED or name in TAKEN_NAMES or name.startswith("btw_"):
        name = f"{default}_{name}"
    unique, count = name, 1
    while unique in taken or any(_meets(unique, other) or _meets(other, unique) for other in taken):
        count += 1
        unique = f"{name}x{count}"
    taken.add(unique)
    return unique


def _meets(name: str, longer: str) -> bool:
    """True where a name made from the first could be the second."""
    return longer.startswith(f"{name}_") and longer[len(name) + 1 :].split("_")[0] in SUFFIXES


def step_identifier(text: str, taken: set[str]) -> str:
    """The C name of a layer: not one that stands for something else in the generated files."""
    plain = identifier(text, set(), "layer")
    return identifier(f"layer_{plain}" if plain.split("_")[0] in TAKEN_WORDS else plain, taken, "layer")


def lower(graph: Graph, target: Target, schedule: str, ram: int | None = None) -> Program:
    """The program of a graph for a target; raises BittwinError for layers that cannot be computed.

    layers, speed: one layer after the other. ram: least memory; the input comes row by row, unless keeping all of it
    takes no more. With `ram` bytes, speed and ram mean the fastest that fits, or the smallest where none does.
    """
    known: dict[tuple[str, int, bool], Call] = {}  # kernels are chosen once, whatever the schedule
    if schedule == "layers" or (schedule == "speed" and ram is None):
        return _lower(graph, target, schedule, None, False, known)
    if ram is not None:
        fast = _lower(graph, target, "layers", None, False, known)
        if fast.arena_bytes <= ram:
            return replace(fast, schedule=schedule)
        if _row_pairs(fast):  # the scratch memory of these kernels may be what does not fit
            fast = _lower(graph, target, "layers", None, False, known, whole=False)
            if fast.arena_bytes <= ram:
                return replace(fast, schedule=schedule)
        for eighths in range(8, 4, -1):  # what is alive at once may not lie without gaps
            program = _least(graph, target, ram * eighths // 8, known)
            if program.arena_bytes <= ram:
                return replace(program, schedule=schedule)
    return replace(_least(graph, target, None, known), schedule=schedule)


def _least(graph: Graph, target: Target, budget: int | None, known: dict[tuple[str, int, bool], Call]) -> Program:
    if not _can_be_pushed(graph):
        return _lower(graph, target, "ram", budget, False, known)
    streamed = _lower(graph, target, "ram", budget, True, known)
    image = graph.types[graph.inputs[0].tensor].bytes
    if streamed.pushed and streamed.arena_bytes <= image:
        return streamed
    plain = _lower(graph, target, "ram", budget, False, known)
    return streamed if streamed.pushed and streamed.arena_bytes <= plain.arena_bytes + image else plain


def _can_be_pushed(graph: Graph) -> bool:
    return graph.batch == 1 and len(graph.inputs) == 1 and graph.types[graph.inputs[0].tensor].layout[0] > 1


def _row_pairs(program: Program) -> list[Step]:
    return [step for step in program.steps() if step.call.kernel.form == "row_pairs"]


def _lower(
    graph: Graph,
    target: Target,
    schedule: str,
    budget: int | None,
    pushed: bool,
    known: dict[tuple[str, int, bool], Call],
    whole: bool = True,
) -> Program:
    """`whole`: where the schedule allows it, layers may be computed several rows at a time."""
    aliases = _aliases(graph)
    own: set[str] = set()  # outputs that the first segment makes: they wait in the arena until they are asked for
    in_turn: set[str] = set()  # tensors whose rows are made in turn with those of a copy
    while True:
        nodes, types = _with_copies_to_outputs(graph, aliases, own)
        names = aliases
        if pushed:
            nodes, names = _with_input_rows(graph, nodes, types, aliases)
        alone = {node.output for node in nodes} - in_turn if whole and schedule != "ram" else set()
        steps = _steps(nodes, types, target, known, alone)
        memory = _Memory(graph, target, dict(types), names, steps, schedule, budget, pushed)
        program = memory.program()
        early = {step.output for step in program.segments[0].steps} & memory.output_roots() if program.pushed else set()
        turns = {
            step.output
            for segment in program.segments
            if len(segment.steps) > 1
            for step in segment.steps
            if step.call.kernel.form == "row_pairs"
        }
        if not early and not turns:
            break
        assert turns or not early <= own, "an output of the first segment has no copy"
        own |= early
        in_turn |= turns
    if program.arena_bytes >= LARGEST_ARENA:
        raise BittwinError(graph.name, f"needs {program.arena_bytes:,} bytes of arena", "Use a smaller input")
    return program


def _with_input_rows(
    graph: Graph, nodes: list[Node], types: dict[str, TensorType], aliases: dict[str, str]
) -> tuple[list[Node], dict[str, str]]:
    """The input's rows are copied as they come; every reader reads the copy, and so do other names of the input."""
    tensor = graph.inputs[0].tensor
    rows = fresh(f"{tensor}/rows", types, graph.names)
    types[rows] = types[tensor]
    readers = [replace(node, inputs=tuple(rows if name == tensor else name for name in node.inputs)) for node in nodes]
    names = {name: rows if of == tensor else of for name, of in aliases.items()}
    return [Node(rows, Copy(), (tensor,), rows), *readers], names


def _aliases(graph: Graph) -> dict[str, str]:
    return {
        node.output: node.inputs[0]
        for node in graph.nodes
        if node.inputs and node.op.moves_nothing(graph.types[node.inputs[0]], graph.types[node.output])
    }


def _root(aliases: Mapping[str, str], tensor: str) -> str:
    while tensor in aliases:
        tensor = aliases[tensor]
    return tensor


def _with_copies_to_outputs(
    graph: Graph, aliases: dict[str, str], own: set[str]
) -> tuple[list[Node], dict[str, TensorType]]:
    """Every output has memory of its own: one that shares it with an input, another output or `own` gets a copy."""
    types = dict(graph.types)
    constants = constants_of(graph)
    nodes = [node for node in graph.nodes if node.output not in aliases and node.output not in constants]
    owned = {port.tensor for port in graph.inputs} | set(constants) | own
    for port in graph.outputs:
        root = _root(aliases, port.tensor)
        if root in owned:
            copy = output_tensor(graph, port)
            nodes.append(Node(copy, Copy(), (port.tensor,), copy))
            types[copy] = types[port.tensor]
        owned.add(root)
    return nodes, types


def output_tensor(graph: Graph, port: Port) -> str:
    """The tensor that holds an output which is a copy."""
    return fresh(f"{port.name}/output", graph.types, graph.names)


def constants_of(graph: Graph) -> dict[str, Array]:
    """{tensor: values} of what lies among the weights."""
    return {node.output: node.op.values for node in graph.nodes if isinstance(node.op, Known)}


def _steps(
    nodes: list[Node],
    types: Mapping[str, TensorType],
    target: Target,
    known: dict[tuple[str, int, bool], Call],
    alone: Container[str],
) -> list[Step]:
    """alone: tensors that are made without another layer's rows between theirs."""
    taken: set[str] = set()
    steps = []
    for node in nodes:
        inputs = tuple(types[name] for name in node.inputs)
        key = node.name, id(node.op), node.output in alone
        if key not in known:
            try:
                known[key] = _call(Layer(node, inputs, types[node.output], target, whole=node.output in alone))
            except ValueError as error:
                raise BittwinError(
                    f"node {node.name!r}", str(error), "Use float32, or int8 with QuantizeLinear around it"
                ) from None
            except NotImplementedError:
                raise BittwinError(
                    f"node {node.name!r}", f"{node.op.title} has no C in this place", "Fold it into the layer before it"
                ) from None
        call = known[key]
        name = step_identifier(node.name, taken)
        ordered = tuple(node.inputs[i] for i in call.order) if call.order else node.inputs
        steps.append(Step(name, node, call, ordered, node.output, node.op.macs(inputs, types[node.output])))
    return steps


def _call(layer: Layer) -> Call:
    """How a layer is computed: row by row where that can be, though its kernel takes tensors."""
    op, types = layer.node.op, (*layer.inputs, layer.output)
    call = op.lower(layer)
    if call.kernel.form != "whole" or not op.keeps_rows(layer.inputs, layer.output):
        return call
    *inputs, output = (replace(type, shape=(1, type.shape[1], 1, type.shape[3])) for type in types)
    call = op.lower(replace(layer, inputs=tuple(inputs), output=output))
    return replace(call, kernel=replace(call.kernel, form="row"))


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
    """Decides which buffer has which padding, who reads a copy, what streams, and where everything lies."""

    graph: Graph
    target: Target
    types: dict[str, TensorType]
    aliases: dict[str, str]
    steps: list[Step]
    schedule: str
    budget: int | None
    pushed: bool
    buffers: dict[str, Buffer] = field(default_factory=dict)
    copies: dict[int, list[Step]] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)  # tensors whose pads, or rows above and below, some reader looks at

    def program(self) -> Program:
        constants = constants_of(self.graph)
        given = [port.tensor for port in self.graph.inputs] + list(constants)
        ports = set(given) | self.output_roots()
        for tensor in given + [step.output for step in self.steps]:
            self._place_tensor(tensor, fixed=tensor in ports)
        steps, together = self._order()
        plan = self._plan(steps, together, ports)
        chosen = choose(plan, self.budget) if self.schedule == "ram" else choose_layers(plan)
        shared = self._share(chosen)
        by_name = {step.name: step for step in steps}
        order = [by_name[task.name] for task in chosen.plan.tasks]
        segments = [
            Segment(tuple(order[first:end]), paced_tasks(chosen.plan.tasks[first:end], self.pushed and first == 0))
            for first, end in chosen.cuts
        ]
        outside, rows = self._outside(chosen, segments)
        scratch, working = self._scratch(chosen, order)
        counters = [
            Request(counters_name(number, self.types), COUNTER_BYTES * (end - first), first, end - 1)
            for number, (first, end) in enumerate(chosen.cuts)
            if end - first > 1
        ]
        requests = self._requests(chosen, order, shared, ports)
        places, arena_bytes = plan_memory(requests + counters + rows + working)
        return Program(
            graph=self.graph,
            target=self.target,
            schedule=self.schedule,
            segments=tuple(segments),
            types=self.types,
            buffers=self.buffers,
            outside=outside,
            scratch=scratch,
            places=places,
            aliases=self.aliases,
            shared=shared,
            arena_bytes=arena_bytes,
            constants=constants,
            search=Search(chosen.orders, chosen.all_orders, *least_moment(plan)),
            pushed=self.pushed and self.buffers[order[0].output].ring,
        )

    def _share(self, chosen: Chosen) -> dict[str, str]:
        """Settles rings and pads of all buffers; {tensor: the tensor in whose place it lies}."""
        links: dict[str, str] = {}
        for layout in chosen.layouts:
            for name, slots in layout.slots.items():
                below = chosen.plan.rows[name].below if slots < self.buffers[name].height else 0
                self.buffers[name] = replace(self.buffers[name], slots=slots, below=below)
            links |= layout.shared
        shared = {name: owner(name, links) for name in links}
        for root in set(shared.values()):
            names = [root, *(name for name in shared if shared[name] == root)]
            buffers = [self.buffers[name] for name in names]
            filled = [buffer for buffer in buffers if chosen.plan.rows[buffer.tensor].filling]
            for buffer in buffers:
                self.buffers[buffer.tensor] = replace(
                    buffer,
                    left=max(other.left for other in buffers),
                    right=max(other.right for other in buffers),
                    slack=max(other.slack for other in buffers),
                    mode=filled[0].mode if filled else buffer.mode,
                    value=filled[0].value if filled else buffer.value,
                )
        return shared

    def output_roots(self) -> set[str]:
        made = {step.output for step in self.steps}
        return {
            copy if (copy := output_tensor(self.graph, port)) in made else _root(self.aliases, port.tensor)
            for port in self.graph.outputs
        }

    def _order(self) -> tuple[list[Step], frozenset[str]]:
        """Steps with the copies before their readers, and the names of these copies."""
        order: list[Step] = []
        for index, step in enumerate(self.steps):
            order += [*self.copies.get(index, ()), step]
        return order, frozenset(copy.name for copies in self.copies.values() for copy in copies)

    def _plan(self, order: list[Step], together: frozenset[str], ports: set[str]) -> Plan:
        roots = [replace(step, inputs=tuple(_root(self.aliases, name) for name in step.inputs)) for step in order]
        reshaped = {
            _root(self.aliases, name)
            for step in order
            for name in step.inputs
            if self.types[name].layout != self.types[_root(self.aliases, name)].layout
        }
        dense = {
            name
            for step in roots
            if step.call.kernel.form == "whole" or step.call.pixels is not None
            for name in (*step.inputs, step.output)
        }
        copies = {output_tensor(self.graph, port) for port in self.graph.outputs}
        streams = [
            step.call.kernel.form != "whole"
            and step.call.pixels is None
            and not reshaped.intersection(step.inputs)
            and step.output not in copies
            and self.buffers[step.output].height <= LARGEST_HEIGHT
            for step in roots
        ]
        heights = {name: buffer.height for name, buffer in self.buffers.items()}
        tasks = [
            task_of(root, heights, can, self._outside_row(step), self._replaced(step, root))
            for step, root, can in zip(order, roots, streams, strict=True)
        ]
        below: dict[str, int] = {}
        for task in tasks:
            for item in task.readings:
                if item.padded:
                    over = max(item.needed) - heights[item.tensor]
                    below[item.tensor] = max(below.get(item.tensor, 0), over)
        kept = frozenset(reshaped | dense | {task.output for task in tasks if task.at_end})
        rows = {
            name: Rows(
                buffer.height,
                buffer.row_bytes,
                0 if name in kept | ports else below.get(name, 0),
                buffer.left * buffer.channels * buffer.itemsize,
                buffer.right * buffer.channels * buffer.itemsize,
                (buffer.mode, buffer.value) if name in self.filled else None,
                buffer.slack,
            )
            for name, buffer in self.buffers.items()
        }
        return Plan(tasks, rows, frozenset(ports), kept, together, self.pushed)

    def _replaced(self, step: Step, root: Step) -> list[str]:
        """Inputs in whose place the step could make its output."""
        if not step.call.kernel.in_place or step.call.pixels is not None:
            return []
        y = self.buffers[step.output]
        sizes = y.height, y.width, y.channels, y.dtype
        return [
            name
            for name in dict.fromkeys(root.inputs)
            for x in (self.buffers[name],)
            if (x.height, x.width, x.channels, x.dtype) == sizes
        ]

    def _place_tensor(self, tensor: str, fixed: bool) -> None:
        """The buffer of a tensor; readers whose padding it cannot have get rows of their own."""
        type = self.types[tensor]
        height, width, channels = type.layout
        buffer = Buffer(tensor, type.dtype, height, width, channels, slots=height)
        demands = self._demands(tensor)
        maker = next((step for step in self.steps if step.output == tensor), None)
        rigid = fixed or maker is None or maker.call.kernel.form == "whole" or maker.call.pixels is not None
        rigid = rigid or any(demand.dense for demand in demands)
        filled = False
        for demand in demands:
            window, slack = demand.window, self.steps[demand.step].call.kernel.slack
            beside = window is not None and window.pads != (0, 0)
            above = window is not None and window.mode == "constant" and not rigid  # rows of a ring, should it be one
            other = filled and (buffer.mode, buffer.value) != demand.filling
            if (beside and rigid) or ((beside or above) and other) or (slack and fixed):
                self._copy_rows(demand)
                continue
            buffer = replace(buffer, slack=max(buffer.slack, slack))
            if window is not None and (beside or above):
                filled = True
                self.filled.add(tensor)
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
        rows = fresh(f"{name}/rows of {step.name}", self.types, self.graph.names)
        type = self.types[name]
        self.types[rows] = type
        height, width, channels = type.layout
        left, right = demand.window.pads if demand.window else (0, 0)
        mode, value = demand.filling
        slack = step.call.kernel.slack
        self.buffers[rows] = Buffer(rows, type.dtype, height, width, channels, height, left, right, mode, value, slack)
        if demand.window:
            self.filled.add(rows)
        node = Node(rows, Copy(), (name,), rows)
        call = node.op.lower(Layer(node, (type,), type, self.target))
        taken = {known.name for known in (*self.steps, *(copy for some in self.copies.values() for copy in some))}
        copy = Step(identifier(f"{step.name}_rows", taken, "rows"), node, call, (name,), rows, 0)
        self.copies.setdefault(demand.step, []).append(copy)
        inputs = tuple(rows if i == demand.index else other for i, other in enumerate(step.inputs))
        self.steps[demand.step] = replace(step, inputs=inputs)

    def _outside(self, chosen: Chosen, segments: list[Segment]) -> tuple[dict[str, str], list[Request]]:
        """({step: place of its row of padding values}, requests): one row for all of a segment with the same values."""
        names: dict[str, str] = {}
        sizes: dict[tuple[int, str], int] = {}
        for number, segment in enumerate(segments):
            for step in segment.steps:
                row = self._outside_row(step)
                in_ring = self.buffers[_root(self.aliases, step.inputs[0])].ring
                if row and not (in_ring and step.call.window and step.call.window.bottom is None):
                    kind, size = row
                    sizes[number, kind] = max(sizes.get((number, kind), 0), size)
                    names[step.name] = outside_name(number, kind, self.types)
        requests = []
        for (number, kind), size in sizes.items():
            first, end = chosen.cuts[number]
            requests.append(Request(outside_name(number, kind, self.types), size, first, end - 1))
        return names, requests

    def _outside_row(self, step: Step) -> tuple[str, int] | None:
        """(value and type, bytes) of a row of padding values, where the window of a step reaches over top or bottom.

        In a ring there are such rows already, unless some below do not count.
        """
        window = step.call.window
        if window is None or window.mode != "constant":
            return None
        height, width, channels = self.types[step.inputs[0]].layout
        rows = self.types[step.output].layout[0]
        lowest = (rows - 1) * window.stride - window.top + (window.height - 1) * window.dilation
        if window.top == 0 and lowest < height:
            return None
        buffer = self.buffers[_root(self.aliases, step.inputs[0])]
        size = (window.left + width + window.right) * channels * buffer.itemsize + step.call.kernel.slack
        return f"{float(window.value)!r} as {buffer.dtype}", size

    def _requests(self, chosen: Chosen, order: list[Step], shared: Mapping[str, str], ports: set[str]) -> list[Request]:
        """Every tensor in the arena, from the step that makes it to the last that reads it; in a segment, all of it."""
        spans: dict[str, tuple[int, int]] = {}
        for (first, end), layout in zip(chosen.cuts, chosen.layouts, strict=True):
            for step in order[first:end]:
                for tensor in (*step.inputs, step.output):
                    root = _root(self.aliases, tensor)
                    name = shared.get(root, root)
                    begin, last = layout.passing.get(name, (0, end - 1 - first))
                    known = spans.get(name, (first + begin, first + last))
                    spans[name] = min(known[0], first + begin), max(known[1], first + last)
        return [Request(name, self.buffers[name].bytes, *span) for name, span in spans.items() if name not in ports]

    def _scratch(self, chosen: Chosen, order: list[Step]) -> tuple[dict[str, str], list[Request]]:
        """({step: place of its scratch memory}, requests): where something lasts between calls, for all the segment."""
        names: dict[str, str] = {}
        requests = []
        for first, end in chosen.cuts:
            for index in range(first, end):
                step = order[index]
                if step.call.scratch:
                    names[step.name] = fresh(f"scratch of {step.name}", self.types)
                    span = (first, end - 1) if step.call.kernel.form == "reduce" else (index, index)
                    requests.append(Request(names[step.name], step.call.scratch, *span))
        return names, requests


def outside_name(segment: int, kind: str, tensors: Container[str]) -> str:
    """The place of a row of padding values."""
    return fresh(f"{kind}, segment {segment}", tensors)


def counters_name(segment: int, tensors: Container[str]) -> str:
    """The place where a segment counts the rows that its steps have made, int16 each."""
    return fresh(f"rows of segment {segment}", tensors)
