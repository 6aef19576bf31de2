"""catalog.schema.json is what the models say, and an editor that knows it finds what the loader refuses."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bestiary.catalog import schema
from bestiary.catalog.parsed import catalog_path

HERE = Path(__file__).resolve().parents[1] / "data"
ROOT = HERE.parents[1]
GOOD = (HERE / "good_catalog.yaml").read_text("utf-8")


def test_the_schema_is_current():
    assert (ROOT / "catalog.schema.json").read_text("utf-8") == schema.text(), "stale: run `make schema`"


def test_the_schema_is_what_the_module_prints():
    run = subprocess.run([sys.executable, "-m", "bestiary.catalog.schema"], capture_output=True, check=True, text=True)
    assert run.stdout == schema.text()


def violations(value, rule, root, at="$"):
    """Where a value breaks a JSON Schema; knows the keywords in use and refuses others."""
    if "$ref" in rule:
        return violations(value, root["$defs"][rule["$ref"].removeprefix("#/$defs/")], root, at)
    types = {"object": dict, "array": list, "string": str, "integer": int, "number": int | float}
    bad = []
    for keyword, want in sorted(rule.items(), key=lambda item: item[0] != "type"):
        match keyword:
            case "$schema" | "$defs" | "title" | "description" | "default":
                good = True
            case "type":
                if not isinstance(value, types[want]) or isinstance(value, bool):
                    return [f"{at}: type"]
                good = True
            case "enum":
                good = value in want
            case "format":
                good = want == "date" and re.fullmatch(r"\d{4}-\d\d-\d\d", value)
            case "minimum":
                good = value >= want
            case "exclusiveMinimum":
                good = value > want
            case "maximum":
                good = value <= want
            case "minLength" | "minItems":
                good = len(value) >= want
            case "maxItems":
                good = len(value) <= want
            case "pattern":
                good = re.search(want, value)
            case "required":
                good = set(want) <= set(value)
            case "anyOf":
                good = any(not violations(value, option, root) for option in want)
            case "oneOf":
                good = sum(not violations(value, option, root) for option in want) == 1
            case "items" | "prefixItems":
                rules = want if keyword == "prefixItems" else [want] * len(value)
                pairs = zip(value, rules, strict=False) if isinstance(value, list) else ()
                bad += [b for i, (v, r) in enumerate(pairs) for b in violations(v, r, root, f"{at}[{i}]")]
                good = True
            case "properties" | "patternProperties" | "additionalProperties":
                good = True
            case _:
                raise AssertionError(f"the schema has a new keyword, {keyword}")
        bad += [] if good else [f"{at}: {keyword}"]
    for name, inner in value.items() if isinstance(value, dict) else ():
        rules = [r for n, r in rule.get("properties", {}).items() if n == name]
        rules += [r for pattern, r in rule.get("patternProperties", {}).items() if re.search(pattern, name)]
        other = rule.get("additionalProperties", True)
        if not rules and other is False:
            bad.append(f"{at}: {name}")
        for r in rules or ([other] if isinstance(other, dict) else []):
            bad += violations(inner, r, root, f"{at}.{name}")
    return bad


def as_json(text):
    data = YAML(typ="safe", pure=True).load(text)
    return json.loads(json.dumps(data, default=str))


def test_the_catalog_obeys_the_schema():
    root = schema.schema()
    assert violations(as_json(catalog_path().read_text("utf-8")), root, root) == []


@pytest.mark.parametrize(
    "old, new, at",
    [
        ("titel", "titel", None),
        ("title:", "titel:", "$.grokking: titel"),
        ("  kind: transition\n", "", "$.grokking: required"),
        ("network: 1", "network: 4", "$.grokking.complexity.network: maximum"),
        ("[MLP]", "[mlp]", "$.grokking.particle[0]: enum"),
        ("[0.8, 1]", "[0.8, 2]", "$.grokking.cases.grokking.claims[0].rate[1]: maximum"),
        ("[180, 480]", "[180]", "$.grokking.cases.grokking.claims[1].median: minItems"),
        ("median: [180, 480], ", "", "$.grokking.cases.grokking.claims[1]: oneOf"),
        ("no_weight_decay:", "NoWeightDecay:", "$.grokking.cases: NoWeightDecay"),
        ("control: weight decay", "control:", "$.grokking.cases.no_weight_decay.control: type"),
        ("1e-3", "'1e-3'", "$.grokking.cases.no_weight_decay.knobs.weight_decay: type"),
        ("of: delay_ratio", "form: powr", "$.grokking.laws.delay.form: enum"),
        ("width: 64", "width: [64]", "$.grokking.cases.grokking.static.width: anyOf"),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(old, new, at):
    root = schema.schema()
    found = violations(as_json(GOOD.replace(old, new, 1)), root, root)
    assert found == [] if at is None else at in found
