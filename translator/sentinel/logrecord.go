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

// TranslateToBody makes of a record that holds an event or a finding one whose
// body is the row. Attributes that direct an exporter stay.
func (t *Translator) TranslateToBody(resource pcommon.Resource, record plog.LogRecord) {
	body := pcommon.NewMap()
	if translator.IsIntegrity(record) {
		f, added := translator.IntegrityFromLogRecord(resource, record)
		t.finding(shape.NewMap(body), &f, added)
	} else {
		e, added := translator.FromLogRecord(resource, record)
		t.row(shape.NewMap(body), &e, added)
	}
	body.MoveTo(record.Body().SetEmptyMap())
	record.Attributes().RemoveIf(func(name string, _ pcommon.Value) bool { return !translator.IsRoutingAttribute(name) })
	record.SetEventName("")
}

// TranslateToAttributes makes of a record that holds an event or a finding one
// whose attributes are the row's columns, which the exporter azuremonitor sends
// as properties, and whose body is a message for a person. What the pipeline
// added stays as it is, if the translator is extended. A customEvent that is
// not empty names the custom event that the record is to become.
func (t *Translator) TranslateToAttributes(resource pcommon.Resource, record plog.LogRecord, customEvent string) {
	attributes := pcommon.NewMap()
	added, message := t.putColumns(resource, record, shape.NewMap(attributes))
	if t.Extended {
		for name, value := range added.All() {
			value.CopyTo(attributes.PutEmpty(name))
		}
	}
	if customEvent != "" {
		attributes.PutStr(attributeCustomEvent, customEvent)
	}
	attributes.MoveTo(record.Attributes())
	record.Body().SetStr(message)
	record.SetEventName("")
}

// putColumns writes the columns but AdditionalFields, and returns what belongs
// there and a message for a person.
func (t *Translator) putColumns(resource pcommon.Resource, record plog.LogRecord, w shape.Writer) (translator.ExtraAttributes, string) {
	if translator.IsIntegrity(record) {
		f, added := translator.IntegrityFromLogRecord(resource, record)
		findingColumns(w, &f)
		return added, f.Message
	}
	e, added := translator.FromLogRecord(resource, record)
	t.columns(w, &e)
	return added, string(e.AppendMessage(nil))
}
