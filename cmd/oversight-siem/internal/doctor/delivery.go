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

	"github.com/oversight-protocol/oversight-otelcol/internal/guarantee"
)

var confmapIgnoreUnused = confmap.WithIgnoreUnused()

// dropping are processors that drop events by themselves.
var dropping = []string{"tail_sampling", "probabilistic_sampler"}

// checkDelivery names the parts of the pipelines that break the guarantee, by the rules by
// which the collector warns of them.
func (c *config) checkDelivery() (found []finding) {
	s, err := c.service()
	if err != nil {
		return failed("fix the key `service` of the configuration", "`service`: %v", err)
	}
	delivering := 0
	for _, id := range slices.SortedFunc(maps.Keys(s.Pipelines), compareIDs) {
		p := s.Pipelines[id]
		if p == nil || !slices.ContainsFunc(p.Receivers, waitsForDelivery) {
			continue
		}
		delivering++
		for _, processor := range p.Processors {
			if slices.Contains(dropping, processor.Type().String()) {
				found = append(found, failed(fmt.Sprintf("remove %q from `service::pipelines::%s::processors`", processor, id), "pipeline %s has the processor %s, which drops events", id, processor)...)
			}
		}
	}
	if delivering == 0 {
		return warning("add one to `service::pipelines`", "no pipeline has a receiver `oversight`, or a gateway's connector `dead_letter`")
	}
	for _, w := range guarantee.Check(c.effective()) {
		found = append(found, guaranteeFinding(w))
	}
	if len(found) == 0 {
		return passed("no part of %d pipeline(s) acknowledges events before they are delivered", delivering)
	}
	return found
}

// guaranteeFinding is a warning of the collector as a result: events are lost, or are only
// repeated or held up.
func guaranteeFinding(w guarantee.Warning) finding {
	status := StatusWarning
	// azuremonitor has no setting that keeps events: who uses it knows.
	if w.Loses && !strings.HasPrefix(w.Part, "exporter azuremonitor") {
		status = StatusFailed
	}
	part := w.Part
	if pipeline := "pipeline " + w.Pipeline; part != pipeline {
		part = pipeline + ", " + part
	}
	return finding{status, part + ": " + w.Problem, w.Remedy}
}

// waitsForDelivery reports whether a receiver, or a gateway's connector, keeps events until
// they are delivered.
func waitsForDelivery(id component.ID) bool {
	return isOversight(id) || id.Type().String() == "dead_letter"
}

func isOversight(id component.ID) bool { return id.Type().String() == "oversight" }

func compareIDs(a, b component.ID) int { return strings.Compare(a.String(), b.String()) }
