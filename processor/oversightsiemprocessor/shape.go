// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightsiemprocessor

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator/ecs"
	"github.com/oversight-protocol/oversight-otelcol/translator/siem"
)

// shape translates what is Oversight's: the records of a scope, then the scope,
// and last, when all its scopes are done, the resource.
type shape struct {
	record   func(pcommon.Resource, plog.LogRecord)
	scope    func(pcommon.InstrumentationScope)
	resource func(pcommon.Resource)
}

func newShape(config *siem.Config) (shape, error) {
	switch config.Format {
	case siem.FormatSplunk:
		return splunkShape(config), nil
	case siem.FormatECS:
		return ecsShape(config), nil
	case siem.FormatSentinel:
		return sentinelShape(config), nil
	default:
		return shape{}, config.CheckFormat()
	}
}

func keepScope(pcommon.InstrumentationScope) {}

func keepResource(pcommon.Resource) {}

func splunkShape(config *siem.Config) shape {
	t := config.SplunkTranslator()
	return shape{t.TranslateRecord, keepScope, t.TranslateResource}
}

func ecsShape(config *siem.Config) shape {
	t := config.ECSTranslator()
	return shape{
		record: func(resource pcommon.Resource, record plog.LogRecord) {
			t.TranslateRecord(resource, record, config.ECS.DocumentID)
		},
		scope: ecs.TranslateScope,
		resource: func(resource pcommon.Resource) {
			setDefault(resource.Attributes(), "data_stream.dataset", config.ECS.DataStream.Dataset)
			setDefault(resource.Attributes(), "data_stream.namespace", config.ECS.DataStream.Namespace)
		},
	}
}

// setDefault lets what the pipeline has set before stand.
func setDefault(m pcommon.Map, name, value string) {
	if _, ok := m.Get(name); !ok {
		m.PutStr(name, value)
	}
}

func sentinelShape(config *siem.Config) shape {
	t := config.SentinelTranslator()
	record := t.TranslateToBody
	if config.Sentinel.Layout == siem.LayoutAttributes {
		record = func(resource pcommon.Resource, record plog.LogRecord) {
			t.TranslateToAttributes(resource, record, config.Sentinel.CustomEvent)
		}
	}
	return shape{record, keepScope, keepResource}
}
