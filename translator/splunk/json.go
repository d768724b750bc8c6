// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk

import (
	"strconv"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// AppendJSON appends a document as one JSON object, without a line break.
func (t *Translator) AppendJSON(dst []byte, d *translator.Document) []byte {
	w := shape.NewJSON(dst)
	t.metadata(w, d)
	w.Begin("event")
	t.event(w, d)
	w.End()
	w.Begin("fields")
	t.fields(w, d)
	w.End()
	return w.Finish()
}

// metadata writes the keys beside `event` and `fields`.
func (t *Translator) metadata(w *shape.JSON, d *translator.Document) {
	var seconds [32]byte
	w.Raw("time", appendSeconds(seconds[:0], timeOf(d)))
	w.Text("host", orDefault(t.Host, d.RegistryID()))
	w.Text("source", orDefault(t.Source, DefaultSource))
	switch {
	case d.Integrity != nil:
		w.Text("sourcetype", IntegritySourceType)
	case d.Checkpoint != nil:
		w.Text("sourcetype", CheckpointSourceType)
	default:
		w.Text("sourcetype", orDefault(t.SourceType, DefaultSourceType))
	}
	w.Text("index", t.Index)
}

// orDefault is cmp.Or for two strings, which is slower.
func orDefault(value, fallback string) string {
	if value != "" {
		return value
	}
	return fallback
}

// timeOf is when the event happened, or else when it was read. Without either it
// is 0, which the registry's exporter writes.
func timeOf(d *translator.Document) time.Time {
	var when time.Time
	switch {
	case d.Integrity != nil:
		when = d.Integrity.Observed
	case d.Checkpoint != nil:
		when = d.Checkpoint.Observed
	default:
		if when = d.Event.Timestamp; when.IsZero() {
			when = d.Event.Observed
		}
	}
	if when.IsZero() {
		return time.Unix(0, 0)
	}
	return when
}

// appendSeconds writes seconds since 1970 with milliseconds, as HEC has them.
func appendSeconds(dst []byte, t time.Time) []byte {
	milliseconds := t.UnixMilli()
	dst = strconv.AppendInt(dst, milliseconds/1000, 10)
	rest := milliseconds % 1000
	return append(dst, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
}
