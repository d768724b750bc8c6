# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

"""A stand-in for the engine of ES|QL: it turns the commands and functions that our queries
use into SQL and runs that with DuckDB. What it does not know is an error. Elasticsearch
differs: it bounds the rows of a result, and its COUNT_DISTINCT is approximate for large
numbers. SORT is left out: nothing here looks at the order."""

import fnmatch

import duckdb
from esql import ast

# Columns of DuckDB for the types of Elasticsearch.
TYPES = {"date": "TIMESTAMP", "long": "BIGINT", "geo_point": "STRUCT(lat DOUBLE, lon DOUBLE)"}

# Functions that both have, by DuckDB's name.
SAME = {
    "min": "min", "max": "max", "coalesce": "coalesce", "least": "least", "greatest": "greatest", "round": "round",
    "sin": "sin", "cos": "cos", "asin": "asin", "sqrt": "sqrt", "pow": "pow", "to_radians": "radians",
    "to_long": "epoch_ms", "to_datetime": "epoch_ms", "to_lower": "lower",
}

OPERATORS = {"==": "=", "!=": "<>"}


def name(column):
    return '"' + column.replace('"', '""') + '"'


def text(value):
    return "'" + value.replace("'", "''") + "'"


def interval(literal):
    digits = literal.rstrip("abcdefghijklmnopqrstuvwxyz ")
    return f"INTERVAL '{digits} {literal[len(digits):].strip()}'"


class Pipeline:
    """Builds the SQL of a query, command by command."""

    def __init__(self, now, columns):
        self.now, self.columns, self.sql = now, list(columns), "SELECT * FROM rows"

    def expression(self, e):
        match e:
            case ast.ColumnRef():
                if e.name not in self.columns:
                    raise ValueError(f"unknown column {e.name}")
                return name(e.name)
            case ast.Literal():
                return self.literal(e)
            case ast.BinaryExpr(op="in"):
                items = ", ".join(self.expression(item) for item in e.right.args)
                return f"({self.expression(e.left)} IN ({items}))"
            case ast.BinaryExpr(op="/") if not isinstance(e.right, ast.Literal) or not isinstance(e.right.value, float):
                raise ValueError("/ of integers means something else in ES|QL")
            case ast.BinaryExpr():
                return f"({self.expression(e.left)} {OPERATORS.get(e.op, e.op)} {self.expression(e.right)})"
            case ast.FunctionCall():
                return self.call(e.name, e.args)
        raise ValueError(f"the stand-in has no {type(e).__name__}")

    def literal(self, e):
        if isinstance(e.value, list):
            return "[" + ", ".join(str(item) for item in e.value) + "]"
        match e.kind:
            case "time_duration" | "date_period":
                return interval(e.value)
            case "string":
                return text(e.value)
            case "null":
                return "NULL"
        return str(e.value)

    def call(self, function, arguments):
        args = [self.expression(a) for a in arguments]
        match function, args:
            case "now", []:
                return f"TIMESTAMP {text(self.now)}"
            case "not", [a]:
                return f"(NOT {a})"
            case "is_null", [a]:
                return f"({a} IS NULL)"
            case "is_not_null", [a]:
                return f"({a} IS NOT NULL)"
            case "date_trunc", [span, a]:
                return f"time_bucket({span}, {a})"
            case "to_string", [a]:
                return f"CAST({a} AS VARCHAR)"
            case "rlike", [a, pattern]:
                return f"regexp_full_match({a}, {pattern}, 's')"
            case "st_x", [a]:
                return f"struct_extract({a}, 'lon')"
            case "st_y", [a]:
                return f"struct_extract({a}, 'lat')"
            case "count", []:
                return "count(*)"
            case "count_distinct", [a]:
                return f"count(DISTINCT {a})"
            case "case", [*pairs]:
                whens = " ".join(f"WHEN {c} THEN {v}" for c, v in zip(pairs[::2], pairs[1::2]))
                otherwise = pairs[-1] if len(pairs) % 2 else "NULL"
                return f"(CASE {whens} ELSE {otherwise} END)"
            case "values", [a]:
                # Values of a column with several values are one flat set.
                flat = f"flatten(list({a}))" if self.is_list(arguments[0]) else f"list({a}) FILTER ({a} IS NOT NULL)"
                return f"list_sort(list_distinct({flat}))"
        if function in SAME:
            return f"{SAME[function]}({', '.join(args)})"
        raise ValueError(f"the stand-in has no function {function}")

    def is_list(self, e):
        return isinstance(e, ast.ColumnRef) and self.columns_of_lists.get(e.name, False)

    columns_of_lists = {}

    def select(self, items, rest=""):
        self.sql = f"SELECT {', '.join(items)} FROM ({self.sql}) {rest}"

    def apply(self, command):
        match command:
            case ast.FromCommand() | ast.SortCommand():
                pass
            case ast.WhereCommand():
                self.select(["*"], f"WHERE {self.expression(command.predicate)}")
            case ast.EvalCommand():
                for a in command.assignments:
                    self.assign(a.name, self.expression(a.expr))
            case ast.MvExpandCommand():
                self.assign(command.field, f"unnest({name(command.field)})")
            case ast.StatsCommand(inline=False, aggregate_filters=[]):
                self.stats(command)
            case ast.KeepCommand():
                patterns = command.columns + command.wildcards
                self.columns = [c for p in patterns for c in self.columns if fnmatch.fnmatchcase(c, p)]
                self.select([name(c) for c in self.columns])
            case ast.LimitCommand(by=[]):
                self.sql += f" LIMIT {command.count}"
            case _:
                raise ValueError(f"the stand-in has no {type(command).__name__}")

    def assign(self, column, sql):
        kept = [name(c) for c in self.columns if c != column]
        self.select(kept + [f"{sql} AS {name(column)}"])
        self.columns = [c for c in self.columns if c != column] + [column]

    def stats(self, command):
        groups = {a.name: self.expression(a.expr) for a in command.grouping_aliases}
        groups |= {r.name: self.expression(r) for r in command.grouping_refs}
        aggregates = {}
        for a in command.aggregates:
            if not isinstance(a.expr, ast.FunctionCall) and not isinstance(a.expr, ast.BinaryExpr):
                raise ValueError(f"{a.name} is no aggregate")
            aggregates[a.name] = self.expression(a.expr)
        self.columns_of_lists = {
            a.name: True for a in command.aggregates if isinstance(a.expr, ast.FunctionCall) and a.expr.name == "values"
        }
        items = [f"{sql} AS {name(column)}" for column, sql in (aggregates | groups).items()]
        by = f"GROUP BY {', '.join(groups.values())}" if groups else ""
        self.select(items, by)
        self.columns = list(aggregates) + list(groups)


def fields_of(tree, mapping):
    """The fields of documents that a query names, and those of them whose values it reads: for the others it only matters
    whether there are any."""
    named, read, todo = set(), set(), [(tree, False)]
    while todo:
        node, tested = todo.pop()
        if isinstance(node, ast.ColumnRef) and node.name in mapping:
            named.add(node.name)
            if not tested:
                read.add(node.name)
        tested = isinstance(node, ast.FunctionCall) and node.name in ("is_null", "is_not_null")
        todo.extend((child, tested) for child in node.iter_children())
    return sorted(named), read


class Engine:
    """Runs one query over many sets of documents."""

    def __init__(self, tree, mapping, now):
        named, self.read = fields_of(tree, mapping)
        self.fields = {f: TYPES.get(mapping[f], "VARCHAR") for f in named}
        pipeline = Pipeline(now, self.fields)
        for command in tree.commands if hasattr(tree, "commands") else list(tree.iter_children()):
            pipeline.apply(command)
        self.sql, self.columns = pipeline.sql, pipeline.columns
        self.database = duckdb.connect()
        columns = ", ".join(f"{name(f)} {kind}" for f, kind in self.fields.items())
        self.database.execute(f"CREATE TABLE rows ({columns})")
        self.database.execute("SET TimeZone = 'UTC'")

    def run(self, documents):
        self.database.execute("DELETE FROM rows")
        rows = [[self.value(d.get(f), kind, f in self.read) for f, kind in self.fields.items()] for d in documents]
        if rows:
            marks = "(" + ", ".join("?" for _ in self.fields) + ")"
            values = [value for row in rows for value in row]
            self.database.execute(f"INSERT INTO rows VALUES {', '.join([marks] * len(rows))}", values)
        result = self.database.execute(self.sql).fetchall()
        return [dict(zip(self.columns, row)) for row in result]

    @staticmethod
    def value(value, kind, read):
        if isinstance(value, list):
            if len(value) > 1 and read:
                raise ValueError("the stand-in reads fields of one value")
            value = value[0]
        if kind == "TIMESTAMP" and value is not None:
            return value.removesuffix("Z")
        return value
