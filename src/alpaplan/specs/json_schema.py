"""The JSON Schema of each kind of document, for editors."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from alpaplan.specs.registry import DOCUMENT_KINDS


class _SchemaForEditors(GenerateJsonSchema):
    """Leaves out titles that only repeat the key, and says what keys a mapping of numbers has."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        result = super().dict_schema(schema)
        keys: Any = schema.get("keys_schema", {})
        if keys.get("type") == "int":
            # To JSON Schema every key is a text, and so YAML's whole numbers are to editors.
            zero = "0|" if keys.get("ge") == 0 else ""
            result["propertyNames"] = {"pattern": f"^({zero}[1-9][0-9]*)$"}
        return result


def json_schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of one kind of document."""
    schema = DOCUMENT_KINDS[kind].model_json_schema(schema_generator=_SchemaForEditors)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema
