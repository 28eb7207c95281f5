"""Rewrites of an ONNX model, one a file: ModelProto -> ModelProto, the argument untouched, shapes inferred before.

Plain protobuf code: a rule here is a dozen lines, and quantize needs them where onnxscript's rewriter is not installed.
"""
