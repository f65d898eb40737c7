"""Models with profiles and objectives in a CSV file."""

from __future__ import annotations

from pathlib import Path

import pytest

from alpaplan.errors import InputError
from alpaplan.files.models_csv import is_models_path, read_models
from alpaplan.specs.arrivals import PoissonArrivals
from alpaplan.specs.lengths import TokenObjectives

ARRIVALS = PoissonArrivals(process="poisson", rate_rps=1)


def write(folder: Path, text: str) -> Path:
    path = folder / "models.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_models(tmp_path: Path) -> None:
    text = "profile,model,slo_scale,slo_s,weight\np,chat,,250ms,2\nq, code ,3,,\n"
    chat, code = read_models(write(tmp_path, text), ARRIVALS)
    assert (chat.name, chat.profile, chat.slo_s, chat.slo_scale) == ("chat", "p", 0.25, None)
    assert (chat.weight, chat.entry, chat.arrivals) == (2.0, 0, ARRIVALS)
    assert (code.name, code.profile, code.slo_s, code.slo_scale) == ("code", "q", None, 3.0)
    assert (code.weight, code.entry) == (1.0, 1)


def test_what_is_wrong(tmp_path: Path) -> None:
    text = (
        "model,profile,slo_s,slo_scale\na,p,1s,\na,p,1s,\nb,,1s,\nc,p,,\nd,p,1,1\ne,p,soon,\n"
        "f,p,,-1\n"
    )
    path = write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_models(path, ARRIVALS)
    assert [line.removeprefix(f"{path}:") for line in caught.value.lines] == [
        "3: model: duplicate 'a', first on line 2",
        "4: profile: must not be empty, found nothing",
        "5: must have either slo_s or slo_scale, found neither",
        "6: must have either slo_s or slo_scale, found both",
        "7: slo_s: must be a number or text like '151ms', found 'soon'",
        "8: slo_scale: must be above 0, found '-1'",
    ]


def test_llms(tmp_path: Path) -> None:
    text = (
        "model,profile,slo_s,slo_scale,ttft_s,tpot_s,max_context_tokens\n"
        "chat,p,,,1s,50ms,8192\nbatch,p,30,,,,4096\nembed,q,,5,,,\n"
    )
    chat, batch, embed = read_models(write(tmp_path, text), ARRIVALS)
    assert chat.slo == TokenObjectives(ttft_s=1, tpot_s=0.05)
    assert (chat.slo_s, chat.max_context_tokens, chat.is_llm) == (None, 8192, True)
    assert (batch.slo, batch.slo_s, batch.max_context_tokens) == (None, 30.0, 4096)
    assert (embed.slo, embed.slo_scale, embed.is_llm) == (None, 5.0, False)


def test_what_is_wrong_with_llms(tmp_path: Path) -> None:
    text = (
        "model,profile,slo_s,slo_scale,ttft_s,max_context_tokens\na,p,,,1s,\nb,p,,5,1s,8192\n"
        "c,p,,,,8192\nd,p,1s,,,1\n"
    )
    path = write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_models(path, ARRIVALS)
    assert [line.removeprefix(f"{path}:") for line in caught.value.lines] == [
        "2: must have max_context_tokens, as LLMs do, found ttft_s without it",
        "3: slo_scale: is not for LLMs, found ttft_s beside it",
        "4: must have ttft_s, tpot_s or slo_s, found none",
        "5: max_context_tokens: must be at least 2, found '1'",
    ]


def test_columns_and_names() -> None:
    assert is_models_path(Path("m.csv"))
    assert is_models_path(Path("m.csv.gz"))
    assert not is_models_path(Path("m.yaml"))
