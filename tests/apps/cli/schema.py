"""As much of JSON Schema as the schema of the commands' output uses; anything else in it is an error."""

from typing import Any
from urllib.parse import unquote

_TYPES = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}
_WORDS = {"$schema", "$defs", "title", "description", "if", "then", "type", "enum", "const", "minimum", "required"}
_WORDS |= {"properties", "additionalProperties", "items", "$ref", "allOf", "anyOf"}


def faults(value: Any, schema: dict, root: dict, where: str = "$") -> list[str]:
    """What of a value does not fit its schema."""
    assert set(schema) <= _WORDS, set(schema) - _WORDS
    found = []
    if "$ref" in schema:
        found += faults(value, root["$defs"][unquote(schema["$ref"]).removeprefix("#/$defs/")], root, where)
    kinds = schema.get("type", list(_TYPES))
    if not any(_TYPES[kind](value) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        return [f"{where} is no {kinds}: {value!r:.60}"]
    if ("enum" in schema and value not in schema["enum"]) or ("const" in schema and value != schema["const"]):
        found.append(f"{where} is {value!r:.60}")
    if "minimum" in schema and value < schema["minimum"]:
        found.append(f"{where} is below {schema['minimum']}")
    if isinstance(value, dict):
        found += [f"{where} lacks {name}" for name in schema.get("required", ()) if name not in value]
        others = schema.get("additionalProperties", True)
        for name, item in value.items():
            inside = schema.get("properties", {}).get(name, others)
            if inside is False:
                found.append(f"{where} has {name}, which is not described")
            elif isinstance(inside, dict):
                found += faults(item, inside, root, f"{where}.{name}")
    if isinstance(value, list) and "items" in schema:
        for place, item in enumerate(value):
            found += faults(item, schema["items"], root, f"{where}[{place}]")
    for part in schema.get("allOf", ()):
        found += faults(value, part, root, where)
    if "anyOf" in schema:
        each = [faults(value, part, root, where) for part in schema["anyOf"]]
        found += [] if [] in each else min(each, key=len)
    if "if" in schema and not faults(value, schema["if"], root, where):
        found += faults(value, schema["then"], root, where)
    return found
