// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// full has a value in every field.
func full() translator.Event {
	return translator.Event{
		RegistryID:         "deadbeef",
		ID:                 42,
		UID:                "00112233445566778899aabbccddeeff",
		Kind:               "dns",
		TokenID:            "token",
		FileID:             "file",
		RecipientID:        "zoë@corp.example",
		IssuerID:           "issuer",
		SourceIP:           "2001:db8::1",
		UserAgent:          `agent "q" \ <script>`,
		QuestionName:       "token.t.example.com",
		Extra:              `{"qtype":"A","qname":"token.t.example.com","n":[1,2.5,1.0,null,true,{"e":{}}]}`,
		Timestamp:          time.Unix(1735000000, 0).UTC(),
		QualifiedTimestamp: "2024-12-24T01:06:40Z",
		TlogIndex:          7,
		HasTlogIndex:       true,
		TlogStatus:         translator.TlogStatusMismatch,
		TlogMismatch:       "token_id,extra.qname",
		DecodeError:        "something",
		Observed:           time.Unix(1735000001, 5).UTC(),
	}
}

func toRecord(e translator.Event) (pcommon.Resource, plog.LogRecord) {
	resource, record := pcommon.NewResource(), plog.NewLogRecord()
	translator.SetResource(resource, e.RegistryID)
	e.ToLogRecord(record)
	return resource, record
}

func fromRecord(resource pcommon.Resource, record plog.LogRecord) translator.Event {
	e, _ := translator.FromLogRecord(resource, record)
	return e
}

func TestLogRecord(t *testing.T) {
	e := full()
	resource, record := toRecord(e)

	assert.Equal(t, map[string]any{
		"service.name":          "oversight-registry",
		"service.instance.id":   "deadbeef",
		"oversight.registry.id": "deadbeef",
	}, resource.Attributes().AsRaw())
	assert.Equal(t, map[string]any{
		"oversight.event.id":            "42",
		"log.record.uid":                "00112233445566778899aabbccddeeff",
		"oversight.beacon.kind":         "dns",
		"oversight.token.id":            "token",
		"oversight.file.id":             "file",
		"oversight.recipient.id":        "zoë@corp.example",
		"oversight.issuer.id":           "issuer",
		"oversight.qualified_timestamp": "2024-12-24T01:06:40Z",
		"oversight.tlog.index":          int64(7),
		"oversight.tlog.status":         "mismatch",
		"oversight.tlog.mismatch":       []any{"token_id", "extra.qname"},
		"client.address":                "2001:db8::1",
		"user_agent.original":           `agent "q" \ <script>`,
		"dns.question.name":             "token.t.example.com",
		"oversight.decode_error":        "something",
		"oversight.extra": map[string]any{
			"qtype": "A", "qname": "token.t.example.com",
			"n": []any{int64(1), 2.5, 1.0, nil, true, map[string]any{"e": map[string]any{}}},
		},
	}, record.Attributes().AsRaw())
	assert.Equal(t, "oversight.beacon", record.EventName())
	assert.Equal(t, "beacon-dns-callback", record.Body().Str())
	assert.Equal(t, plog.SeverityNumberInfo, record.SeverityNumber())
	assert.Equal(t, e.Timestamp, record.Timestamp().AsTime())
	assert.Equal(t, e.Observed, record.ObservedTimestamp().AsTime())
	assert.True(t, translator.IsEvent(record))
	assert.False(t, translator.IsEvent(plog.NewLogRecord()))
}

func TestEmptyFieldsAreAbsent(t *testing.T) {
	e := translator.Event{}
	resource, record := toRecord(e)
	assert.Equal(t, map[string]any{"service.name": "oversight-registry"}, resource.Attributes().AsRaw())
	assert.Empty(t, record.Attributes().AsRaw())
	assert.Zero(t, record.Timestamp())
	assert.Zero(t, record.ObservedTimestamp())
	assert.Equal(t, "beacon-", record.Body().Str())
	assert.Equal(t, e, fromRecord(resource, record))
}

func TestRoundTripLosesNothing(t *testing.T) {
	for name, change := range map[string]func(*translator.Event){
		"full":              func(*translator.Event) {},
		"no id":             func(e *translator.Event) { e.ID = 0 },
		"no leaf":           func(e *translator.Event) { e.TlogIndex = -1 },
		"leaf 0":            func(e *translator.Event) { e.TlogIndex = 0 },
		"index NULL":        func(e *translator.Event) { e.TlogIndex, e.HasTlogIndex = 0, false },
		"first second":      func(e *translator.Event) { e.Timestamp = time.Unix(translator.MinTimestamp, 0).UTC() },
		"last second":       func(e *translator.Event) { e.Timestamp = time.Unix(translator.MaxTimestamp, 0).UTC() },
		"verified":          func(e *translator.Event) { e.TlogStatus, e.TlogMismatch = translator.TlogStatusVerified, "" },
		"no time":           func(e *translator.Event) { e.Timestamp = time.Time{} },
		"largest id":        func(e *translator.Event) { e.ID = 1<<63 - 1 },
		"no extra":          func(e *translator.Event) { e.Extra = "" },
		"control bytes":     func(e *translator.Event) { e.UserAgent = "\x00\x01\x7f" },
		"extra of raw text": func(e *translator.Event) { e.Extra = `{"raw":"not json {"}` },
	} {
		t.Run(name, func(t *testing.T) {
			e := full()
			change(&e)
			resource, record := toRecord(e)
			assert.Equal(t, e, fromRecord(resource, record))
		})
	}
}

// Other components change the types of attributes, which must not make an event
// unreadable.
func TestFromChangedRecord(t *testing.T) {
	resource, record := toRecord(full())
	attributes := record.Attributes()
	attributes.PutInt("oversight.event.id", 42)
	attributes.PutStr("oversight.tlog.index", "7")
	attributes.PutInt("oversight.token.id", 12)
	attributes.PutStr("oversight.extra", ` {"a" : 1} `)
	attributes.PutStr("geo.country", "nl")
	attributes.Remove("user_agent.original")
	record.Body().SetStr("changed")

	want := full()
	want.TokenID, want.Extra, want.UserAgent = "12", `{"a":1}`, ""
	assert.Equal(t, want, fromRecord(resource, record))
}

func TestAction(t *testing.T) {
	for kind, want := range map[string]string{
		"dns": "beacon-dns-callback", "http_img": "beacon-http-pixel", "ocsp": "beacon-ocsp-callback",
		"license": "beacon-license-check", "webdav": "beacon-webdav", "": "beacon-",
	} {
		assert.Equal(t, want, translator.Action(kind))
	}
}

func TestNormalizeExtra(t *testing.T) {
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	many := "{" + strings.Repeat(`"k":1,`, 1000) + `"k":1}`
	for name, c := range map[string]struct{ in, want, questionName string }{
		"nothing":              {"", "", ""},
		"empty object":         {"{}", "", ""},
		"empty object, spaced": {" { } ", "", ""},
		"as Python writes it":  {`{"qtype": "A", "qname": "x.example"}`, `{"qtype":"A","qname":"x.example"}`, "x.example"},
		"spaced":               {"  {\"ws\" : [ 1 ,\n\t2 ] }  ", `{"ws":[1,2]}`, ""},
		"order is kept":        {`{"z": 1, "a": {"y": 1, "b": 2}}`, `{"z":1,"a":{"y":1,"b":2}}`, ""},
		"name is no text":      {`{"qname": 5}`, `{"qname":5}`, ""},
		"name is null":         {`{"qtype": null, "qname": null}`, `{"qtype":null,"qname":null}`, ""},
		"name within":          {`{"a": {"qname": "x"}}`, `{"a":{"qname":"x"}}`, ""},
		"array":                {`[1,2,{"a":null}]`, `{"raw":[1,2,{"a":null}]}`, ""},
		"string":               {`"scalar"`, `{"raw":"scalar"}`, ""},
		"null":                 {`null`, `{"raw":null}`, ""},
		"number":               {`12`, `{"raw":12}`, ""},
		"false":                {`false`, `{"raw":false}`, ""},
		"no JSON":              {`not json {`, `{"raw":"not json {"}`, ""},
		"white space only":     {` `, `{"raw":" "}`, ""},
		"two values":           {`{"a":"b"} {}`, `{"raw":"{\"a\":\"b\"} {}"}`, ""},
		"cut off":              {`{"a": "b"`, `{"raw":"{\"a\": \"b\""}`, ""},
		"trailing comma":       {`{"a": "b",}`, `{"raw":"{\"a\": \"b\",}"}`, ""},
		"NaN":                  {`{"a": NaN}`, `{"a":"NaN"}`, ""},
		"NaN beside a name":    {`{"qname": "x\"NaN", "a": [NaN, -Infinity, {"b": Infinity}]}`, `{"qname":"x\"NaN","a":["NaN","-Infinity",{"b":"Infinity"}]}`, `x"NaN`},
		"NaN and no JSON":      {`{"a": NaN`, `{"raw":"{\"a\": NaN"}`, ""},
		"keys of lone surrogates": {
			`{"\ud800": 1, "\udbff": "2", "\ufffd": 3, "\ud800": 4}`, "{\"\ufffd\":4,\"\ufffd(2)\":\"2\",\"\ufffd(3)\":3}", "",
		},
		"repeated key":           {`{"a": "1", "b": "2", "a": "3"}`, `{"a":"3","b":"2"}`, ""},
		"escapes":                {`{"k":"\u00e9\u0000\ud83d\udd12\/"}`, "{\"k\":\"é\\u0000🔒/\"}", ""},
		"lone surrogate":         {`{"k":"a\ud800b"}`, "{\"k\":\"a\ufffdb\"}", ""},
		"above 2^53":             {`{"n": 9007199254740993}`, `{"n":9007199254740993}`, ""},
		"above 2^63":             {`{"n": 12345678901234567890}`, `{"n":"12345678901234567890"}`, ""},
		"more than a float":      {`{"n": 0.12345678901234567890123}`, `{"n":"0.12345678901234567890123"}`, ""},
		"float":                  {`{"n": -0.5, "m": 2.50, "e": 1E2}`, `{"n":-0.5,"m":2.5,"e":100.0}`, ""},
		"float out of range":     {`{"n": 1e999}`, `{"n":"1e999"}`, ""},
		"zeros":                  {`{"n": -0, "m": 0.000, "o": 0e5}`, `{"n":0,"m":0.0,"o":0.0}`, ""},
		"too deep":               {deep, `{"raw":"` + deep + `"}`, ""},
		"too many keys":          {many, `{"raw":` + quote(many) + `}`, ""},
		"more keys than usual":   {`{"a":"1","b":"2","c":"3","d":"4","e":"5","f":"6","g":"7","h":"8","i":"9"}`, `{"a":"1","b":"2","c":"3","d":"4","e":"5","f":"6","g":"7","h":"8","i":"9"}`, ""},
		"empty strings":          {`{"": ""}`, `{"":""}`, ""},
		"already with raw":       {`{"raw":"x"}`, `{"raw":"x"}`, ""},
		"control byte in string": {"{\"a\":\"\x01\"}", `{"raw":"{\"a\":\"\u0001\"}"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, questionName := translator.NormalizeExtra(c.in)
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.questionName, questionName)
		})
	}
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// FuzzNormalizeExtra checks what every destination relies on, for any text that a
// column can hold.
func FuzzNormalizeExtra(f *testing.F) {
	for _, seed := range []string{
		"", "{}", `{"qtype": "A", "qname": "x.example"}`, "[1,2]", "not json", `{"a":{"b":[1.50,1e400,-0]}}`,
		`{"a":"\ud800"}`, `{"a":"1","a":"2"}`, " {\"a\":\"b\" ,\"c\" : \"d\"} ", "{\"a\":\"\xff\"}", `{"qname":""}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "\ufffd") // as the reader does
		normal, questionName := translator.NormalizeExtra(text)
		if normal == "" {
			return
		}
		var object map[string]any
		require.NoError(t, json.Unmarshal([]byte(normal), &object), "no JSON object")
		require.NotEmpty(t, object)
		normalizedTwice, name := translator.NormalizeExtra(normal)
		require.Equal(t, normal, normalizedTwice, "not normal")
		require.Equal(t, questionName, name)

		e := translator.Event{Extra: normal, QuestionName: questionName}
		resource, record := toRecord(e)
		require.Equal(t, e, fromRecord(resource, record))
	})
}
