"""The ONNX backend suite, run by generated C: python -m tests.conformance (make conformance)."""
