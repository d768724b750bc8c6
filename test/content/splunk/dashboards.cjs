// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Checks dashboards of Dashboard Studio with Splunk's own schemas and validator:
// node dashboards.cjs PACKAGES VIEW.json... prints an array of {file, errors}. PACKAGES is
// the directory whose node_modules has the packages, a VIEW the definition of one view.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const [, , packages, ...files] = process.argv;
const load = require('node:module').createRequire(path.resolve(packages) + path.sep);

const { migrateToTabsLayout } = load('@splunk/dashboard-utils');
const { createSchemaBasedOnDicts } = load('@splunk/dashboard-definition/DashboardSchema');
const { DashboardValidator } = load('@splunk/dashboard-validation');
const options = load('@splunk/visualization-schemas');
const option = (name) => load(name).default;

// The types are those of Splunk Enterprise 9.0 and later that the app uses. A view with
// another one is refused: add it here, with its schema.
const visualizations = {
  'splunk.area': options.areaOptionsSchema,
  'splunk.bar': options.barOptionsSchema,
  'splunk.column': options.columnOptionsSchema,
  'splunk.line': options.lineOptionsSchema,
  'splunk.map': options.mapOptionsSchema,
  'splunk.markdown': options.markdownOptionsSchema,
  'splunk.pie': options.pieOptionsSchema,
  'splunk.singlevalue': options.singleValueOptionsSchema,
  'splunk.table': options.tableOptionsSchema,
};
const search = option('@splunk/datasources/SplunkSearchOptionsSchema');
const dataSources = { 'ds.search': search, 'ds.chain': search };
const inputs = {
  'input.text': option('@splunk/dashboard-inputs/Text/TextSchema'),
  'input.dropdown': option('@splunk/dashboard-inputs/Select/SelectSchema'),
  // Its schema stands in the component, which needs a browser.
  'input.timerange': { token: { type: 'string' }, defaultValue: { type: 'string' } },
};
const common = option('@splunk/dashboard-layouts/commonLayoutOptionsSchema');
const layouts = {
  absolute: { ...common, ...option('@splunk/dashboard-layouts/absoluteLayoutOptionsSchema') },
  grid: { ...common, width: { type: 'number' }, gutterSize: { type: 'number' } },
};

const schema = createSchemaBasedOnDicts({
  layoutDict: layouts,
  dataSourceDict: dataSources,
  visualizationDict: visualizations,
  inputDict: inputs,
});

// A chained search also names the data source that it extends, and the schema of a
// dropdown is one of several, which the validator applies as a whole.
const isKnown = (schema, type, name) =>
  name in schema || (type === 'ds.chain' && name === 'extend') || 'anyOf' in (schema.extend ?? {});

// unknownOptions are options that no schema has: Splunk's validator lets them pass, and
// Splunk ignores them, which is how a misspelled option stays unnoticed.
function unknownOptions(section, items, schemas) {
  return Object.entries(items ?? {}).flatMap(([id, item]) =>
    Object.keys(item.options ?? {})
      .filter((name) => schemas[item.type] && !isKnown(schemas[item.type], item.type, name))
      .map((name) => `${section}.${id}: ${item.type} has no option ${name}`));
}

function check(definition) {
  // The views have the layout of Splunk 9, which newer versions migrate in this way.
  const { success, definition: migrated } = migrateToTabsLayout({ definition });
  if (!success) return ['Splunk cannot migrate the layout'];
  const validator = new DashboardValidator();
  const failed = validator.setSchema(schema);
  if (failed) throw failed;
  const errors = (validator.validate(migrated) ?? []).map(
    (e) => `${e.instancePath ?? e.dataPath ?? ''} ${e.message} ${JSON.stringify(e.params ?? {})}`);
  return [
    ...errors,
    ...unknownOptions('visualizations', definition.visualizations, visualizations),
    ...unknownOptions('dataSources', definition.dataSources, dataSources),
  ];
}

const results = files.map((file) => ({ file, errors: check(JSON.parse(fs.readFileSync(file, 'utf8'))) }));
process.stdout.write(JSON.stringify(results));
