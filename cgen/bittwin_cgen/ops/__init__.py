"""The operators: which ONNX node is read by which file."""

from collections.abc import Callable

from bittwin_cgen.ir import Node
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops.add import read_add
from bittwin_cgen.ops.arg_extreme import read_arg_extreme, read_hardmax
from bittwin_cgen.ops.average_pool import read_average_pool
from bittwin_cgen.ops.batch_statistics import read_batch_normalization
from bittwin_cgen.ops.binary import read_binary, read_extreme, read_mul, read_pow, read_prelu
from bittwin_cgen.ops.cast import read_cast
from bittwin_cgen.ops.clip import read_clip, read_relu
from bittwin_cgen.ops.compare import OPERATORS as COMPARISONS
from bittwin_cgen.ops.compare import read_compare, read_not
from bittwin_cgen.ops.concat import read_concat
from bittwin_cgen.ops.conv2d import read_conv
from bittwin_cgen.ops.conv_integer2d import read_conv_integer, read_matmul_integer
from bittwin_cgen.ops.conv_transpose2d import read_conv_transpose
from bittwin_cgen.ops.dynamic_quantize_linear import read_dynamic_quantize_linear
from bittwin_cgen.ops.fused import read_biased_gelu, read_fused_conv, read_fused_gemm, read_quick_gelu
from bittwin_cgen.ops.global_average_pool import read_global_average_pool
from bittwin_cgen.ops.lp_pool import read_lp_pool
from bittwin_cgen.ops.matmul import read_gemm, read_matmul
from bittwin_cgen.ops.max_pool_indices import read_max_pool_and_indices
from bittwin_cgen.ops.normalize import (
    read_instance_normalization,
    read_layer_normalization,
    read_lp_normalization,
    read_lrn,
)
from bittwin_cgen.ops.pad import read_pad
from bittwin_cgen.ops.qoperator import QOPERATORS
from bittwin_cgen.ops.quantize_axis import read_dequantize, read_quantize
from bittwin_cgen.ops.reduce import read_extreme_over, read_global_lp_pool, read_reduce
from bittwin_cgen.ops.reshape import read_flatten, read_identity, read_reshape, read_squeeze, read_unsqueeze
from bittwin_cgen.ops.resize import read_resize
from bittwin_cgen.ops.softmax import read_softmax
from bittwin_cgen.ops.take import read_expand, read_gather, read_slice, read_split, read_tile
from bittwin_cgen.ops.transpose import read_depth_to_space, read_space_to_depth, read_transpose
from bittwin_cgen.ops.unary import FUNCTIONS, read_unary
from bittwin_cgen.ops.where import read_where

OPERATORS: dict[str, Callable[[OnnxNode], list[Node]]] = {
    "Add": read_add,
    "ArgMax": read_arg_extreme,
    "ArgMin": read_arg_extreme,
    "AveragePool": read_average_pool,
    "BatchNormalization": read_batch_normalization,
    "BiasGelu": read_biased_gelu,
    "Cast": read_cast,
    "Clip": read_clip,
    "Concat": read_concat,
    "Conv": read_conv,
    "ConvInteger": read_conv_integer,
    "ConvTranspose": read_conv_transpose,
    "DepthToSpace": read_depth_to_space,
    "DequantizeLinear": read_dequantize,
    "Div": read_binary,
    "Dropout": read_identity,
    "DynamicQuantizeLinear": read_dynamic_quantize_linear,
    "Expand": read_expand,
    "FastGelu": read_biased_gelu,
    "Flatten": read_flatten,
    "FusedConv": read_fused_conv,
    "FusedGemm": read_fused_gemm,
    "Gather": read_gather,
    "Gemm": read_gemm,
    "GlobalAveragePool": read_global_average_pool,
    "GlobalLpPool": read_global_lp_pool,
    "GlobalMaxPool": read_extreme_over,
    "GroupNormalization": read_instance_normalization,
    "Hardmax": read_hardmax,
    "Identity": read_identity,
    "InstanceNormalization": read_instance_normalization,
    "LRN": read_lrn,
    "LayerNormalization": read_layer_normalization,
    "LogSoftmax": read_softmax,
    "LpNormalization": read_lp_normalization,
    "LpPool": read_lp_pool,
    "MatMul": read_matmul,
    "MatMulInteger": read_matmul_integer,
    "Max": read_extreme,
    "MaxPool": read_max_pool_and_indices,
    "Mean": read_extreme,
    "Min": read_extreme,
    "Mul": read_mul,
    "Not": read_not,
    "PRelu": read_prelu,
    "Pad": read_pad,
    "Pow": read_pow,
    "QuantizeLinear": read_quantize,
    "QuickGelu": read_quick_gelu,
    "ReduceL1": read_reduce,
    "ReduceL2": read_reduce,
    "ReduceLogSum": read_reduce,
    "ReduceMax": read_extreme_over,
    "ReduceMean": read_reduce,
    "ReduceMin": read_extreme_over,
    "ReduceProd": read_reduce,
    "ReduceSum": read_reduce,
    "ReduceSumSquare": read_reduce,
    "Relu": read_relu,
    "Reshape": read_reshape,
    "Resize": read_resize,
    "Slice": read_slice,
    "Softmax": read_softmax,
    "SpaceToDepth": read_space_to_depth,
    "Split": read_split,
    "Squeeze": read_squeeze,
    "Sub": read_binary,
    "Sum": read_extreme,
    "Tile": read_tile,
    "Transpose": read_transpose,
    "Unsqueeze": read_unsqueeze,
    "Upsample": read_resize,
    "Where": read_where,
    **dict.fromkeys(COMPARISONS, read_compare),
    **QOPERATORS,
    **{name: read_unary for name in FUNCTIONS if " " not in name and name != "Pow"},
}
