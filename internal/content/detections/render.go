// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package detections

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/ecs"
	"github.com/oversight-protocol/oversight-otelcol/translator/sentinel"
	"github.com/oversight-protocol/oversight-otelcol/translator/splunk"
)

// Formats are those that [Renderer.Render] writes.
var Formats = []string{"splunk", "ecs", "sentinel"}

// Rendered is one record of a sample as a destination holds it. It is a line of what
// internal/tools/contentsamples writes.
type Rendered struct {
	Sample string `json:"sample"`
	// Alerts is that of the sample.
	Alerts int `json:"alerts"`
	// Arrived is when the destination received it.
	Arrived time.Time `json:"arrived"`
	// Record is the HEC event, the ECS document or the row. A document has
	// event.ingested, and a location in source.geo if one of the places has its address,
	// as an ingest pipeline sets them.
	Record json.RawMessage `json:"record"`
}

// Renderer makes what destinations hold of samples, with the translators that the
// collector uses.
type Renderer struct {
	// Now is when the detections run.
	Now time.Time
	// Places says where addresses are. Documents have that, and other formats not: there
	// the queries look it up.
	Places []Place
}

// Render returns all records of a sample in one of the [Formats], in the order in which
// they arrived.
func (r *Renderer) Render(sample *Sample, format string) ([]Rendered, error) {
	var all []Rendered
	id := int64(0)
	for i := range sample.Records {
		s := &sample.Records[i]
		for n := 1; n <= max(s.Repeat, 1); n++ {
			id++
			happened := r.Now.Add(-s.Age).Add(time.Duration(n-1) * s.Step)
			arrived := happened.Add(2 * time.Second)
			if s.Delay != nil {
				arrived = happened.Add(*s.Delay)
			}
			if arrived.After(r.Now) {
				return nil, fmt.Errorf("sample %q: record %d arrives after the detection runs", sample.Name, id)
			}
			for copies := range max(s.Copies, 1) {
				arrived := arrived.Add(time.Duration(copies) * time.Second)
				record, err := r.record(sample.Name, s, id, n, happened, arrived, format)
				if err != nil {
					return nil, fmt.Errorf("sample %q: %w", sample.Name, err)
				}
				all = append(all, Rendered{sample.Name, sample.Alerts, arrived, record})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Rendered) int { return a.Arrived.Compare(b.Arrived) })
	return all, nil
}

// record renders one record.
func (r *Renderer) record(sample string, s *SampleRecord, id int64, n int, happened, arrived time.Time, format string) ([]byte, error) {
	resource, record := pcommon.NewResource(), plog.NewLogRecord()
	switch {
	case s.Event != nil:
		e := s.Event.event(sample, id, n, happened)
		translator.SetResource(resource, e.RegistryID)
		e.ToLogRecord(record)
		if format == "ecs" {
			r.locate(e.Address(), record.Attributes())
		}
	case s.Finding != nil:
		f, err := s.Finding.finding(id, n, happened)
		if err != nil {
			return nil, err
		}
		translator.SetResource(resource, f.RegistryID)
		f.ToLogRecord(record)
	case s.Checkpoint != nil:
		c := s.Checkpoint.checkpoint(id, n, happened)
		translator.SetResource(resource, c.RegistryID)
		c.ToLogRecord(record)
	default:
		return nil, fmt.Errorf("record %d is no event, finding or checkpoint", id)
	}
	var d translator.Document
	d.SetLogRecord(resource, record)
	switch format {
	case "splunk":
		return (&splunk.Translator{Extended: true}).AppendJSON(nil, &d), nil
	case "sentinel":
		return (&sentinel.Translator{Extended: true}).AppendJSON(nil, &d), nil
	case "ecs":
		return ingested((&ecs.Translator{Extended: true}).AppendJSON(nil, &d), arrived)
	default:
		return nil, fmt.Errorf("format %q is none of %v", format, Formats)
	}
}

// ingested sets event.ingested, as an ingest pipeline does.
func ingested(document []byte, arrived time.Time) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var fields map[string]any
	if err := decoder.Decode(&fields); err != nil {
		return nil, err
	}
	fields["event"].(map[string]any)["ingested"] = arrived.UTC().Format(time.RFC3339Nano)
	return json.Marshal(fields)
}

// locate adds what a geoip processor adds.
func (r *Renderer) locate(address string, attributes pcommon.Map) {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return
	}
	for _, place := range r.Places {
		if prefix, err := netip.ParsePrefix(place.Network); err == nil && prefix.Contains(ip) {
			attributes.PutStr("geo.country_name", place.Country)
			attributes.PutStr("geo.country_iso_code", place.ISOCode)
			attributes.PutStr("geo.city_name", place.City)
			attributes.PutDouble("geo.location.lat", place.Latitude)
			attributes.PutDouble("geo.location.lon", place.Longitude)
		}
	}
}

// Defaults of events. The user agent is that of a mail program which loads images.
const (
	defaultRegistry  = "demo"
	defaultAddress   = "203.0.113.7"
	defaultUserAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)

func (s *SampleEvent) event(sample string, id int64, n int, happened time.Time) *translator.Event {
	number := numbered(n)
	uid := sha256.Sum256([]byte(sample + strconv.FormatInt(id, 10)))
	e := &translator.Event{
		RegistryID: cmp.Or(number(s.RegistryID), defaultRegistry), ID: id, UID: hex.EncodeToString(uid[:16]), Kind: cmp.Or(number(s.Kind), "http_img"),
		TokenID: cmp.Or(number(s.TokenID), fmt.Sprintf("%032x", id)), FileID: cmp.Or(number(s.FileID), "file-1"),
		RecipientID: cmp.Or(number(s.RecipientID), "alice@corp.example"), IssuerID: cmp.Or(number(s.IssuerID), "issuer"),
		SourceIP: cmp.Or(number(s.SourceIP), defaultAddress), UserAgent: cmp.Or(number(s.UserAgent), defaultUserAgent),
		Timestamp: happened.Truncate(time.Second), Observed: happened.Add(time.Second), TlogIndex: id - 1, HasTlogIndex: true,
		TlogStatus: s.TlogStatus, TlogMismatch: s.TlogMismatch,
	}
	if s.Extra != "" {
		e.Extra, e.QuestionName = translator.NormalizeExtra(number(s.Extra))
	}
	if s.Unknown {
		e.FileID, e.RecipientID, e.IssuerID = "", "", ""
	}
	if s.Nameless {
		e.UserAgent = ""
	}
	if s.Addressless {
		e.SourceIP = ""
	}
	if s.Reduced {
		e.Reduce()
	}
	return e
}

func (s *SampleFinding) finding(id int64, n int, happened time.Time) (*translator.Integrity, error) {
	number := numbered(n)
	f := &translator.Integrity{
		RegistryID: cmp.Or(number(s.RegistryID), defaultRegistry), Kind: s.Kind, Message: cmp.Or(number(s.Message), "A finding of the samples."),
		Observed: happened, EventID: id, TlogIndex: id - 1, HasTlogIndex: true,
	}
	switch s.Severity {
	case "":
	case "informational":
		f.Severity = plog.SeverityNumberInfo
	case "medium":
		f.Severity = plog.SeverityNumberWarn
	case "high":
		f.Severity = plog.SeverityNumberError
	default:
		return nil, fmt.Errorf("severity %q is none of informational, medium and high", s.Severity)
	}
	f.SetUID()
	return f, nil
}

func (s *SampleCheckpoint) checkpoint(id int64, n int, happened time.Time) *translator.Checkpoint {
	number := numbered(n)
	c := &translator.Checkpoint{
		RegistryID: cmp.Or(number(s.RegistryID), defaultRegistry), Message: "A checkpoint record of the samples.", Observed: happened,
		Collector: cmp.Or(number(s.Collector), "collector-1"), Receiver: cmp.Or(number(s.Receiver), "oversight"),
		Reason: cmp.Or(s.Reason, translator.CheckpointReasonInterval), LastEventID: id, Since: happened.Add(-time.Hour), Delivered: 1,
		HasUndelivered: true, Quarantined: s.Quarantined, HeadSize: s.HeadSize, HeadRoot: number(s.HeadRoot), HeadSignature: number(s.HeadSignature),
	}
	c.SetUID()
	return c
}

// numbered returns what replaces {n} in a text.
func numbered(n int) func(string) string {
	return func(text string) string { return strings.ReplaceAll(text, "{n}", strconv.Itoa(n)) }
}
