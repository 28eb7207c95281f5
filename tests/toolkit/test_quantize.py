"""Quantizing small graphs: what comes out is int8, provable and deterministic, and its values stay close."""

import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from bittwin.quantizer import load_calibration, make_provable, quantize
from bittwin_cgen.errors import BittwinError
from bittwin_cgen.fixed_point import (
    accumulator_range,
    prove_requantization,
    quantize_linear,
    requantize,
    requantize_scale,
)

F = np.float32


def build(nodes, constants, inputs, outputs, opset=17):
    """A model of nodes (type, inputs, outputs, attributes); inputs {name: shape}, output names."""
    made = [helper.make_node(kind, ins, outs, name=f"{kind}_{outs[0]}", **more) for kind, ins, outs, more in nodes]
    graph = helper.make_graph(
        made,
        "small",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    return onnx.shape_inference.infer_shapes(model, strict_mode=True)


def weights(rng, *shape):
    return (rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]))).astype(F)


def network(seed=0, batch=1):
    """Pad, convolutions, depthwise, residual Add, Concat, pools, Gemm, Softmax."""
    rng = np.random.default_rng(seed)
    constants = {
        "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        "w1": weights(rng, 8, 3, 3, 3),
        "b1": rng.normal(size=8).astype(F),
        "w2": weights(rng, 8, 1, 3, 3),
        "b2": rng.normal(size=8).astype(F),
        "w3": weights(rng, 8, 8, 1, 1),
        "w4": weights(rng, 5, 8, 3, 3),
        "low": F(0),
        "high": F(6),
        "w5": weights(rng, 4, 13),
        "b5": rng.normal(size=4).astype(F),
    }
    nodes = [
        ("Pad", ["x", "pads"], ["p"], {"mode": "reflect"}),
        ("Conv", ["p", "w1", "b1"], ["c1"], {}),
        ("Relu", ["c1"], ["r1"], {}),
        ("Conv", ["r1", "w2", "b2"], ["c2"], {"group": 8, "pads": [1, 1, 1, 1]}),
        ("Clip", ["c2", "low", "high"], ["r2"], {}),
        ("Conv", ["r2", "w3"], ["c3"], {}),
        ("Add", ["c3", "r1"], ["a"], {}),
        ("MaxPool", ["a"], ["m"], {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("Conv", ["m", "w4"], ["c4"], {"pads": [1, 1, 1, 1]}),
        ("Concat", ["c4", "m"], ["j"], {"axis": 1}),
        ("GlobalAveragePool", ["j"], ["g"], {}),
        ("Flatten", ["g"], ["f"], {}),
        ("Gemm", ["f", "w5", "b5"], ["logits"], {"transB": 1}),
        ("Softmax", ["logits"], ["y"], {"axis": 1}),
    ]
    return build(nodes, constants, {"x": [batch, 3, 12, 12]}, ["y"])


def dense(rng, weight, bias, transposed=True):
    """One Gemm or, without a bias, one MatMul: x [1, K] to y [1, C]."""
    constants = {"w": weight if transposed else np.ascontiguousarray(weight.T)}
    if bias is None:
        return build([("MatMul", ["x", "w"], ["y"], {})], {"w": weight.T.copy()}, {"x": [1, weight.shape[1]]}, ["y"])
    constants["b"] = bias
    nodes = [("Gemm", ["x", "w", "b"], ["y"], {"transB": int(transposed)})]
    return build(nodes, constants, {"x": [1, weight.shape[1]]}, ["y"])


def samples(count, *shape, seed=9):
    return np.random.default_rng(seed).normal(size=(count, *shape)).astype(F)


@pytest.fixture(scope="module")
def quantized():
    return quantize(network(), samples(24, 3, 12, 12))


def session(model, golden=True):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    if golden:
        options.add_session_config_entry("session.qdqisint8allowed", "1")
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def run(model, golden=True, **inputs):
    return session(model, golden).run(None, inputs)[0]


def constants_of(model):
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def fused(model):
    """(node, sx, zx, codes [C, K], sw, bias codes, bias scale, sy, zy) of each Conv, Gemm and MatMul; bias or None."""
    known = constants_of(model)
    producers = {name: node for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        if node.op_type not in ("Conv", "Gemm", "MatMul"):
            continue
        x, w, *b = (producers[name] for name in node.input)
        (user,) = (other for other in model.graph.node if node.output[0] in other.input)
        assert [x.op_type, w.op_type, user.op_type] == ["DequantizeLinear", "DequantizeLinear", "QuantizeLinear"]
        codes = known[w.input[0]]
        transposed = node.op_type == "MatMul" or (
            node.op_type == "Gemm" and not any(a.name == "transB" and a.i for a in node.attribute)
        )
        codes = codes.T if transposed else codes.reshape(len(codes), -1)
        bias = (known[b[0].input[0]].reshape(-1), known[b[0].input[1]].reshape(-1)) if b else (None, None)
        yield (
            node,
            known[x.input[1]],
            int(known[x.input[2]]),
            codes,
            known[w.input[1]],
            *bias,
            known[user.input[1]],
            int(known[user.input[2]]),
        )


def proofs(model):
    """The proof of each fused layer, made anew from nothing but the file."""
    for node, sx, zx, codes, sw, bias, _, sy, zy in fused(model):
        folded = (0 if bias is None else bias.astype(np.int64)) - zx * codes.astype(np.int64).sum(1)
        low, high, magnitude = accumulator_range(codes, folded)
        assert magnitude.max() < 2**31
        yield node, prove_requantization(requantize_scale(sx, sw, sy), zy, low, high)


# ---------------------------------------------------------------- what comes out


def test_model_is_int8_between_quantize_and_softmax(quantized):
    model = quantized.model
    known = constants_of(model)
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("QuantizeLinear") >= 9
    assert "Relu" not in kinds
    assert "Clip" not in kinds
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]
    assert not model.metadata_props
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear":
            assert known[node.input[1]].shape == ()
            assert known[node.input[2]].dtype == np.int8
    for _, sx, _, codes, sw, _, _, sy, _ in fused(model):
        assert (sx.shape, sy.shape, sw.shape) == ((), (), (len(codes),))
        assert codes.dtype == np.int8


def test_last_softmax_stays_float(quantized):
    producers = {name: node for node in quantized.model.graph.node for name in node.output}
    softmax = producers[quantized.model.graph.output[0].name]
    assert softmax.op_type == "Softmax"
    assert producers[softmax.input[0]].op_type == "DequantizeLinear"


def test_softmax_in_the_middle_is_quantized():
    rng = np.random.default_rng(0)
    nodes = [
        ("Softmax", ["x"], ["s"], {"axis": 1}),
        ("Gemm", ["s", "w", "b"], ["t"], {"transB": 1}),
        ("LogSoftmax", ["t"], ["l"], {"axis": 1}),
        ("Reshape", ["l", "shape"], ["y"], {}),
    ]
    constants = {"w": weights(rng, 4, 8), "b": np.zeros(4, F), "shape": np.array([4])}
    model = quantize(build(nodes, constants, {"x": [1, 8]}, ["y"]), samples(8, 8)).model
    (first, last, reshape) = (
        next(node for node in model.graph.node if node.op_type == kind) for kind in ("Softmax", "LogSoftmax", "Reshape")
    )
    users = {node.op_type for node in model.graph.node if first.output[0] in node.input}
    assert users == {"QuantizeLinear"}
    assert reshape.input[0] == last.output[0]
    assert reshape.output[0] == model.graph.output[0].name


def test_everything_fuses_to_int8(quantized, tmp_path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.add_session_config_entry("session.qdqisint8allowed", "1")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(tmp_path / "fused.onnx")
    onnxruntime.InferenceSession(quantized.model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    kinds = [node.op_type for node in onnx.load(tmp_path / "fused.onnx").graph.node]
    assert kinds.count("QLinearConv") == 4
    for kind in ("QLinearAdd", "QGemm", "QLinearConcat", "QLinearGlobalAveragePool", "MaxPool", "Softmax"):
        assert kinds.count(kind) == 1
    assert "Conv" not in kinds


def test_all_channels_have_a_proof(quantized):
    assert quantized.unproved == ()
    assert quantized.channels == 8 + 8 + 8 + 5 + 4
    assert [proof.unproved for _, proof in proofs(quantized.model)] == [0] * 5


def test_bias_scale_is_the_product_of_scales(quantized):
    seen = 0
    for _, sx, _, _, sw, bias, unit, _, _ in fused(quantized.model):
        if bias is not None:
            seen += 1
            assert bias.dtype == np.int32
            assert (unit.view(np.int32) == (sx * sw).view(np.int32)).all()
    assert seen == 3


def test_golden_session_agrees_with_float(quantized):
    x = samples(1, 3, 12, 12, seed=77)
    assert np.abs(run(quantized.model, x=x) - run(network(), golden=False, x=x)).max() < 0.05


@pytest.mark.parametrize(("method", "bound"), [("entropy", 0.3), ("percentile", 0.1), ("distribution", 0.6)])
def test_other_calibrations(method, bound):
    x = samples(8, 3, 12, 12)
    result = quantize(network(), x, method=method)
    assert result.unproved == ()
    assert np.abs(run(result.model, x=x[:1]) - run(network(), golden=False, x=x[:1])).max() < bound


def test_percentile_narrows_the_range():
    def input_scale(**options):
        model = quantize(network(), samples(8, 3, 12, 12), **options).model
        node = next(node for node in model.graph.node if node.input[0] == "x")
        return constants_of(model)[node.input[1]]

    assert input_scale(method="percentile", percentile=90.0) < 0.6 * input_scale(method="minmax")


def test_same_input_same_bytes(quantized):
    code = """
import hashlib
from test_quantize import network, quantize, samples
print(hashlib.sha256(quantize(network(), samples(24, 3, 12, 12)).model.SerializeToString()).hexdigest())
"""
    outputs = set()
    for seed in ("1", "2"):
        path = os.pathsep.join([os.path.dirname(__file__), *filter(None, sys.path)])
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path}
        outputs.add(
            subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True).stdout
        )
    assert len(outputs) == 1
    again = quantize(network(), {"x": samples(24, 3, 12, 12)})
    assert again.model.SerializeToString() == quantized.model.SerializeToString()


def test_given_model_is_not_changed():
    for model, shape in ((network(), (3, 12, 12)), (with_constant_nodes(17), (2, 6, 6))):
        before = model.SerializeToString()
        quantize(model, samples(4, *shape))
        assert model.SerializeToString() == before


def test_it_prints_nothing_and_leaves_no_files(capfd, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    quantize(network(), samples(4, 3, 12, 12), method="entropy")
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_from_a_path(tmp_path, quantized):
    onnx.save(network(), tmp_path / "net.onnx")
    result = quantize(tmp_path / "net.onnx", samples(24, 3, 12, 12))
    assert result.model.SerializeToString() == quantized.model.SerializeToString()
    assert [file.name for file in tmp_path.iterdir()] == ["net.onnx"]


def with_constant_nodes(opset):
    """Constant nodes, no names, a weight among the graph's inputs."""
    rng = np.random.default_rng(0)
    model = build(
        [("Conv", ["x", "w", "b"], ["c"], {}), ("Clip", ["c", "low", "high"], ["y"], {})],
        {"w": weights(rng, 4, 2, 3, 3), "b": np.zeros(4, F)},
        {"x": [1, 2, 6, 6]},
        ["y"],
        opset=opset,
    )
    for name, value in (("low", 0.0), ("high", 6.0)):
        node = helper.make_node("Constant", [], [name], value=numpy_helper.from_array(F(value)))
        model.graph.node.insert(0, node)
    model.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [4, 2, 3, 3]))
    for node in model.graph.node:
        node.name = ""
    return model


def test_constant_nodes_old_opset_and_unnamed_nodes():
    result = quantize(with_constant_nodes(11), samples(4, 2, 6, 6))
    assert (result.channels, result.unproved) == (4, ())
    kinds = {node.op_type for node in result.model.graph.node}
    assert kinds == {"QuantizeLinear", "DequantizeLinear", "Conv"}


def test_weights_that_are_int8_already():
    """Behind DequantizeLinear, with float activations: the float weights they stand for are quantized."""
    rng = np.random.default_rng(0)
    codes = rng.integers(-127, 128, (4, 8)).astype(np.int8)
    scale, zero = rng.uniform(0.01, 0.1, 4).astype(F), rng.integers(-9, 9, 4).astype(np.int8)
    float_weights = (codes.astype(F) - zero[:, None]) * scale[:, None]
    nodes = [
        ("DequantizeLinear", ["q", "s", "z"], ["w"], {"axis": 0}),
        ("Gemm", ["x", "w", "b"], ["y"], {"transB": 1}),
    ]
    constants = {"q": codes, "s": scale, "z": zero, "b": np.zeros(4, F)}
    result = quantize(build(nodes, constants, {"x": [1, 8]}, ["y"]), samples(4, 8))
    plain = quantize(dense(rng, float_weights, np.zeros(4, F)), samples(4, 8))
    x = samples(1, 8, seed=2)
    assert (run(result.model, x=x) == run(plain.model, x=x)).all()


def test_first_layer_that_only_moves_values_is_int8():
    rng = np.random.default_rng(0)
    nodes = [("MaxPool", ["x"], ["m"], {"kernel_shape": [2, 2]}), ("Conv", ["m", "w"], ["y"], {})]
    model = quantize(
        build(nodes, {"w": weights(rng, 4, 2, 1, 1)}, {"x": [1, 2, 5, 5]}, ["y"]), samples(4, 2, 5, 5)
    ).model
    (pool,) = (node for node in model.graph.node if node.op_type == "MaxPool")
    (user,) = (node for node in model.graph.node if "x" in node.input)
    producers = {name: node for node in model.graph.node for name in node.output}
    assert user.op_type == "QuantizeLinear"
    assert producers[pool.input[0]].op_type == "DequantizeLinear"


def test_static_batch_and_two_inputs():
    rng = np.random.default_rng(0)
    nodes = [("Conv", ["a", "w"], ["c"], {}), ("Add", ["c", "b"], ["y"], {})]
    model = build(nodes, {"w": weights(rng, 4, 2, 1, 1)}, {"a": [2, 2, 5, 5], "b": [2, 4, 5, 5]}, ["y"])
    data = {"a": samples(6, 2, 5, 5), "b": samples(6, 4, 5, 5, seed=3), "y": np.arange(6)}
    result = quantize(model, data)
    assert result.unproved == ()
    scale = constants_of(result.model)["b_scale"]
    assert scale == F((np.float64(data["b"].max()) - np.float64(data["b"].min())) / 255)


# ---------------------------------------------------------------- scales


@pytest.mark.parametrize("kind", ["Gemm", "Gemm, K x C", "MatMul"])
def test_moved_layer_equals_its_integers_in_the_golden_session(kind):
    """Many channels, so that some scales must move; then onnxruntime, formula and proved integers on random codes."""
    rng = np.random.default_rng(3)
    weight = weights(rng, 300, 64) * 10 ** rng.uniform(-2, 0, (300, 1)).astype(F)
    bias = None if kind == "MatMul" else rng.normal(size=300).astype(F)
    result = quantize(dense(rng, weight, bias, kind == "Gemm"), samples(40, 64))
    assert (result.channels, result.unproved) == (300, ())
    assert result.moved_channels > 3
    assert 1 <= result.max_ulps < 1000
    ((_, sx, zx, codes, sw, bias_codes, _, sy, zy),) = fused(result.model)
    ((_, proof),) = proofs(result.model)
    assert proof.unproved == 0
    engine = session(result.model)
    for x in samples(30, 1, 64, seed=8) * 1.5:
        acc = codes.astype(np.int64) @ (quantize_linear(x[0], sx, zx).astype(np.int64) - zx)
        acc += 0 if bias_codes is None else bias_codes
        y = engine.run(None, {"x": x})[0]
        code = requantize(acc, requantize_scale(sx, sw, sy), zy)
        assert (proof.apply(acc) == code).all()
        assert (y[0] == (code.astype(np.int32) - zy).astype(F) * sy).all()


def test_weights_change_by_ulps_only():
    rng = np.random.default_rng(3)
    weight, bias = weights(rng, 300, 64), rng.normal(size=300).astype(F)
    ((_, sx, _, codes, sw, bias_codes, _, _, _),) = fused(quantize(dense(rng, weight, bias), samples(40, 64)).model)
    calibrated = np.abs(weight).max(1) / F(127)
    assert np.abs(sw / calibrated - 1).max() < 1e-4
    assert np.abs(codes * sw[:, None] - weight).max() < 0.51 * sw.max()
    assert np.abs(bias_codes * (sx * sw) - bias).max() < 0.51 * (sx * sw).max()


def test_proving_again_changes_nothing(quantized):
    again = make_provable(quantized.model)
    assert again.model.SerializeToString() == quantized.model.SerializeToString()
    assert (again.channels, again.moved_channels, again.max_ulps) == (33, 0, 0)


def test_channels_without_weights_and_faint_ones_are_provable_and_keep_their_bias():
    rng = np.random.default_rng(4)
    weight, bias = weights(rng, 12, 20), rng.normal(size=12).astype(F)
    weight[2], weight[5], bias[5] = 0, 0, 0
    weight[7] *= F(1e-9)
    weight[8] *= F(1e-20)
    model = dense(rng, weight, bias)
    result = quantize(model, samples(20, 20))
    assert result.unproved == ()
    assert result.max_ulps < 1000
    x = samples(1, 20, seed=5)
    assert np.abs(run(result.model, x=x) - run(model, golden=False, x=x)).max() < 0.1
    ((_, sx, _, _, sw, bias_codes, _, _, _),) = fused(result.model)
    assert np.abs(bias_codes * (sx * sw) - bias).max() < 1e-3


def test_all_channels_without_weights():
    rng = np.random.default_rng(4)
    model = dense(rng, np.zeros((3, 5), F), np.array([0.5, -0.25, 0], F))
    result = quantize(model, samples(4, 5))
    assert result.unproved == ()
    assert np.abs(run(result.model, x=samples(1, 5)) - [[0.5, -0.25, 0]]).max() < 0.01


def test_layers_that_share_weights_get_their_own_scales():
    rng = np.random.default_rng(6)
    nodes = [
        ("Conv", ["x", "w", "b"], ["c1"], {}),
        ("Relu", ["c1"], ["r1"], {}),
        ("Conv", ["r1", "w", "b"], ["c2"], {}),
        ("Relu", ["c2"], ["r2"], {}),
        ("Conv", ["r2", "w", "b"], ["y"], {}),
    ]
    model = build(
        nodes, {"w": weights(rng, 64, 64, 1, 1) * 2, "b": rng.normal(size=64).astype(F)}, {"x": [1, 64, 4, 4]}, ["y"]
    )
    result = quantize(model, samples(10, 64, 4, 4))
    assert result.unproved == ()
    assert result.moved_channels > 0
    assert [proof.unproved for _, proof in proofs(result.model)] == [0, 0, 0]
    for _, sx, _, _, sw, _, unit, _, _ in fused(result.model):
        assert (unit.view(np.int32) == (sx * sw).view(np.int32)).all()
    x = samples(1, 64, 4, 4, seed=5)
    reference = run(model, golden=False, x=x)
    assert np.abs(run(result.model, x=x) - reference).max() < 0.05 * np.abs(reference).max()


def test_channels_beyond_any_proof_are_recorded():
    """An output range far smaller than what the weights can reach: a step of the sum is more than a quarter code."""
    model = dense(np.random.default_rng(0), np.array([[100.0, 100.0], [1e-3, 1e-3]], F), np.zeros(2, F))
    result = quantize(model, np.array([[1, -0.99], [-1, 0.99]], F))
    assert result.unproved == (("Gemm_y", 1),)
    assert (result.channels, result.moved_channels) == (2, 0)
    ((_, proof),) = proofs(result.model)
    assert (proof.multiplier == 0).tolist() == [True, False]


def test_relu_that_stays_is_no_requantization():
    """Conv, Relu, QuantizeLinear: onnxruntime does not fuse it, and scales are as given."""
    rng = np.random.default_rng(0)
    model = build([("Conv", ["x", "w"], ["y"], {})], {"w": weights(rng, 64, 64, 1, 1)}, {"x": [1, 64, 5, 5]}, ["y"])
    model = quantize(model, samples(4, 64, 5, 5)).model
    conv = next(node for node in model.graph.node if node.op_type == "Conv")
    relu = helper.make_node("Relu", ["inner"], [conv.output[0]])
    conv.output[0] = "inner"
    model.graph.node.append(relu)
    scale = next(t for t in model.graph.initializer if t.name == "w_scale")
    scale.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(scale) * F(1.01), "w_scale"))
    result = make_provable(model)
    assert (result.channels, result.moved_channels, result.unproved) == (0, 0, ())
    assert result.model.SerializeToString() == model.SerializeToString()


# ---------------------------------------------------------------- what is refused


def error_of(call, *arguments, **named):
    with pytest.raises(BittwinError) as caught:
        call(*arguments, **named)
    assert caught.value.exit_status == 2
    assert caught.value.where
    assert caught.value.do
    return str(caught.value)


def bad(value):
    x = samples(4, 3, 12, 12)
    x[2, 1, 5, 5] = value
    return x


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (samples(4, 3, 12), ["'x'", "[4, 3, 12]", "[N, 3, 12, 12]"]),
        (samples(4, 1, 12, 12), ["[4, 1, 12, 12]", "[N, 3, 12, 12]"]),
        ((samples(4, 3, 12, 12) * 9).astype(np.uint8), ["uint8", "float32"]),
        (bad(np.nan), ["NaN"]),
        (bad(np.inf), ["infinity"]),
        (samples(0, 3, 12, 12), ["0 samples"]),
        ({"image": samples(4, 3, 12, 12)}, ["'image'", "'x'"]),
        ({"x": samples(4, 3, 12, 12), "extra": np.zeros(4, F)}, ["'extra'"]),
        ({}, ["nothing", "'x'"]),
        (np.float32(3), ["[]", "[N, 3, 12, 12]"]),
    ],
)
def test_calibration_that_does_not_fit(data, words):
    message = error_of(quantize, network(), data)
    assert all(word in message for word in words), message


def test_calibration_in_float64_is_taken_as_float32():
    x = samples(4, 3, 12, 12)
    same = [quantize(network(), data).model.SerializeToString() for data in (x, x.astype(np.float64))]
    assert same[0] == same[1]


def test_samples_that_do_not_fill_a_batch():
    assert "5 samples" in error_of(quantize, network(batch=2), samples(5, 3, 12, 12))


def test_unknown_method():
    assert "minmax" in error_of(quantize, network(), samples(4, 3, 12, 12), method="best")


def test_quantized_model(quantized):
    assert "quantized already" in error_of(quantize, quantized.model, samples(4, 3, 12, 12))


def test_dynamic_shape_and_integer_input():
    model = network()
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"
    message = error_of(quantize, model, samples(4, 3, 12, 12))
    assert "'x'" in message
    assert "dimension 2 is dynamic ('height')" in message
    model = network()
    model.graph.input[0].name = "codes"
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT8
    model.graph.node.insert(0, helper.make_node("Cast", ["codes"], ["x"], to=TensorProto.FLOAT))
    message = error_of(quantize, model, samples(4, 3, 12, 12))
    assert "'codes'" in message
    assert "INT8" in message


def test_weights_with_nan():
    model = network()
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == "w3")
    values = numpy_helper.to_array(tensor).copy()
    values[0, 0] = np.nan
    tensor.CopyFrom(numpy_helper.from_array(values, "w3"))
    message = error_of(quantize, model, samples(4, 3, 12, 12))
    assert "w3" in message
    assert "NaN" in message


def test_sums_that_could_leave_int32():
    model = dense(np.random.default_rng(0), np.ones((1, 140_000), F), np.zeros(1, F))
    message = error_of(quantize, model, samples(1, 140_000))
    assert "Gemm_y" in message
    assert "int32" in message


def test_bound_of_sums_counts_the_input_offset():
    """Weights 1 and x in [0, 1]: folded into the bias, the offset takes it from -2e8 to 7.7e8, not to -1.2e9."""
    bias = np.array([-2e8 / 255 / 127], F)
    result = quantize(dense(np.random.default_rng(0), np.ones((1, 60_000), F), bias), np.ones((1, 60_000), F))
    assert result.channels == 1


def test_not_a_model(tmp_path):
    (tmp_path / "text.onnx").write_text("hello")
    assert "text.onnx" in error_of(quantize, tmp_path / "text.onnx", samples(4, 3, 12, 12))
    assert "missing.onnx" in error_of(quantize, tmp_path / "missing.onnx", samples(4, 3, 12, 12))


# ---------------------------------------------------------------- calibration files


def test_load_calibration(tmp_path):
    x = samples(4, 3)
    np.savez(tmp_path / "x.npz", x=x, y=np.arange(4))
    assert {name: array.tolist() for name, array in load_calibration(tmp_path / "x.npz").items()} == {"x": x.tolist()}
    np.savez(tmp_path / "two.npz", left=x, right=x)
    assert set(load_calibration(tmp_path / "two.npz")) == {"left", "right"}


def test_files_that_are_no_calibration(tmp_path):
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "empty.npz").write_bytes(b"")
    np.savez(tmp_path / "none.npz")
    np.save(tmp_path / "one.npy", np.zeros(3))
    np.savez(tmp_path / "objects.npz", x=np.array([{}, None], object))
    whole = tmp_path / "whole.npz"
    np.savez(whole, x=np.zeros(1000))
    (tmp_path / "cut.npz").write_bytes(whole.read_bytes()[:-50])
    for name in ("text.npz", "empty.npz", "none.npz", "one.npy", "objects.npz", "cut.npz", "missing.npz"):
        assert name in error_of(load_calibration, tmp_path / name)
    assert error_of(load_calibration, tmp_path)
