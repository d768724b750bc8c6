// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// hard are texts that have broken JSON encoders.
var hard = []string{
	"", "plain", "\xff\xfe", "a\x00b", "\u2028\u2029", `"\`, "</script>", "é漢🔒", "\x7f\x1f\t\r\n", "\xed\xa0\x80", "2001:db8::1", "fe80::1%eth0", "1.2.3.4",
}

// Whatever the columns hold, each shape is valid JSON, and equal to what
// encoding/json writes of the same values in a log record.
func FuzzShapes(f *testing.F) {
	for i, text := range hard {
		f.Add(text, hard[(i+1)%len(hard)], hard[(i+2)%len(hard)], text, `{"qname": "x", "qtype": "A"}`, int64(i), int64(i-1))
	}
	f.Add("t", "dns", "1.1.1.1", "curl", `{"n":12345678901234567890,"f":1e400,"s":"\ud800","d":{"qtype":1}}`, int64(1735000000), int64(7))
	f.Fuzz(func(t *testing.T, token, kind, ip, agent, extra string, seconds, index int64) {
		e := translator.Event{
			RegistryID: agent, ID: index, UID: token, Kind: kind, TokenID: token, FileID: ip, RecipientID: agent, IssuerID: kind,
			SourceIP: ip, UserAgent: agent, QualifiedTimestamp: token, TlogIndex: index, HasTlogIndex: index%2 == 0, DecodeError: ip,
			TlogStatus: kind, TlogMismatch: token + "," + agent,
		}
		e.Extra, e.QuestionName = translator.NormalizeExtra(extra)
		if seconds >= translator.MinTimestamp && seconds <= translator.MaxTimestamp {
			e.Timestamp = time.Unix(seconds, 0).UTC()
		}
		for _, extended := range []bool{false, true} {
			for name, s := range shapes(extended) {
				text := s.json.AppendJSON(nil, &translator.Document{Event: &e})
				require.True(t, utf8.Valid(text), "%s: %q", name, text)
				want := asJSON(t, s.translate(toRecord(e)))
				require.Equal(t, valueOf(t, []byte(want)), valueOf(t, text), name)
				fromRecord := appendRecord(s.json, toResource(e), toLog(e))
				require.Equal(t, string(text), string(fromRecord), name)
			}
		}
	})
}

// Whatever the columns hold, an event that was cut takes no more than was announced for
// it, and no value of it is too long for Elasticsearch's keyword (Lucene's
// IndexWriter.MAX_TERM_LENGTH, 32,766 bytes, and 32,733 with the path in flattened).
func FuzzTruncate(f *testing.F) {
	for i, text := range hard {
		f.Add(text, hard[(i+1)%len(hard)], hard[(i+2)%len(hard)], `{"qname": "`+hard[(i+3)%len(hard)]+`", "qtype": "A"}`, uint16(1000*i))
	}
	f.Add("\U000e0001", "<&>", "\u2028", `{"a":[[[1,2,{"b":[]}]],1e+20,-1.5e-06,NaN]}`, uint16(100))
	f.Fuzz(func(t *testing.T, token, ip, agent, extra string, times uint16) {
		repeat := func(text string) string {
			return strings.ToValidUTF8(strings.Repeat(text, min(int(times), 100_000/(len(text)+1))), "\ufffd") // as the reader does
		}
		e := translator.Event{
			RegistryID: "deadbeef", ID: math.MaxInt64, UID: strings.Repeat("f", 32), Kind: repeat(token), TokenID: repeat(token), FileID: repeat(ip),
			RecipientID: repeat(agent), IssuerID: repeat(ip), SourceIP: repeat(ip), UserAgent: repeat(agent), QualifiedTimestamp: repeat(token),
			TlogIndex: math.MinInt64, HasTlogIndex: true, TlogStatus: translator.TlogStatusUnavailable, DecodeError: repeat(agent),
			Timestamp: time.Unix(1735000000, 123456789), Observed: time.Unix(1735000000, 123456789),
		}
		e.Extra, e.QuestionName = translator.NormalizeExtra(strings.ToValidUTF8(extra, "\ufffd"))
		if times%2 == 0 {
			e.Extra, e.QuestionName = translator.NormalizeExtra("[" + strings.TrimPrefix(repeat(","+extra), ",") + "]")
		}
		before := e.EncodedSize(translator.DefaultMaxValueBytes)
		e.Truncate(translator.DefaultMaxValueBytes)
		size := e.EncodedSize(translator.DefaultMaxValueBytes)
		require.LessOrEqual(t, size, before)
		require.LessOrEqual(t, size, translator.MaxEventBytes)
		for name, s := range shapes(true) {
			text := s.json.AppendJSON(nil, &translator.Document{Event: &e})
			require.Less(t, len(text), size, name)
			if name == "ecs" {
				requireKeywords(t, "", valueOf(t, text))
			}
			require.Less(t, len(asJSON(t, s.translate(toRecord(e)))), size, name)
		}
		logs := plog.NewLogs()
		e.ToLogRecord(logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
		otlp, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
		require.NoError(t, err)
		require.Less(t, len(otlp), size)
		normal, questionName := translator.NormalizeExtra(e.Extra)
		require.Equal(t, e.Extra, normal)
		require.Equal(t, e.QuestionName, questionName)
	})
}

// requireKeywords checks all texts but the message, which is no keyword.
func requireKeywords(t *testing.T, path string, value any) {
	t.Helper()
	switch value := value.(type) {
	case string:
		if path != ".message" {
			require.Less(t, len(path)+len(value), 32_733, path)
		}
	case []any:
		for _, item := range value {
			requireKeywords(t, path, item)
		}
	case map[string]any:
		for key, item := range value {
			requireKeywords(t, path+"."+key, item)
		}
	}
}

// Whatever a finding holds, each shape is valid JSON, the same from the finding and
// from its record, and the same as the values that exporters receive.
func FuzzIntegrityShapes(f *testing.F) {
	for i, text := range hard {
		f.Add(text, hard[(i+1)%len(hard)], hard[(i+2)%len(hard)], int64(i), int64(i+i%3), int64(1735000000))
	}
	f.Fuzz(func(t *testing.T, kind, message, name string, index, last, seconds int64) {
		finding := translator.Integrity{
			RegistryID: name, Kind: kind, UID: message, Message: message, EventID: index, RowUID: name, TlogIndex: index,
			HasTlogIndex: index%2 == 0, TlogLastIndex: last, TlogStatus: kind, TlogMismatch: name + "," + kind, TlogSize: last,
			TlogRoot: name, TlogExpectedRoot: message, Signature: kind,
		}
		if finding.UID == "" {
			finding.SetUID()
		}
		if seconds >= translator.MinTimestamp && seconds <= translator.MaxTimestamp {
			finding.Observed = time.Unix(seconds, 0).UTC()
		}
		for _, extended := range []bool{false, true} {
			for shapeName, s := range shapes(extended) {
				text := s.json.AppendJSON(nil, &translator.Document{Integrity: &finding})
				require.True(t, utf8.Valid(text), "%s: %q", shapeName, text)
				resource, record := integrityToRecord(finding)
				require.Equal(t, string(text), string(appendRecord(s.json, resource, record)), shapeName)
				want := asJSON(t, s.translate(resource, record))
				require.Equal(t, valueOf(t, []byte(want)), valueOf(t, text), shapeName)
			}
		}
	})
}

// valueOf parses one document strictly.
func valueOf(t *testing.T, text []byte) any {
	t.Helper()
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	require.NoError(t, decoder.Decode(&value), "%q", text)
	require.False(t, decoder.More())
	return value
}

// Any log record, from anywhere, can be read as an event and as a finding, and what
// was read survives another round trip.
func FuzzFromLogRecord(f *testing.F) {
	e := full()
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	translator.SetResource(resource.Resource(), e.RegistryID)
	e.ToLogRecord(resource.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
	marshaler := &plog.JSONMarshaler{}
	seed, err := marshaler.MarshalLogs(logs)
	require.NoError(f, err)
	f.Add(seed)
	f.Add([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[{"key":"oversight.extra","value":{"stringValue":"[1"}},
		{"key":"oversight.tlog.index","value":{"stringValue":"7"}},{"key":"oversight.event.id","value":{"boolValue":true}},{"key":"x"}]}]}]}]}`))
	f.Add([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"eventName":"oversight.integrity","body":{"intValue":"1"},"attributes":[
		{"key":"oversight.tlog.last_index","value":{"intValue":"9"}},{"key":"oversight.tlog.mismatch","value":{"arrayValue":{"values":[{"intValue":"1"},{}]}}},
		{"key":"oversight.tlog.index","value":{"stringValue":"none"}},{"key":"oversight.tlog.size","value":{"stringValue":"99999999999999999999"}}]}]}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(data)
		if err != nil {
			return
		}
		for _, resource := range logs.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, record := range scope.LogRecords().All() {
					once, _ := translator.FromLogRecord(resource.Resource(), record)
					require.Equal(t, once, fromRecord(toRecord(once)))
					finding := integrityFromRecord(resource.Resource(), record)
					if finding.UID == "" {
						finding.SetUID()
					}
					require.Equal(t, finding, integrityFromRecord(integrityToRecord(finding)))
					for name, s := range shapes(true) {
						text := appendRecord(s.json, resource.Resource(), record)
						require.True(t, utf8.Valid(text) && json.Valid(text), "%s: %q", name, text)
					}
				}
			}
		}
	})
}
