// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"slices"
	"strings"
)

// defaultsOn are the parts of exporters that are on where the configuration does not turn
// them off. Source: the exporters' default configurations in v0.152.0.
var defaultsOn = map[string][]string{
	"sending_queue":    {"splunk_hec", "elasticsearch", "azure_logs_ingestion", "otlp_grpc", "otlp", "otlp_http", "otlphttp", "kafka", "opensearch"},
	"retry_on_failure": {"splunk_hec", "azure_logs_ingestion", "otlp_grpc", "otlp", "otlp_http", "otlphttp", "kafka", "opensearch"},
	"retry":            {"elasticsearch"},
}

// effective is the configuration with the defaults that decide whether events can be lost.
func (c *config) effective() map[string]any {
	conf := c.conf.ToStringMap()
	exporters, _ := conf["exporters"].(map[string]any)
	for id, value := range exporters {
		settings, ok := value.(map[string]any)
		if !ok {
			settings = map[string]any{}
			exporters[id] = settings
		}
		kind, _, _ := strings.Cut(id, "/")
		for part, kinds := range defaultsOn {
			if slices.Contains(kinds, kind) {
				turnOn(settings, part)
			}
		}
		if retry, ok := settings["retry_on_failure"].(map[string]any); ok && retry["max_elapsed_time"] == nil {
			retry["max_elapsed_time"] = "5m"
		}
		if _, ok := settings["rotation"]; ok {
			turnOn(settings, "rotation")
		}
	}
	return conf
}

// turnOn turns a part on, unless the configuration says whether it is on.
func turnOn(settings map[string]any, part string) {
	own, ok := settings[part].(map[string]any)
	if !ok {
		own = map[string]any{}
		settings[part] = own
	}
	if _, ok := own["enabled"]; !ok {
		own["enabled"] = true
	}
}
