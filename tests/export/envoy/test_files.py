"""The router's files, as somebody reads them who knows Envoy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alpaplan.export.envoy.files import router_files
from alpaplan.export.names import written
from tests.export.envoy.routers import documents, engines_of, routed

GROUPS = {"n-0-d0-1x2": ["chat", "Org/Search: v2"], "n-0-d2-1x1": ["chat"]}


def listeners(**changes: Any) -> dict[str, Any]:
    return {
        each["name"]: each for each in documents(GROUPS, **changes)["listeners.yaml"]["resources"]
    }


def routes(listener: dict[str, Any]) -> list[dict[str, Any]]:
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    found: list[dict[str, Any]] = manager["route_config"]["virtual_hosts"][0]["routes"]
    return found


def test_the_same_router_is_written_as_the_same_bytes() -> None:
    def once() -> dict[str, bytes]:
        return router_files(
            engines_of(GROUPS), routed(GROUPS), router_folder="/etc/x", router_port=8000
        )

    assert once() == once()
    assert list(once()) == ["envoy.yaml", "listeners.yaml", "clusters.yaml", "groups.yaml"]


def test_three_files_are_read_and_watched_in_the_folder() -> None:
    found = documents(GROUPS, router_folder="/srv/envoy/")["envoy.yaml"]
    (cluster,) = found["static_resources"]["clusters"]
    sources = {
        "listeners.yaml": found["dynamic_resources"]["lds_config"],
        "clusters.yaml": found["dynamic_resources"]["cds_config"],
        "groups.yaml": cluster["eds_cluster_config"]["eds_config"],
    }
    for name, source in sources.items():
        watched = source["path_config_source"]
        assert watched["path"] == f"/srv/envoy/{name}"
        assert watched["watched_directory"] == {"path": "/srv/envoy"}


def test_a_group_is_chosen_among_those_that_hold_the_model() -> None:
    (cluster,) = documents(GROUPS)["envoy.yaml"]["static_resources"]["clusters"]
    (policy,) = cluster["load_balancing_policy"]["policies"]
    subset = policy["typed_extension_config"]["typed_config"]
    assert subset["fallback_policy"] == "NO_FALLBACK"
    assert subset["list_as_any"] is True
    assert subset["subset_selectors"] == [{"keys": ["model"]}]
    (inner,) = subset["subset_lb_policy"]["policies"]
    assert inner["typed_extension_config"]["typed_config"]["selection_method"] == "FULL_SCAN"


def test_groups_are_endpoints_in_plan_order_that_list_their_models() -> None:
    (assignment,) = documents(GROUPS)["groups.yaml"]["resources"]
    assert assignment["cluster_name"] == "groups"
    found = [
        (
            each["endpoint"]["address"]["envoy_internal_address"]["server_listener_name"],
            each["metadata"]["filter_metadata"]["envoy.lb"],
        )
        for each in assignment["endpoints"][0]["lb_endpoints"]
    ]
    assert found == [(name, {"group": name, "model": models}) for name, models in GROUPS.items()]


def test_every_model_has_a_route_with_its_time_limit_and_its_header() -> None:
    front = listeners(slo_s=0.3564)["front"]
    listed, chat, search, rest = routes(front)
    body = json.loads(listed["direct_response"]["body"]["inline_string"])
    assert [each["id"] for each in body["data"]] == ["chat", "Org/Search: v2"]
    for name, route in (("chat", chat), ("Org/Search: v2", search)):
        (wanted,) = route["match"]["dynamic_metadata"]
        assert wanted["value"]["string_match"]["exact"] == name
        assert (route["route"]["cluster"], route["route"]["timeout"]) == ("groups", "0.356s")
        # What a group or an engine has seen is never sent twice.
        assert route["route"]["retry_policy"]["retry_on"] == "connect-failure,retriable-headers"
        (header,) = route["request_headers_to_add"]
        assert header["header"] == {"key": "x-alpaplan-model", "value": written(name)}
    assert rest["direct_response"]["status"] == 404


@pytest.mark.parametrize(("slo_s", "timeout"), [(None, "0s"), (2, "2.000s"), (1e-5, "0.001s")])
def test_models_without_an_objective_have_no_time_limit(slo_s: float | None, timeout: str) -> None:
    assert routes(listeners(slo_s=slo_s)["front"])[1]["route"]["timeout"] == timeout


def test_each_group_has_a_listener_without_a_port_that_knows_its_engines() -> None:
    found = listeners()
    assert list(found) == ["front", *GROUPS]
    assert all(each["per_connection_buffer_limit_bytes"] == 67108864 for each in found.values())
    clusters = documents(GROUPS)["clusters.yaml"]["resources"]
    for name, models in GROUPS.items():
        assert "address" not in found[name]
        assert [route["route"]["cluster"] for route in routes(found[name])] == [
            written(f"{name}-{model}") for model in models
        ]
    assert [each["name"] for each in clusters] == [each.name for each in engines_of(GROUPS)]


@pytest.mark.slow
def test_as_many_models_can_be_listed_as_there_are() -> None:
    names = [f"model-{number}" for number in range(200)]
    (front, _) = documents({"n-0-d0-1x1": names})["listeners.yaml"]["resources"]
    manager = front["filter_chains"][0]["filters"][0]["typed_config"]
    body = routes(front)[0]["direct_response"]["body"]["inline_string"]
    assert manager["route_config"]["max_direct_response_body_size_bytes"] >= len(body)
