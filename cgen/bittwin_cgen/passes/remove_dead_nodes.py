"""Nodes on which no output depends are removed."""

from bittwin_cgen.ir import Graph, Removed


def remove_dead_nodes(graph: Graph) -> Graph:
    """The nodes from which an output can be reached, in their order."""
    needed = graph.output_tensors()
    kept = []
    for node in reversed(graph.nodes):
        if node.output in needed:
            needed.update(node.inputs)
            kept.append(node)
    dead = {node.output: Removed("no output depends on it") for node in graph.nodes if node.output not in needed}
    return graph.rewritten(kept[::-1], removed={k: v for k, v in dead.items() if k not in graph.removed})
