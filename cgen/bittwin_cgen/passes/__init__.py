"""Rewrites, Graph to Graph, one a file; none sees another. `pipeline.PASSES` has their order."""
