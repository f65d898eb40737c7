"""Models with profiles and objectives in a CSV file."""

from __future__ import annotations

from pathlib import Path

import pytest

from alpaplan.errors import InputError
from alpaplan.files.models_csv import is_models_path, read_models
from alpaplan.specs.arrivals import PoissonArrivals

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


def test_columns_and_names() -> None:
    assert is_models_path(Path("m.csv"))
    assert is_models_path(Path("m.csv.gz"))
    assert not is_models_path(Path("m.yaml"))
