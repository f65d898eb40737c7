"""Configurations as files: lines of what is wrong, and JSON as people write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from alpaplan.errors import InputError
from alpaplan.files.model_config import load_model_config
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.family_table import FAMILIES

DTYPES = "float32, float16, bfloat16, float8_e4m3fn"

WAY = "(for other families, import measurements with profile import --from table)"

KNOWN = ", ".join(FAMILIES)

GOOD = """\
{
  "model_type": "llama",
  "num_hidden_layers": 2,
  "hidden_size": 1024,
  "num_attention_heads": 16,
  "intermediate_size": 4096,
  "vocab_size": 32000,
  "rms_norm_eps": 1e-05,
  "torch_dtype": "bfloat16"
}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "config.json"
    path.write_text(text, encoding="utf-8")
    return path


def complaints(path: Path) -> list[str]:
    with pytest.raises(InputError) as raised:
        load_model_config(path).checkpoint_format()
    return [line.replace(str(path), "config.json") for line in raised.value.lines]


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("  ", "\t"),
        GOOD.replace("\n", ""),
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD,
    ],
)
def test_json_however_it_is_laid_out(text: str, tmp_path: Path) -> None:
    config = load_model_config(write(tmp_path, text))
    assert len(config.transformer.blocks) == 2
    assert config.checkpoint_format() == (Dtype.BF16, None)


SPOILED = {
    "unknown family": (
        GOOD.replace('"llama"', '"lama"'),
        [
            (
                f"config.json:2: model_type: must be one of {KNOWN}, found 'lama'; "
                f"did you mean 'llama'? {WAY}"
            )
        ],
    ),
    "several things, in line order": (
        GOOD.replace("4096", '"4096"').replace('"num_hidden_layers": 2', '"num_hidden_layers": 0'),
        [
            "config.json:3: num_hidden_layers: must be from 1 to 4,096, found 0",
            "config.json:6: intermediate_size: must be a whole number, found '4096'",
        ],
    ),
    "missing key": (
        GOOD.replace("hidden_size", "hiden_size"),
        ["config.json:1: missing key 'hidden_size'; did you mean 'hiden_size'?"],
    ),
    "key twice": (
        GOOD.replace('"vocab_size"', '"hidden_size"'),
        [
            "config.json:1: missing key 'vocab_size'",
            "config.json:7: hidden_size: duplicate key 'hidden_size', first on line 4",
        ],
    ),
    "key twice, otherwise good": (
        GOOD.replace('"rms_norm_eps"', '"hidden_size"'),
        ["config.json:8: hidden_size: duplicate key 'hidden_size', first on line 4"],
    ),
    "inside text_config": (
        '{"text_config":\n' + GOOD.replace("32000", "-1") + "}",
        ["config.json:8: text_config.vocab_size: must be from 1 to 1,000,000,000, found -1"],
    ),
    "dtype": (
        GOOD.replace("bfloat16", "int4"),
        [f"config.json:9: torch_dtype: must be one of {DTYPES}, found 'int4'; give --dtype"],
    ),
    "list": (
        "[1]",
        ["config.json:1: must be a mapping, as a model's config.json is, found a list"],
    ),
    "cut off": (
        GOOD[:60],
        ["config.json:4: not valid JSON: unterminated string"],
    ),
    "empty": ("", ["config.json:1: must be a document, found an empty file"]),
}


@pytest.mark.parametrize("name", SPOILED)
def test_spoiled(name: str, tmp_path: Path) -> None:
    text, expected = SPOILED[name]
    assert complaints(write(tmp_path, text)) == expected


def test_no_file(tmp_path: Path) -> None:
    assert complaints(tmp_path / "config.json") == ["config.json: no such file or directory"]
