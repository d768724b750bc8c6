// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// Attributes that the exporter splunk_hec turns into metadata. It sends the
// events of different resources in different requests. Those of a record count
// more than those of its resource.
const (
	attributeHost       = "host.name"
	attributeSource     = "com.splunk.source"
	attributeSourceType = "com.splunk.sourcetype"
	attributeIndex      = "com.splunk.index"
	attributeToken      = "com.splunk.hec.access_token"
)

// TranslateRecord makes of a record that holds an event or a finding one that
// the exporter splunk_hec sends in this shape: the event as body, the indexed
// fields as attributes, and no severity, which it would add. The resource is the
// one before [Translator.TranslateResource]. A finding has its sourcetype as an
// attribute, which counts more than the resource's and is no field.
func (t *Translator) TranslateRecord(resource pcommon.Resource, record plog.LogRecord) {
	body, fields := pcommon.NewMap(), pcommon.NewMap()
	if translator.IsIntegrity(record) {
		f, added := translator.IntegrityFromLogRecord(resource, record)
		finding(shape.NewMap(body), &f)
		t.findingFields(shape.NewMap(fields), added)
		fields.PutStr(attributeSourceType, IntegritySourceType)
	} else {
		e, added := translator.FromLogRecord(resource, record)
		t.event(shape.NewMap(body), &e)
		t.fields(shape.NewMap(fields), &e, added)
	}
	body.MoveTo(record.Body().SetEmptyMap())
	fields.MoveTo(record.Attributes())
	record.SetEventName("")
	record.SetSeverityNumber(plog.SeverityNumberUnspecified)
	record.SetSeverityText("")
}

// TranslateResource makes the metadata of a registry's resource, and nothing
// else: the exporter would make indexed fields of the rest. Metadata that the
// pipeline has set before stay where the translator has none, and so does the
// token.
func (t *Translator) TranslateResource(resource pcommon.Resource) {
	before, after := resource.Attributes(), pcommon.NewMap()
	put(after, attributeHost, t.Host, before, translator.AttributeRegistryID)
	put(after, attributeSource, t.Source, before, attributeSource)
	put(after, attributeSourceType, t.SourceType, before, attributeSourceType)
	put(after, attributeIndex, t.Index, before, attributeIndex)
	put(after, attributeToken, "", before, attributeToken)
	setDefault(after, attributeSource, DefaultSource)
	setDefault(after, attributeSourceType, DefaultSourceType)
	after.MoveTo(before)
}

// put sets an attribute to a value, or else to what another attribute had.
func put(m pcommon.Map, name, value string, before pcommon.Map, other string) {
	if value == "" {
		if v, ok := before.Get(other); ok {
			value = v.AsString()
		}
	}
	if value != "" {
		m.PutStr(name, value)
	}
}

func setDefault(m pcommon.Map, name, value string) {
	if _, ok := m.Get(name); !ok {
		m.PutStr(name, value)
	}
}
