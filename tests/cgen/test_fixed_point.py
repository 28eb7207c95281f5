"""Formulas against onnxruntime, proofs by force over every accumulator or pair of codes."""

import time
from fractions import Fraction

import numpy as np
import onnxruntime
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from bittwin_cgen import fixed_point
from bittwin_cgen.fixed_point import (
    CODES,
    SHIFTS,
    AddScales,
    accumulator_range,
    add_reference,
    add_swaps,
    average_code,
    average_error,
    average_least_errors,
    average_pool_reference,
    bias_codes,
    dequantize_linear,
    fma32,
    global_average_scale,
    layer_offset,
    limits,
    move_scales,
    multiply_reference,
    prove_add,
    prove_average,
    prove_reciprocal,
    prove_requantization,
    prove_resize,
    quantize_linear,
    requantize,
    requantize_scale,
    scale_significand,
    suspects,
    thresholds,
)

F = np.float32
A, B = (codes.astype(np.int8) for codes in np.meshgrid(CODES, CODES, indexing="ij"))
TYPES = {np.dtype(np.int8): TensorProto.INT8, np.dtype(np.float32): TensorProto.FLOAT}


def golden(nodes, inputs, constants, output_type=np.int8):
    """Last output of one node or several in the golden session; inputs and constants by the names in the nodes."""
    nodes = nodes if isinstance(nodes, list) else [nodes]
    values = [helper.make_tensor_value_info(name, TYPES[array.dtype], array.shape) for name, array in inputs.items()]
    output = helper.make_tensor_value_info(nodes[-1].output[0], TYPES[np.dtype(output_type)], None)
    initializers = [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "golden", values, [output], initializers)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.qdqisint8allowed", "1")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0]


def force(proof, low, high):
    """Accumulators of proved channels that differ from the float32 formula, of all in the range of each channel."""
    differ = 0
    for channel, multiplier in enumerate(proof.multiplier.tolist()):
        if multiplier == 0:
            continue
        acc = np.arange(low[channel], high[channel] + 1)
        inner = proof.offset + ((acc * multiplier) >> 32)
        assert np.abs(inner).max() < 2**31
        assert 1 <= multiplier < 2**31
        codes = np.clip(inner >> proof.shift, -128, 127)
        differ += np.count_nonzero(codes != requantize(acc, proof.scale[channel], proof.zero_point))
    return differ


def random_layer(rng, channels, reach):
    """(sx, sw[C], sy, zy, low[C], high[C]) as networks have them."""
    sx, sy = F(rng.uniform(0.004, 0.12)), F(rng.uniform(0.004, 0.15))
    sw = (10 ** rng.uniform(-3.5, -1.8, channels)).astype(F)
    low, high = -rng.integers(1, reach, channels), rng.integers(1, reach, channels)
    return sx, sw, sy, int(rng.integers(-128, 128)), low, high


# ---------------------------------------------------------------- requantization


@pytest.mark.parametrize("zero_point", [-128, -5, 0, 127])
def test_proof_holds_for_every_accumulator(zero_point):
    rng = np.random.default_rng(zero_point + 128)
    sx, sw, sy, _, low, high = random_layer(rng, 40, 1 << 17)
    proof = prove_requantization(requantize_scale(sx, sw, sy), zero_point, low, high)
    assert proof.unproved < 20
    assert force(proof, low, high) == 0


@pytest.mark.parametrize("shift", [1, 3, 8, 16])
def test_proof_with_a_given_shift(shift):
    rng = np.random.default_rng(shift)
    sx, sw, sy, zero_point, low, high = random_layer(rng, 20, 1 << 16)
    scale = requantize_scale(sx, sw, sy) * F(2.0 ** min(0, 6 - shift))  # a multiplier of that shift must fit
    proof = prove_requantization(scale, zero_point, low, high, shift)
    assert (proof.shift, proof.offset) == (shift, (zero_point << shift) + (1 << (shift - 1)))
    assert force(proof, low, high) == 0
    assert np.count_nonzero(proof.multiplier) > 10


@pytest.mark.parametrize("zero_point", [-128, 3, 127])
@pytest.mark.parametrize("value", [0, 1, -1, 7, -4000, 4000, 30000, -30000, 2**31 - 1, 1 - 2**31])
def test_constant_channels(value, zero_point):
    scale = np.array([0.05, 0.011, 1e-4, 1e-6, 2.0**-60, 0.0], F)
    values = np.full(len(scale), value)
    proof = prove_requantization(scale, zero_point, values, values)
    assert proof.unproved == 0
    assert force(proof, values, values) == 0
    assert (proof.apply(values) == requantize(values, scale, zero_point)).all()


def test_range_without_a_step_keeps_its_ends():
    """Between two steps, far from zero: only the ends bind the multiplier."""
    scale, low, high = F(0.01), np.array([1960, -2040, 149, -151]), np.array([2040, -1960, 151, -149])
    proof = prove_requantization(np.full(4, scale), 3, low, high)
    assert proof.unproved == 0
    assert force(proof, low, high) == 0


def test_scales_that_differ_by_a_factor_of_two_to_the_18():
    scale = np.array([2.0**-5, 2.0**-23, 1.3 * 2.0**-23, 1.7 * 2.0**-5], F) * F(0.93)
    low, high = np.array([-4000, -(2**30), -1000, -4000]), np.array([4000, 2**30, 1000, 4000])
    proof = prove_requantization(scale, -7, low, high)
    assert proof.multiplier[2]
    assert proof.multiplier[0]
    ends = np.array([low, high, low // 2, high // 2])
    assert (proof.apply(ends) == requantize(ends, scale, -7)).all()
    assert force(proof, np.maximum(low, -(1 << 20)), np.minimum(high, 1 << 20)) == 0


def test_exact_ties_have_no_proof_until_the_scale_moves():
    low, high = np.array([-2000]), np.array([2000])
    tie = prove_requantization(np.array([2.0**-5], F), 0, low, high)
    assert tie.unproved == 1
    acc = np.arange(-2000, 2001)[:, None]
    assert (tie.apply(acc) == requantize(acc, tie.scale, 0)).all()
    moved = move_scales(F(1), np.array([2.0**-5], F), F(1), 0, low, high)
    assert moved.proof.unproved == 0
    assert abs(moved.moved[0]) == 1
    assert force(moved.proof, low, high) == 0


def test_large_scales_have_no_proof_and_do_no_harm():
    low, high = np.array([-1000, -1000, 5, 0]), np.array([1000, 1000, 5, 0])
    moved = move_scales(F(1), np.array([0.6, 300.0, 1e30, 3.0], F), F(1), 0, low, high)
    assert moved.proof.multiplier.astype(bool).tolist() == [False, False, False, True]
    assert (moved.moved == 0).all()
    acc = np.arange(-1000, 1001)[:, None]
    assert (moved.proof.apply(acc)[:, :2] == requantize(acc, moved.proof.scale, 0)[:, :2]).all()
    assert force(moved.proof, low, high) == 0


def test_shift_is_3_unless_another_proves_more():
    low, high = np.array([-2000]), np.array([2000])
    assert prove_requantization(np.array([0.0101], F), 0, low, high).shift == 3
    for scale, shift in ((0.0801, 2), (0.1301, 1), (0.2401, 1)):
        found = move_scales(F(1), np.array([scale], F), F(1), 0, low, high)
        assert (found.proof.shift, found.proof.unproved) == (shift, 0)
        assert force(found.proof, low, high) == 0
    mixed = np.array([0.0101, 0.0801, 0.0501, 0.1301], F)
    found = move_scales(F(1), mixed, F(1), 0, np.full(4, -2000), np.full(4, 2000))
    assert (found.proof.shift, found.proof.unproved) == (1, 0)


def wrong_accumulators(proof, low, high):
    """How many accumulators of each channel without a proof get a wrong code; those codes are the suspects."""
    found, wrong = suspects(proof, low, high), []
    (unproved,) = np.nonzero(proof.multiplier == 0)
    assert found.codes.shape == (len(unproved), 256)
    for channel, multiplier, codes in zip(unproved, found.multiplier, found.codes, strict=True):
        assert 1 <= multiplier < 2**31
        acc = np.arange(low[channel], high[channel] + 1)
        inner = proof.offset + ((acc * multiplier) >> 32)
        assert np.abs(inner).max() < 2**31
        given = np.clip(inner >> proof.shift, -128, 127)
        differs = given != requantize(acc, proof.scale[channel], proof.zero_point)
        assert set(np.flatnonzero(codes) - 128) == set(given[differs])
        wrong.append(np.count_nonzero(differs))
    return wrong


@pytest.mark.parametrize("zero_point", [-128, -5, 0, 127])
def test_without_a_proof_every_wrong_code_is_suspect(zero_point):
    rng = np.random.default_rng(zero_point + 128)
    scale = (2.0 ** -rng.uniform(8, 11, 250)).astype(F)
    low, high = -rng.integers(1, 1 << 18, 250), rng.integers(1, 1 << 18, 250)
    proof = prove_requantization(scale, zero_point, low, high)
    assert proof.unproved > 5
    assert np.median(wrong_accumulators(proof, low, high)) <= 4


def test_suspects_of_scales_that_no_multiplier_serves():
    """Exact ties, scales of a half and more, and one 2**18 below the layer's."""
    scale = np.array([2.0**-5, 0.75, 300.0, 1e30, 1.3 * 2.0**-24, 2.0**-6, 2.0**-7], F)
    high = np.array([2000, 900, 900, 900, 1 << 20, 9000, 18000])
    proof = prove_requantization(scale, -3, -high, high, shift=3)
    assert proof.unproved >= 6
    wrong_accumulators(proof, -high, high)


def test_saturated_codes_are_seldom_suspect():
    """They are common behind a Relu."""
    rng = np.random.default_rng(5)
    high = np.full(200, 1 << 19)
    proof = prove_requantization((2.0 ** -rng.uniform(9, 12, 200)).astype(F), -128, -high, high)
    codes = suspects(proof, -high, high).codes
    assert len(codes) > 20
    assert codes[:, 1:-1].sum() > 20
    assert codes[:, [0, 255]].sum() == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1])
def test_what_is_not_a_scale_is_an_error(bad):
    with pytest.raises(ValueError, match="scale"):
        prove_requantization(np.array([0.1, bad], F), 0, [-5, -5], [5, 5])


@pytest.mark.parametrize(("low", "high"), [(0, 2**31), (-(2**31), 0), (5, 4)])
def test_accumulators_outside_int32_are_an_error(low, high):
    with pytest.raises(ValueError, match="int32"):
        prove_requantization(np.array([0.1], F), 0, [low], [high])


def multipliers_by_scanning(scale, zero_point, low, high, shift):
    """Range of multipliers, from each accumulator by itself with Python integers; None where it is empty."""
    least, most = 1, 2**31 - 1
    offset = layer_offset(zero_point, shift)
    for acc in range(low, high + 1):
        code = int(requantize(acc, scale, zero_point))
        bounds = []  # acc * m >= bound, acc * m < bound
        if code > -128:
            bounds.append((((code << shift) - offset) << 32, True))
        if code < 127:
            bounds.append(((((code + 1) << shift) - offset) << 32, False))
        for bound, at_least in bounds:
            if acc == 0:
                assert (bound <= 0) == at_least
                continue
            edge = Fraction(bound if at_least else bound - 1, acc)
            if (acc > 0) == at_least:
                least = max(least, -(-edge.numerator // edge.denominator))
            else:
                most = min(most, edge.numerator // edge.denominator)
    return (least, most) if least <= most else None


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-12, 1).map(lambda e: F(2.0**e)),
    st.integers(-128, 127),
    st.integers(-3000, 3000),
    st.integers(0, 400),
    st.sampled_from(sorted(SHIFTS)),
)
@example(F(0.125), 0, -40, 80, 3)
@example(F(0.01), 127, 0, 0, 1)
def test_multiplier_is_the_middle_of_all_that_do(scale, zero_point, low, size, shift):
    expected = multipliers_by_scanning(scale, zero_point, low, low + size, shift)
    found = int(prove_requantization(np.array([scale]), zero_point, [low], [low + size], shift).multiplier[0])
    assert found == (0 if expected is None else sum(expected) // 2)


@settings(max_examples=80, deadline=None)
@given(
    st.floats(-34, 2).map(lambda e: F(2.0**e)),
    st.integers(-128, 127),
    st.integers(1 - 2**31, 2**31 - 1),
    st.integers(1 - 2**31, 2**31 - 1),
)
def test_any_range_agrees_at_its_steps_and_ends(scale, zero_point, first, second):
    low, high = min(first, second), max(first, second)
    proof = prove_requantization(np.array([scale]), zero_point, [low], [high])
    near = ((CODES - zero_point - 0.5) / float(scale))[:, None] * (1 + np.arange(-4, 5) * 2.0**-24) + np.arange(-4, 5)
    acc = np.append(np.clip(near, low, high).astype(np.int64), [low, high])[:, None]
    assert (proof.apply(acc) == requantize(acc, scale, zero_point)).all()


@pytest.mark.parametrize("reach", [1 << 16, 1 << 23, 1 << 26, 1 << 29, (1 << 31) - 2])
def test_thresholds_are_the_first_accumulators_of_their_codes(reach):
    """Beyond 2**24 float32 skips integers, and thresholds are far from the quotient of real numbers."""
    rng = np.random.default_rng(reach)
    scale = (rng.uniform(1, 500, 200) / reach).astype(F)
    low, high = -rng.integers(1, reach, 200), rng.integers(1, reach, 200)
    for zero_point in (-128, 0, 90):
        found = thresholds(scale, zero_point, low, high)
        inside = (found >= low[:, None]) & (found <= high[:, None])
        assert (inside | (found == high[:, None] + 1)).all()
        code, factor = CODES[1:], scale[:, None]
        assert (requantize(found, factor, zero_point) >= code)[inside].all()
        assert (requantize(found - 1, factor, zero_point) < code)[found > low[:, None]].all()


def test_proof_chooses_the_shift_that_leaves_fewest():
    proof = prove_requantization(np.array([0.0101, 0.0809, 0.1303], F), 0, [-900] * 3, [900] * 3)
    alone = {
        shift: prove_requantization(proof.scale, 0, [-900] * 3, [900] * 3, shift).unproved for shift in sorted(SHIFTS)
    }
    assert alone[3] > min(alone.values())
    assert alone[proof.shift] == min(alone.values())


def test_moved_scales_are_proved_by_force():
    rng = np.random.default_rng(7)
    for _ in range(4):
        sx, sw, sy, zero_point, low, high = random_layer(rng, 30, 1 << 19)
        found = move_scales(sx, sw, sy, zero_point, low, high)
        assert found.proof.unproved == 0
        assert np.count_nonzero(found.moved) >= 2
        ulps = found.weight_scale.view(np.int32) - sw.view(np.int32)
        assert (ulps == found.moved).all()
        again = prove_requantization(requantize_scale(sx, found.weight_scale, sy), zero_point, low, high, 3)
        assert (again.multiplier == found.proof.multiplier).all()
        assert force(found.proof, low, high) == 0


def test_moved_scales_are_the_nearest():
    rng = np.random.default_rng(11)
    sx, sw, sy, zero_point, low, high = random_layer(rng, 60, 1 << 21)
    found = move_scales(sx, sw, sy, zero_point, low, high)
    for channel in np.flatnonzero(np.abs(found.moved) > 1)[:5]:
        limit = abs(int(found.moved[channel]))
        for ulps in range(-limit + 1, limit):
            scale = (sw[channel : channel + 1].view(np.int32) + np.int32(ulps)).view(F)
            nearer = requantize_scale(sx, scale, sy)
            proof = prove_requantization(nearer, zero_point, low[[channel]], high[[channel]], 3)
            assert proof.unproved == 1


def test_limit_bounds_the_move():
    rng = np.random.default_rng(11)
    sx, sw, sy, zero_point, low, high = random_layer(rng, 60, 1 << 21)
    free = move_scales(sx, sw, sy, zero_point, low, high, shift=3)
    bound = move_scales(sx, sw, sy, zero_point, low, high, limit=2, shift=3)
    assert np.abs(free.moved).max() > 2
    assert (bound.moved == np.where(np.abs(free.moved) <= 2, free.moved, 0)).all()
    assert ((bound.proof.multiplier == 0) == (np.abs(free.moved) > 2)).all()


def test_two_thousand_channels_timed(capsys):
    """Processor time, printed, not asserted: machines differ."""
    rng = np.random.default_rng(0)
    layers = [random_layer(rng, 100, 1 << 21) for _ in range(20)]
    start = time.process_time()
    found = [move_scales(*layer) for layer in layers]
    seconds = time.process_time() - start
    moved = np.abs(np.concatenate([result.moved for result in found]))
    with capsys.disabled():
        print(f" [2,000 channels: {seconds:.2f} s, moved by {moved.mean():.2f} ulp on average, {moved.max()} at most] ")
    assert sum(result.proof.unproved for result in found) == 0


def test_accumulator_range_by_force():
    rng = np.random.default_rng(5)
    weights, bias = rng.integers(-128, 128, (6, 3)).astype(np.int8), rng.integers(-9999, 9999, 6)
    weights[0] = 0
    low, high, magnitude = accumulator_range(weights, bias)
    corners = np.stack(np.meshgrid(*[[-128, 127]] * 3), -1).reshape(-1, 3)
    sums = corners @ weights.astype(np.int64).T + bias
    assert (low == sums.min(0)).all()
    assert (high == sums.max(0)).all()
    partial = corners[:, None, :] * weights.astype(np.int64)[None]
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        assert (np.abs(bias + partial[..., order].cumsum(-1).transpose(2, 0, 1)) <= magnitude).all()


@pytest.mark.parametrize("zero_point", [-128, -3, 127])
def test_requantization_equals_qlinearconv(zero_point):
    rng = np.random.default_rng(zero_point + 300)
    channels, inputs = 24, 9
    weights = rng.integers(-127, 128, (channels, inputs, 1, 1)).astype(np.int8)
    weights[0] = 0
    sx, sy, zx = F(rng.uniform(0.01, 0.1)), F(rng.uniform(0.05, 0.5)), int(rng.integers(-128, 128))
    sw = (10 ** rng.uniform(-4, -2, channels)).astype(F)
    sw[1] *= F(2.0**-18)
    sw[2] = F(2.0**-3) * sy / sx  # ties
    bias = rng.integers(-20000, 20000, channels).astype(np.int32)
    matrix = weights.reshape(channels, inputs).astype(np.int64)
    folded = bias - zx * matrix.sum(1)
    low, high, _ = accumulator_range(matrix, folded)
    found = move_scales(sx, sw, sy, zero_point, low, high)
    x = rng.integers(-128, 128, (1, inputs, 40, 50)).astype(np.int8)
    x[0, :, 0, 0], x[0, :, 0, 1] = -128, 127
    acc = np.einsum("ck,nkhw->nhwc", matrix, x.astype(np.int64)) + folded
    for scales, proof in (
        (sw, prove_requantization(requantize_scale(sx, sw, sy), zero_point, low, high)),
        (found.weight_scale, found.proof),
    ):
        constants = {
            "sx": sx,
            "zx": np.int8(zx),
            "w": weights,
            "sw": scales,
            "zw": np.zeros(channels, np.int8),
            "sy": sy,
        }
        constants |= {"zy": np.int8(zero_point), "b": bias}
        node = helper.make_node("QLinearConv", ["x", "sx", "zx", "w", "sw", "zw", "sy", "zy", "b"], ["y"])
        y = golden(node, {"x": x}, constants).transpose(0, 2, 3, 1)
        assert (y == requantize(acc, requantize_scale(sx, scales, sy), zero_point)).all()
        assert (y == proof.apply(acc)).all()
    assert found.proof.unproved == 0


def test_order_of_the_scales_is_that_of_onnxruntime():
    """On accumulators where sx * sw / sy, sx / sy * sw and the product of real numbers give different codes."""
    rng = np.random.default_rng(12)
    sx, sw, sy = rng.uniform(0.0001, 0.01, (3, 200_000)).astype(F)
    orders = sx * sw / sy, sx / sy * sw, (sx.astype(np.float64) * sw / sy).astype(F)
    acc = np.rint((rng.integers(0, 120, len(sx)) + 0.5) / orders[0]).astype(np.int64)
    codes = [requantize(acc, order, 0) for order in orders]
    node = helper.make_node("QLinearConv", ["x", "sx", "z", "w", "sw", "z", "sy", "z", "b"], ["y"])
    for other in codes[1:]:
        differ = np.flatnonzero(codes[0] != other)
        assert len(differ) > 8
        for i in differ[:8]:
            constants = {"sx": sx[i], "z": np.int8(0), "w": np.zeros((1, 1, 1, 1), np.int8), "sw": sw[i], "sy": sy[i]}
            constants["b"] = acc[i : i + 1].astype(np.int32)
            y = golden(node, {"x": np.zeros((1, 1, 1, 1), np.int8)}, constants).item()
            assert y == requantize(acc[i], requantize_scale(sx[i], sw[i], sy[i]), 0)


def test_bias_codes_equal_those_onnxruntime_makes():
    """A float bias in a QDQ convolution whose weights are 0: the scales make each output the bias code itself."""
    rng = np.random.default_rng(8)
    channels, sx, unit = 4000, F(0.0371), F(0.0123)
    sw = unit * rng.uniform(0.9999, 1.0001, channels).astype(F)
    halves = (rng.integers(-100, 100, channels) + 0.5) * (sx * sw)
    bias = np.where(rng.random(channels) < 0.5, halves, rng.uniform(-0.04, 0.04, channels)).astype(F)
    constants = {"sx": sx, "z": np.int8(0), "w": np.zeros((channels, 1, 1, 1), np.int8), "sw": sw, "sy": sx * unit}
    constants |= {"zw": np.zeros(channels, np.int8), "b": bias}
    nodes = [
        helper.make_node("DequantizeLinear", ["x", "sx", "z"], ["xf"]),
        helper.make_node("DequantizeLinear", ["w", "sw", "zw"], ["wf"], axis=0),
        helper.make_node("Conv", ["xf", "wf", "b"], ["yf"]),
        helper.make_node("QuantizeLinear", ["yf", "sy", "z"], ["y"]),
    ]
    y = golden(nodes, {"x": np.ones((1, 1, 1, 1), np.int8)}, constants).ravel()
    codes = bias_codes(bias, sx, sw)
    assert np.count_nonzero(np.abs(codes) < 100) > 3000
    assert (y == requantize(codes, requantize_scale(sx, sw, sx * unit), 0)).all()


def test_bias_codes_saturate():
    assert bias_codes(np.array([1e30, -1e30, 0], F), F(0.1), F(0.1)).tolist() == [2**31 - 1, -(2**31), 0]


def test_requantize_saturates_on_the_safe_side():
    acc = np.array([2**31 - 1, 1 - 2**31, 0, 10**9])
    assert requantize(acc, F(3e38), 5).tolist() == [127, -128, 5, 127]
    assert requantize(acc, F(1e-45), -128).tolist() == [-128] * 4


# ---------------------------------------------------------------- float32


def rounded(value):
    """A Fraction to the nearest float32, halves to even."""
    if value == 0:
        return 0.0
    magnitude = abs(value)
    exponent = max(magnitude.numerator.bit_length() - magnitude.denominator.bit_length() - 24, -149)
    while magnitude >= Fraction(2) ** (exponent + 24):
        exponent += 1
    while exponent > -149 and magnitude < Fraction(2) ** (exponent + 23):
        exponent -= 1
    unit = Fraction(2) ** exponent
    nearest = round(magnitude / unit) * unit  # Python rounds halves to even
    result = float("inf") if nearest >= 2**128 else float(nearest)
    return result if value > 0 else -result


numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)


@settings(max_examples=600, deadline=None)
@given(numbers, numbers, numbers)
@example(1 + 2.0**-12, 1 + 2.0**-12, 2.0**-80)  # double arithmetic rounds twice here
@example(1 + 2.0**-12, 1 + 2.0**-12, -(2.0**-80))
@example(2.0**-75, 2.0**-75, 2.0**-149)
@example(2.0**64, 2.0**64, -(2.0**100))
def test_fma32_is_correctly_rounded(a, b, c):
    assert float(fma32(F(a), F(b), F(c))) == rounded(Fraction(a) * Fraction(b) + Fraction(c))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**23 - 1), st.integers(0, 2**23 - 1), st.integers(-60, 30), st.booleans(), st.integers(0, 60))
def test_fma32_near_halfway(first, second, exponent, negative, drop):
    a, b = F(1 + first * 2.0**-23), F(1 + (second >> drop % 23) * 2.0**-23)
    c = F((-1.0 if negative else 1.0) * 2.0**exponent)
    assert float(fma32(a, b, c)) == rounded(Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c)))


def test_fma32_of_infinities_and_nan():
    with np.errstate(all="ignore"):
        assert fma32(F(np.inf), F(1), F(1)) == np.inf
        assert np.isnan(fma32(F(np.inf), F(1), F(-np.inf)))


@pytest.mark.parametrize("zero_point", [-128, 0, 127])
def test_quantize_and_dequantize_linear_equal_onnxruntime(zero_point):
    rng = np.random.default_rng(zero_point + 500)
    scale = F(rng.uniform(0.001, 0.1))
    x = np.concatenate([rng.normal(0, 8, 50000), (rng.integers(-300, 300, 3000) + 0.5) * scale]).astype(F)
    x = np.append(x, np.array([np.nan, np.inf, -np.inf, 3e38, -3e38, -0.0, 1e-45], F))
    constants = {"s": scale, "z": np.int8(zero_point)}
    codes = golden(helper.make_node("QuantizeLinear", ["x", "s", "z"], ["y"]), {"x": x}, constants)
    assert (quantize_linear(x, scale, zero_point) == codes).all()
    every = CODES.astype(np.int8)
    values = golden(helper.make_node("DequantizeLinear", ["x", "s", "z"], ["y"]), {"x": every}, constants, F)
    assert (dequantize_linear(every, scale, zero_point) == values).all()


# ---------------------------------------------------------------- two inputs, pools


def random_scales(rng, kind):
    if kind == "powers of two":
        a, b = 2.0 ** rng.integers(-8, -2, 2)
        output = max(a, b) * 2.0 ** rng.integers(-1, 2)
    elif kind == "thirds":
        a, b, output = 0.0371 * rng.integers((1, 1, 3), (8, 8, 15))
    else:
        a, b = 10 ** rng.uniform(-2.5, -0.5, 2)
        output = a if kind == "kept" else max(a, b) * rng.uniform(0.6, 2)
    zeros = [int(zero) for zero in np.where(rng.random(3) < 0.2, -128, rng.integers(-128, 128, 3))]
    return AddScales(float(F(a)), zeros[0], float(F(b)), zeros[1], float(F(output)), zeros[2])


KINDS = ["usual", "powers of two", "kept", "thirds"]


def add_constants(scales):
    names = ("sa", "za", "sb", "zb", "sy", "zy")
    values = (
        F(scales.a_scale),
        np.int8(scales.a_zero_point),
        F(scales.b_scale),
        np.int8(scales.b_zero_point),
        F(scales.output_scale),
        np.int8(scales.output_zero_point),
    )
    return dict(zip(names, values, strict=True))


def binary(op):
    return helper.make_node(op, ["a", "sa", "za", "b", "sb", "zb", "sy", "zy"], ["y"], domain="com.microsoft")


@pytest.mark.parametrize("kind", KINDS)
def test_addition_and_multiplication_of_all_pairs_equal_onnxruntime(kind):
    rng = np.random.default_rng(KINDS.index(kind))
    for _ in range(12):
        scales = random_scales(rng, kind)
        constants = add_constants(scales)
        assert (golden(binary("QLinearAdd"), {"a": A, "b": B}, constants) == add_reference(A, B, scales)).all()
        product = multiply_reference(
            A,
            B,
            scales.a_scale,
            scales.a_zero_point,
            scales.b_scale,
            scales.b_zero_point,
            scales.output_scale,
            scales.output_zero_point,
        )
        assert (golden(binary("QLinearMul"), {"a": A, "b": B}, constants) == product).all()


@pytest.mark.parametrize(
    ("a_shape", "b_shape", "swaps"),
    [
        ((1, 40), (40, 40), False),
        ((40, 40), (40, 1), False),
        ((40, 1), (40, 40), True),
        ((40, 1, 1), (40, 1, 1), False),
        ((40, 1, 1), (40, 7, 1), True),
        ((2, 40, 1, 1), (1, 40, 1, 1), False),
        ((1, 40, 1, 1), (2, 40, 1, 1), False),
        ((1, 40, 1, 1), (40, 7, 7), True),
        ((1, 1), (1, 1), True),
        ((), (1,), True),
        ((1, 1), (1, 40), True),
    ],
)
def test_operands_swap_as_in_onnxruntime(a_shape, b_shape, swaps):
    """On the codes where the order matters."""
    rng = np.random.default_rng(2)
    assert add_swaps(a_shape, b_shape) is swaps
    checked = 0
    for _ in range(300):
        scales = random_scales(rng, "kept" if rng.random() < 0.5 else "thirds")
        one, other = add_reference(A, B, scales), add_reference(B, A, scales.swapped())
        where = np.flatnonzero((one != other).ravel())
        if len(where) == 0:
            continue
        checked += 1
        pair = rng.choice(where)
        a, b = np.full(a_shape, A.ravel()[pair], np.int8), np.full(b_shape, B.ravel()[pair], np.int8)
        expected = (other if swaps else one).ravel()[pair]
        assert (golden(binary("QLinearAdd"), {"a": a, "b": b}, add_constants(scales)) == expected).all()
        if checked == 6:
            break
    assert checked == 6


@pytest.mark.parametrize(
    ("a_shape", "b_shape"), [((2, 5, 7), (2, 5, 1)), ((3, 16), (3, 1)), ((4, 50), (1, 1)), ((1, 6, 2, 3), (1, 6, 1, 1))]
)
def test_one_element_for_a_row_is_added_by_fused_products(a_shape, b_shape):
    """On pairs of codes where rounding the product of b by itself would give another code."""
    rng, checked = np.random.default_rng(3), 0
    for _ in range(2000):
        scales = random_scales(rng, "kept" if rng.random() < 0.5 else "thirds")
        a_ratio, b_ratio, fixed_part = scales.ratios
        first, second = (v.astype(np.float32) for v in (A, B))
        unfused = np.clip(np.rint(fma32(first, a_ratio, fixed_part + second * b_ratio)), -128, 127)
        where = np.flatnonzero((unfused != add_reference(A, B, scales)).ravel())
        if len(where) == 0:
            continue
        pair = rng.choice(where)
        a, b = np.full(a_shape, A.ravel()[pair], np.int8), np.full(b_shape, B.ravel()[pair], np.int8)
        y = golden(binary("QLinearAdd"), {"a": a, "b": b}, add_constants(scales))
        assert (y == add_reference(a, b, scales)).all()
        checked += 1
        if checked == 4:
            break
    assert checked == 4


@pytest.mark.parametrize("kind", KINDS)
def test_integer_addition_equals_the_reference_for_all_pairs(kind):
    rng = np.random.default_rng(10 + KINDS.index(kind))
    kinds = []
    for _ in range(40):
        scales = random_scales(rng, kind)
        form = prove_add(scales)
        assert form.exact
        assert (form.apply(A, B) == add_reference(A, B, scales)).all()
        kinds.append(form.kind)
        if form.kind == "linear":
            terms = 128 * abs(form.a_multiplier) + 128 * abs(form.b_multiplier) + abs(form.constant) + 1
            assert terms < 2**31
            assert form.shift >= 1
        if form.kind == "table":
            assert 128 * abs(form.a_multiplier) + np.abs(form.table.astype(np.int64)).max() + 1 < 2**31
            assert form.table.shape == (256,)
    assert kinds.count("float") <= {"usual": 0, "powers of two": 0, "kept": 2, "thirds": 20}[kind]
    assert kinds.count("linear") >= {"usual": 36, "powers of two": 40, "kept": 24, "thirds": 8}[kind]


@pytest.mark.parametrize("half_even", [False, True])
def test_limits_of_an_integer_form(half_even):
    """Each value between the limits of a code gives that code, each beyond gives another."""
    shift = 3
    least, greatest = limits(CODES.astype(np.int64), shift, half_even)
    value = np.arange(-130 << shift, 130 << shift)
    inner = value + ((value >> shift) & 1) if half_even else value
    code = np.clip(inner >> shift, -128, 127)
    assert ((code[:, None] == CODES) == ((least <= value[:, None]) & (value[:, None] <= greatest))).all()


def test_powers_of_two_need_halves_to_even():
    form = prove_add(AddScales(0.5, 0, 0.25, 0, 0.5, 0))
    assert (form.kind, form.half_even) == ("linear", True)
    assert form.apply(np.int8(1), np.int8(1)) == 2
    assert form.apply(np.int8(0), np.int8(1)) == 0


def test_addition_that_saturates_everywhere():
    for scales in (AddScales(0.01, -128, 0.01, -128, 1e-7, 127), AddScales(1e-8, 3, 1e-8, 3, 1.0, 5)):
        form = prove_add(scales)
        assert (form.apply(A, B) == add_reference(A, B, scales)).all()


def test_addition_with_overflowing_ratio_is_an_error():
    with pytest.raises(ValueError, match="do not fit into int32"):
        prove_add(AddScales(1e30, 0, 1.0, 0, 1e-30, 0))


def test_global_average_pool_equals_onnxruntime():
    rng = np.random.default_rng(4)
    for height, width in ((1, 1), (2, 3), (7, 7), (13, 5)):
        sx, sy = F(rng.uniform(0.01, 0.1)), F(rng.uniform(0.01, 0.1))
        zx, zy = (int(zero) for zero in rng.integers(-128, 128, 2))
        x = rng.integers(-128, 128, (3, 400, height, width)).astype(np.int8)
        node = helper.make_node(
            "QLinearGlobalAveragePool", ["x", "sx", "zx", "sy", "zy"], ["y"], domain="com.microsoft", channels_last=0
        )
        y = golden(node, {"x": x}, {"sx": sx, "zx": np.int8(zx), "sy": sy, "zy": np.int8(zy)})
        sums = (x.astype(np.int64) - zx).sum((2, 3), keepdims=True)
        assert (y == requantize(sums, global_average_scale(sx, sy, height * width), zy)).all()


def test_global_average_scale_divides_once():
    """On sums where sx / (sy * count) and sx / sy / count give different codes."""
    rng = np.random.default_rng(13)
    sx, sy = rng.uniform(0.01, 0.1, (2, 400_000)).astype(F)
    count = 49
    once, twice = sx / (sy * F(count)), sx / sy / F(count)
    sums = np.rint((rng.integers(0, 60, len(sx)) + 0.5) / once).astype(np.int64)
    differ = np.flatnonzero((requantize(sums, once, 0) != requantize(sums, twice, 0)) & (sums < 127 * count))
    assert len(differ) > 20
    for i in differ[:20]:
        x = np.full((1, 1, 7, 7), sums[i] // count, np.int8)
        x.ravel()[: sums[i] % count] += 1
        node = helper.make_node(
            "QLinearGlobalAveragePool", ["x", "sx", "z", "sy", "z"], ["y"], domain="com.microsoft", channels_last=0
        )
        y = golden(node, {"x": x}, {"sx": sx[i], "z": np.int8(0), "sy": sy[i]}).item()
        assert y == requantize(sums[i], global_average_scale(sx[i], sy[i], count), 0)


@pytest.mark.parametrize("include_pad", [0, 1])
def test_average_pool_equals_onnxruntime(include_pad):
    rng = np.random.default_rng(6)
    for kernel in ((2, 2), (3, 3), (1, 4)):
        sx = F(rng.uniform(0.01, 0.1))
        for sy in (sx, F(rng.uniform(0.01, 0.1))):
            zx, zy = (int(zero) for zero in rng.integers(-128, 128, 2))
            x = rng.integers(-128, 128, (1, 60, 11, 12)).astype(np.int8)
            pads = [kernel[0] // 2, kernel[1] // 2] * 2
            node = helper.make_node(
                "QLinearAveragePool",
                ["x", "sx", "zx", "sy", "zy"],
                ["y"],
                domain="com.microsoft",
                kernel_shape=kernel,
                pads=pads,
                count_include_pad=include_pad,
            )
            y = golden(node, {"x": x}, {"sx": sx, "zx": np.int8(zx), "sy": sy, "zy": np.int8(zy)})
            around = ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3]))
            windows, inside = (
                np.lib.stride_tricks.sliding_window_view(padded, kernel, (2, 3)).reshape(*y.shape, -1)
                for padded in (np.pad(x, around, constant_values=zx), np.pad(np.ones_like(x), around))
            )
            count = inside.shape[-1] if include_pad else inside.sum(-1)
            assert (y == average_pool_reference(windows, count, sx, zx, sy, zy)).all()


def sums_of(form, windows, zero_point, *scales):
    """(float32 codes, codes by `form`, which are in doubt) of windows [..., count]."""
    y = average_pool_reference(windows, windows.shape[-1], scales[0], zero_point, *scales[1:])
    return y, *form.apply(windows.astype(np.int64).sum(-1), windows.shape[-1])


@pytest.mark.parametrize("ratio", ["same", "power", "any"])
def test_average_by_sums_equals_the_float32_steps(ratio):
    """Every sum of each count, the codes of a window in random order and in the order that rounds most."""
    rng = np.random.default_rng(11)
    in_doubt = 0
    for counts in ((1, 2, 4), (4,), (3, 6, 9), (9,), (49,), (120, 125)):
        sx = F(2.0 ** -int(rng.integers(3, 8)) if ratio == "power" else rng.uniform(0.004, 0.1))
        sy = F(rng.uniform(0.004, 0.1)) if ratio == "any" else sx
        zx, zy = (int(zero) for zero in rng.choice([-128, 127, 0, *rng.integers(-128, 128, 2)], 2))
        form = prove_average(frozenset(counts), float(sx), zx, float(sy), zy)
        assert form is not None
        for count in counts:
            total = np.arange(-128 * count, 127 * count + 1)
            even = total[:, None] // count + (np.arange(count) < (total % count)[:, None])
            spread = np.clip(even + rng.integers(-100, 101, (len(total), 1)) * (-1) ** np.arange(count), -128, 127)
            for windows in (
                even,
                spread,
                rng.permuted(spread, axis=1),
                np.sort(spread),
                rng.integers(-128, 128, (4000, count)),
            ):
                y, codes, doubt = sums_of(form, windows.astype(np.int8), zx, sx, sy, zy)
                assert (y == codes)[~doubt].all()
                in_doubt += doubt.mean()
    assert in_doubt < {"same": 12, "power": 12, "any": 0.2}[ratio]


def test_order_of_codes_matters_only_where_sums_are_in_doubt():
    """Means of 4 at exact ties: the float32 sum rounds them both ways, which no integer form can."""
    windows = np.random.default_rng(0).integers(-128, 128, (200_000, 4)).astype(np.int8)
    form = prove_average(frozenset({4}), 0.0234, -128, 0.0234, -128)
    assert form is not None
    y, codes, doubt = sums_of(form, windows, -128, F(0.0234), F(0.0234), -128)
    assert (y == codes)[~doubt].all()
    assert 0.01 < (y != codes).mean() < doubt.mean() < 0.3


def test_sums_in_doubt_are_decided_by_what_float32_adds():
    """Windows of 2, 4, 6 and 16 codes: the errors of float32 steps in integers, here by exact fractions of 2**-24."""
    rng = np.random.default_rng(5)
    both = 0
    for count, zx, zy, offset in (
        (4, -128, -128, 0), (4, -128, -128, 0), (4, 3, -7, 0), (2, 127, 0, 0), (6, -128, 5, 0), (16, 0, 0, 0),
        (4, -128, -128, 128), (16, -128, -128, 0),
    ):  # fmt: skip
        sx = F(rng.uniform(0.004, 0.1))
        sy = sx if rng.random() < 0.7 else F(sx * rng.choice([0.5, 0.25]))
        form = prove_average(frozenset({count}), float(sx), zx, float(sy), zy, offset)
        assert form is not None
        least = average_least_errors(form, float(sx), zx, float(sy), zy, offset)
        assert least is not None
        windows = rng.integers(-128, 128, (60_000, count))
        windows[::3] = np.clip(windows[::3] // 8 + rng.integers(-128, 128, (20_000, 1)), -128, 127)
        values = dequantize_linear(windows, sx, zx)
        total = np.zeros(len(windows), F)
        for i in range(count):
            total = total + values[:, i]
        y = average_code(total, count, sy, zy, offset)
        sums = windows.sum(1)
        codes, doubt = form.apply(sums, count)
        unit = float(sx) / scale_significand(float(sx))
        error = total.astype(np.float64) / unit - (sums - count * zx) * float(scale_significand(float(sx)))
        k = (sums * int(form.multiplier[0]) + int(form.constant[0]) + form.guard) >> form.shift
        decided = doubt & (k > -128) & (k < 128)
        assert decided.mean() > 0.02
        assert (error[decided] == np.rint(error[decided])).all()
        found = k[decided] - (error[decided] < least[k[decided] + 127])
        assert (found == y[decided]).all()
        assert (codes == y)[~decided].all()
        both += (found != k[decided]).any() and (found == k[decided]).any()
    assert both >= 4
    assert (
        average_least_errors(prove_average(frozenset({36}), 0.0234, -128, 0.0234, -128), 0.0234, -128, 0.0234, -128)
        is None
    )


@pytest.mark.parametrize("same", [True, False])
def test_resize_by_sums_equals_the_float32_steps(same):
    """Weights of doubling, of thirds, at the ends and any: only sums near ties are in doubt."""
    rng = np.random.default_rng(8)
    halves, thirds = np.array([[0.25, 0.75], [0.75, 0.25]], F), np.array([[1 / 3, 1 - F(1 / 3)]], F)
    pairs = [
        (halves, halves),
        (thirds, halves),
        (np.array([[0.5, 0.5], [1, 0]], F), thirds),
        (np.ones((1, 1), F), halves),
    ]
    for share in rng.uniform(0, 1, 4).astype(F):
        pairs.append((np.array([[share, 1 - share]], F), halves))
    in_doubt = []
    for rows, columns in pairs:
        sx, zx, zy = F(rng.uniform(0.004, 0.1)), int(rng.choice([-128, 127, 5])), int(rng.choice([-128, 127, 5]))
        sy = sx if same else F(sx * rng.uniform(0.3, 3))
        form = prove_resize(rows, columns, float(sx), zx, float(sy), zy)
        assert form is not None
        for oy, row in enumerate(rows):
            for ox, column in enumerate(columns):
                x = rng.integers(-128, 128, (20_000, len(row), len(column)))
                total, v = np.zeros(len(x), F), np.full(len(x), form.offset, np.int64)
                for ky, kx in np.ndindex(len(row), len(column)):
                    centred = x[:, ky, kx] - zx
                    total = total + row[ky] * column[kx] * (sx * centred.astype(F))
                    v += (int(form.rows[oy, ky]) * int(form.columns[ox, kx]) >> 32) * centred
                codes = quantize_linear(total, sy, zy)
                doubt = ((v + form.guard) & ((1 << form.shift) - 1)) < 2 * form.guard
                assert (np.abs(v) + form.guard < 1 << 31).all()
                assert (np.clip(v >> form.shift, -128, 127) == codes)[~doubt].all()
                in_doubt.append(doubt.mean())
    assert np.mean(in_doubt) < (0.1 if same else 0.005)


def test_resize_refuses_what_it_cannot_prove():
    half = np.array([[0.5, 0.5]], F)
    assert prove_resize(half, half, 1.0, 0, 2.0**-20, 0) is None  # most codes saturate, v does not fit
    assert prove_resize(-half, half, 1.0, 0, 1.0, 0) is None
    assert prove_resize(half, half, 2.0**-70, 0, 2.0**-70, 0) is None  # products may be subnormal


def test_error_of_a_float32_sum_has_a_bound():
    rng = np.random.default_rng(3)
    for scale in (F(0.0123), F(0.25), F(0.75 / 64)):
        windows = rng.choice([-128, -127, 126, 127, 0], (20_000, 60)) + 1
        exact = windows.sum(1) * np.float64(scale)
        total = np.zeros(len(windows), F)
        for i in range(windows.shape[1]):
            total = total + scale * windows[:, i].astype(F)
        assert np.abs(total - exact).max() <= average_error(60, float(scale), -1) * scale
    assert average_error(60, 0.25, 0) == 0
    assert 0 < average_error(125, 0.0123, 127) < 0.2


def test_averages_without_an_integer_form():
    assert prove_average(frozenset({0, 4}), 0.1, 0, 0.1, 0) is None  # a window without a pixel
    assert prove_average(frozenset({4}), 1e4, 0, 1e-4, 0) is None  # multipliers leave 32 bits
    assert prove_average(frozenset({10_001}), 0.1, 0, 0.1, 0) is None
    assert prove_average(frozenset({4}), 2.0**15, 0, 0.7, 0) is None  # float32 errors of a whole code


def test_module_needs_numpy_only():
    names = {name for name, value in vars(fixed_point).items() if type(value).__name__ == "module"}
    assert names == {"np", "math"}


def test_division_by_a_proved_reciprocal() -> None:
    """Random scales, most with a proof: every float32 near a half of a code, and random ones."""
    random = np.random.default_rng(11)
    scales = [*(2.0 ** random.uniform(-20, 8, 60)).astype(np.float32), np.float32(0.25), np.float32(1 / 255)]
    proved = [scale for scale in scales if prove_reciprocal(float(scale))]
    assert len(proved) > len(scales) - 5
    assert not prove_reciprocal(2.0**-100)
    for scale in proved:
        halves = (np.arange(-140, 140) + 0.5).astype(np.float32) * scale
        near = (halves.view(np.int32)[:, None] + np.arange(-300, 301, dtype=np.int32)).view(np.float32).ravel()
        x = np.concatenate([near, (random.uniform(-140, 140, 20_000) * scale).astype(np.float32)])
        reciprocal = np.float32(1) / scale
        about = x * reciprocal
        about = fma32(fma32(about, -scale, x), reciprocal, about)
        np.testing.assert_array_equal(np.rint(about), np.rint(x / scale))
