// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content && unix

package elasticpackage

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type object = map[string]any

// difference is something that Elasticsearch has and OpenSearch 2.19 does not, and what
// the tests use in its place. docs/elastic.md lists them.
type difference struct {
	what, instead string
	// change changes an object of a request, at any depth.
	change func(o object)
}

var differences = []difference{
	{"stock component templates, `ignore_missing_component_templates`", "left out", func(o object) {
		if list, ok := o["composed_of"].([]any); ok {
			o["composed_of"] = withoutStock(list)
		}
		delete(o, "ignore_missing_component_templates")
	}},
	{"`allow_auto_create` of a template", "left out", remove("allow_auto_create")},
	{"`data_stream_options`: the failure store", "left out", remove("data_stream_options")},
	{"`lifecycle` of a template, `index.lifecycle`", "left out", remove("lifecycle")},
	{"`index.mapping.source.mode`", "left out: OpenSearch always stores `_source`", remove("source", "mode")},
	{"`index.mapping.total_fields.ignore_dynamic_beyond_limit`", "left out", remove("total_fields", "ignore_dynamic_beyond_limit")},
	{"`ignore_malformed` of a single field", "left out", func(o object) {
		if o["type"] == "date" {
			delete(o, "ignore_malformed")
		}
	}},
	{"`flattened`", "`flat_object`, which has no `ignore_above` and no `depth_limit`", func(o object) {
		if o["type"] == "flattened" {
			o["type"] = "flat_object"
			delete(o, "ignore_above")
			delete(o, "depth_limit")
		}
	}},
	{"`constant_keyword` without a value", "`keyword`", func(o object) {
		if o["type"] == "constant_keyword" && o["value"] == nil {
			o["type"] = "keyword"
		}
	}},
	{"`_meta` of a pipeline", "left out", func(o object) {
		if o["processors"] != nil {
			delete(o, "_meta")
		}
	}},
	{"the processor `geoip`", "a script that knows two networks, and fails on what is no address", standInGeoIP},
	{"the processor `registered_domain`", "a script that takes the last two labels of a name", standInRegisteredDomain},
}

// remove removes a key that has a value of a certain kind: an object with a key of the
// given name, if there is one.
func remove(name string, inner ...string) func(o object) {
	return func(o object) {
		if len(inner) == 0 {
			delete(o, name)
			return
		}
		if value, ok := o[name].(object); ok {
			delete(value, inner[0])
			if len(value) == 0 {
				delete(o, name)
			}
		}
	}
}

func withoutStock(list []any) []any {
	kept := []any{}
	for _, name := range list {
		if !strings.HasPrefix(name.(string), "logs@") && name != "ecs@mappings" && name != "oversight@custom" {
			kept = append(kept, name)
		}
	}
	return kept
}

// standInGeoIP replaces the processor by a script with the same conditions.
func standInGeoIP(o object) {
	geoip, ok := o["geoip"].(object)
	if !ok {
		return
	}
	source := `
		def ip = ctx.source.ip;
		if (!(ip.contains('.') || ip.contains(':'))) { throw new IllegalArgumentException('[' + ip + '] is not an IP string literal.'); }
		if (ip.startsWith('203.0.113.')) { ctx.source.geo = ['country_iso_code': 'DE', 'country_name': 'Germany', 'city_name': 'Berlin',
			'location': ['lat': 52.5, 'lon': 13.4]]; }`
	if geoip["database_file"] != nil {
		source = `if (ctx.source.ip.startsWith('203.0.113.')) { ctx.source.as = ['asn': 64500, 'organization_name': 'Example Net']; }`
	}
	replaceByScript(o, "geoip", geoip, source)
}

func standInRegisteredDomain(o object) {
	domain, ok := o["registered_domain"].(object)
	if !ok || domain["field"] == nil { // a field of the mapping has the same name
		return
	}
	replaceByScript(o, "registered_domain", domain, `
		def question = ctx.dns.question;
		def name = question.name;
		int last = name.lastIndexOf('.');
		int first = last < 1 ? -1 : name.lastIndexOf('.', last - 1);
		if (last > 0) {
			question.domain = name;
			question.top_level_domain = name.substring(last + 1);
			question.registered_domain = name.substring(first + 1);
			if (first > 0) { question.subdomain = name.substring(0, first); }
		}`)
}

func replaceByScript(o object, name string, processor object, source string) {
	script := object{"lang": "painless", "source": source}
	for _, key := range []string{"if", "tag", "description", "on_failure"} {
		if processor[key] != nil {
			script[key] = processor[key]
		}
	}
	delete(o, name)
	o["script"] = script
}

// forOpenSearch changes a request's body as the differences say.
func forOpenSearch(t *testing.T, body []byte) string {
	t.Helper()
	var value any
	require.NoError(t, json.Unmarshal(body, &value))
	walk(value, func(o object) {
		for _, d := range differences {
			d.change(o)
		}
	})
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

// walk calls a function for every object, outer ones first.
func walk(value any, visit func(o object)) {
	switch value := value.(type) {
	case object:
		visit(value)
		for _, part := range value {
			walk(part, visit)
		}
	case []any:
		for _, part := range value {
			walk(part, visit)
		}
	}
}

// The page lists every difference.
func TestDifferencesAreDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "elastic.md"))
	require.NoError(t, err)
	for _, d := range differences {
		row := "| " + d.what + " | " + d.instead + " |\n"
		assert.True(t, strings.Contains(string(page), row), "docs/elastic.md lacks %s", row) //nolint:testifylint // a page is too long for a message
	}
}
