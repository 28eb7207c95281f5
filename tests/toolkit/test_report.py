"""The report: errors against numpy; a page that a browser opens without complaint, that loads nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from bittwin import golden
from bittwin.cli import main
from bittwin.quantization_error import quantization_errors, without_quantization
from bittwin.reporter import Report, report
from bittwin.runner import Samples
from bittwin_cgen import BittwinError
from tests.graphs import GraphBuilder

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HOSTILE = "<script>alert('&quot;')</script>$\\frac{1}$"


def int8_model(seed: int = 0, ports: Any = "real") -> onnx.ModelProto:
    builder = GraphBuilder(np.random.default_rng(seed), "int8", ports)
    x = builder.input(1, 3, 8, 8)
    x = builder.conv(x, 8, (3, 3), pads=(1, 1, 1, 1))
    x = builder.conv(x, 8, (1, 1))
    builder.output(x)
    return builder.model()


def images(count: int, seed: int = 1) -> dict[str, Any]:
    return {"x": np.random.default_rng(seed).standard_normal((count, 3, 8, 8), np.float32)}


@pytest.fixture(scope="module")
def made() -> Report:
    model = int8_model()
    model.graph.node[-1].name = HOSTILE
    for node in model.graph.node:
        if node.op_type == "Conv":
            node.name = f"{HOSTILE} {node.output[0]}" + "/BiasAdd;model" * 20
    return report(model, inputs=images(4) | {"y": np.arange(4)}, counted=[], name="net")


# ---------------------------------------------------------------- errors


def test_error_of_a_tensor_is_what_numpy_computes_from_the_two_sessions() -> None:
    model = int8_model()
    samples = Samples({model.graph.input[0].name: images(1)["x"]})
    found = {row.tensor: row for row in quantization_errors(model, samples)}
    quantizers = [node for node in model.graph.node if node.op_type == "QuantizeLinear"]
    assert set(found) == {node.output[0] for node in quantizers}
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    node = quantizers[-1]
    scale, zero_point = float(constants[node.input[1]]), int(constants[node.input[2]])
    exact = golden.session(golden.with_outputs(without_quantization(model), {node.input[0]: "float32"}))
    codes = golden.session(golden.with_outputs(model, {node.output[0]: "int8"}))
    real = golden.run(exact, dict(samples.inputs))[node.input[0]].astype(np.float64)
    mine = golden.run(codes, dict(samples.inputs))[node.output[0]]
    noise = real - scale * (mine.astype(np.float64) - zero_point)
    row = found[node.output[0]]
    assert row.sqnr == pytest.approx(10 * np.log10((real**2).sum() / (noise**2).sum()), abs=0.01)
    assert row.above == pytest.approx((real > scale * (127.5 - zero_point)).mean())
    assert row.below == pytest.approx((real < scale * (-128.5 - zero_point)).mean())
    assert np.array_equal(row.histogram, np.histogram(mine, np.arange(-128.5, 128.5))[0])
    assert 5 < row.sqnr < 60


def test_codes_as_input_are_taken_as_what_they_mean() -> None:
    model = int8_model(ports="codes")
    name = model.graph.input[0].name
    codes = np.random.default_rng(0).integers(-128, 128, (2, 3, 8, 8), np.int8)
    assert all(5 < row.sqnr < 60 for row in quantization_errors(model, Samples({name: codes})))


def test_another_networks_float_model_is_refused() -> None:
    other = GraphBuilder(np.random.default_rng(0), "float32")
    other.output(other.conv(other.input(1, 2, 8, 8), 4, (1, 1)))
    model = int8_model()
    with pytest.raises(BittwinError, match="takes inputs of shapes"):
        quantization_errors(model, Samples({model.graph.input[0].name: images(1)["x"]}), other.model())


def test_a_float_model_of_another_batch_is_refused() -> None:
    model = int8_model()
    other = without_quantization(model)
    for value in (*other.graph.input, *other.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 2
    with pytest.raises(BittwinError, match=r"takes batches of \[2\], the int8 model of \[1\]"):
        quantization_errors(model, Samples({model.graph.input[0].name: images(2)["x"]}), other)


# ---------------------------------------------------------------- the page


def test_page_says_what_verification_found(made: Report) -> None:
    text = made.html()
    assert made.passed
    assert f"{made.verification.compared:,} values" in text
    assert "<strong>0 differ</strong>" in text
    assert "accuracy, C" in text
    assert f"{made.model.manifest['arena_bytes']:,} B" in text
    for layer in made.model.manifest["layers"]:
        assert layer["kernel"] in text
        for why in layer["refused"].values():
            assert why.split("'")[0][:20] in text


def test_page_refers_to_nothing_outside(made: Report) -> None:
    text = made.html()
    assert "<script" not in text
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#|data:,)""", text)
    assert not re.search(r"@import|url\((?!#)", text)


def test_names_from_the_file_are_text(made: Report) -> None:
    text = made.html()
    assert "&lt;script&gt;alert" in text


def test_broken_c_makes_a_page_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    import bittwin.reporter as reporter

    def broken(*arguments: Any, **words: Any) -> Any:
        model = real(*arguments, **words)
        path = f"{model.name}_weights.c"
        text = re.sub(r"\{\s*-?\d+", "{99", model.files[path], count=1)
        assert text != model.files[path]
        return type(model)(model.name, model.program, {**model.files, path: text}, model.manifest)

    real = reporter.generate
    monkeypatch.setattr(reporter, "generate", broken)
    made = report(int8_model(), inputs=images(2), counted=[])
    assert not made.passed
    text = made.html()
    assert 'verdict bad">failed' in text
    assert "The first layer that differs" in text


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        if os.environ.get("BITTWIN_REQUIRE_BROWSER"):
            pytest.fail("chromium is not installed")
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=quiet)
        yield found
        found.close()


@pytest.mark.parametrize("width", [1200, 360])
def test_browser_shows_it_without_errors_requests_or_sideways_scrolling(
    made: Report, browser: Any, tmp_path: Path, width: int
) -> None:
    path = tmp_path / "report.html"
    path.write_text(made.html())
    page = browser.new_page(viewport={"width": width, "height": 800})
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    assert said == []
    assert [url for url in asked if not url.startswith(("data:", path.as_uri()))] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[...document.querySelectorAll('svg')].every(s => s.getAttribute('role') === 'img')")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids)), "ids of charts collide"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert len(page.screenshot(path=str(tmp_path / "report.png"), full_page=True)) > 10_000
    page.close()


def test_page_says_what_dead_channels_save() -> None:
    model = int8_model()
    weights = next(tensor for tensor in model.graph.initializer if list(tensor.dims) == [8, 3, 3, 3])
    codes = numpy_helper.to_array(weights).copy()
    codes[2:5] = 0
    weights.CopyFrom(numpy_helper.from_array(codes, weights.name))
    made = report(model, samples=2, counted=[])
    saved = made.model.manifest["simplification"]
    assert made.passed
    assert saved["channels"] == 3
    assert "3 channels are dead" in made.html()
    assert f"{saved['macs']:,} MAC" in made.html()


# ---------------------------------------------------------------- the command


def test_command_writes_the_page_and_one_json_object(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = int8_model()
    onnx.save(model, "net.onnx")
    float_model = without_quantization(model)
    onnx.save(float_model, "float.onnx")
    np.savez("x.npz", **images(2), y=np.zeros(2, np.int64))
    with pytest.raises(SystemExit) as ended:
        main("report net.onnx --inputs x.npz --float float.onnx --profile cortex-m4 -o report.html --json".split())
    assert ended.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert found["passed"] is True
    assert found["float_accuracy"] is not None
    assert found["profiles"][0]["target"] == "cortex-m4"
    assert Path("report.html").read_text().startswith("<!doctype html>")


def test_bad_input_leaves_no_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["report", str(tmp_path / "none.onnx"), "-o", str(tmp_path / "report.html"), "--json"])
    assert ended.value.code == 2
    assert json.loads(capsys.readouterr().out)["error"]["where"]
    assert list(tmp_path.iterdir()) == []
