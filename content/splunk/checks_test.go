// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/app"
	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/conf"
	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/spl"
	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

// problems collects what is wrong with an app. Each check takes the app and adds to it, so that a test
// can run all of them on the app and on mutations of it.
type problems []string

func (p *problems) add(format string, arguments ...any) {
	*p = append(*p, fmt.Sprintf(format, arguments...))
}

// searches returns every search of the app by where it stands, dashboards included.
func searches(a *app.App, dashboards map[string]string) map[string]string {
	all := maps.Clone(dashboards)
	for i := range a.SavedSearches.Stanzas {
		stanza := &a.SavedSearches.Stanzas[i]
		all["savedsearches.conf: "+stanza.Name] = stanza.Get("search")
	}
	return all
}

// checkSearches: every macro, lookup and field of every search is there, and no search joins.
func (p *problems) checkSearches(a *app.App, all shapes, dashboards map[string]string) {
	used := map[string]bool{}
	for where, query := range searches(a, dashboards) {
		search, err := a.Search(query)
		if err != nil {
			p.add("%s: %v", where, err)
			continue
		}
		unknown, lookups := search.Uses(all.has(a, search.Filters("sourcetype")))
		for _, field := range unknown {
			p.add("%s: no field %s", where, field)
		}
		for _, each := range lookups {
			name, field, _ := strings.Cut(each, " ")
			used[name] = true
			if lookup := a.Lookups[name]; lookup == nil {
				p.add("%s: no lookup %s", where, name)
			} else if field != "" && !slices.Contains(lookup.Fields, field) {
				p.add("%s: the lookup %s has no field %s", where, name, field)
			}
		}
		if !slices.Contains(search.Filters("index"), "leaks") {
			p.add("%s: is not of the index", where)
		}
	}
	for name, lookup := range a.Lookups {
		if !used[name] {
			p.add("no search uses the lookup %s", name)
		}
		for _, field := range slices.Concat(lookup.CIDR, lookup.Wildcard) {
			if !slices.Contains(lookup.Fields, field) {
				p.add("the lookup %s matches by %s, which it does not have", name, field)
			}
		}
	}
}

// namesIndex finds index=…, and not _index_earliest or tlog_index.
var namesIndex = regexp.MustCompile(`(?i)\bindex\s*(=|IN\b)`)

// checkMacros: every macro is used, or one for people, and none is the index but the one.
func (p *problems) checkMacros(a *app.App, dashboards map[string]string) {
	for i := range a.Macros.Stanzas {
		stanza := &a.Macros.Stanzas[i]
		if stanza.Get("definition") == "" || stanza.Get("description") == "" {
			p.add("the macro %s has no definition or no description", stanza.Name)
		}
		if stanza.Name != "oversight_index" && namesIndex.MatchString(stanza.Get("definition")) {
			p.add("the macro %s names an index", stanza.Name)
		}
		name, _, _ := strings.Cut(stanza.Name, "(")
		isUsed := false
		for _, query := range searches(a, dashboards) {
			isUsed = isUsed || strings.Contains(query, "`"+name)
		}
		for j := range a.Macros.Stanzas {
			isUsed = isUsed || strings.Contains(a.Macros.Stanzas[j].Get("definition"), "`"+name)
		}
		if !isUsed {
			p.add("nothing uses the macro %s", stanza.Name)
		}
	}
	for where, query := range searches(a, dashboards) {
		if namesIndex.MatchString(query) {
			p.add("%s names an index", where)
		}
	}
}

// checkProps: every sourcetype is read as JSON and whole, and what props.conf names is there.
func (p *problems) checkProps(a *app.App, all shapes) {
	for sourcetype := range all {
		stanza := a.Props.Stanza(sourcetype)
		if stanza == nil || stanza.Get("KV_MODE") != "json" || stanza.Get("TRUNCATE") != "0" || stanza.Get("INDEXED_EXTRACTIONS") != "" {
			p.add("props.conf: [%s] does not read JSON whole and once", sourcetype)
		}
	}
	file := a.Props.Stanza("oversight:file")
	if file == nil || file.Get("TRUNCATE") != "0" || file.Get("SHOULD_LINEMERGE") != "false" || file.Get("EVENT_BREAKER_ENABLE") != "true" ||
		file.Get("EVENT_BREAKER") != file.Get("LINE_BREAKER") {
		p.add("props.conf: [oversight:file] does not read lines whole")
	}
	for i := range a.Props.Stanzas {
		p.checkStanza(a, all, &a.Props.Stanzas[i])
	}
}

func (p *problems) checkStanza(a *app.App, all shapes, stanza *conf.Stanza) {
	hasField := (shapes{stanza.Name: all[stanza.Name]}).has(&app.App{Props: &conf.File{}}, nil)
	for _, key := range stanza.Keys {
		class, _, _ := strings.Cut(key, "-")
		switch class {
		case "TRANSFORMS", "REPORT":
			for name := range strings.SplitSeq(stanza.Get(key), ",") {
				if a.Transforms.Stanza(strings.TrimSpace(name)) == nil {
					p.add("props.conf: [%s] %s: no transform %s", stanza.Name, key, name)
				}
			}
		case "EVAL":
			expression, err := spl.ParseExpression(stanza.Get(key))
			if err != nil {
				p.add("props.conf: [%s] %s: %v", stanza.Name, key, err)
				continue
			}
			for _, field := range expression.Fields() { // not calculated ones: all are calculated at once
				if !hasField(field) {
					p.add("props.conf: [%s] %s: no field %s", stanza.Name, key, field)
				}
			}
		case "LOOKUP", "EXTRACT", "FIELDALIAS":
			p.add("props.conf: [%s] %s: is not checked here", stanza.Name, key)
		}
	}
}

// checkIndexedFields: fields.conf has every indexed field of every sourcetype, and no field that is a
// part of the event alone, which nothing would find then.
func (p *problems) checkIndexedFields(a *app.App, all shapes) {
	for sourcetype, s := range all {
		added := all["oversight:beacon"].indexed // what a pipeline adds, every record can have
		for field := range added {
			ofEvents := all["oversight:beacon"].event[field] || field == "beacon_kind"
			if (s.indexed[field] || !ofEvents) && !a.FindsIndexed(sourcetype, field) {
				p.add("fields.conf: %s of %s is indexed", field, sourcetype)
			}
		}
		for field := range s.event {
			if !s.indexed[field] && a.FindsIndexed(sourcetype, field) {
				p.add("fields.conf: %s of %s is not indexed", field, sourcetype)
			}
		}
	}
	p.checkWildcards(a, all)
	for i := range a.Fields.Stanzas {
		name := a.Fields.Stanzas[i].Name
		if !slices.ContainsFunc(slices.Collect(maps.Keys(all)), func(s string) bool { return strings.HasPrefix(name, "sourcetype::"+s+"::") }) {
			p.add("fields.conf: [%s] is of none of our sourcetypes", name)
		}
	}
}

// checkWildcards: what a pipeline adds, every sourcetype can have, so all have the same patterns.
func (p *problems) checkWildcards(a *app.App, all shapes) {
	for i := range a.Fields.Stanzas {
		name := a.Fields.Stanzas[i].Name
		parts := strings.SplitN(name, "::", 3)
		if len(parts) < 3 || !strings.HasSuffix(name, "*") {
			continue
		}
		for sourcetype := range all {
			if a.Fields.Stanza("sourcetype::"+sourcetype+"::"+parts[2]) == nil {
				p.add("fields.conf: [%s] is not for all: %s lacks it", name, sourcetype)
			}
		}
	}
}

// checkMetadata: how events are read is shared with other apps, what has a name that they could use
// themselves is not, and only administrators change either: whoever may write a list of known sources
// can hide.
func (p *problems) checkMetadata(a *app.App) {
	if access := a.Metadata.Stanza("").Get("access"); access != "read : [ * ], write : [ admin, sc_admin ]" {
		p.add("default.meta: everybody may write: %s", access)
	}
	for name, wanted := range map[string]string{
		"props": "system", "transforms": "system", "fields": "system", "lookups": "system", "eventtypes": "system", "tags": "system",
		"macros": "none", "savedsearches": "none", "views": "none",
	} {
		stanza := a.Metadata.Stanza(name)
		if stanza == nil || stanza.Get("export") != wanted || stanza.Get("access") != "" {
			p.add("default.meta: [%s] is shared with %s", name, cmp.Or(stanza, &conf.Stanza{}).Get("export"))
		}
	}
}

// checkVersion: app.conf and app.manifest have one version.
func (p *problems) checkVersion(directory string) {
	file, err := conf.Read(directory, "default/app.conf")
	if err != nil {
		p.add("%v", err)
		return
	}
	manifest, err := os.ReadFile(filepath.Join(directory, "app.manifest"))
	if err != nil {
		p.add("%v", err)
		return
	}
	version := file.Stanza("id").Get("version")
	if version != file.Stanza("launcher").Get("version") || !strings.Contains(string(manifest), `"version": "`+version+`"`) {
		p.add("app.conf and app.manifest have different versions")
	}
}

// checkEventTypes: what eventtypes.conf and tags.conf name is there.
func (p *problems) checkEventTypes(a *app.App, all shapes) {
	for i := range a.EventTypes.Stanzas {
		stanza := &a.EventTypes.Stanzas[i]
		search, err := a.Search(stanza.Get("search"))
		if err != nil {
			p.add("eventtypes.conf: [%s]: %v", stanza.Name, err)
			continue
		}
		unknown, _ := search.Uses(all.has(a, search.Filters("sourcetype")))
		for _, field := range unknown {
			p.add("eventtypes.conf: [%s]: no field %s", stanza.Name, field)
		}
	}
	for i := range a.Tags.Stanzas {
		name, isEventType := strings.CutPrefix(a.Tags.Stanzas[i].Name, "eventtype=")
		if !isEventType || a.EventTypes.Stanza(name) == nil {
			p.add("tags.conf: [%s]: no event type", a.Tags.Stanzas[i].Name)
		}
	}
}

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
		var values []any
		for _, row := range a.Lookups[name].Rows {
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
