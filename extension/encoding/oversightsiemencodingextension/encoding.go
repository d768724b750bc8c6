// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightsiemencodingextension

import (
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/siem"
)

// encoding is a [plog.Marshaler].
type encoding struct {
	component.StartFunc
	component.ShutdownFunc

	shape      siem.Translator // nil for FormatOTel
	lineLength lineLength
	lineStart  lineStart
}

var (
	_ extension.Extension = (*encoding)(nil)
	_ plog.Marshaler      = (*encoding)(nil)
)

func newEncoding(config *Config) (*encoding, error) {
	if config.Shape.Format == FormatOTel {
		return &encoding{}, nil
	}
	shape, err := config.Shape.NewTranslator()
	if err != nil {
		return nil, err
	}
	return &encoding{shape: shape}, nil
}

// MarshalLogs returns a line for each record, with line breaks between them and
// none at the end, where exporters put their own, and one at the beginning where the
// text before may have been cut, see lineStart. A record that holds no event,
// finding or checkpoint record becomes a line of OTLP JSON, so that nothing is lost. It is
// safe for concurrent use.
func (e *encoding) MarshalLogs(logs plog.Logs) ([]byte, error) {
	records := logs.LogRecordCount()
	text := make([]byte, 0, e.lineLength.estimate(records))
	first := true
	var document translator.Document
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				if !first || e.lineStart.lineEnd(resource.Resource(), record) {
					text = append(text, '\n')
				}
				first = false
				if e.shape != nil && translator.HasDocument(record) {
					document.SetLogRecord(resource.Resource(), record)
					text = e.shape.AppendJSON(text, &document)
					continue
				}
				line, err := otlp(resource, scope, record)
				if err != nil {
					return nil, err
				}
				start := len(text)
				text = translator.EscapeLine(append(text, line...), start)
			}
		}
	}
	e.lineLength.observe(len(text), records)
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
