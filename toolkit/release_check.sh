#!/bin/sh
# Builds sdist and wheel, checks both, and does the main job with the wheel alone in an empty environment.
# usage: release_check.sh PYTHON   (one that has build, twine and hatchling)
set -eu
python=$1
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" -m build --no-isolation --outdir "$work/dist" "$here" >"$work/build.log" 2>&1 || {
    cat "$work/build.log" >&2
    exit 1
}
"$python" -m twine check --strict "$work"/dist/*
"$python" -m venv "$work/empty"
"$work/empty/bin/python" -m pip install --quiet --disable-pip-version-check "$work"/dist/*.whl

cd "$work"
cat >net.py <<'EOF'
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(0)
weights = [numpy_helper.from_array(random.standard_normal((8, 3, 3, 3), np.float32) * np.float32(0.2), "w")]
nodes = [
    helper.make_node("Conv", ["x", "w"], ["c"], "conv", pads=[1, 1, 1, 1]),
    helper.make_node("Relu", ["c"], ["r"], "relu"),
    helper.make_node("GlobalAveragePool", ["r"], ["y"], "pool"),
]
ports = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", [1, 3, 16, 16]), ("y", [1, 8, 1, 1]))]
graph = helper.make_graph(nodes, "net", ports[:1], ports[1:], weights)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), "net.onnx")
np.savez("x.npz", x=random.standard_normal((8, 3, 16, 16), np.float32))
EOF
bin=$work/empty/bin
export BITTWIN_CACHE="$work/cache"
"$bin/python" net.py
"$bin/bittwin" quantize net.onnx --calibration x.npz -o net.int8.onnx
"$bin/bittwin" verify net.onnx | tail -2
"$bin/bittwin" verify net.int8.onnx | tail -2
"$bin/bittwin" generate net.int8.onnx --target cortex-m4 -o firmware
"$bin/bittwin" report net.int8.onnx --float net.onnx --inputs x.npz --profile cortex-m4 -o report.html
test -s report.html && test -s firmware/net.c
echo "sdist and wheel are complete, and the wheel works by itself"
