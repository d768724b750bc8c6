// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package guarantee finds what breaks the guarantee of pipelines that receivers
// `oversight` and connectors `dead_letter` feed: that the position moves only when events
// are delivered.
package guarantee

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Warning is about one part of the configuration.
type Warning struct {
	// Pipeline is the id of a pipeline with the part.
	Pipeline string
	// Part is the component or the pipeline, with its kind.
	Part string
	// Problem says what can happen, Remedy what to write instead.
	Problem, Remedy string
	// Loses says that events can be lost; otherwise they are repeated or held up, or the
	// reason of a refusal stays unknown.
	Loses bool
}

// settings are the settings of a component, or a part of them.
type settings map[string]any

func asSettings(value any) settings {
	m, _ := value.(map[string]any)
	return m
}

// get returns a nested part, empty if there is none.
func (s settings) get(keys ...string) settings {
	for _, key := range keys {
		s = asSettings(s[key])
	}
	return s
}

func (s settings) text(key string) string {
	if s[key] == nil {
		return ""
	}
	return fmt.Sprint(s[key])
}

// number returns a whole number, 0 if there is none.
func (s settings) number(key string) int64 {
	n, _ := strconv.ParseInt(s.text(key), 10, 64)
	return n
}

// on returns whether a part is there and not disabled. What is disabled is empty in
// an effective configuration.
func (s settings) on() bool { return len(s) > 0 && s.text("enabled") != "false" }

// strings returns the elements of a list.
func (s settings) strings(key string) []string {
	var list []string
	switch values := s[key].(type) {
	case []any:
		for _, value := range values {
			list = append(list, fmt.Sprint(value))
		}
	case []string:
		list = values
	}
	return list
}

// typeOf returns the type of a component's or pipeline's id.
func typeOf(id string) string {
	name, _, _ := strings.Cut(id, "/")
	return name
}

// configurationCheck looks for what breaks the guarantee.
type configurationCheck struct {
	root      settings
	pipelines settings
	warnings  []Warning
	// checked are the pipelines that were checked, warned the parts and problems that
	// were warned of.
	checked, warned map[string]bool
}

// Check returns the warnings about a configuration in which defaults are set, sorted.
func Check(conf map[string]any) []Warning {
	c := &configurationCheck{
		root: conf, pipelines: settings(conf).get("service", "pipelines"),
		checked: map[string]bool{}, warned: map[string]bool{},
	}
	for _, receiver := range slices.Sorted(maps.Keys(c.root.get("receivers"))) {
		if typeOf(receiver) == "oversight" {
			c.checkReceiver(receiver)
		}
	}
	for _, pipeline := range slices.Sorted(maps.Keys(c.pipelines)) {
		// The pipelines before and behind it: the connector waits for each delivery.
		if parts := c.pipelines.get(pipeline); slices.ContainsFunc(slices.Concat(parts.strings("receivers"), parts.strings("exporters")), isDeadLetter) {
			c.checkPipeline(pipeline)
		}
	}
	slices.SortFunc(c.warnings, func(a, b Warning) int {
		return cmp.Or(cmp.Compare(a.Pipeline, b.Pipeline), cmp.Compare(a.Part, b.Part), cmp.Compare(a.Problem, b.Problem))
	})
	return c.warnings
}

// isDeadLetter returns whether the component with that id is a connector `dead_letter`.
// Like a receiver `oversight`, it delivers to each pipeline apart, retries, and reports
// a destination that accepts nothing.
func isDeadLetter(id string) bool { return typeOf(id) == "dead_letter" }

func (c *configurationCheck) warn(w Warning) {
	if key := w.Part + ": " + w.Problem; !c.warned[key] {
		c.warned[key] = true
		c.warnings = append(c.warnings, w)
	}
}

// fedBy returns the ids of the pipelines that a receiver or connector feeds.
func (c *configurationCheck) fedBy(id string) []string {
	var fed []string
	for _, pipeline := range slices.Sorted(maps.Keys(c.pipelines)) {
		if slices.Contains(c.pipelines.get(pipeline).strings("receivers"), id) {
			fed = append(fed, pipeline)
		}
	}
	return fed
}

func (c *configurationCheck) checkReceiver(id string) {
	pipelines := c.fedBy(id)
	if len(pipelines) == 0 {
		return
	}
	part := "receiver " + id
	if c.root.get("receivers", id).text("storage") == "" {
		c.warn(Warning{pipelines[0], part, "the position is not stored: a restart repeats or skips events", "set `storage`", true})
	}
	if len(pipelines) > 1 {
		c.warn(Warning{
			pipelines[0], part,
			"it feeds several pipelines: an event that one refuses is sent again to the others, and holds them up",
			"use a receiver for each pipeline", false,
		})
	}
	for _, pipeline := range pipelines {
		c.checkPipeline(pipeline)
	}
}

func (c *configurationCheck) checkPipeline(id string) {
	if c.checked[id] {
		return
	}
	c.checked[id] = true
	pipeline := c.pipelines.get(id)
	for _, processor := range pipeline.strings("processors") {
		if typeOf(processor) == "batch" {
			c.warn(Warning{
				id, "processor " + processor, "it reports success before events are sent: a crash or a full queue loses them",
				"remove it: the receiver sends batches", true,
			})
		}
	}
	exporters := pipeline.strings("exporters")
	if len(exporters) > 1 {
		c.warn(Warning{
			id, "pipeline " + id, "it has several exporters: an event that one refuses is sent again to the others, and holds them up",
			"use a receiver and a pipeline for each exporter", false,
		})
	}
	for _, exporter := range exporters {
		if _, ok := c.root.get("connectors")[exporter]; ok {
			c.checkConnector(id, exporter)
		} else {
			c.checkExporter(id, exporter)
		}
	}
}

func (c *configurationCheck) checkConnector(pipeline, id string) {
	fed := c.fedBy(id)
	switch kind := typeOf(id); {
	case kind == "failover":
		c.warn(Warning{
			pipeline, "connector " + id, "it loses events when it changes to another level, and hides why a destination refuses",
			"use a receiver and a pipeline for each destination", true,
		})
	case kind != "routing" && !isDeadLetter(id) && len(fed) > 1:
		c.warn(Warning{
			pipeline, "connector " + id, "it feeds several pipelines: an event that one refuses is sent again to the others, and holds them up",
			"use a receiver for each pipeline", false,
		})
	}
	for _, next := range fed {
		c.checkPipeline(next)
	}
}
