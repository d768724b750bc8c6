// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"go.opentelemetry.io/collector/component"
)

// exporter is an exporter that is checked.
type exporter struct {
	id       component.ID
	config   *config
	settings *Settings
}

func (e *exporter) key() string { return "exporters::" + e.id.String() }

// read reads some settings of the exporter, or says why it cannot.
func (e *exporter) read(into any) []finding {
	if err := e.config.read("exporters", e.id, into); err != nil {
		return failed("fix `"+e.key()+"`", "the settings cannot be read: %v", err)
	}
	return nil
}

// client is a client with the settings of an exporter.
func (e *exporter) client() (client *httpClient, endpoint string, found []finding) {
	var settings clientSettings
	if found := e.read(&settings); found != nil {
		return nil, "", found
	}
	client, found = newHTTPClient(&settings, e.key())
	return client, settings.Endpoint, found
}

// usedExporters are the exporters and connectors that pipelines send to.
func (c *config) usedExporters() []component.ID {
	s, err := c.service()
	if err != nil {
		return nil // said already
	}
	used := map[component.ID]bool{}
	for _, p := range s.Pipelines {
		for _, id := range p.exporters() {
			used[id] = true
		}
	}
	return slices.SortedFunc(maps.Keys(used), compareIDs)
}

// exporterChecks are those of all exporters that pipelines use.
func (c *config) exporterChecks(settings *Settings) (checks []check) {
	connectors := c.section("connectors")
	for _, id := range c.usedExporters() {
		if !slices.Contains(connectors, id) {
			e := &exporter{id, c, settings}
			checks = append(append(checks, e.checks()...), e.eventChecks()...)
		}
	}
	return checks
}

func (p *pipeline) exporters() []component.ID {
	if p == nil {
		return nil
	}
	return p.Exporters
}

// checks are those of one exporter.
func (e *exporter) checks() []check {
	name := e.id.String()
	if !slices.Contains(e.config.section("exporters"), e.id) {
		return []check{{"destination", name, func(context.Context) []finding {
			return failed(fmt.Sprintf("define `%s`", e.key()), "a pipeline uses the exporter, which is not defined")
		}}}
	}
	switch e.id.Type().String() {
	case "splunk_hec":
		return []check{{"splunk.health", name, e.checkHECHealth}, {"splunk.token", name, e.checkHECToken}, {"splunk.index", name, e.checkHECIndex}}
	case "elasticsearch":
		return []check{{"elasticsearch.key", name, e.checkElasticKey}, {"elasticsearch.privileges", name, e.checkElasticPrivileges}, {"elasticsearch.template", name, e.checkElasticTemplate}, {"elasticsearch.block", name, e.checkElasticBlock}, {"elasticsearch.event", name, e.checkElasticEvent}}
	case "azure_logs_ingestion":
		return []check{{"azure.endpoint", name, e.checkAzureEndpoint}, {"azure.rule", name, e.checkAzureRule}}
	case "otlp_grpc", "otlp", "otlp_http", "otlphttp", "kafka", "opensearch", "azuremonitor":
		return []check{{"destination.reachable", name, e.checkReachable}}
	case "file":
		return []check{{"file.directory", name, e.checkFile}}
	case "debug", "nop", "prometheus": // they send nothing
		return nil
	default:
		return []check{{"destination", name, func(context.Context) []finding {
			return notChecked("look at the collector's log and at its metrics after the start", "exporters of the type %s are not known to this check", e.id.Type())
		}}}
	}
}

// sharesPipeline reports whether a processor is in a pipeline with the exporter.
func (e *exporter) sharesPipeline(processor component.ID) bool {
	s, err := e.config.service()
	if err != nil {
		return false
	}
	for _, p := range s.Pipelines {
		if p != nil && slices.Contains(p.Exporters, e.id) && slices.Contains(p.Processors, processor) {
			return true
		}
	}
	return false
}
