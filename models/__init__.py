"""Networks to deploy: each module has build() -> nn.Module in eval mode, INPUT_SHAPE and sample_inputs(n, seed)."""
