// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
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
	t.row(w, e, added)
	return w.Finish()
}

func (t *Translator) appendIntegrityJSON(dst []byte, f *translator.Integrity, added translator.ExtraAttributes) []byte {
	w := shape.NewJSON(dst)
	t.finding(w, f, added)
	return w.Finish()
}
