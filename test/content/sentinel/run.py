# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs KQL queries over rows, with duckdb-kql. Reads a job and writes its results, both JSON:

{"columns":   {NAME: TYPE},                  of the table Oversight_CL
 "functions": [{"name", "parameters", "body"}],     of the workspace
 "places":    [{"network", "country", "latitude", "longitude"}],
 "runs":      [{"now": TIME, "rows": [ROW], "queries": [KQL]}]}

[[{"rows": [ROW]} or {"error": TEXT}]]       a list for each run, an item for each query

A row is one of the table, with the time of its arrival below ARRIVAL.
"""

import functools
import ipaddress
import json
import math
import sys
import tempfile

import duckdb_kql
from duckdb_kql.translate.functions import AGGREGATE_FUNCTIONS, SCALAR_FUNCTIONS, AggregateSpec, FunctionSpec

ARRIVAL = "_ArrivedAt"

TYPES = {"string": "VARCHAR", "long": "BIGINT", "datetime": "TIMESTAMP", "dynamic": "JSON", "boolean": "BOOLEAN"}


@functools.cache
def address(text):
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


@functools.cache
def network(text):
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def in_any_range(version):
    """ipv4_is_in_any_range or ipv6_is_in_any_range: null for what is not of that version, and, as the
    documentation can be read, for every address where one of the ranges is not."""

    def test(text, ranges):
        found = address(text) if text else None
        known = [network(entry) for entry in json.loads(ranges or "[]")]
        if found is None or found.version != version or not all(entry and entry.version == version for entry in known):
            return None
        return any(found in entry for entry in known)

    return test


def format_ipv4(text, bits):
    """format_ipv4: "" for what is no IPv4 address."""
    try:
        return str(ipaddress.IPv4Network((text, bits), strict=False).network_address)
    except (TypeError, ValueError):
        return ""


def parse_ipv6_mask(text, bits):
    """parse_ipv6_mask: "" for what is no IPv6 address."""
    try:
        return ipaddress.IPv6Network((text, bits), strict=False).network_address.exploded
    except (TypeError, ValueError):
        return ""


def distance(longitude1, latitude1, longitude2, latitude2):
    """geo_distance_2points, in metres on a sphere."""
    phi1, phi2 = math.radians(latitude1), math.radians(latitude2)
    half = math.sin((phi2 - phi1) / 2) ** 2
    half += math.cos(phi1) * math.cos(phi2) * math.sin(math.radians(longitude2 - longitude1) / 2) ** 2
    return 2 * 6371008.8 * math.asin(math.sqrt(half))


def locate(places):
    """geo_info_from_ip_address over the places of the samples, and nowhere else."""
    known = [(network(place["network"]), json.dumps({key: place[key] for key in ("country", "latitude", "longitude")})) for place in places]

    @functools.cache
    def where(text):
        found = address(text) if text else None
        return next((place for entry, place in known if found and found.version == entry.version and found in entry), None)

    return where


# STAND_INS is all that duckdb-kql lacks of what the queries use, or does differently: the name in
# KQL, and the SQL or the Python function that answers for it. Everything else is evaluated as written.
STAND_INS = {
    "range": ("to_json(range({0}, {1} + 1, {2}))", None, ["BIGINT"] * 3, None),
    "ingestion_time": ('"' + ARRIVAL + '"', None, None, None),
    "ipv4_is_in_any_range": (None, in_any_range(4), ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    "ipv6_is_in_any_range": (None, in_any_range(6), ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    "format_ipv4": (None, format_ipv4, ["VARCHAR", "BIGINT"], "VARCHAR"),
    "parse_ipv6_mask": (None, parse_ipv6_mask, ["VARCHAR", "BIGINT"], "VARCHAR"),
    "geo_info_from_ip_address": (None, locate, ["VARCHAR"], "VARCHAR"),
    "geo_distance_2points": (None, distance, ["DOUBLE"] * 4, "DOUBLE"),
}


def register(connection, places):
    for name, (sql, function, takes, gives) in STAND_INS.items():
        if sql is None:
            if name == "geo_info_from_ip_address":
                function = function(places)
            connection.create_function(name, function, takes, gives, null_handling="special")
            slots = [f"CAST({{{i}}} AS {kind})" for i, kind in enumerate(takes)]
            if "_in_any_range" in name:
                slots[1] = "CAST(to_json({1}) AS VARCHAR)"  # a list is one of DuckDB's where a query has made it
            sql = f"{name}({', '.join(slots)})"
            if name == "geo_info_from_ip_address":
                sql = f"CAST({sql} AS JSON)"
        SCALAR_FUNCTIONS[name] = FunctionSpec(name, "template", sql, (len(takes or []),))
    # make_set_if is make_set over those rows that fulfil a condition.
    condition = "CASE WHEN {1} THEN {0} END"
    AGGREGATE_FUNCTIONS["make_set_if"] = AggregateSpec(
        "make_set_if", AGGREGATE_FUNCTIONS["make_set"].template.replace("{0}", condition), (2, 3), name_prefix="set")


def load(connection, columns, rows):
    fields = {name: TYPES[kind] for name, kind in columns.items()} | {ARRIVAL: "TIMESTAMP"}
    described = ", ".join(f"'{name}': '{kind}'" for name, kind in fields.items())
    # A workspace knows no null string: a column that a row leaves out is "".
    selected = ", ".join(f"coalesce({name}, '') as {name}" if kind == "VARCHAR" else name for name, kind in fields.items())
    source = f"read_json('{rows}', format='newline_delimited', columns={{{described}}})"
    connection.sql(f"create or replace table Oversight_CL as select {selected} from {source}")


def answer(connection, functions, query, now):
    try:
        result = duckdb_kql.query(connection, query, functions=functions, query_now=now)
        return {"rows": [dict(zip(result.columns, row)) for row in result.fetchall()]}
    except Exception as error:  # every failure is the caller's to report
        return {"error": f"{type(error).__name__}: {error}"}


def main():
    job = json.load(sys.stdin)
    connection = duckdb_kql.connect()
    register(connection, job["places"])
    functions = ["function {name}({parameters}) {{\n{body}\n}}".format(**function) for function in job["functions"]]
    results = []
    for run in job["runs"]:
        with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as file:
            for row in run["rows"] or []:
                file.write(json.dumps(row) + "\n")
            file.flush()
            load(connection, job["columns"], file.name)
        results.append([answer(connection, functions, query, run["now"]) for query in run["queries"]])
    json.dump(results, sys.stdout, default=str)


if __name__ == "__main__":
    main()
