// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/routing"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// Attributes that the exporter splunk_hec turns into metadata. It sends the
// events of different resources in different requests. An attribute of a record
// overrides that of its resource.
const (
	attributeHost       = "host.name"
	attributeSource     = "com.splunk.source"
	attributeSourceType = "com.splunk.sourcetype"
	attributeIndex      = "com.splunk.index"
	attributeToken      = "com.splunk.hec.access_token" //nolint:gosec // the name of an attribute, not a token
)

// TranslateRecord changes the record that a document was read from into one that
// the exporter splunk_hec sends in this shape: the event as body, the indexed
// fields as attributes, and no severity, which it would add. A finding or a checkpoint
// record has its sourcetype as an attribute, which overrides the resource's and is no
// field.
func (t *Translator) TranslateRecord(_ pcommon.Resource, _ pcommon.InstrumentationScope, record plog.LogRecord, d *translator.Document) {
	body, fields := pcommon.NewMap(), pcommon.NewMap()
	t.event(shape.NewMap(body), d)
	t.fields(shape.NewMap(fields), d)
	switch {
	case d.Integrity != nil:
		fields.PutStr(attributeSourceType, IntegritySourceType)
	case d.Checkpoint != nil:
		fields.PutStr(attributeSourceType, CheckpointSourceType)
	}
	body.MoveTo(record.Body().SetEmptyMap())
	fields.MoveTo(record.Attributes())
	record.SetEventName("")
	record.SetSeverityNumber(plog.SeverityNumberUnspecified)
	record.SetSeverityText("")
}

// TranslateScope leaves a scope as it is.
func (*Translator) TranslateScope(pcommon.InstrumentationScope) {}

// TranslateResource changes a registry's resource, when all its records are
// translated, into the metadata and nothing else: the exporter would turn the rest
// into indexed fields. Metadata that the pipeline has set before stay where the
// translator has none, and so does the token.
func (t *Translator) TranslateResource(resource pcommon.Resource) {
	original, metadata := resource.Attributes(), pcommon.NewMap()
	put(metadata, attributeHost, t.Host, original, translator.AttributeRegistryID)
	put(metadata, attributeSource, t.Source, original, attributeSource)
	put(metadata, attributeSourceType, t.SourceType, original, attributeSourceType)
	put(metadata, attributeIndex, t.Index, original, attributeIndex)
	put(metadata, attributeToken, "", original, attributeToken)
	routing.SetDefault(metadata, attributeSource, DefaultSource)
	routing.SetDefault(metadata, attributeSourceType, DefaultSourceType)
	metadata.MoveTo(original)
}

// put sets an attribute to a value, or else to that of an original attribute.
func put(m pcommon.Map, name, value string, original pcommon.Map, originalName string) {
	if value == "" {
		if v, ok := original.Get(originalName); ok {
			value = v.AsString()
		}
	}
	if value != "" {
		m.PutStr(name, value)
	}
}
