// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk_test

import (
	"maps"
	"slices"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/app"
	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/conf"
	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/spl"
)

// checkProps: every sourcetype is read as JSON and whole, and what props.conf names is there.
func (p *problems) checkProps(a *app.App, all shapes) {
	for sourcetype := range all {
		stanza := a.Props.Stanza(sourcetype)
		if stanza.Get("KV_MODE") != "json" || stanza.Get("TRUNCATE") != "0" || stanza.Get("INDEXED_EXTRACTIONS") != "" {
			p.add("props.conf: [%s] does not read JSON whole and once", sourcetype)
		}
	}
	file := a.Props.Stanza("oversight:file")
	if file.Get("TRUNCATE") != "0" || file.Get("SHOULD_LINEMERGE") != "false" || file.Get("EVENT_BREAKER_ENABLE") != "true" ||
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
