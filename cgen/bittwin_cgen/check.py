"""What must hold of a Graph after each pass. A failure is a bug of bittwin, not of the user's model."""

from bittwin_cgen.ir import Graph


def check_graph(graph: Graph, after: str) -> None:
    """Raises AssertionError naming the pass that broke the graph."""
    known = {port.tensor for port in graph.inputs}
    for node in graph.nodes:
        for name in node.inputs:
            assert name in known, f"after {after}: {node.name} reads {name!r}, which nothing has made"
        assert node.output not in known, f"after {after}: {node.output!r} is made twice"
        known.add(node.output)
        expected, found = node.op.infer(graph.input_types(node)), graph.types[node.output]
        same = expected.shape == found.shape and expected.dtype == found.dtype
        assert same, f"after {after}: {node.name} makes {expected}, the graph says {found}"
    for port in graph.outputs:
        assert port.tensor in known, f"after {after}: output {port.name!r} is made by nothing"
    overlap = known & set(graph.removed)
    assert not overlap, f"after {after}: {overlap} is both made and removed"
