// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/app"
	"github.com/oversight-protocol/oversight-otelcol/internal/tools/splunkapp/splunkpackage"
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
		if stanza.Get("export") != wanted || stanza.Get("access") != "" {
			p.add("default.meta: [%s] is shared with %s", name, stanza.Get("export"))
		}
	}
}

// checkVersion: it can be packaged, which the files that name its version have to agree for.
func (p *problems) checkVersion(directory string) {
	if _, _, err := splunkpackage.Pack(directory); err != nil {
		p.add("%v", err)
	}
}
