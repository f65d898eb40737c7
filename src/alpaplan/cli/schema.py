"""`alpaplan schema`: the JSON Schema of a kind of document, for editors."""

from __future__ import annotations

import click

from alpaplan.cli.choices import ListingCommand, NameOf
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import print_text
from alpaplan.specs.registry import DOCUMENT_KINDS


@click.command(cls=ListingCommand, listings={"Kinds": DOCUMENT_KINDS.summaries()})
@click.argument("kind", type=NameOf(DOCUMENT_KINDS))
@user_errors
def schema(kind: str) -> None:
    """Print the JSON Schema of a kind of document.

    Editors use it to complete and check YAML files while you write them.
    """
    import json

    from alpaplan.specs.json_schema import json_schema

    print_text(json.dumps(json_schema(kind), indent=2, ensure_ascii=False))
