// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package ecs

import (
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
	t.document(w, e, added)
	return w.Finish()
}
