"""The official schemas as validators that also refuse what they do not name."""

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from jsonschema import Draft202012Validator as Validator

Json = Any
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "datetime": (str,),
    "int": (int,),
    "unsigned int": (int,),
    "bool": (bool,),
}
_converted: dict[int, tuple[Json, Json]] = {}
_GRAPH_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$")


def check_discovery(document: Json, schema_name: str, body: Json) -> None:
    """Holds a body against a schema of a Google discovery document; unknown properties are refused."""
    definitions = _kept(document, _discovery_definitions)
    Validator({"$ref": f"#/$defs/{schema_name}", "$defs": definitions}).validate(body)


def _from_discovery(schema: Json) -> Json:
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    kind = schema.get("type")
    if kind == "object":
        properties = {name: _from_discovery(child) for name, child in schema.get("properties", {}).items()}
        more = schema.get("additionalProperties")
        return {
            "type": "object",
            "properties": properties,
            "additionalProperties": _from_discovery(more) if more else not properties,
        }
    if kind == "array":
        return {"type": "array", "items": _from_discovery(schema["items"])}
    plain: Json = {} if kind == "any" else {"type": kind}
    if "enum" in schema:
        plain["enum"] = schema["enum"]
    patterns = {
        "uint64": r"^\d+$",
        "int64": r"^-?\d+$",
        "date-time": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$",
        "google-datetime": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$",
        "google-duration": r"^\d+(\.\d+)?s$",
    }
    if kind == "string" and schema.get("format") in patterns:
        plain["pattern"] = patterns[schema["format"]]
    return plain


STRICT_X = ("User", "Tweet", "Post", "UserPublicMetrics", "PostPublicMetrics")


def check_openapi(document: Json, path: str, body: Json) -> None:
    """Holds a body against the 200 response of a GET path; each problem also against the schema of its type."""
    reference = document["paths"][path]["get"]["responses"]["200"].get("$ref")
    schema = reference or document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    check_component(document, schema["$ref"] if isinstance(schema, dict) else schema, body)
    mapping = document["components"]["schemas"]["Problem"]["discriminator"]["mapping"]
    for problem in body.get("errors", []):
        check_component(document, mapping[problem["type"]], problem)


def check_component(document: Json, reference: str, body: Json) -> None:
    """Holds a body against one component of an OpenAPI document."""
    Validator({"$ref": reference, "components": _kept(document, _strict_components)}).validate(body)


def _discovery_definitions(document: Json) -> Json:
    return {name: _from_discovery(schema) for name, schema in document["schemas"].items()}


def _strict_components(document: Json) -> Json:
    components = deepcopy(document["components"])
    for name in STRICT_X:
        if name in components["schemas"]:
            components["schemas"][name]["additionalProperties"] = False
    return components


def _kept(document: Json, convert: Callable[[Json], Json]) -> Json:
    """The converted document; converted once, since the documents are long."""
    if id(document) not in _converted:
        _converted[id(document)] = (document, convert(document))
    return _converted[id(document)][1]


def check_meta(spec: Json, body: dict[str, Any]) -> None:
    """Holds the names and types of an object's fields against Meta's spec of its node; edges are known by name."""
    types = {field["name"]: field["type"] for field in spec["fields"]}
    edges = {api["endpoint"].strip("/") for api in spec["apis"] if api.get("endpoint")}
    for name, value in body.items():
        if name in edges:
            assert isinstance(value.get("data"), list), f"the edge {name} has no data"
            continue
        assert name in types, f"{name} is no field and no edge of the node"
        expected = _TYPES.get(types[name], (dict, list))
        assert type(value) in expected, f"{name} is {type(value).__name__}, the spec says {types[name]}"
        if types[name] == "datetime":
            assert _GRAPH_TIME.match(value), f"{name} is {value!r}"
        if types[name] == "unsigned int":
            assert value >= 0, f"{name} is negative"
