"""The published schemas: the only place where tests hold data against them."""

from functools import cache
from typing import Any, Final

import jsonschema  # type: ignore[import-untyped]
from referencing import Registry, Resource

from kmspec_check import report_json

NAMES: Final = ("report-1", "trace-1", "trace-2", "trace-3", "vectors-1")


@cache
def validator(name: str) -> Any:  # noqa: ANN401 - jsonschema has no types
    """A validator of a schema, its neighbours at hand."""
    found = ((f"{one}.json", Resource.from_contents(report_json.schema(one))) for one in NAMES)
    registry: Registry[Any] = Registry().with_resources(found)
    schema = report_json.schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, registry=registry)


def validate(data: object, name: str) -> None:
    """Insist that data is as the schema says."""
    validator(name).validate(data)
