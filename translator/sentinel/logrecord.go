// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/routing"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// attributeCustomEvent makes the exporter azuremonitor send a record as a custom
// event of that name.
const attributeCustomEvent = "microsoft.custom_event.name"

// TranslateRecord changes the record that a document was read from into one that
// carries the row: as its body, or as its attributes, see
// [Translator.AttributeLayout].
func (t *Translator) TranslateRecord(_ pcommon.Resource, _ pcommon.InstrumentationScope, record plog.LogRecord, d *translator.Document) {
	if t.AttributeLayout {
		t.toAttributes(record, d)
	} else {
		t.toBody(record, d)
	}
	record.SetEventName("")
}

// TranslateScope leaves a scope as it is.
func (*Translator) TranslateScope(pcommon.InstrumentationScope) {}

// TranslateResource leaves a resource as it is.
func (*Translator) TranslateResource(pcommon.Resource) {}

// toBody makes the row the body. Routing attributes stay, and log.record.uid, by which
// azure_logs_ingestion names the rows of a request that were accepted.
func (t *Translator) toBody(record plog.LogRecord, d *translator.Document) {
	body := pcommon.NewMap()
	t.row(shape.NewMap(body), d)
	body.MoveTo(record.Body().SetEmptyMap())
	routing.RemoveOthers(record)
	routing.SetDefault(record.Attributes(), translator.AttributeRecordUID, d.UID())
}

// toAttributes makes the columns attributes, which azuremonitor sends as
// properties, and a message for a person the body. What the pipeline added stays as
// it is, if the translator is extended.
func (t *Translator) toAttributes(record plog.LogRecord, d *translator.Document) {
	attributes := pcommon.NewMap()
	t.columns(shape.NewMap(attributes), d)
	if t.Extended {
		for name, value := range d.Extra.All() {
			value.CopyTo(attributes.PutEmpty(name))
		}
	}
	if t.CustomEvent != "" {
		attributes.PutStr(attributeCustomEvent, t.CustomEvent)
	}
	message := d.Message()
	attributes.MoveTo(record.Attributes())
	record.Body().SetStr(message)
}
