"""Layer profiles to model profiles, and what automatic cuts are worth."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from alpaplan.errors import InfeasibleError, SpecError
from alpaplan.files.document import load_document
from alpaplan.profiling.batch_sizes import batch_latency_s
from alpaplan.profiling.chain import layer_chain
from alpaplan.profiling.cuts import best_cuts
from alpaplan.profiling.stages import TooLarge, cut_into_stages, largest_stage_count
from alpaplan.specs.layers import LayerProfileSpec
from alpaplan.specs.profile import ProfiledConfig
from tests.profiling.layers import equal_blocks, layer_profile, outcome

MB = 10**6
SHIPPED = ("bert-1.3b", "bert-2.7b", "bert-6.7b")


def only_config(layers: LayerProfileSpec, intra_op: int, inter_op: int) -> ProfiledConfig:
    made = cut_into_stages(layers, intra_ops=[intra_op], inter_ops=[inter_op])
    (config,) = made.profile.fixed_configs
    return config


def stages_of(config: ProfiledConfig) -> list[tuple[int, int]]:
    assert config.stages is not None
    return [stage.layers for stage in config.stages]


class TestProfile:
    def test_stages_have_what_their_layers_have(self) -> None:
        layers = layer_profile(
            [30, 20, 40, 10], [4, 4, 2, 4], [7, 8, 9, 10], [1, 5, 2, 3], intra_ops=(1, 2)
        )
        config = only_config(layers, 1, 2)
        assert (config.device, config.intra_op, config.inter_op) == ("gpu", 1, 2)
        assert stages_of(config) == [(0, 1), (2, 3)]
        assert config.stage_latency_s == {1: (54e-12, 50e-12)}
        assert config.stage_weight_bytes == (15, 19)
        assert config.stage_activation_bytes == {1: (5, 3)}

    def test_weights_are_divided_and_rounded_up(self) -> None:
        layers = layer_profile([30, 30], None, [7, 8], [1, 5], intra_ops=(1, 2))
        config = only_config(layers, 2, 2)
        assert config.stage_weight_bytes == (4, 4)
        assert config.stage_activation_bytes == {1: (1, 5)}
        assert config.stage_latency_s == {1: (15e-12, 15e-12)}

    def test_other_batch_sizes_have_the_same_stages(self) -> None:
        layers = layer_profile([30, 20, 40], [4, 1, 4], None, [2, 1, 3], batch_sizes=(1, 4))
        # At batch size 4 alone the cut would be elsewhere.
        slow = {1: {1: 30e-12, 4: 300e-12}}
        first = layers.layers[0].model_copy(update={"latency_s": slow})
        config = only_config(
            layers.model_copy(update={"layers": (first, *layers.layers[1:])}), 1, 2
        )
        assert stages_of(config) == [(0, 1), (2, 2)]
        assert config.stage_latency_s[4] == (384e-12, 160e-12)
        assert config.stage_activation_bytes == {1: (2, 3), 4: (8, 12)}

    def test_without_activations_there_are_none(self) -> None:
        assert only_config(layer_profile([1, 1]), 1, 2).stage_activation_bytes is None

    def test_by_default_all_configurations(self) -> None:
        def shapes(num_layers: int) -> list[tuple[int, int]]:
            layers = layer_profile([1] * num_layers, intra_ops=(4, 1))
            configs = cut_into_stages(layers).profile.configs
            return [(config.intra_op, config.inter_op) for config in configs]

        assert shapes(1) == [(1, 1), (4, 1)]
        assert shapes(5) == [(1, 1), (1, 2), (1, 4), (4, 1), (4, 2), (4, 4)]
        assert shapes(40)[:5] == [(1, 1), (1, 2), (1, 4), (1, 8), (1, 16)]

    def test_name_and_source(self) -> None:
        layers = layer_profile([1] * 3)
        profile = cut_into_stages(layers).profile
        assert profile.name == "chain"
        assert profile.source == "Stages cut by alpaplan from 3 layers, the longest shortest."
        told = layers.model_copy(update={"source": "measured by me."})
        profile = cut_into_stages(told, name="other", memory_limit_bytes=MB).profile
        assert profile.name == "other"
        assert profile.source == (
            "measured by me. Stages cut by alpaplan from 3 layers within 1000000 bytes of a "
            "device, the longest shortest."
        )

    def test_latencies_are_the_exact_sums_of_what_the_layers_say(self) -> None:
        # 0.1 + 0.2 is not 0.3 in floating point, nor are ten tenths one.
        layers = layer_profile([10**11] * 10, [0] * 10)
        assert batch_latency_s(only_config(layers, 1, 1), 1) == 1.0
        assert only_config(layers, 1, 2).stage_latency_s == {1: (0.5, 0.5)}

    def test_profiles_go_no_further_than_they_can(self) -> None:
        assert largest_stage_count(layer_profile([1] * 7)) == 7
        assert largest_stage_count(layer_profile([1] * 5000)) == 4096


class TestMemoryLimit:
    LAYERS = layer_profile([1] * 4, None, [40, 10, 10, 10], [0, 2, 0, 0], intra_ops=(1, 2))

    def test_what_does_not_fit_is_left_out(self) -> None:
        made = cut_into_stages(self.LAYERS, memory_limit_bytes=41)
        shapes = [(config.intra_op, config.inter_op) for config in made.profile.configs]
        assert shapes == [(1, 2), (1, 4), (2, 1), (2, 2), (2, 4)]
        assert made.left_out == (TooLarge(1, 1, 72),)
        assert stages_of(made.profile.fixed_configs[0]) == [(0, 0), (1, 3)]

    def test_what_is_needed_is_of_the_cuts_with_the_least_memory(self) -> None:
        made = cut_into_stages(self.LAYERS, memory_limit_bytes=25)
        assert made.left_out == (
            TooLarge(1, 1, 72),
            TooLarge(1, 2, 40),
            TooLarge(1, 4, 40),
            TooLarge(2, 1, 37),
        )

    def test_nothing_fits(self) -> None:
        with pytest.raises(InfeasibleError) as caught:
            cut_into_stages(self.LAYERS, memory_limit_bytes=10, inter_ops=[1, 4])
        lines = str(caught.value).splitlines()
        assert lines[0] == "no configuration of 'chain' fits"
        assert len(lines) == 5
        assert lines[-1] == (
            "  intra_op 2, inter_op 4 needs 20 bytes (20 B) on each device of its largest stage, "
            "but only 10 bytes (10 B) are available"
        )


def test_batch_size_1_is_needed() -> None:
    with pytest.raises(SpecError) as caught:
        cut_into_stages(layer_profile([1, 1], batch_sizes=(4, 2), intra_ops=(2, 1)))
    (issue,) = caught.value.issues
    assert issue.where == ("layers", 0, "latency_s", 1)
    assert issue.message == "must have batch size 1 to be cut into stages, found 2, 4"


@pytest.fixture(scope="module")
def shipped() -> dict[str, LayerProfileSpec]:
    folder = Path(__file__).resolve().parents[2] / "profiles" / "layers"
    return {name: load_document(folder / f"{name}.yaml", LayerProfileSpec).spec for name in SHIPPED}


def overheads(
    layers: LayerProfileSpec, num_stages: int, layers_per_block: int, after: int
) -> tuple[float, float]:
    """Return the overhead of equally many blocks a stage, and of the best cuts.

    Overhead is what a pipeline that is kept busy takes of its devices' time beyond the work on one:
    number of stages * longest stage - sum of all layers, as a fraction of that sum. The first layer
    is the embedding and goes to the first stage, and `after` layers behind the blocks to the last.
    """
    num_blocks = (len(layers.layers) - 1 - after) // layers_per_block
    by_hand = [
        range(1 + layers_per_block * stage.start, 1 + layers_per_block * stage.stop)
        for stage in equal_blocks(num_blocks, num_stages)
    ]
    by_hand[0] = range(by_hand[0].stop)
    by_hand[-1] = range(by_hand[-1].start, by_hand[-1].stop + after)
    cuts = best_cuts(layer_chain(layers, 1, 1), [num_stages])[num_stages]
    automatic = [range(a, b) for a, b in cuts.ranges]
    work_ps = outcome(layers, 1, [range(len(layers.layers))]).latencies_ps[0]
    longest = (max(outcome(layers, 1, cut).latencies_ps) for cut in (by_hand, automatic))
    manual_ps, best_ps = (num_stages * latency_ps - work_ps for latency_ps in longest)
    return manual_ps / work_ps, best_ps / work_ps


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("num_stages", [2, 4, 8, 16, 20])
def test_shipped_chains_are_never_cut_worse_than_by_hand(
    name: str, num_stages: int, shipped: dict[str, LayerProfileSpec]
) -> None:
    manual, automatic = overheads(shipped[name], num_stages, layers_per_block=2, after=0)
    assert 0 <= automatic <= manual


@pytest.mark.parametrize(
    ("name", "num_stages", "manual", "automatic"),
    [
        # Blocks divide evenly: nothing to gain.
        ("bert-1.3b", 8, 0.0120, 0.0120),
        ("bert-2.7b", 8, 0.0095, 0.0095),
        # They do not, and blocks can be cut in halves: one and a half a stage, or one and a third.
        ("bert-1.3b", 16, 0.3574, 0.0697),
        ("bert-2.7b", 24, 0.5286, 0.2175),
    ],
)
def test_what_shipped_chains_gain(
    name: str,
    num_stages: int,
    manual: float,
    automatic: float,
    shipped: dict[str, LayerProfileSpec],
) -> None:
    found = overheads(shipped[name], num_stages, layers_per_block=2, after=0)
    assert found == pytest.approx((manual, automatic), abs=5e-4)


def gpt(hidden: int, num_blocks: int, latency_s: float, layers_per_block: int) -> LayerProfileSpec:
    """Return a GPT of 2048 tokens with an embedding and a head over 51,200 words.

    Latency in proportion to multiply-adds a token: attention 4 h^2 + 2 s h, MLP 8 h^2, head V h.
    """
    seq_len, vocabulary = 2048, 51200
    halves = (4 * hidden**2 + 2 * seq_len * hidden, 8 * hidden**2)
    block = halves if layers_per_block == 2 else (sum(halves),)
    work = [0, *block * num_blocks, vocabulary * hidden]
    ps_of_work = latency_s * 1e12 / sum(work)
    send_ps = round(seq_len * hidden * 2 / 40e9 * 1e12)
    return layer_profile([max(1, part * ps_of_work) for part in work], [send_ps] * len(work))


@pytest.mark.parametrize(
    ("hidden", "num_blocks", "latency_s", "reduction_of_blocks", "reduction_of_halves"),
    [(2048, 24, 0.151, 0.48, 0.75), (2560, 32, 0.238, 0.34, 0.66)],
    ids=["1.3B", "2.6B"],
)
def test_automatic_cuts_have_a_third_to_a_half_less_overhead_than_equal_blocks(
    hidden: int,
    num_blocks: int,
    latency_s: float,
    reduction_of_blocks: float,
    reduction_of_halves: float,
) -> None:
    # AlpaServe (OSDI 2023) reports 32.9% and 46.7% less for its two models on 8 stages. What Alpa's
    # layers were there is not known; with whole blocks it is the same here.
    for layers_per_block, expected in ((1, reduction_of_blocks), (2, reduction_of_halves)):
        layers = gpt(hidden, num_blocks, latency_s, layers_per_block)
        manual, automatic = overheads(layers, 8, layers_per_block, after=1)
        assert 1 - automatic / manual == pytest.approx(expected, abs=0.01)
        assert not math.isclose(manual, 0)
