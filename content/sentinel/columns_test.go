// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package sentinel_test

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/sentinel"
)

// column is one of the table Oversight_CL. The description is the template's.
type column struct{ Name, Type, Description string }

// bare is the columns without their descriptions.
func bare(columns []column) []column {
	bare := slices.Clone(columns)
	for i := range bare {
		bare[i].Description = ""
	}
	return bare
}

func names(columns []column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}

// fullEvent has a value in every field, and no text that looks like a time.
func fullEvent(t *testing.T) translator.Event {
	t.Helper()
	e := translator.Event{
		RegistryID: "registry", ID: 7, UID: "00112233445566778899aabbccddeeff", Kind: "dns",
		TokenID: "token", FileID: "file", RecipientID: "recipient", IssuerID: "issuer",
		SourceIP: "203.0.113.9:443", UserAgent: "agent", QuestionName: "q.example", Extra: `{"qname":"q.example"}`,
		Timestamp: time.Unix(1735000000, 5).UTC(), QualifiedTimestamp: "as the registry wrote it",
		TlogIndex: 3, HasTlogIndex: true, TlogStatus: "mismatch", TlogMismatch: "kind,token_id", DecodeError: "error",
		Truncated: "user_agent,extra", Reduced: "kind,file_id", Long: &translator.LongValues{},
		Observed: time.Unix(1735000001, 0).UTC(),
	}
	requireFull(t, e)
	return e
}

// fullFinding is the same for a finding.
func fullFinding(t *testing.T) translator.Integrity {
	t.Helper()
	f := translator.Integrity{
		RegistryID: "registry", Kind: "row_mismatch", UID: "00112233445566778899aabbccddeeff", Message: "message",
		Observed: time.Unix(1735000001, 5).UTC(), EventID: 7, LastEventID: 8, Count: 2, TokenID: "token", FileID: "file",
		Severity: plog.SeverityNumberWarn, RowUID: "ffeeddccbbaa99887766554433221100", TlogIndex: 3, HasTlogIndex: true,
		TlogLastIndex: 4, TlogStatus: "mismatch", TlogMismatch: "kind,token_id", TlogSize: 5, TlogRoot: "aa", TlogExpectedRoot: "bb",
		Signature: "cc",
	}
	requireFull(t, f)
	return f
}

// fullCheckpoint is the same for a checkpoint record.
func fullCheckpoint(t *testing.T) translator.Checkpoint {
	t.Helper()
	c := translator.Checkpoint{
		RegistryID: "registry", UID: "00112233445566778899aabbccddeeff", Message: "message", Observed: time.Unix(1735000001, 5).UTC(),
		Collector: "collector", Receiver: "oversight/sentinel", Reason: "interval", LastEventID: 7, LastRowUID: "ffeeddccbbaa99887766554433221100",
		Since: time.Unix(1734990000, 0).UTC(), Delivered: 1, Checked: true, Verified: 2, Mismatch: 3, Missing: 4, Duplicate: 5, Unavailable: 6,
		Unresolved: 7, Undelivered: 8, HasUndelivered: true, HoldingSince: time.Unix(1734999999, 0).UTC(), Quarantined: 9, Reduced: 10,
		Findings: 11, TlogSize: 12, TlogRoot: "aa", HeadSize: 13, HeadRoot: strings.Repeat("bb", 32), HeadSignature: "cc",
	}
	requireFull(t, c)
	return c
}

func requireFull(t *testing.T, value any) {
	t.Helper()
	for i, v := 0, reflect.ValueOf(value); i < v.NumField(); i++ {
		if !v.Type().Field(i).IsExported() {
			continue // in no column
		}
		require.False(t, v.Field(i).IsZero(), "give %s a value here, so that its column is seen", v.Type().Field(i).Name)
	}
}

// sent is the columns of a row that the translator made.
func sent(t *testing.T, row string) []column {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(row))
	decoder.UseNumber()
	_, err := decoder.Token() // {
	require.NoError(t, err)
	var columns []column
	for decoder.More() {
		name, err := decoder.Token()
		require.NoError(t, err)
		var value any
		require.NoError(t, decoder.Decode(&value))
		columns = append(columns, column{Name: name.(string), Type: typeOf(t, value)})
	}
	return columns
}

func typeOf(t *testing.T, value any) string {
	t.Helper()
	switch value := value.(type) {
	case string:
		if _, err := time.Parse(time.RFC3339Nano, value); err == nil {
			return "datetime"
		}
		return "string"
	case json.Number:
		_, err := value.Int64()
		require.NoError(t, err, "a number that is not a long")
		return "long"
	case bool:
		return "boolean"
	}
	return "dynamic"
}

// toRecord is the record of an event or a finding, to which a pipeline added
// something.
func toRecord(of interface{ ToLogRecord(plog.LogRecord) }) (pcommon.Resource, plog.LogRecord) {
	resource, record := pcommon.NewResource(), plog.NewLogRecord()
	translator.SetResource(resource, "registry")
	of.ToLogRecord(record)
	record.Attributes().PutStr("added.by.the.pipeline", "x")
	return resource, record
}

// eventColumns is every column of an event that the collector can send, in its
// order.
func eventColumns(t *testing.T) []column {
	t.Helper()
	e := fullEvent(t)
	resource, record := toRecord(&e)
	extended := sentinel.Translator{Extended: true}
	return sent(t, string(appendRecord(&extended, resource, record)))
}

// findingColumns is the same for a finding.
func findingColumns(t *testing.T) []column {
	t.Helper()
	f := fullFinding(t)
	resource, record := toRecord(&f)
	extended := sentinel.Translator{Extended: true}
	return sent(t, string(appendRecord(&extended, resource, record)))
}

// checkpointColumns is the same for a checkpoint record.
func checkpointColumns(t *testing.T) []column {
	t.Helper()
	c := fullCheckpoint(t)
	resource, record := toRecord(&c)
	extended := sentinel.Translator{Extended: true}
	return sent(t, string(appendRecord(&extended, resource, record)))
}

// collectorColumns is every column that the collector can send: those of events, then
// those that only findings have, those of checkpoint records, and last what pipelines
// add.
func collectorColumns(t *testing.T) []column {
	t.Helper()
	columns := eventColumns(t)
	last := len(columns) - 1
	for _, c := range append(findingColumns(t), checkpointColumns(t)...) {
		if !slices.Contains(columns, c) {
			require.NotContains(t, names(columns), c.Name, "a column of two types")
			columns = slices.Insert(columns, last, c)
			last++
		}
	}
	return columns
}

// appendRecord is the row of what a record holds.
func appendRecord(t *sentinel.Translator, resource pcommon.Resource, record plog.LogRecord) []byte {
	var d translator.Document
	d.SetLogRecord(resource, record)
	return t.AppendJSON(nil, &d)
}

func TestRowAsBody(t *testing.T) {
	e, f, checkpoint := fullEvent(t), fullFinding(t), fullCheckpoint(t)
	extended := sentinel.Translator{Extended: true}
	for _, c := range []struct {
		of   interface{ ToLogRecord(plog.LogRecord) }
		want []column
	}{{&e, eventColumns(t)}, {&f, findingColumns(t)}, {&checkpoint, checkpointColumns(t)}} {
		resource, record := toRecord(c.of)
		var d translator.Document
		d.SetLogRecord(resource, record)
		extended.TranslateRecord(resource, pcommon.NewInstrumentationScope(), record, &d)
		row, err := json.Marshal(record.Body().AsRaw())
		require.NoError(t, err)
		assert.ElementsMatch(t, c.want, sent(t, string(row)))
	}
}

func TestTable(t *testing.T) {
	want := collectorColumns(t)
	table := readTemplate(t).table(t)
	assert.Equal(t, want, bare(table), "azuredeploy.json, the table")
	for _, c := range table {
		assert.NotEmpty(t, c.Description, "azuredeploy.json, the table: column %s", c.Name)
	}
	assert.Equal(t, want, readTemplate(t).stream(t), "azuredeploy.json, the stream declaration")
	assert.Equal(t, table, bicepColumns(t), "main.bicep, columns")
	assert.Equal(t, want, readmeColumns(t), "README.md, the table's columns")
}

// bicepColumns is the columns in main.bicep, which serve the table and the stream.
func bicepColumns(t *testing.T) []column {
	t.Helper()
	_, list, found := strings.Cut(readFile(t, "main.bicep"), "\nvar columns = [\n")
	require.True(t, found)
	list, _, found = strings.Cut(list, "\n]\n")
	require.True(t, found)
	line := regexp.MustCompile(`^  \{ name: '(\w+)', type: '(\w+)', description: '(.+)' \}$`)
	var columns []column
	for text := range strings.SplitSeq(list, "\n") {
		match := line.FindStringSubmatch(text)
		require.NotNil(t, match, "main.bicep: %s", text)
		columns = append(columns, column{match[1], match[2], strings.ReplaceAll(match[3], `\'`, `'`)})
	}
	return columns
}

func readmeColumns(t *testing.T) []column {
	t.Helper()
	_, text, found := strings.Cut(readFile(t, "README.md"), "\n## The table Oversight_CL\n")
	require.True(t, found)
	text, _, found = strings.Cut(text, "\n`Oversight` has those of events")
	require.True(t, found)
	var columns []column
	for _, match := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+) \\|").FindAllStringSubmatch(text, -1) {
		columns = append(columns, column{Name: match[1], Type: match[2]})
	}
	return columns
}

// parserColumns are what the functions add to the table's. Only Oversight has Address.
var parserColumns = []string{"EventTime", "ArrivedAt", "Address"}

func TestParsers(t *testing.T) {
	for file, columns := range map[string][]string{
		"parsers/Oversight.kql":            append(names(eventColumns(t)), parserColumns...),
		"parsers/OversightIntegrity.kql":   append(names(findingColumns(t)), "EventTime", "ArrivedAt"),
		"parsers/OversightCheckpoints.kql": append(names(checkpointColumns(t)), "EventTime", "ArrivedAt"),
	} {
		query := parse(t, readFile(t, file))
		require.NoError(t, query.check(append(names(collectorColumns(t)), parserColumns...)), file)
		assert.ElementsMatch(t, columns, query.output(), file)
	}
	// Each row is an event, a finding or a checkpoint record, and only one of these.
	assert.Contains(t, readFile(t, "parsers/Oversight.kql"), "\n| where isempty(IntegrityKind)\n| where isempty(CheckpointReason)\n")
	assert.Contains(t, readFile(t, "parsers/OversightCheckpoints.kql"), "\n| where isnotempty(CheckpointReason)\n")
	assert.NotContains(t, names(checkpointColumns(t)), "IntegrityKind")
	assert.NotContains(t, names(findingColumns(t)), "CheckpointReason")
	assert.Contains(t, readFile(t, "parsers/OversightIntegrity.kql"), "\n| where isnotempty(IntegrityKind)\n")
}

// asimDNS is what a parser has to have for ASIM's DNS schema 0.1.7: what is
// mandatory, what the registry knows of the rest, and the aliases of these.
// https://learn.microsoft.com/azure/sentinel/normalization-schema-dns
var asimDNS = []string{
	"TimeGenerated", "Type", "EventCount", "EventStartTime", "EventEndTime", "EventType", "EventSubType", "EventResult",
	"EventResultDetails", "EventSeverity", "EventOriginalUid", "EventOriginalType", "EventVendor", "EventProduct", "EventSchema",
	"EventSchemaVersion", "Dvc", "DvcId", "DvcIdType", "Src", "SrcIpAddr", "IpAddr", "DnsQuery", "Domain", "DnsQueryTypeName",
	"DnsResponseCodeName", "AdditionalFields",
}

// asimParameters are the filtering parameters of that schema, with their defaults.
const asimParameters = `starttime:datetime=datetime(null), endtime:datetime=datetime(null), srcipaddr:string="*", ` +
	`domain_has_any:dynamic=dynamic([]), responsecodename:string="*", response_has_ipv4:string="*", ` +
	`response_has_any_prefix:dynamic=dynamic([]), eventtype:string="Query", disabled:bool=False`

// ASIM's parsers come in pairs: vim with filters, ASim without, which is the first with
// filters that exclude nothing.
func TestASIMParsers(t *testing.T) {
	text := readFile(t, "parsers/vimDnsOversight.kql")
	query := parse(t, text)
	require.NoError(t, query.check(append(names(collectorColumns(t)), parserColumns...)))
	assert.ElementsMatch(t, asimDNS, query.output())
	for _, want := range []string{`EventSchema = "Dns"`, `EventSchemaVersion = "0.1.7"`, `EventVendor = "Oversight"`, `EventProduct = "Registry"`, `EventType = "Query"`} {
		assert.Contains(t, text, want)
	}
	assert.Contains(t, text, "\n// "+asimParameters+"\n")
	for _, parameter := range split(asimParameters, ',') {
		name, _, _ := strings.Cut(parameter, ":")
		assert.Regexp(t, `\| where .*\b`+name+`\b`, query.code, "the filter is used")
	}
	assert.Regexp(t, `(?m)^vimDnsOversight\(.*, disabled\)$`, readFile(t, "parsers/ASimDnsOversight.kql"))
}
