// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Analyses KQL with Microsoft's own parser, against a schema. Reads a job and writes its results,
// both JSON:
//
// {"tables":    {NAME: {COLUMN: TYPE}},
//  "functions": [{"name", "parameters", "body"}],     of the workspace
//  "queries":   [KQL]}
//
// [{"problems": [TEXT], "columns": {NAME: TYPE}}]     an item for each query

'use strict';

require('@kusto/language-service-next/bridge.min.js');
require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');

const { GlobalState, KustoCode, Symbols } = globalThis.Kusto.Language;

// The overloads of constructors have numbers: these take the schema, or the parameters, as text.
const newTable = (name, columns) => {
  const schema = Object.entries(columns).map(([column, type]) => `${column}: ${type}`);
  return new Symbols.TableSymbol.$ctor7(name, `(${schema.join(', ')})`, null);
};
const newFunction = ({ name, parameters, body }) =>
  new Symbols.FunctionSymbol.$ctor16(name, `(${parameters})`, `{\n${body}\n}`, null);

// list copies one of the library's collections.
const list = (collection) => Array.from({ length: collection.Count }, (_, i) => collection.getItem(i));

const position = (text, offset) => {
  const lines = text.slice(0, offset).split('\n');
  return `line ${lines.length}, column ${lines[lines.length - 1].length + 1}`;
};

const analyse = (text, globals) => {
  const code = KustoCode.ParseAndAnalyze(text, globals);
  const problems = list(code.GetDiagnostics()).map((d) => `${d.Severity} ${d.Code} at ${position(text, d.Start)}: ${d.Message}`);
  const type = code.ResultType;
  const columns = type && type.Columns ? list(type.Columns).map((c) => [c.Name, c.Type.Name]) : [];
  return { problems, columns: Object.fromEntries(columns) };
};

const job = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const members = [
  ...Object.entries(job.tables).map(([name, columns]) => newTable(name, columns)),
  ...job.functions.map(newFunction),
];
const database = new Symbols.DatabaseSymbol.ctor('workspace', members);
const globals = GlobalState.Default.WithDatabase(database);
process.stdout.write(JSON.stringify(job.queries.map((text) => analyse(text, globals))));
