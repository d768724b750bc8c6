// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightsiemencodingextension

import (
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator/siem"
)

// initialLine is about the length of a line, as long as none has been written.
const initialLine = 1024

// encoding is a [plog.Marshaler].
type encoding struct {
	component.StartFunc
	component.ShutdownFunc

	// longest is the average length of a line in the batch where it was longest,
	// so that the text of the next batch is not moved while it grows.
	longest atomic.Int64

	// line appends an event or a finding without a line break; nil for OTLP JSON.
	line func(dst []byte, resource pcommon.Resource, record plog.LogRecord) []byte
}

var (
	_ extension.Extension = (*encoding)(nil)
	_ plog.Marshaler      = (*encoding)(nil)
)

func newEncoding(config *Config) (*encoding, error) {
	switch config.Format {
	case siem.FormatSplunk:
		return &encoding{line: config.SplunkTranslator().AppendLogRecord}, nil
	case siem.FormatECS:
		return &encoding{line: config.ECSTranslator().AppendLogRecord}, nil
	case siem.FormatSentinel:
		return &encoding{line: config.SentinelTranslator().AppendLogRecord}, nil
	case FormatOTel:
		return &encoding{}, nil
	default:
		return nil, config.CheckFormat(FormatOTel)
	}
}

// MarshalLogs returns a line for each record, with line breaks between them and
// none at the end, where exporters put their own. A record that is not
// Oversight's becomes a line of OTLP JSON, so that nothing is lost. It is safe
// for concurrent use.
func (e *encoding) MarshalLogs(logs plog.Logs) ([]byte, error) {
	records := logs.LogRecordCount()
	text := make([]byte, 0, records*int(max(initialLine, e.longest.Load())))
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				if len(text) > 0 {
					text = append(text, '\n')
				}
				if e.line != nil && siem.HasShape(record) {
					text = e.line(text, resource.Resource(), record)
					continue
				}
				line, err := otlp(resource, scope, record)
				if err != nil {
					return nil, err
				}
				text = append(text, line...)
			}
		}
	}
	if records > 0 {
		e.longest.Store(max(e.longest.Load(), int64(len(text)/records)+1))
	}
	return text, nil
}

// otlp is a request with one record.
func otlp(resource plog.ResourceLogs, scope plog.ScopeLogs, record plog.LogRecord) ([]byte, error) {
	logs := plog.NewLogs()
	oneResource := logs.ResourceLogs().AppendEmpty()
	resource.Resource().CopyTo(oneResource.Resource())
	oneResource.SetSchemaUrl(resource.SchemaUrl())
	oneScope := oneResource.ScopeLogs().AppendEmpty()
	scope.Scope().CopyTo(oneScope.Scope())
	oneScope.SetSchemaUrl(scope.SchemaUrl())
	record.CopyTo(oneScope.LogRecords().AppendEmpty())
	return (&plog.JSONMarshaler{}).MarshalLogs(logs)
}
