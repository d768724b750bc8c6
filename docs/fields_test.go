// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package docs_test checks the documentation against the code.
package docs_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/ecs"
	"github.com/oversight-protocol/oversight-otelcol/translator/sentinel"
	"github.com/oversight-protocol/oversight-otelcol/translator/splunk"
)

// shape is the method that the three translators have in common.
type shape interface {
	AppendJSON(dst []byte, d *translator.Document) []byte
}

// appendRecord returns the JSON of a record.
func appendRecord(s shape, resource pcommon.Resource, record plog.LogRecord) []byte {
	var d translator.Document
	d.SetLogRecord(resource, record)
	return s.AppendJSON(nil, &d)
}

// columns of the dictionary, from the second on.
const (
	logRecord = iota + 1
	splunkColumn
	ecsColumn
	sentinelColumn
)

var shapes = map[int]func(extended bool) shape{
	splunkColumn:   func(extended bool) shape { return &splunk.Translator{Index: "leaks", Extended: extended} },
	ecsColumn:      func(extended bool) shape { return &ecs.Translator{Extended: extended} },
	sentinelColumn: func(extended bool) shape { return &sentinel.Translator{Extended: extended} },
}

// The dictionary lists exactly the fields that each shape can have, in the column
// of that shape, and marks those that only the extended shape has.
func TestDictionaryHasEveryField(t *testing.T) {
	dictionary := readDictionary(t, eventDictionary)
	for column, shape := range shapes {
		plain, extended := map[string]bool{}, map[string]bool{}
		for _, e := range completeEvents(t) {
			addPaths(t, plain, shape(false).AppendJSON(nil, &translator.Document{Event: &e}))
			addPaths(t, extended, shape(true).AppendJSON(nil, &translator.Document{Event: &e}))
			resource, record := enriched(e)
			addPaths(t, plain, appendRecord(shape(false), resource, record))
			addPaths(t, extended, appendRecord(shape(true), resource, record))
		}
		compare(t, dictionary[column], column, plain, extended)
	}
}

// compare checks a column of a dictionary against the fields of a shape.
func compare(t *testing.T, dictionary map[string]bool, column int, plain, extended map[string]bool) {
	t.Helper()
	for path := range extended {
		marked, found := dictionary[path]
		assert.True(t, found, "column %d does not list `%s`", column, path)
		assert.Equal(t, !plain[path], marked, "*extended* at `%s` in column %d", path, column)
	}
	for path := range dictionary {
		assert.True(t, extended[path], "column %d lists `%s`, which the shape does not have", column, path)
	}
}

// The dictionary of findings lists exactly the fields that they can have.
func TestIntegrityDictionary(t *testing.T) {
	dictionary := readDictionary(t, integrityDictionary)
	f := completeFinding(t)
	for column, shape := range shapes {
		plain, extended := map[string]bool{}, map[string]bool{}
		addPaths(t, plain, shape(false).AppendJSON(nil, &translator.Document{Integrity: &f}))
		addPaths(t, extended, shape(true).AppendJSON(nil, &translator.Document{Integrity: &f}))
		compare(t, dictionary[column], column, plain, extended)
	}

	resource, record := pcommon.NewResource(), plog.NewLogRecord()
	translator.SetResource(resource, f.RegistryID)
	f.ToLogRecord(record)
	attributes := map[string]bool{}
	for _, m := range []pcommon.Map{resource.Attributes(), record.Attributes()} {
		for name := range m.All() {
			attributes[name] = true
		}
	}
	compare(t, dictionary[logRecord], logRecord, attributes, attributes)
	for _, name := range constants(t, "integrity.go", "Attribute") {
		assert.True(t, attributes[name], "completeFinding lacks %s", name)
	}
}

// The dictionary of checkpoint records lists exactly the fields that they can have.
func TestCheckpointDictionary(t *testing.T) {
	dictionary := readDictionary(t, checkpointDictionary)
	c := completeCheckpoint(t)
	for column, shape := range shapes {
		plain, extended := map[string]bool{}, map[string]bool{}
		addPaths(t, plain, shape(false).AppendJSON(nil, &translator.Document{Checkpoint: &c}))
		addPaths(t, extended, shape(true).AppendJSON(nil, &translator.Document{Checkpoint: &c}))
		compare(t, dictionary[column], column, plain, extended)
	}
	resource, record := pcommon.NewResource(), plog.NewLogRecord()
	translator.SetResource(resource, c.RegistryID)
	c.ToLogRecord(record)
	attributes := map[string]bool{}
	for _, m := range []pcommon.Map{resource.Attributes(), record.Attributes()} {
		for name := range m.All() {
			attributes[name] = true
		}
	}
	compare(t, dictionary[logRecord], logRecord, attributes, attributes)
	for _, name := range constants(t, "checkpoint.go", "Attribute") {
		assert.True(t, attributes[name], "completeCheckpoint lacks %s", name)
	}
}

// completeCheckpoint returns a checkpoint record with all fields.
func completeCheckpoint(t *testing.T) translator.Checkpoint {
	t.Helper()
	c := translator.Checkpoint{
		RegistryID: "registry", UID: "uid", Message: "message", Observed: time.Unix(1735000001, 0).UTC(), Collector: "collector",
		Receiver: "oversight", Reason: "interval", LastEventID: 1, LastRowUID: "row", Since: time.Unix(1734990000, 0).UTC(), Delivered: 2,
		Checked: true, Verified: 3, Mismatch: 4, Missing: 5, Duplicate: 6, Unavailable: 7, Unresolved: 8, Undelivered: 9, HasUndelivered: true,
		HoldingSince: time.Unix(1734999999, 0).UTC(), Quarantined: 10, Reduced: 11, Findings: 12, TlogSize: 13, TlogRoot: "root",
		HeadSize: 14, HeadRoot: strings.Repeat("ab", 32), HeadSignature: "signature",
	}
	for i, v := 0, reflect.ValueOf(c); i < v.NumField(); i++ {
		require.False(t, v.Field(i).IsZero(), v.Type().Field(i).Name)
	}
	return c
}

// completeFinding returns a finding with all fields.
func completeFinding(t *testing.T) translator.Integrity {
	t.Helper()
	f := translator.Integrity{
		RegistryID: "registry", Kind: translator.IntegrityRowMismatch, UID: "uid", Message: "message", Observed: time.Unix(1735000001, 0).UTC(),
		EventID: 1, LastEventID: 2, Count: 2, TokenID: "token", FileID: "file", RowUID: "row", Severity: plog.SeverityNumberWarn, TlogIndex: 7, HasTlogIndex: true, TlogLastIndex: 8, TlogStatus: "mismatch", TlogMismatch: "kind,token_id",
		TlogSize: 9, TlogRoot: "root", TlogExpectedRoot: "expected", Signature: "signature",
	}
	for i, v := 0, reflect.ValueOf(f); i < v.NumField(); i++ {
		require.False(t, v.Field(i).IsZero(), v.Type().Field(i).Name)
	}
	return f
}

// The page explains every value of tlog_status and every kind of finding, and
// names the schema URL.
func TestValuesAreExplained(t *testing.T) {
	text, err := os.ReadFile("fields.md")
	require.NoError(t, err)
	for _, value := range append(constants(t, "attributes.go", "TlogStatus"), constants(t, "integrity_kind.go", "Integrity")...) {
		assert.Contains(t, string(text), "| `"+value+"` | ")
	}
	assert.Contains(t, string(text), translator.SchemaURL)
}

// The dictionary lists every attribute of the log record.
func TestDictionaryHasEveryAttribute(t *testing.T) {
	dictionary := readDictionary(t, eventDictionary)
	for _, name := range attributeNames(t) {
		assert.Contains(t, dictionary[logRecord], name)
	}
}

// The events have every attribute, so that the tests above cover a new one.
func TestCompleteEventsHaveEveryAttribute(t *testing.T) {
	for _, e := range completeEvents(t) {
		resource, record := enriched(e)
		for _, name := range attributeNames(t) {
			_, inResource := resource.Attributes().Get(name)
			_, inRecord := record.Attributes().Get(name)
			assert.True(t, inResource || inRecord, name)
		}
	}
}

// enriched returns an event's record after a pipeline has added the attributes
// that the dictionary names: a location, and one other attribute.
func enriched(e translator.Event) (pcommon.Resource, plog.LogRecord) {
	resource, record := pcommon.NewResource(), plog.NewLogRecord()
	translator.SetResource(resource, e.RegistryID)
	e.ToLogRecord(record)
	for _, name := range []string{
		"city_name", "continent_code", "continent_name", "country_iso_code", "country_name",
		"postal_code", "region_iso_code", "region_name", "timezone",
	} {
		record.Attributes().PutStr("geo."+name, "x")
	}
	record.Attributes().PutDouble("geo.location.lat", 1.5)
	record.Attributes().PutDouble("geo.location.lon", 2.5)
	record.Attributes().PutStr("deployment.environment.name", "x")
	return resource, record
}

// completeEvents returns events that have all fields between them: one with an IP
// address, one with another text in its place, and one with an address and a port.
func completeEvents(t *testing.T) []translator.Event {
	t.Helper()
	e := translator.Event{
		RegistryID: "registry", ID: 1, UID: "uid", Kind: "dns", TokenID: "token", FileID: "file", RecipientID: "recipient",
		IssuerID: "issuer", SourceIP: "192.0.2.1", UserAgent: "agent", Timestamp: time.Unix(1735000000, 0).UTC(),
		QualifiedTimestamp: "2024-12-24T00:26:40Z", TlogIndex: 7, HasTlogIndex: true, TlogStatus: translator.TlogStatusMismatch,
		TlogMismatch: "kind,token_id", DecodeError: "wrong", Observed: time.Unix(1735000001, 0).UTC(),
		Truncated: "user_agent,extra", Reduced: "kind,file_id",
	}
	e.Extra, e.QuestionName = translator.NormalizeExtra(`{"qname": "beacon.example", "qtype": "A"}`)
	require.NotEmpty(t, e.QuestionName)
	noIP := e
	noIP.SourceIP = "unix socket"
	withPort := e
	withPort.SourceIP = "192.0.2.1:51008"
	return []translator.Event{e, noIP, withPort}
}

// wholeObjects are objects that count as one field: the registry or the pipeline
// chooses their keys, or they are one value.
var wholeObjects = map[string]bool{
	"event.extra": true, "oversight.extra": true, "source.geo.location": true, "AdditionalFields": true,
}

// addPaths adds the paths of a document's fields, joined by dots. A list is one
// field.
func addPaths(t *testing.T, paths map[string]bool, document []byte) {
	t.Helper()
	var fields map[string]any
	require.NoError(t, json.Unmarshal(document, &fields))
	var walk func(prefix string, fields map[string]any)
	walk = func(prefix string, fields map[string]any) {
		for name, value := range fields {
			path := prefix + name
			if object, ok := value.(map[string]any); ok && !wholeObjects[path] {
				walk(path+".", object)
			} else {
				paths[path] = true
			}
		}
	}
	walk("", fields)
}

// The other pages name attributes and fields that the dictionaries list.
func TestPagesNameFieldsThatExist(t *testing.T) {
	events, findings, checkpoints := readDictionary(t, eventDictionary), readDictionary(t, integrityDictionary), readDictionary(t, checkpointDictionary)
	for page, column := range map[string]int{
		"trust.md": logRecord, "delivery.md": logRecord, "files-and-kafka.md": logRecord, "elastic.md": ecsColumn, "opensearch.md": ecsColumn,
		"../receiver/oversightreceiver/README.md": logRecord, "../config/routing.yaml": logRecord, "../config/verified.yaml": logRecord,
	} {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		names := regexp.MustCompile(`\b(?:oversight|log\.record)\.[a-z_.]*[a-z]`).FindAllString(string(text), -1)
		require.NotEmpty(t, names, page)
		for _, name := range names {
			if name == translator.EventName || name == translator.IntegrityEventName || name == translator.CheckpointEventName || strings.HasPrefix(name, "oversight.extra.") {
				continue
			}
			_, ofEvents := events[column][name]
			_, ofFindings := findings[column][name]
			_, ofCheckpoints := checkpoints[column][name]
			assert.True(t, ofEvents || ofFindings || ofCheckpoints, "%s names %s", page, name)
		}
	}
}

// attributeNames returns the names of all attributes of an event.
func attributeNames(t *testing.T) []string {
	t.Helper()
	return constants(t, "attributes.go", "Attribute")
}

// constants returns the values of all constants in a file of the translator
// whose names begin with a prefix.
func constants(t *testing.T, name, prefix string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "translator", name), nil, 0)
	require.NoError(t, err)
	var names []string
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			if !strings.HasPrefix(name.Name, prefix) {
				continue
			}
			literal, ok := spec.Values[i].(*ast.BasicLit)
			require.True(t, ok, name.Name)
			value, err := strconv.Unquote(literal.Value)
			require.NoError(t, err, name.Name)
			names = append(names, value)
		}
		return false
	})
	require.NotEmpty(t, names)
	return names
}

// Headings of the dictionaries.
const (
	eventDictionary      = "## Events"
	integrityDictionary  = "## Integrity findings"
	checkpointDictionary = "## Checkpoint records"
)

// readDictionary returns the names in each column of the dictionary below a
// heading, and whether they are marked as extended. The dictionary is the table
// with the column "log record". A cell holds entries, separated by <br>: a name in
// backquotes, and a description.
func readDictionary(t *testing.T, heading string) map[int]map[string]bool {
	t.Helper()
	text, err := os.ReadFile("fields.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n"+heading+"\n")
	require.True(t, found, heading)
	section, _, _ = strings.Cut(section, "\n#")
	_, table, found := strings.Cut(section, "| log record |")
	require.True(t, found, heading)
	_, table, _ = strings.Cut(table, "\n")
	table, _, _ = strings.Cut(table, "\n\n")
	names := map[int]map[string]bool{logRecord: {}, splunkColumn: {}, ecsColumn: {}, sentinelColumn: {}}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(line, "| \n"), "|")
		require.Len(t, cells, sentinelColumn+1, line)
		for column, cell := range cells[logRecord:] {
			for entry := range strings.SplitSeq(cell, "<br>") {
				if parts := strings.SplitN(entry, "`", 3); len(parts) == 3 {
					names[logRecord+column][parts[1]] = strings.Contains(parts[2], "*extended*")
				}
			}
		}
	}
	return names
}
