// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package ecs

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// Attributes that direct the exporter elasticsearch.
const (
	// attributeMappingMode, on the scope, makes it send the body as it is.
	attributeMappingMode = "elastic.mapping.mode"
	mappingModeBodyMap   = "bodymap"
	// attributeDocumentID is used with logs_dynamic_id: the bulk action is
	// always create, so a repeated event is a conflict and not a second document.
	attributeDocumentID = "elasticsearch.document_id"
)

// TranslateRecord makes of a record that holds an event or a finding one whose
// body is the document. With withID, its _id is to be the uid. Attributes that
// direct the exporter stay.
func (t *Translator) TranslateRecord(resource pcommon.Resource, record plog.LogRecord, withID bool) {
	body := pcommon.NewMap()
	var uid string
	if translator.IsIntegrity(record) {
		f, added := translator.IntegrityFromLogRecord(resource, record)
		t.finding(shape.NewMap(body), &f, added)
		uid = f.UID
	} else {
		e, added := translator.FromLogRecord(resource, record)
		t.document(shape.NewMap(body), &e, added)
		uid = e.UID
	}
	body.MoveTo(record.Body().SetEmptyMap())
	record.Attributes().RemoveIf(func(name string, _ pcommon.Value) bool { return !translator.IsRoutingAttribute(name) })
	if _, set := record.Attributes().Get(attributeDocumentID); withID && !set && uid != "" {
		record.Attributes().PutStr(attributeDocumentID, uid)
	}
	record.SetEventName("")
}

// TranslateScope makes the exporter send the bodies of the scope's records as
// they are.
func TranslateScope(scope pcommon.InstrumentationScope) {
	scope.Attributes().PutStr(attributeMappingMode, mappingModeBodyMap)
}
