// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata/integrity and testdata/checkpoint-records")

// findings has one finding of each kind.
func findings() []translator.Integrity {
	root := strings.Repeat("a1b2c3d4", 8)
	expected := strings.Repeat("0f1e2d3c", 8)
	all := []translator.Integrity{
		{
			Kind: translator.IntegrityRowMismatch, Message: "Row 42 differs from leaf 17 of the transparency log in token_id, extra.qname.",
			EventID: 42, RowUID: "00112233445566778899aabbccddeeff", TlogIndex: 17, HasTlogIndex: true,
			TlogStatus: translator.TlogStatusMismatch, TlogMismatch: "token_id,extra.qname",
		},
		{
			Kind: translator.IntegrityLeafWithoutRow, Message: "The row of leaf 0 never came.", HasTlogIndex: true,
		},
		{
			Kind: translator.IntegrityLogRewritten, Message: "The first 600 leaves are others than before.",
			TlogSize: 600, TlogRoot: root, TlogExpectedRoot: expected,
		},
		{
			Kind: translator.IntegrityLeafCorrupt, Message: "Leaves 20 to 24 cannot be read.", TlogIndex: 20, HasTlogIndex: true, TlogLastIndex: 24,
		},
		{
			Kind: translator.IntegrityHeadSignatureInvalid, Message: "The signed tree head is not signed by the registry's key.",
			TlogSize: 625, TlogExpectedRoot: expected, Signature: strings.Repeat("5a", 64),
		},
		{
			Kind: translator.IntegrityHeadInconsistent, Message: `The signed tree head has another root at 625 leaves: a "split view".`,
			TlogSize: 625, TlogRoot: root, TlogExpectedRoot: expected, Signature: strings.Repeat("5a", 64),
		},
		{
			Kind: translator.IntegrityDatabaseReplaced, Message: "The database is another one than before: row 600 is not the one that was read.",
			EventID: 600, RowUID: "ffeeddccbbaa99887766554433221100",
		},
		{
			Kind: translator.IntegrityRowUnlogged, Message: "Row 43 names no leaf of the transparency log.",
			EventID: 43, RowUID: "102132435465768798a9bacbdcedfe0f", TlogIndex: -1, HasTlogIndex: true, TlogStatus: translator.TlogStatusMissing,
		},
		{
			Kind: translator.IntegrityRowsChanged, Message: "Rows 4097 to 8192 are others than those that were delivered.",
			EventID: 4097, LastEventID: 8192, Count: 3,
		},
		{
			Kind: translator.IntegrityTokenRebound, Message: "A token belongs to another recipient than where it was registered first.",
			Severity: plog.SeverityNumberWarn, EventID: 44, TokenID: "7f3a", FileID: "d2b8", TlogIndex: 9, HasTlogIndex: true,
		},
		{
			Kind: translator.IntegrityRowsRechecked, Message: "500 of the rows 1001 to 1600 are verified now.",
			EventID: 1001, LastEventID: 1600, Count: 500, TlogStatus: translator.TlogStatusVerified,
		},
	}
	for i := range all {
		all[i].RegistryID = registries["registry"]
		all[i].Observed = time.Unix(1735000000+int64(i), 5e8).UTC()
		all[i].SetUID()
	}
	return all
}

// golden compares lines with a golden file in testdata/integrity.
func golden(t *testing.T, name string, lines [][]byte) {
	t.Helper()
	goldenIn(t, "integrity", name, lines)
}

// goldenIn compares lines with a golden file in a directory of testdata.
func goldenIn(t *testing.T, directory, name string, lines [][]byte) {
	t.Helper()
	path := filepath.Join("..", "testdata", directory, name+".jsonl")
	text := append(bytes.Join(lines, []byte("\n")), '\n')
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, text, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(text), "%s; after an intended change, run go test ./translator -update", path)
}

// goldenRecords reads the records in testdata/integrity.
func goldenRecords(t *testing.T) (resources []pcommon.Resource, records []plog.LogRecord) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "integrity", "otel.jsonl"))
	require.NoError(t, err)
	for line := range bytes.Lines(text) {
		logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		require.NoError(t, err)
		require.Equal(t, 1, logs.LogRecordCount())
		resource := logs.ResourceLogs().At(0)
		resources = append(resources, resource.Resource())
		records = append(records, resource.ScopeLogs().At(0).LogRecords().At(0))
	}
	return resources, records
}

func TestIntegrityGoldenRecords(t *testing.T) {
	var lines [][]byte
	for _, f := range findings() {
		logs := plog.NewLogs()
		resource := logs.ResourceLogs().AppendEmpty()
		resource.SetSchemaUrl(translator.SchemaURL)
		translator.SetResource(resource.Resource(), f.RegistryID)
		scope := resource.ScopeLogs().AppendEmpty()
		scope.SetSchemaUrl(translator.SchemaURL)
		f.ToLogRecord(scope.LogRecords().AppendEmpty())
		line, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
		require.NoError(t, err)
		lines = append(lines, line)
	}
	golden(t, "otel", lines)

	resources, records := goldenRecords(t)
	for i, f := range findings() {
		assert.Equal(t, f, integrityFromRecord(resources[i], records[i]))
	}
}

// A finding has all its fields, extended or not, from itself and from its record.
func TestIntegrityGoldenShapes(t *testing.T) {
	for _, extended := range []bool{true, false} {
		for shapeName, s := range shapes(extended) {
			var lines [][]byte
			for _, f := range findings() {
				lines = append(lines, s.json.AppendJSON(nil, &translator.Document{Integrity: &f}))
			}
			golden(t, shapeName, lines)

			resources, records := goldenRecords(t)
			for i := range records {
				assert.Equal(t, string(lines[i]), string(appendRecord(s.json, resources[i], records[i])), "from the record")
				assert.JSONEq(t, string(lines[i]), asJSON(t, s.translate(resources[i], records[i])), "as a record")
			}
		}
	}
}

// What a pipeline adds to a finding is in the same fields as for an event.
func TestIntegrityChangedByPipeline(t *testing.T) {
	for shapeName, want := range map[string]map[string]any{
		"splunk":   {"fields.deployment.environment.name": "production", "fields.geo.country_name": "Germany", "fields.beacon_kind": "added"},
		"ecs":      {"labels.deployment_environment_name": "production", "source.geo.country_name": "Germany", "labels.beacon_kind": "added"},
		"sentinel": {"AdditionalFields.deployment.environment.name": "production", "AdditionalFields.geo.country_name": "Germany", "AdditionalFields.beacon_kind": "added"},
	} {
		for _, extended := range []bool{true, false} {
			f := fullIntegrity()
			resource, record := integrityToRecord(f)
			resource.Attributes().PutStr("deployment.environment.name", "production")
			resource.Attributes().PutStr("com.splunk.token", "for routing")
			record.Attributes().PutStr("geo.country_name", "Germany")
			record.Attributes().PutStr("beacon_kind", "added")
			s := shapes(extended)[shapeName]
			got := flatten(t, appendRecord(s.json, resource, record))
			for path, value := range flatten(t, s.json.AppendJSON(nil, &translator.Document{Integrity: &f})) {
				require.Equal(t, value, got[path], path)
				delete(got, path)
			}
			if extended {
				assert.Equal(t, want, got, shapeName)
			} else {
				assert.Empty(t, got, shapeName)
			}
		}
	}
}
