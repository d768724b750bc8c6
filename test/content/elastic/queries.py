# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

"""Checks and runs queries of Elastic's languages. Reads a JSON object from standard input
and writes one: see the types request and answer of the test."""

import json
import sys
from datetime import datetime, timedelta

import eql
import esql
from eql.parser import elasticsearch_syntax, parse_query
from esql_standin import Engine
from kibana_ql import KqlParser


def flatten(value, prefix=""):
    """The fields of a document by their dotted names, without those of oversight.extra."""
    for key, item in value.items():
        path = f"{prefix}{key}"
        if isinstance(item, dict) and path not in ("source.geo.location", "oversight.extra"):
            yield from flatten(item, path + ".")
        else:
            yield path, item


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def selected(query, records, now):
    """The documents between the rule's from and now, as Kibana selects them."""
    start = moment(now) - timedelta(seconds=query["seconds"])
    return [r for r in records if start <= arrival(r) <= moment(now)]


def arrival(record):
    """The time by which Kibana selects, the rule's timestamp_override or else @timestamp."""
    return moment(record["event"].get("ingested") or record["@timestamp"])


# The oldest version that the content is for, and the newest that the parser knows, which is Serverless.
VERSIONS = ("8.19", None)


def check_esql(query, mapping):
    for version in VERSIONS:
        with esql.ParserConfig(esql.Schema(mapping), min_stack_version=version):
            tree = esql.parse_query(query["query"])
            if query["rule"]:
                # Kibana adds a command behind the query: a comment at its end would hide it.
                esql.parse_query(query["query"] + " | limit 101")
                if "//" in query["query"].splitlines()[-1]:
                    raise ValueError("a comment in the last line")
                esql.validate_detection_rule_query(tree)
    return tree


def run_esql(query, mapping, samples, now):
    """The rows that each sample gives. Each is an alert."""
    engine = Engine(check_esql(query, mapping), mapping, now)
    return {name: engine.run([dict(flatten(r)) for r in selected(query, records, now)]) for name, records in samples.items()}


def run_eql(query, mapping, samples, now):
    with elasticsearch_syntax, eql.Schema({"network": nested(mapping)}):
        parsed = parse_query(query["query"], implied_any=True, implied_base=True)
    return {name: groups(query, eql_events(parsed, selected(query, records, now))) for name, records in samples.items()}


def nested(mapping):
    """The fields of a mapping as EQL's schema has them."""
    schema = {}
    for field, kind in mapping.items():
        *path, leaf = field.split(".")
        node = schema
        for part in path:
            node = node.setdefault(part, {})
        node[leaf] = {"long": "number", "flattened": {}, "geo_point": {}}.get(kind, "string")
    return schema


def eql_events(parsed, records):
    found = []
    engine = eql.PythonEngine({"flatten": False})
    engine.add_query(parsed)
    engine.add_output_hook(found.append)
    # The library counts time in units of 100 ns.
    events = [eql.Event("any", int(moment(r["@timestamp"]).timestamp() * 10_000_000), r) for r in records]
    engine.stream_events(sorted(events, key=lambda e: e.time))
    engine.finalize()
    return [event.data for result in found for event in result.events]


def groups(query, records):
    """How many different values the fields of a query's results have."""
    flat = [dict(flatten(r)) for r in records]
    return len({tuple(str(r.get(f)) for f in query["suppress_by"]) for r in flat})


def dsl(node):
    """The query of a KQL syntax tree, as Kibana makes it."""
    match node:
        case {"op": "and" | "or" as op, **rest} if "field" not in node:
            parts = [dsl(n) for n in rest.get("exprs") or [rest["left"], rest["right"]]]
            return {"bool": {"filter": parts} if op == "and" else {"should": parts, "minimum_should_match": 1}}
        case {"op": "not", "expr": expr}:
            return {"bool": {"must_not": [dsl(expr)]}}
        case {"field": field, "value": value, "op": op}:
            return {"range": {field: {{">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}[op]: value[0]}}}
        case {"field": field, "value": ("*",)}:
            return {"exists": {"field": field}}
        case {"field": field, "value": str(value)}:
            return {"match_phrase": {field: value}}
        case {"field": field, "value": (word,)}:
            return {"match": {field: word}}
        case {"field": field, "value": {"op": "or", **rest}}:
            values = rest.get("exprs") or [rest["left"], rest["right"]]
            return dsl({"op": "or", "exprs": [{"field": field, "value": v} for v in values]})
    raise ValueError(f"KQL that this test does not know: {node}")


def parse_kql(query):
    parser = KqlParser()
    return dsl(parser.ast(parser.parse(" ".join(query["query"].split()))))


def main():
    request = json.load(sys.stdin)
    mapping, now = request["mapping"], request["now"]
    answer = {}
    for query in request["queries"]:
        samples = query.get("samples") or {}
        result = answer[query["name"]] = {}
        try:
            match query["language"]:
                case "kuery":
                    result["dsl"] = parse_kql(query)
                case "eql":
                    result["alerts"] = run_eql(query, mapping, samples, now)
                case "esql" if query["rule"]:
                    result["rows"] = run_esql(query, mapping, samples, now)
                    result["alerts"] = {name: len(rows) for name, rows in result["rows"].items()}
                case "esql":
                    check_esql(query, mapping)
        except Exception as e:
            result["error"] = f"{type(e).__name__}: {e}"
    json.dump(answer, sys.stdout, default=str)


main()
