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
	return t.appendJSON(dst, e, translator.Added{})
}

// AppendLogRecord appends the event of a log record as one JSON document,
// without a line break. The record has to hold one, see [translator.IsEvent].
func (t *Translator) AppendLogRecord(dst []byte, resource pcommon.Resource, record plog.LogRecord) []byte {
	var e translator.Event
	added := e.SetLogRecord(resource, record)
	return t.appendJSON(dst, &e, added)
}

func (t *Translator) appendJSON(dst []byte, e *translator.Event, added translator.Added) []byte {
	w := shape.NewJSON(dst)
	var seconds [32]byte
	w.Raw("time", appendSeconds(seconds[:0], timeOf(e)))
	w.Text("host", t.host(e.RegistryID))
	w.Text("source", t.source())
	w.Text("sourcetype", t.sourceType())
	w.Text("index", t.Index)
	w.Begin("event")
	t.event(w, e)
	w.End()
	w.Begin("fields")
	t.fields(w, e, added)
	w.End()
	return w.Finish()
}

// appendSeconds writes seconds since 1970 with milliseconds, as HEC has them.
func appendSeconds(dst []byte, t time.Time) []byte {
	milliseconds := t.UnixMilli()
	dst = strconv.AppendInt(dst, milliseconds/1000, 10)
	rest := milliseconds % 1000
	return append(dst, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
}
