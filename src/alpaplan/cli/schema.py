"""`alpaplan schema`: the JSON Schema of a kind of document, for editors."""

from __future__ import annotations

import click

from alpaplan.cli.errors import user_errors
from alpaplan.cli.param_type import ParamType


class _Kind(ParamType[str]):
    """A kind of document; the kinds are imported only when one is looked up."""

    name = "kind"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from alpaplan.specs.registry import DOCUMENT_KINDS

        return click.Choice(list(DOCUMENT_KINDS)).convert(value, param, ctx)


@click.command()
@click.argument("kind", type=_Kind())
@user_errors
def schema(kind: str) -> None:
    """Print the JSON Schema of a kind of document.

    KIND is model-profile, cluster, workload, layer-profile or placement-plan.
    """
    import json

    from alpaplan.specs.registry import json_schema

    click.echo(json.dumps(json_schema(kind), indent=2, ensure_ascii=False))
