// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package siem is the configuration of the shapes that SIEMs expect. The processor,
// the encoding extension and the command share it.
package siem

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Config is what a user writes to choose a shape: the format and its settings. A
// block applies to its own format only.
type Config struct {
	// Format is one of [Formats]. Required.
	Format string `mapstructure:"format"`

	// Extended adds fields to what the registry's own exporter writes, and
	// changes none. Default true.
	Extended bool `mapstructure:"extended"`

	// Splunk is for the format `splunk`.
	Splunk SplunkConfig `mapstructure:"splunk"`

	// ECS is for the format `ecs`.
	ECS ECSConfig `mapstructure:"ecs"`

	// Sentinel is for the format `sentinel`.
	Sentinel SentinelConfig `mapstructure:"sentinel"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// SplunkConfig is the metadata of HEC events.
type SplunkConfig struct {
	// Source is the metadata `source`. Default `oversight:registry`.
	Source string `mapstructure:"source"`
	// SourceType is the metadata `sourcetype` of events. Default
	// `oversight:beacon`. That of findings is `oversight:integrity`.
	SourceType string `mapstructure:"sourcetype"`
	// Index is the metadata `index`. Default: none, which means the token's
	// default index.
	Index string `mapstructure:"index"`
	// Host is the metadata `host`. Default: the registry's id.
	Host string `mapstructure:"host"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// ECSConfig says where documents go, and under which id. It is for the exporter
// elasticsearch and has no effect in an encoding.
type ECSConfig struct {
	// DocumentID makes the event's uid the document's _id, by the attribute
	// elasticsearch.document_id, so that a repeated event is a conflict and not a
	// second document. It needs `logs_dynamic_id: {enabled: true}` in the
	// exporter. Default true.
	DocumentID bool `mapstructure:"document_id"`
	// DataStream is where documents go: logs-{dataset}-{namespace}. Attributes
	// that the pipeline has set before override it.
	DataStream DataStreamConfig `mapstructure:"data_stream"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// DataStreamConfig names a data stream
// (https://www.elastic.co/guide/en/ecs/8.11/ecs-data_stream.html).
type DataStreamConfig struct {
	// Dataset is data_stream.dataset of all documents. Default: none, which means
	// that of each document's event.dataset: oversight.beacon, oversight.integrity
	// or oversight.checkpoint.
	Dataset string `mapstructure:"dataset"`
	// Namespace is data_stream.namespace. Default `default`.
	Namespace string `mapstructure:"namespace"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Values of [SentinelConfig.Layout].
const (
	// LayoutBody makes the row a flat map body.
	LayoutBody = "body"
	// LayoutAttributes makes the columns attributes, and the body a message.
	LayoutAttributes = "attributes"
)

// SentinelConfig is how a record carries a row.
type SentinelConfig struct {
	// Layout is `body` (the default), for the exporters azure_logs_ingestion,
	// file and kafka, or `attributes`, for azuremonitor.
	Layout string `mapstructure:"layout"`
	// CustomEvent is the name of the custom event that azuremonitor makes of a
	// record, with `custom_events_enabled` set there and the layout
	// `attributes`. Default: none, which means a trace.
	CustomEvent string `mapstructure:"custom_event"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// NewDefaultConfig returns the defaults. The format is left to the user.
func NewDefaultConfig() Config {
	return Config{
		Extended: true,
		ECS: ECSConfig{
			DocumentID: true,
			DataStream: DataStreamConfig{Namespace: "default"},
		},
		Sentinel: SentinelConfig{Layout: LayoutBody},
	}
}

// Check reports every wrong setting, with its key and value. Others are formats
// that are allowed beside [Formats]. The Validate of a component's configuration
// calls it. It is not named Validate itself, since the collector would call it as
// well, and name the key of a field that nobody wrote.
func (c *Config) Check(others ...string) error {
	return errors.Join(c.checkFormat(others...), c.ECS.DataStream.check(), c.Sentinel.check())
}

// checkFormat reports a format that is none of [Formats] or of the others, and
// lists them all.
func (c *Config) checkFormat(others ...string) error {
	choices := slices.Concat(Formats(), others)
	if slices.Contains(choices, c.Format) {
		return nil
	}
	list := strings.Join(choices, ", ")
	if c.Format == "" {
		return fmt.Errorf("`format` is required: must be one of %s", list)
	}
	return fmt.Errorf("`format` is %q: must be one of %s", c.Format, list)
}

// forbidden has the characters that no index name may have, as in
// https://www.elastic.co/guide/en/ecs/8.11/ecs-data_stream.html lists them.
const forbidden = "\\/*?\"<>| ,#:"

// check reports names that Elasticsearch rejects.
func (c *DataStreamConfig) check() error {
	var dataset error
	if c.Dataset != "" {
		dataset = checkName("ecs::data_stream::dataset", c.Dataset)
	}
	return errors.Join(dataset, checkName("ecs::data_stream::namespace", c.Namespace))
}

func checkName(key, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("`%s` must not be empty", key)
	case len(name) > 100:
		return fmt.Errorf("`%s` is %q: must not be longer than 100 bytes", key, name)
	case strings.ContainsAny(name, forbidden+"-") || strings.ToLower(name) != name:
		return fmt.Errorf("`%s` is %q: must be lower case, without - and %s", key, name, forbidden)
	}
	return nil
}

// check reports an unknown layout.
func (c *SentinelConfig) check() error {
	if c.Layout != LayoutBody && c.Layout != LayoutAttributes {
		return fmt.Errorf("`sentinel::layout` is %q: must be %q or %q", c.Layout, LayoutBody, LayoutAttributes)
	}
	if c.CustomEvent != "" && c.Layout != LayoutAttributes {
		return fmt.Errorf("`sentinel::custom_event` is %q: requires `sentinel::layout: %s`", c.CustomEvent, LayoutAttributes)
	}
	return nil
}
