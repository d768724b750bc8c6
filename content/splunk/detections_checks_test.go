// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/app"
	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/conf"
	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

// severities are Splunk's numbers for those of the detections: low, medium, high in Splunk Web.
var severities = map[string]string{"low": "2", "medium": "3", "high": "4"}

// splunkNames of the fields that detections group by.
var splunkNames = map[string]string{"source_ip": "src"}

// checkDetections: savedsearches.conf has every detection of content/detections.yaml, as it is there,
// off, by the time of arrival and throttled, and no other alert.
func (p *problems) checkDetections(a *app.App, all shapes, list []detections.Detection) {
	minutes := map[string]string{}
	for i := range list {
		stanza := a.SavedSearches.Stanza(list[i].Name())
		if stanza == nil {
			p.add("no search %q", list[i].Name())
			continue
		}
		p.checkDetection(a, all, &list[i], stanza)
		if other := minutes[stanza.Get("cron_schedule")]; other != "" {
			p.add("%s runs together with %s", stanza.Name, other)
		}
		minutes[stanza.Get("cron_schedule")] = stanza.Name
	}
	for i := range a.SavedSearches.Stanzas {
		stanza := &a.SavedSearches.Stanzas[i]
		if slices.ContainsFunc(list, func(d detections.Detection) bool { return d.Name() == stanza.Name }) {
			continue
		}
		if !strings.HasPrefix(stanza.Name, "Oversight report - ") || stanza.Get("cron_schedule") != "" || stanza.Get("enableSched") != "" {
			p.add("%s is neither a detection nor a report", stanza.Name)
		}
	}
}

func (p *problems) checkDetection(a *app.App, all shapes, d *detections.Detection, stanza *conf.Stanza) {
	description := stanza.Get("description")
	if !strings.HasPrefix(description, d.Description) {
		p.add("%s: another description", d.ID)
	}
	for _, told := range append(slices.Clone(d.FalsePositives), d.Response) {
		if !strings.Contains(description, told) {
			p.add("%s: does not say: %s", d.ID, told)
		}
	}
	for key, value := range map[string]string{
		"disabled": "1", "enableSched": "1", "realtime_schedule": "0", "alert.severity": severities[d.Severity], "alert.track": "1",
		"alert.digest_mode": "0", "alert.suppress": "1", "counttype": "number of events", "relation": "greater than", "quantity": "0",
		"actions": "",
	} {
		if stanza.Get(key) != value {
			p.add("%s: %s is %q, not %q", d.ID, key, stanza.Get(key), value)
		}
	}
	if minute, rest, _ := strings.Cut(stanza.Get("cron_schedule"), " "); d.Frequency.Hours() != 1 || rest != "* * * *" || minute == "0" || strings.ContainsAny(minute, "*/,-") {
		p.add("%s: runs at %q, and not every %v", d.ID, stanza.Get("cron_schedule"), d.Frequency)
	}
	p.checkAnnotations(d, stanza)
	p.checkArrival(a, d, stanza)
	p.checkThrottle(a, all, d, stanza)
	for _, parameter := range d.Parameters {
		p.checkParameter(a, d.ID, parameter)
	}
}

func (p *problems) checkAnnotations(d *detections.Detection, stanza *conf.Stanza) {
	var annotations struct {
		Techniques []string `json:"mitre_attack"`
		Tactics    []string `json:"mitre_attack_tactic"`
	}
	if err := json.Unmarshal([]byte(stanza.Get("action.correlationsearch.annotations")), &annotations); err != nil {
		p.add("%s: annotations: %v", d.ID, err)
	}
	ids := func(list []detections.Attack) []string {
		var ids []string
		for _, each := range list {
			ids = append(ids, each.ID)
		}
		return ids
	}
	if !slices.Equal(annotations.Techniques, ids(d.Techniques)) || !slices.Equal(annotations.Tactics, ids(d.Tactics)) {
		p.add("%s: other tactics or techniques", d.ID)
	}
}

// checkArrival: a search that looks at one record reads what arrived since five minutes before its last
// run, one that looks back what arrived within that time, and each over a wide range of times of events.
func (p *problems) checkArrival(a *app.App, d *detections.Detection, stanza *conf.Stanza) {
	expanded, err := a.Expand(stanza.Get("search"))
	if err != nil {
		return // checkSearches says it
	}
	lookBack := fmt.Sprintf("_index_earliest=-%dh ", int(d.LookBack.Hours()))
	newest := fmt.Sprintf("_index_earliest=-%dm@m ", int(d.Frequency.Minutes())+5)
	if !strings.Contains(expanded, lookBack) && !strings.Contains(expanded, newest) {
		p.add("%s: does not go by the time of arrival", d.ID)
	}
	if d.Window > 0 && !strings.Contains(expanded, lookBack) {
		p.add("%s: does not look back %v", d.ID, d.LookBack)
	}
	if stanza.Get("dispatch.earliest_time") != "-30d" || stanza.Get("dispatch.latest_time") != "+1d" {
		p.add("%s: would miss late events", d.ID)
	}
}

// checkThrottle: the fields are in the results, and are those that the detection groups by: fewer only
// where a stranger chooses one.
func (p *problems) checkThrottle(a *app.App, all shapes, d *detections.Detection, stanza *conf.Stanza) {
	search, err := a.Search(stanza.Get("search"))
	if err != nil {
		return // checkSearches says it
	}
	has := search.Results(all.has(a, search.Filters("sourcetype")))
	throttled := strings.Split(stanza.Get("alert.suppress.fields"), ",")
	for _, field := range throttled {
		if !has(field) {
			p.add("%s: throttled by %s, which results lack", d.ID, field)
		}
	}
	var wanted []string
	for _, field := range d.GroupBy {
		if name, ok := splunkNames[field]; ok {
			field = name
		}
		if !has(field) {
			p.add("%s: results lack %s", d.ID, field)
		}
		wanted = append(wanted, field)
	}
	if !slices.Equal(throttled, wanted) || stanza.Get("alert.suppress.period") != "24h" {
		p.add("%s: is throttled by %v, alert.suppress.period is %s", d.ID, throttled, stanza.Get("alert.suppress.period"))
	}
}

// parameters says where users set those of the detections: a macro, or the column of a lookup.
var parameters = map[string]string{
	"unknown_token tokens": "oversight_unknown_tokens", "many_documents documents": "oversight_documents",
	"far_apart kilometres": "oversight_kilometres", "gateway recipients": "oversight_recipients",
	"unusual_client nameless": "oversight_nameless_clients", "silent_pipeline silence": "oversight_pipeline_silence",
	"silent_collector silence":            "oversight_collector_silence",
	"first_beacon_outside known_networks": "lookup oversight_known_networks network",
	"unusual_client clients":              "lookup oversight_unusual_clients client",
}

func (p *problems) checkParameter(a *app.App, id string, parameter detections.Parameter) {
	where := parameters[id+" "+parameter.Name]
	if rest, isLookup := strings.CutPrefix(where, "lookup "); isLookup {
		name, field, _ := strings.Cut(rest, " ")
		lookup := a.Lookups[name]
		if lookup == nil {
			p.add("%s: no lookup for %s", id, parameter.Name)
			return
		}
		var values []any
		for _, row := range lookup.Rows {
			values = append(values, row[field])
		}
		if !slices.Equal(values, parameter.Value.([]any)) {
			p.add("%s: the lookup %s has %v", id, name, values)
		}
		return
	}
	macro := a.Macros.Stanza(where)
	if macro == nil {
		p.add("%s: no macro for %s", id, parameter.Name)
		return
	}
	wanted := fmt.Sprint(parameter.Value)
	switch parameter.Value.(type) {
	case bool:
		wanted += "()"
	case string:
		wanted = strings.TrimSuffix(wanted, "h") + "*3600"
	}
	if macro.Get("definition") != wanted {
		p.add("%s: the macro %s is %s, not %s", id, where, macro.Get("definition"), wanted)
	}
}
