// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package siem

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/ecs"
	"github.com/oversight-protocol/oversight-otelcol/translator/sentinel"
	"github.com/oversight-protocol/oversight-otelcol/translator/splunk"
)

// Values of [Config.Format].
const (
	// FormatSplunk is Splunk's HTTP Event Collector, see package splunk.
	FormatSplunk = "splunk"
	// FormatECS is the Elastic Common Schema, see package ecs.
	FormatECS = "ecs"
	// FormatSentinel is a table of Microsoft Sentinel, see package sentinel.
	FormatSentinel = "sentinel"
)

// Translator writes documents in the shape of one format, as JSON or as log
// records. It is safe for concurrent use.
type Translator interface {
	// AppendJSON appends a document as one JSON object, without a line break.
	AppendJSON(dst []byte, d *translator.Document) []byte
	// TranslateRecord changes the record that a document was read from into one
	// that an exporter for the SIEM sends in this shape. It changes neither the
	// resource nor the scope of the record.
	TranslateRecord(resource pcommon.Resource, scope pcommon.InstrumentationScope, record plog.LogRecord, d *translator.Document)
	// TranslateScope changes the scope of translated records as that exporter
	// expects.
	TranslateScope(scope pcommon.InstrumentationScope)
	// TranslateResource does the same to their resource. Documents refer to the
	// resource, so it comes after all records.
	TranslateResource(resource pcommon.Resource)
}

// formats is the only list of the formats. A new one is one line here.
var formats = [...]struct {
	name          string
	newTranslator func(*Config) Translator
}{
	{FormatSplunk, newSplunk},
	{FormatECS, newECS},
	{FormatSentinel, newSentinel},
}

// Formats returns the values of [Config.Format], a new slice.
func Formats() []string {
	names := make([]string, 0, len(formats))
	for i := range formats {
		names = append(names, formats[i].name)
	}
	return names
}

// NewTranslator returns the translator of the format. An unknown format is an error
// that lists the known ones.
func (c *Config) NewTranslator() (Translator, error) {
	for i := range formats {
		if formats[i].name == c.Format {
			return formats[i].newTranslator(c), nil
		}
	}
	return nil, c.checkFormat()
}

func newSplunk(c *Config) Translator {
	return &splunk.Translator{
		Source: c.Splunk.Source, SourceType: c.Splunk.SourceType, Index: c.Splunk.Index, Host: c.Splunk.Host,
		Extended: c.Extended,
	}
}

func newECS(c *Config) Translator {
	return &ecs.Translator{
		Extended: c.Extended, DocumentID: c.ECS.DocumentID,
		Dataset: c.ECS.DataStream.Dataset, Namespace: c.ECS.DataStream.Namespace,
	}
}

func newSentinel(c *Config) Translator {
	return &sentinel.Translator{
		Extended: c.Extended, AttributeLayout: c.Sentinel.Layout == LayoutAttributes, CustomEvent: c.Sentinel.CustomEvent,
	}
}
