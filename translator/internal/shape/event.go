// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package shape

import (
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// events are kept from record to record: one is larger than most documents that
// are made of it.
var events = sync.Pool{New: func() any { return new(translator.Event) }}

// WithEvent calls fn with the event of a record, which fn must not keep, and
// what a pipeline added to it.
func WithEvent(resource pcommon.Resource, record plog.LogRecord, fn func(*translator.Event, translator.Added)) {
	e := events.Get().(*translator.Event)
	defer events.Put(e)
	fn(e, e.SetLogRecord(resource, record))
}
