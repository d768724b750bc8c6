// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package ecs

import (
	"cmp"

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
	// The data stream. An attribute of the record comes before one of its scope, and
	// that before one of its resource.
	attributeDataset   = "data_stream.dataset"
	attributeNamespace = "data_stream.namespace"
)

// TranslateRecord changes the record that a document was read from into one whose
// body is the document, for the exporter elasticsearch. Routing attributes stay.
func (t *Translator) TranslateRecord(
	resource pcommon.Resource, scope pcommon.InstrumentationScope, record plog.LogRecord, d *translator.Document,
) {
	body := pcommon.NewMap()
	t.document(shape.NewMap(body), d)
	body.MoveTo(record.Body().SetEmptyMap())
	routing.RemoveOthers(record)
	if t.DocumentID {
		routing.SetDefault(record.Attributes(), attributeDocumentID, d.UID())
	}
	if dataset := t.ownDataset(d); dataset != "" && !has(resource.Attributes(), attributeDataset) && !has(scope.Attributes(), attributeDataset) {
		routing.SetDefault(record.Attributes(), attributeDataset, dataset)
	}
	record.SetEventName("")
}

// ownDataset is the dataset of a document that does not go where the records of its
// resource go, see [Translator.TranslateResource], or "".
func (t *Translator) ownDataset(d *translator.Document) string {
	switch {
	case t.Dataset != "":
		return ""
	case d.Integrity != nil:
		return IntegrityDataset
	case d.Checkpoint != nil:
		return CheckpointDataset
	default:
		return ""
	}
}

func has(attributes pcommon.Map, name string) bool {
	_, ok := attributes.Get(name)
	return ok
}

// TranslateScope makes the exporter send the bodies of the scope's records as
// they are.
func (*Translator) TranslateScope(scope pcommon.InstrumentationScope) {
	scope.Attributes().PutStr(attributeMappingMode, mappingModeBodyMap)
}

// TranslateResource names the data stream of the resource's records, unless the
// pipeline has. Without a dataset in the configuration, it is that of events: findings
// and checkpoint records, of which there are few, have one of their own.
func (t *Translator) TranslateResource(resource pcommon.Resource) {
	routing.SetDefault(resource.Attributes(), attributeDataset, cmp.Or(t.Dataset, Dataset))
	routing.SetDefault(resource.Attributes(), attributeNamespace, t.Namespace)
}
