"""The command as users call it: exit statuses, JSON, messages, what is written and what is not, what it imports."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import bittwin.cli
from bittwin_cgen.targets import TARGETS

VERBS = ("export", "quantize", "check", "generate", "verify", "run", "profile", "report")
NUMBER = (int, float)
OPTIONAL_NUMBER = (int, float, type(None))

GENERATE_KEYS: dict[str, Any] = {
    "name": str,
    "target": str,
    "schedule": str,
    "arena_bytes": int,
    "static_bytes": int,
    "constant_bytes": int,
    "input_bytes": int,
    "output_bytes": int,
    "files": list,
}
VERIFY_KEYS: dict[str, Any] = {
    "target": str,
    "golden": str,
    "session": str,
    "onnxruntime": str,
    "dtype": str,
    "samples": int,
    "compared": int,
    "differ": int,
    "inexact": int,
    "max_error": NUMBER,
    "passed": bool,
    "top1_agreement": OPTIONAL_NUMBER,
    "accuracy": OPTIONAL_NUMBER,
    "layers": list,
}
LAYER_KEYS: dict[str, Any] = {
    "name": str,
    "op": str,
    "dtype": str,
    "kernel": str,
    "compared": int,
    "differ": int,
    "max_error": NUMBER,
    "reason": str,
}
CHECK_KEYS: dict[str, Any] = {"name": str, "op": str, "supported": bool, "reason": str, "fix": str}


@dataclass(frozen=True)
class Done:
    """How a call ended, and what it wrote to standard output and error."""

    status: int
    output: str
    error: str

    @property
    def json(self) -> Any:
        """The one JSON object on standard output; fails if there is anything else."""
        assert self.output.count("\n") == 1, self.output
        return json.loads(self.output)


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """bittwin.cli.main in an empty folder; file descriptors are watched, so that C's prints count too."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Done:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            bittwin.cli.main([str(argument) for argument in arguments])
        output, error = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, output, error)

    return run


def has(report: Mapping[str, Any], keys: Mapping[str, Any]) -> None:
    """Every key is there with its type; bool is not taken for a number."""
    for key, kind in keys.items():
        assert key in report, key
        assert isinstance(report[key], kind), f"{key} is {report[key]!r}"
        assert kind is bool or not isinstance(report[key], bool) or bool in np.atleast_1d(kind), key


def float_model(operator: str = "Relu") -> onnx.ModelProto:
    """Convolution, a unary operator, fully connected layer: x [1, 2, 6, 6] to y [1, 3]."""
    random = np.random.default_rng(0)
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["conv"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node(operator, ["conv"], ["unary"], "unary"),
        helper.make_node("Flatten", ["unary"], ["flat"], "flat"),
        helper.make_node("Gemm", ["flat", "m"], ["y"], "gemm", transB=1),
    ]
    constants = {
        "w": random.standard_normal((4, 2, 3, 3), np.float32),
        "b": random.standard_normal(4, np.float32),
        "m": random.standard_normal((3, 144), np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 6, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def int8_model() -> onnx.ModelProto:
    """One convolution between codes, a float input quantized and a float output dequantized."""
    random = np.random.default_rng(1)
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "sx", "zx"], ["xq"], "quantize"),
        helper.make_node("DequantizeLinear", ["xq", "sx", "zx"], ["xd"], "dequantize"),
        helper.make_node("DequantizeLinear", ["w", "sw", "zw"], ["wd"], "weights", axis=0),
        helper.make_node("Conv", ["xd", "wd"], ["c"], "conv"),
        helper.make_node("QuantizeLinear", ["c", "sy", "zy"], ["yq"], "conv_quantize"),
        helper.make_node("DequantizeLinear", ["yq", "sy", "zy"], ["y"], "conv_dequantize"),
    ]
    constants = {
        "sx": np.float32(0.03),
        "zx": np.int8(-5),
        "w": random.integers(-127, 128, (4, 2, 3, 3), np.int8),
        "sw": random.uniform(0.004, 0.01, 4).astype(np.float32),
        "zw": np.zeros(4, np.int8),
        "sy": np.float32(0.09),
        "zy": np.int8(11),
    }
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 6, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 4, 4])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    path.write_bytes(float_model().SerializeToString())
    return path


@pytest.fixture
def int8_net(tmp_path: Path) -> Path:
    path = tmp_path / "net.int8.onnx"
    path.write_bytes(int8_model().SerializeToString())
    return path


@pytest.fixture
def unsupported_net(tmp_path: Path) -> Path:
    path = tmp_path / "other.onnx"
    path.write_bytes(float_model("Sinh").SerializeToString())
    return path


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    path = tmp_path / "samples.npz"
    x = np.random.default_rng(2).standard_normal((6, 2, 6, 6), np.float32)
    np.savez(path, x=x, y=np.array([0, 1, 2, 0, 1, 2]))
    return path


# ---------------------------------------------------------------- what each verb does


def test_export(call: Any, tmp_path: Path) -> None:
    (tmp_path / "tiny_net.py").write_text(
        "from torch import nn\n\n"
        "def build():\n    print('building')\n    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU())\n\n"
        "build.input_shape = (1, 2, 5, 5)\n"
    )
    done = call("export", "tiny_net:build", "-o", "tiny.onnx", "--json")
    assert done.status == 0
    assert done.json == {"output": "tiny.onnx", "nodes": 2}
    assert [node.op_type for node in onnx.load(tmp_path / "tiny.onnx").graph.node] == ["Conv", "Relu"]
    done = call("export", "tiny_net:build", "-o", "other.onnx", "--input-shape", "1,2,7,7")
    assert done.status == 0
    assert "other.onnx: 2 nodes" in done.output


def test_quantize_then_verify(call: Any, net: Path, samples: Path, tmp_path: Path) -> None:
    done = call("quantize", net, "--calibration", samples, "-o", "out.onnx", "--json")
    assert done.status == 0
    has(done.json, {"output": str, "channels": int, "moved_channels": int, "max_ulps": int, "unproved": list})
    report = call("verify", tmp_path / "out.onnx", "--json").json
    assert report["dtype"] == "int8"
    assert report["passed"]
    assert report["differ"] == 0


@pytest.mark.parametrize("method", ["minmax", "entropy", "percentile", "distribution"])
def test_quantize_methods(call: Any, net: Path, samples: Path, tmp_path: Path, method: str) -> None:
    assert call("quantize", net, "--calibration", samples, "-o", "out.onnx", "--method", method).status == 0
    onnx.checker.check_model(onnx.load(tmp_path / "out.onnx"))


def test_check(call: Any, net: Path, unsupported_net: Path) -> None:
    done = call("check", net, "--json")
    assert done.status == 0
    assert done.json["supported"] is True
    assert [node["op"] for node in done.json["nodes"]] == ["Conv", "Relu", "Flatten", "Gemm"]
    done = call("check", unsupported_net, "--json")
    assert done.status == 1
    assert done.json["supported"] is False
    for node in done.json["nodes"]:
        has(node, CHECK_KEYS)
        assert node["supported"] == (node["op"] != "Sinh")
        assert bool(node["reason"]) == bool(node["fix"]) == (not node["supported"])
    done = call("check", unsupported_net)
    assert done.status == 1
    assert "unary (Sinh)" in done.output
    assert "3 of 4 nodes supported" in done.output


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_generate(call: Any, int8_net: Path, tmp_path: Path, target: str) -> None:
    done = call("generate", int8_net, "--target", target, "-o", "made", "--json")
    assert done.status == 0
    report = done.json
    has(report, GENERATE_KEYS)
    assert (report["name"], report["target"], report["schedule"]) == ("net", target, "ram")
    assert (report["input_bytes"], report["output_bytes"], report["static_bytes"]) == (72, 64, 0)
    written = {path.relative_to(tmp_path).as_posix() for path in (tmp_path / "made").rglob("*") if path.is_file()}
    assert written == {*report["files"], "made/.bittwin"}
    assert {"made/net.c", "made/net.h", "made/net_weights.c", "made/net_weights.h", "made/net.json"} <= written
    assert f"bytes[{report['arena_bytes']}]" in (tmp_path / "made" / "net.h").read_text()


@pytest.mark.parametrize("schedule", ["ram", "speed", "layers"])
def test_generate_options(call: Any, net: Path, tmp_path: Path, schedule: str) -> None:
    done = call("generate", net, "-o", "a/b/c", "--schedule", schedule, "--name", "My Net", "--json")
    assert done.status == 0
    assert done.json["name"] == "my_net"
    assert done.json["schedule"] == schedule
    assert (tmp_path / "a" / "b" / "c" / "my_net.c").is_file()


@pytest.mark.parametrize("kind", ["net", "int8_net"])
def test_verify(call: Any, kind: str, request: pytest.FixtureRequest) -> None:
    done = call("verify", request.getfixturevalue(kind), "--samples", 3, "--json")
    assert done.status == 0
    report = done.json
    has(report, VERIFY_KEYS)
    assert report["samples"] == 3
    assert report["dtype"] == ("float32" if kind == "net" else "int8")
    assert report["passed"] is True
    assert report["differ"] == 0
    assert report["accuracy"] is None
    assert report["onnxruntime"] in __import__("onnxruntime").__version__
    for row in report["layers"]:
        has(row, LAYER_KEYS)
        assert row["compared"] or row["reason"]
    assert sum(row["compared"] for row in report["layers"]) == report["compared"]


def test_verify_with_labels_and_as_text(call: Any, net: Path, samples: Path) -> None:
    report = call("verify", net, "--inputs", samples, "--json").json
    assert report["samples"] == 6
    assert report["accuracy"] in [i / 6 for i in range(7)]
    assert report["top1_agreement"] == 1
    done = call("verify", net, "--inputs", samples, "--samples", 2)
    assert done.status == 0
    assert "passed: 2 samples" in done.output
    assert "accuracy" in done.output


def test_verify_that_fails(call: Any, int8_net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """C with one wrong bias: status 1, and the layer is named."""
    from bittwin import verifier
    from bittwin_cgen.ir import GeneratedModel

    def broken(*arguments: Any) -> GeneratedModel:
        model = bittwin.generate(*arguments)
        changed = model.files["net_weights.c"].replace("_bias[4] = {\n    ", "_bias[4] = {\n    1000 + ", 1)
        assert changed != model.files["net_weights.c"]
        files = {**model.files, "net_weights.c": changed}
        return GeneratedModel(model.name, model.program, files, model.manifest)

    monkeypatch.setattr(verifier, "generate", broken)
    done = call("verify", int8_net, "--samples", 2, "--json")
    assert done.status == 1
    assert done.json["passed"] is False
    assert done.json["differ"] > 0
    assert next(row["name"] for row in done.json["layers"] if row["differ"]) == "conv_quantize"
    done = call("verify", int8_net, "--samples", 2)
    assert done.status == 1
    assert "failed" in done.output
    assert "first differing layer: conv, tensor yq (alone: C)" in done.output


def test_run(call: Any, net: Path, samples: Path, tmp_path: Path) -> None:
    import onnxruntime

    done = call("run", net, "--inputs", samples, "-o", "out.npz", "--json")
    assert done.status == 0
    assert done.json == {"output": "out.npz", "arrays": {"y": [6, 3]}}
    with np.load(samples) as given, np.load(tmp_path / "out.npz", allow_pickle=False) as made:
        session = onnxruntime.InferenceSession(net.read_bytes(), providers=["CPUExecutionProvider"])
        expected = [session.run(None, {"x": x[None]})[0][0] for x in given["x"]]
        np.testing.assert_allclose(made["y"], np.stack(expected), rtol=1e-4, atol=1e-5)


# ---------------------------------------------------------------- budgets


@pytest.mark.parametrize(
    ("option", "what", "key"), [("--ram", "arena", "arena_bytes"), ("--flash", "constants", "constant_bytes")]
)
@pytest.mark.parametrize("verb", ["generate", "verify", "run"])
def test_budget(
    call: Any, net: Path, samples: Path, tmp_path: Path, option: str, what: str, key: str, verb: str
) -> None:
    needed = call("generate", net, "-o", "fits", "--json").json[key]
    rest = {"generate": ["-o", "made"], "verify": [], "run": ["--inputs", samples, "-o", "made"]}[verb]
    done = call(verb, net, *rest, option, needed - 1)
    assert done.status == 1
    assert done.output == ""
    wanted = f"error: net: needs {needed:,} bytes of {what}; the budget is {needed - 1:,}. Largest: "
    assert done.error.startswith(wanted)
    assert not (tmp_path / "made").exists()
    done = call(verb, net, *rest, option, needed - 1, "--json")
    assert done.status == 1
    assert f"needs {needed:,} bytes" in done.json["error"]["what"]
    assert call(verb, net, *rest, option, needed).status == 0


# ---------------------------------------------------------------- bad usage and bad input


BAD_USAGE = {
    "no verb": [],
    "unknown verb": ["compile", "net.onnx"],
    "unknown option": ["generate", "net.onnx", "-o", "made", "--fast"],
    "no output": ["generate", "net.onnx"],
    "no model": ["verify"],
    "two models": ["check", "net.onnx", "net.onnx"],
    "schedule": ["generate", "net.onnx", "-o", "made", "--schedule", "fast"],
    "method": ["quantize", "net.onnx", "--calibration", "samples.npz", "-o", "made", "--method", "best"],
    "negative budget": ["generate", "net.onnx", "-o", "made", "--ram", "-1"],
    "budget that is no number": ["generate", "net.onnx", "-o", "made", "--flash", "lots"],
    "no samples": ["verify", "net.onnx", "--samples", "0"],
}
BAD_INPUT = {
    "missing model": ["generate", "nothing.onnx", "-o", "made"],
    "folder": ["generate", ".", "-o", "made"],
    "text": ["generate", "text.onnx", "-o", "made"],
    "truncated": ["verify", "truncated.onnx"],
    "unsupported": ["generate", "other.onnx", "-o", "made"],
    "target": ["generate", "net.onnx", "-o", "made", "--target", "pdp-11"],
    "profile of the host": ["profile", "net.onnx", "--target", "host"],
    "profile without a target": ["profile", "net.onnx"],
    "unknown target to run on": ["run", "net.onnx", "--inputs", "samples.npz", "-o", "made", "--target", "pdp-11"],
    "missing inputs": ["run", "net.onnx", "--inputs", "nothing.npz", "-o", "made"],
    "inputs that are none": ["run", "net.onnx", "--inputs", "text.onnx", "-o", "made"],
    "missing calibration": ["quantize", "net.onnx", "--calibration", "nothing.npz", "-o", "made"],
    "other calibration": ["quantize", "net.onnx", "--calibration", "wrong.npz", "-o", "made"],
    "other inputs": ["verify", "net.onnx", "--inputs", "wrong.npz"],
    "quantized twice": ["quantize", "net.int8.onnx", "--calibration", "samples.npz", "-o", "made"],
    "no colon": ["export", "net", "-o", "made"],
    "no module": ["export", "nowhere.at.all:build", "-o", "made"],
    "no callable": ["export", "json:nothing", "-o", "made"],
    "not a network": ["export", "json:JSONDecoder", "-o", "made", "--input-shape", "1,2"],
    "output folder is missing": ["run", "net.onnx", "--inputs", "samples.npz", "-o", "no/folder/y.npz"],
    "output is a file": ["generate", "net.onnx", "-o", "samples.npz"],
    "output cannot be written": ["run", "net.onnx", "--inputs", "samples.npz", "-o", "/proc/y.npz"],
    "folder cannot be written": ["generate", "net.onnx", "-o", "/proc/made"],
    "more samples than there are": ["verify", "net.onnx", "--inputs", "samples.npz", "--samples", "7"],
    "label out of range": ["verify", "net.onnx", "--inputs", "labels.npz"],
    "no array x": ["verify", "net.onnx", "--inputs", "unnamed.npz"],
    "calibration of zeros": ["quantize", "net.onnx", "--calibration", "zeros.npz", "-o", "made"],
    "quantized as float": ["report", "net.int8.onnx", "--float", "net.int8.onnx", "-o", "made"],
    "file as module": ["export", "nets/leafnet.py:build", "-o", "made"],
    "uint8 calibration": ["quantize", "net.onnx", "--calibration", "bytes.npz", "-o", "made"],
    "unknown target to count on": ["report", "net.onnx", "--profile", "m4", "-o", "made"],
    "kibibytes": ["generate", "net.onnx", "-o", "made", "--ram", "64k"],
    "budget of 5,000 digits": ["generate", "net.onnx", "-o", "made", "--ram", "9" * 5000],
    "kibibytes of 5,000 digits": ["generate", "net.onnx", "-o", "made", "--flash", "9" * 5000 + "k"],
}


@pytest.fixture
def folder(net: Path, int8_net: Path, unsupported_net: Path, samples: Path, tmp_path: Path) -> Path:
    """Everything that bad calls name."""
    (tmp_path / "text.onnx").write_text("this is not a model\n")
    (tmp_path / "truncated.onnx").write_bytes(net.read_bytes()[:200])
    np.savez(tmp_path / "wrong.npz", x=np.zeros((3, 2, 5, 5), np.float32))
    with np.load(samples) as file:
        x = file["x"]
    np.savez(tmp_path / "labels.npz", x=x, y=np.arange(len(x)))
    np.savez(tmp_path / "unnamed.npz", x)
    np.savez(tmp_path / "zeros.npz", x=np.zeros_like(x))
    np.savez(tmp_path / "bytes.npz", x=np.ones_like(x, np.uint8))
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("case", [*BAD_USAGE, *BAD_INPUT])
def test_bad_calls_exit_2_with_one_message_and_write_nothing(call: Any, folder: Path, case: str) -> None:
    arguments = (BAD_USAGE | BAD_INPUT)[case]
    before = contents(folder)
    done = call(*arguments)
    assert done.status == 2
    if arguments:
        assert done.output == ""
        assert done.error.startswith("error: ")
        assert len(done.error.splitlines()) == 1, done.error
        assert "Traceback" not in done.error
        assert ".." not in done.error
        done = call(*arguments, "--json")
        assert done.status == 2
        assert done.error == ""
        assert set(done.json) == {"error"}
        has(done.json["error"], {"where": str, "what": str, "do": str})
        assert all(done.json["error"].values())
    assert contents(folder) == before


def test_messages_are_about_what_is_wrong(call: Any, folder: Path) -> None:
    for case, words in {
        "unsupported": ("unary", "Sinh", "not supported"),
        "target": ("pdp-11", "cortex-m4"),
        "schedule": ("--schedule", "fast"),
        "budget of 5,000 digits": ("--ram", "5,000 digits", "more bytes than any memory has"),
        "unknown option": ("--fast",),
        "missing model": ("nothing.onnx",),
        "other inputs": ("wrong.npz", "(3, 2, 5, 5)"),
        "quantized twice": ("quantized already",),
        "no module": ("nowhere",),
        "output cannot be written": ("/proc/y.npz: cannot be written",),
        "folder cannot be written": ("/proc/made: cannot be written",),
        "more samples than there are": ("holds 6 samples", "asks for 7", "6 at most"),
        "label out of range": ("label 3", "from 0 to 2"),
        "no array x": ("'x'", "it has arr_0", "numpy.savez(path, x=array)"),
        "calibration of zeros": ("every value is 0",),
        "quantized as float": ("--float", "is quantized"),
        "file as module": ("names a file", "nets.leafnet:build"),
        "uint8 calibration": ("bytes.npz, input 'x'", "uint8"),
        "unknown target to count on": ("--profile m4", "cortex-m4"),
        "kibibytes": ("'64k'", "65536"),
    }.items():
        error = call(*(BAD_USAGE | BAD_INPUT)[case]).error
        for word in words:
            assert word in error, error


def test_json_mode_prints_nothing_else_even_where_the_user_prints(call: Any, tmp_path: Path) -> None:
    (tmp_path / "loud_net.py").write_text(
        "print('importing')\n\ndef build():\n    print('failing')\n    raise ValueError\n"
    )
    done = call("export", "loud_net:build", "-o", "made", "--input-shape", "1,2", "--json")
    assert done.status == 2
    assert "ValueError" in done.json["error"]["what"]


# ---------------------------------------------------------------- the folder that generate writes


def test_folder_of_ours_is_replaced_whole(call: Any, net: Path, int8_net: Path, tmp_path: Path) -> None:
    assert call("generate", net, "-o", "made", "--name", "first").status == 0
    assert (tmp_path / "made" / "first.c").is_file()
    assert call("generate", int8_net, "-o", "made", "--name", "second").status == 0
    names = {path.name for path in (tmp_path / "made").iterdir()}
    assert "second.c" in names
    assert not any(name.startswith("first") for name in names)
    assert not (tmp_path / "made" / "btw" / "conv2d_f32.h").exists()


@pytest.mark.parametrize("place", ["notes.txt", "btw/mine.c", "sub/deep/file"])
def test_folder_with_other_files_is_refused_and_kept(call: Any, net: Path, tmp_path: Path, place: str) -> None:
    assert call("generate", net, "-o", "made").status == 0
    foreign = tmp_path / "made" / place
    foreign.parent.mkdir(parents=True, exist_ok=True)
    foreign.write_text("mine")
    before = contents(tmp_path)
    done = call("generate", net, "-o", "made", "--name", "other")
    assert done.status == 2
    assert place in done.error
    assert contents(tmp_path) == before


def test_folder_that_bittwin_never_saw_is_refused(call: Any, net: Path, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    assert call("generate", net, "-o", "made").status == 0, "an empty folder may be taken"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "net.c").write_text("mine")
    assert call("generate", net, "-o", "mine").status == 2
    assert (tmp_path / "mine" / "net.c").read_text() == "mine"


@pytest.mark.parametrize("place", ["made/net.c", "made/btw/btw.h"])
def test_file_that_was_changed_is_kept(call: Any, net: Path, tmp_path: Path, place: str) -> None:
    """What a user wrote into a file of ours is not replaced; once it is out of the way, the folder is."""
    assert call("generate", net, "-o", "made").status == 0
    digests = subprocess.run(["sha256sum", "-c", "--quiet", ".bittwin"], cwd=tmp_path / "made", capture_output=True)
    assert digests.returncode == 0, digests.stderr
    changed = tmp_path / place
    changed.write_text(changed.read_text() + "/* mine */\n")
    before = contents(tmp_path)
    for verb in ("generate", "package"):
        done = call(verb, net, "-o", "made", *(["--format", "plain"] if verb == "package" else []))
        assert done.status == 2
        assert f"{place.removeprefix('made/')} was changed after bittwin wrote it" in done.error
        assert contents(tmp_path) == before
    changed.unlink()
    assert call("generate", net, "-o", "made").status == 0


def test_nothing_partial_is_left_behind(call: Any, net: Path, tmp_path: Path) -> None:
    assert call("generate", net, "-o", "made").status == 0
    assert call("generate", net, "-o", "made").status == 0
    assert {path.name for path in tmp_path.iterdir()} == {"net.onnx", "made"}


def test_failure_while_writing_leaves_what_was_there(
    call: Any, net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full at the third file: status 2, the folder of the run before stays as it was."""
    assert call("generate", net, "-o", "made").status == 0
    before = contents(tmp_path)
    write, count = Path.write_bytes, [0]

    def full(path: Path, *arguments: Any, **options: Any) -> int:
        count[0] += 1
        if count[0] == 3:
            raise OSError(28, "No space left on device", str(path))
        return write(path, *arguments, **options)

    monkeypatch.setattr(Path, "write_bytes", full)
    done = call("generate", net, "-o", "made", "--name", "other")
    assert done.status == 2
    assert "No space left" in done.error
    assert contents(tmp_path) == before


def test_same_call_gives_the_same_bytes(call: Any, int8_net: Path, tmp_path: Path) -> None:
    assert call("generate", int8_net, "-o", "one").status == call("generate", int8_net, "-o", "two").status == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


# ---------------------------------------------------------------- help, version, imports


def command(*arguments: str, code: str | None = None) -> subprocess.CompletedProcess[str]:
    start = [sys.executable, "-c", code] if code else [sys.executable, "-m", "bittwin"]
    environment = os.environ | {"COLUMNS": "100", "NO_COLOR": "1"}
    return subprocess.run([*start, *arguments], env=environment, capture_output=True, text=True, timeout=120)


def test_help_names_every_verb() -> None:
    done = command("--help")
    assert done.returncode == 0
    assert all(f" {verb} " in done.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_has_its_options(verb: str) -> None:
    done = command(verb, "-h")
    assert done.returncode == 0
    shared = (
        {"--target", "--schedule", "--ram", "--flash"} if verb in ("generate", "verify", "run", "profile") else set()
    )
    assert all(option in done.stdout for option in shared | {"--json"})


def test_help_names_every_target() -> None:
    """The list is written out in cli.py, since the compiler's own would have to be loaded for it."""
    named = re.findall(r"[\w.+-]+", bittwin.cli.TARGETS.split(". ")[0])
    assert [name for name in named if name in TARGETS] == list(TARGETS)


def test_every_verb_but_none_more_has_an_example() -> None:
    for command in bittwin.cli.app.registered_commands:
        assert command.callback is not None
        name = command.callback.__name__
        assert f"Example: `bittwin {name} " in str(command.callback.__doc__), name


def test_a_table_in_a_pipe_is_not_wrapped_and_quiet_leaves_it_out(call: Any, int8_net: Path) -> None:
    lines = call("verify", int8_net, "--samples", 2).output.splitlines()
    assert all(line == line.rstrip() for line in lines)
    rows = [line.split() for line in lines[1:-1]]
    assert all(row[1].replace(",", "").isdigit() and row[2] == "0" for row in rows), lines
    assert lines[-1].startswith("passed: 2 samples") and lines[-1].endswith(" 0 differ")
    (line,) = call("verify", int8_net, "--samples", 2, "--quiet").output.splitlines()
    assert line == lines[-1]


def test_quantize_says_what_has_no_c(call: Any, unsupported_net: Path, samples: Path) -> None:
    command = ("quantize", unsupported_net, "--calibration", samples, "-o", "out.onnx")
    done = call(*command)
    assert done.status == 0
    assert "no C yet for unary (Sinh)" in done.output
    (node,) = call(*command, "--json").json["unsupported"]
    assert node["op"] == "Sinh"
    assert node["fix"]


def test_float64_inputs_are_rounded_everywhere(call: Any, net: Path, samples: Path, tmp_path: Path) -> None:
    with np.load(samples) as file:
        np.savez(tmp_path / "double.npz", x=file["x"].astype(np.float64))
    assert call("verify", net, "--inputs", "double.npz", "--samples", 1).status == 0
    for name in (samples, "double.npz"):
        assert call("quantize", net, "--calibration", name, "-o", f"{Path(name).stem}.onnx").status == 0
    assert (tmp_path / "double.onnx").read_bytes() == (tmp_path / f"{samples.stem}.onnx").read_bytes()


def test_version() -> None:
    done = command("--version")
    assert (done.returncode, done.stdout) == (0, f"bittwin {bittwin.__version__}\n")


LOADED = """
import sys
from bittwin.cli import main
try:
    main(sys.argv[2:])
except SystemExit as ended:
    status = ended.code
heavy = {name.split(".")[0] for name in sys.modules} & set(sys.argv[1].split(","))
print("status", status, "loaded", *sorted(heavy), file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["generate", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    done = command("numpy,onnx,onnxruntime,torch,cffi", *arguments, code=LOADED)
    assert done.stderr.splitlines()[-1] == "status 0 loaded"


@pytest.mark.parametrize("kind", ["net", "int8_net"])
def test_generating_imports_no_torch(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    path = request.getfixturevalue(kind)
    done = command("torch,onnxruntime,cffi", "generate", str(path), "-o", str(tmp_path / "made"), code=LOADED)
    assert done.stderr.splitlines()[-1] == "status 0 loaded"


def test_verifying_imports_no_torch(int8_net: Path) -> None:
    done = command("torch", "verify", str(int8_net), "--samples", "1", code=LOADED)
    assert done.stderr.splitlines()[-1] == "status 0 loaded"


def test_console_script_and_module_say_the_same(unsupported_net: Path) -> None:
    script = subprocess.run(
        [str(Path(sys.executable).with_name("bittwin")), "check", str(unsupported_net), "--json"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    module = command("check", str(unsupported_net), "--json")
    assert script.returncode == module.returncode == 1
    assert json.loads(script.stdout) == json.loads(module.stdout)
