// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package ecs

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/routing"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// Attributes that the exporter elasticsearch reads.
const (
	// attributeMappingMode, on the scope, makes it send the body as it is.
	attributeMappingMode = "elastic.mapping.mode"
	mappingModeBodyMap   = "bodymap"
	// attributeDocumentID is used with logs_dynamic_id: the bulk action is
	// always create, so a repeated event is a conflict and not a second document.
	attributeDocumentID = "elasticsearch.document_id"
	// The data stream of a resource's records.
	attributeDataset   = "data_stream.dataset"
	attributeNamespace = "data_stream.namespace"
)

// TranslateRecord changes the record that a document was read from into one whose
// body is the document, for the exporter elasticsearch. Routing attributes stay.
func (t *Translator) TranslateRecord(record plog.LogRecord, d *translator.Document) {
	body := pcommon.NewMap()
	t.document(shape.NewMap(body), d)
	body.MoveTo(record.Body().SetEmptyMap())
	routing.RemoveOthers(record)
	if t.DocumentID {
		routing.SetDefault(record.Attributes(), attributeDocumentID, d.UID())
	}
	record.SetEventName("")
}

// TranslateScope makes the exporter send the bodies of the scope's records as
// they are.
func (*Translator) TranslateScope(scope pcommon.InstrumentationScope) {
	scope.Attributes().PutStr(attributeMappingMode, mappingModeBodyMap)
}

// TranslateResource names the data stream of the resource's records, unless the
// pipeline has.
func (t *Translator) TranslateResource(resource pcommon.Resource) {
	routing.SetDefault(resource.Attributes(), attributeDataset, t.Dataset)
	routing.SetDefault(resource.Attributes(), attributeNamespace, t.Namespace)
}
