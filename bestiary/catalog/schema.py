"""The JSON Schema of catalog.yaml, for editors: `python -m bestiary.catalog.schema > catalog.schema.json`."""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from bestiary.catalog.entries import CATALOG


class _Strict(GenerateJsonSchema):
    """As the loader is: an optional field is left out, never null, and a key that breaks its pattern is refused."""

    def nullable_schema(self, schema: Any) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def dict_schema(self, schema: Any) -> JsonSchemaValue:
        made = super().dict_schema(schema)
        return {**made, "additionalProperties": False} if "patternProperties" in made else made


def schema() -> dict[str, Any]:
    """Return the schema, as draft 2020-12."""
    made = CATALOG.json_schema(schema_generator=_Strict)
    return {"$schema": _Strict.schema_dialect, "title": "The catalog of bestiary"} | made


def text() -> str:
    """Return what catalog.schema.json contains."""
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
