// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
)

var confmapIgnoreUnused = confmap.WithIgnoreUnused()

// losing are processors that acknowledge events before they are delivered, or drop
// them by themselves.
var losing = map[string]string{
	"batch":                 "it acknowledges events before they are sent: the receiver makes batches itself (`batch_size`)",
	"tail_sampling":         "it drops events",
	"probabilistic_sampler": "it drops events",
}

// checkDelivery names the parts of a pipeline with which events can be lost.
func (c *config) checkDelivery() (found []finding) {
	s, err := c.service()
	if err != nil {
		return failed("mend the key `service` of the configuration", "`service`: %v", err)
	}
	receivers, exporters := map[component.ID]bool{}, map[component.ID]bool{}
	for _, id := range slices.SortedFunc(maps.Keys(s.Pipelines), compareIDs) {
		p := s.Pipelines[id]
		if p == nil || !slices.ContainsFunc(p.Receivers, waitsForDelivery) {
			continue
		}
		for _, r := range p.Receivers {
			receivers[r] = true
		}
		for _, processor := range p.Processors {
			if why := losing[processor.Type().String()]; why != "" {
				found = append(found, failed(fmt.Sprintf("remove %q from `service::pipelines::%s::processors`", processor, id), "pipeline %s has the processor %s: %s", id, processor, why)...)
			}
		}
		for _, e := range p.Exporters {
			exporters[e] = true
		}
	}
	if len(receivers) == 0 {
		return warning("add one to `service::pipelines`", "no pipeline has a receiver `oversight`, or a gateway's connector `dead_letter`")
	}
	for _, id := range slices.SortedFunc(maps.Keys(exporters), compareIDs) {
		found = append(found, c.checkQueue(id)...)
	}
	if len(found) == 0 {
		return passed("no part of %d pipeline(s) acknowledges events before they are delivered", len(s.Pipelines))
	}
	return found
}

// checkQueue names a sending queue, which acknowledges events before they are sent.
// Exporters of this distribution that have one have it on by default.
func (c *config) checkQueue(id component.ID) []finding {
	if id.Type().String() == "azuremonitor" {
		return warning("use azure_logs_ingestion (config/sentinel.yaml) where no event may be lost", "exporter %s acknowledges events before they are sent, whatever its settings: an outage or a crash can lose some", id)
	}
	if !slices.Contains([]string{"splunk_hec", "elasticsearch", "azure_logs_ingestion", "otlp_grpc", "otlp_http", "otlp", "otlphttp", "kafka", "opensearch"}, id.Type().String()) {
		return nil
	}
	settings := struct {
		Queue struct {
			Enabled *bool   `mapstructure:"enabled"`
			Storage *string `mapstructure:"storage"`
		} `mapstructure:"sending_queue"`
	}{}
	if err := c.read("exporters", id, &settings); err != nil {
		return failed(fmt.Sprintf("mend `exporters::%s::sending_queue`", id), "`exporters::%s`: %v", id, err)
	}
	if e := settings.Queue.Enabled; e != nil && !*e {
		return nil
	}
	return failed(fmt.Sprintf("set `exporters::%s::sending_queue::enabled` to false: the receiver retries", id), "exporter %s has a sending queue: it acknowledges events before they are sent, and refused ones are lost", id)
}

// waitsForDelivery reports whether a receiver, or a gateway's connector, keeps events until
// they are delivered.
func waitsForDelivery(id component.ID) bool {
	return isOversight(id) || id.Type().String() == "dead_letter"
}

func isOversight(id component.ID) bool { return id.Type().String() == "oversight" }

func compareIDs(a, b component.ID) int { return strings.Compare(a.String(), b.String()) }
