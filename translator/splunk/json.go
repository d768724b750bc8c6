// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk

import (
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// AppendJSON appends an event as one JSON document, without a line break.
func (t *Translator) AppendJSON(dst []byte, e *translator.Event) []byte {
	return t.appendJSON(dst, e, translator.ExtraAttributes{})
}

// AppendIntegrityJSON appends a finding as one JSON document, without a line
// break.
func (t *Translator) AppendIntegrityJSON(dst []byte, f *translator.Integrity) []byte {
	return t.appendIntegrityJSON(dst, f, translator.ExtraAttributes{})
}

// AppendLogRecord appends what a log record holds as one JSON document, without
// a line break: an event or a finding, see [translator.IsEvent] and
// [translator.IsIntegrity].
func (t *Translator) AppendLogRecord(dst []byte, resource pcommon.Resource, record plog.LogRecord) []byte {
	if translator.IsIntegrity(record) {
		f, added := translator.IntegrityFromLogRecord(resource, record)
		return t.appendIntegrityJSON(dst, &f, added)
	}
	var e translator.Event
	added := e.SetLogRecord(resource, record)
	return t.appendJSON(dst, &e, added)
}

func (t *Translator) appendJSON(dst []byte, e *translator.Event, added translator.ExtraAttributes) []byte {
	w := shape.NewJSON(dst)
	t.metadata(w, timeOf(e.Timestamp, e.Observed), e.RegistryID, t.sourceType())
	w.Begin("event")
	t.event(w, e)
	w.End()
	w.Begin("fields")
	t.fields(w, e, added)
	w.End()
	return w.Finish()
}

func (t *Translator) appendIntegrityJSON(dst []byte, f *translator.Integrity, added translator.ExtraAttributes) []byte {
	w := shape.NewJSON(dst)
	t.metadata(w, timeOf(f.Observed), f.RegistryID, IntegritySourceType)
	w.Begin("event")
	finding(w, f)
	w.End()
	w.Begin("fields")
	t.findingFields(w, added)
	w.End()
	return w.Finish()
}

// metadata writes what stands beside the event.
func (t *Translator) metadata(w *shape.JSON, when time.Time, registryID, sourceType string) {
	var seconds [32]byte
	w.Raw("time", appendSeconds(seconds[:0], when))
	w.Text("host", t.host(registryID))
	w.Text("source", t.source())
	w.Text("sourcetype", sourceType)
	w.Text("index", t.Index)
}

// appendSeconds writes seconds since 1970 with milliseconds, as HEC has them.
func appendSeconds(dst []byte, t time.Time) []byte {
	milliseconds := t.UnixMilli()
	dst = strconv.AppendInt(dst, milliseconds/1000, 10)
	rest := milliseconds % 1000
	return append(dst, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
}
