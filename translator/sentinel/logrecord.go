// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// attributeCustomEvent makes the exporter azuremonitor send a record as a custom
// event of that name.
const attributeCustomEvent = "microsoft.custom_event.name"

// TranslateToBody makes of a record that holds an event one whose body is the
// row. Attributes that direct an exporter stay.
func (t *Translator) TranslateToBody(resource pcommon.Resource, record plog.LogRecord) {
	e, added := translator.FromLogRecord(resource, record)
	body := pcommon.NewMap()
	t.row(shape.NewMap(body), &e, added)
	body.MoveTo(record.Body().SetEmptyMap())
	record.Attributes().RemoveIf(func(name string, _ pcommon.Value) bool { return !translator.IsDirection(name) })
	record.SetEventName("")
}

// TranslateToAttributes makes of a record that holds an event one whose
// attributes are the row's columns, which the exporter azuremonitor sends as
// properties, and whose body is a message for a person. What the pipeline
// added stays as it is, if the translator is extended. A customEvent that is
// not empty names the custom event that the record is to become.
func (t *Translator) TranslateToAttributes(resource pcommon.Resource, record plog.LogRecord, customEvent string) {
	e, added := translator.FromLogRecord(resource, record)
	attributes := pcommon.NewMap()
	t.columns(shape.NewMap(attributes), &e)
	if t.Extended {
		for name, value := range added.All() {
			value.CopyTo(attributes.PutEmpty(name))
		}
	}
	if customEvent != "" {
		attributes.PutStr(attributeCustomEvent, customEvent)
	}
	attributes.MoveTo(record.Attributes())
	record.Body().SetStr(string(e.AppendMessage(nil)))
	record.SetEventName("")
}
