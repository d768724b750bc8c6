// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
)

// ignoreAbove is the longest text that a keyword indexes, as Fleet sets it.
const ignoreAbove = 1024

// object is a part of a JSON document.
type object = map[string]any

// Names of the plain assets.
const (
	mappingsTemplate = "oversight@mappings"
	settingsTemplate = "oversight@settings"
	customTemplate   = "oversight@custom" // for changes of the user's own; we never write it
	pipelineName     = "oversight@pipeline"
)

// retention is how long Elasticsearch keeps documents at least.
const retention = "365d"

// stock are the component templates that Elasticsearch brings. They say how data
// streams of logs are stored, such as with a failure store and without limits on
// dynamic fields that refuse documents.
var stock = []string{"logs@mappings", "logs@settings", "ecs@mappings"}

// addTemplates adds the component templates and the index templates.
func addTemplates(dir string, files fileSet) error {
	fields, err := readFields(dir)
	if err != nil {
		return err
	}
	templates := map[string]object{
		"component_template/" + mappingsTemplate + ".json": {
			"template": object{"mappings": mappings(slices.Concat(fields.ecs, fields.own))},
			"_meta":    meta("Fields of Oversight's documents."),
		},
		"component_template/" + settingsTemplate + ".json":            componentSettings(false),
		"component_template/" + settingsTemplate + ".serverless.json": componentSettings(true),
	}
	for _, dataset := range datasets {
		templates["index_template/logs-oversight."+dataset+".json"] = indexTemplate(packageName + "." + dataset)
	}
	for name, template := range templates {
		if err := files.addJSON("assets/"+name, template); err != nil {
			return err
		}
	}
	return nil
}

func meta(description string) object {
	return object{"description": description, "managed_by": "oversight"}
}

// mappings maps the fields, except for data_stream.*, whose values each index
// template sets.
func mappings(fields []field) object {
	properties := object{}
	for _, f := range fields {
		if strings.HasPrefix(f.Name, "data_stream.") {
			continue
		}
		put(properties, strings.Split(f.Name, "."), mapping(f))
	}
	return object{
		"date_detection": false,
		"dynamic_templates": []any{
			object{"oversight_labels": object{
				"path_match": "labels.*", "match_mapping_type": "string",
				"mapping": object{"type": "keyword", "ignore_above": ignoreAbove},
			}},
		},
		"properties": properties,
	}
}

func mapping(f field) object {
	m := object{"type": f.Type}
	switch f.Type {
	case "keyword":
		m["ignore_above"] = ignoreAbove
	case "flattened":
		m["ignore_above"] = ignoreAbove
		m["depth_limit"] = 40 // with `extended: false`, extra is up to 30 levels deep
	}
	if f.Name == "@timestamp" {
		m["ignore_malformed"] = false // a data stream needs it
	}
	if f.text {
		m["fields"] = object{"text": object{"type": "match_only_text"}}
	}
	return m
}

// put adds a field below its parents.
func put(properties object, path []string, m object) {
	if len(path) == 1 {
		properties[path[0]] = m
		return
	}
	parent, ok := properties[path[0]].(object)
	if !ok {
		parent = object{"properties": object{}}
		properties[path[0]] = parent
	}
	put(parent["properties"].(object), path[1:], m)
}

// componentSettings are the settings of the data streams.
func componentSettings(serverless bool) object {
	index := object{
		"default_pipeline": pipelineName,
		"mapping": object{
			"ignore_malformed": true,
			"total_fields":     object{"ignore_dynamic_beyond_limit": true},
			// logsdb, the default for logs of new deployments, would build _source anew from the
			// index: with other types, orders and without empty values. These documents are evidence.
			"source": object{"mode": "stored"},
		},
	}
	if !serverless {
		// The policy that logs@settings names does not delete. It does not exist on Serverless.
		index["lifecycle"] = object{"prefer_ilm": false}
	}
	return object{
		"template": object{
			"settings":            object{"index": index},
			"lifecycle":           object{"data_retention": retention},
			"data_stream_options": object{"failure_store": object{"enabled": true}},
		},
		"_meta": meta("Settings of Oversight's data streams. Put your own into the component template oversight@custom."),
	}
}

// indexTemplate is the template of one data stream, in every namespace. It has the name
// that Fleet gives that of the package, so that there is only ever one of the two.
func indexTemplate(dataset string) object {
	return object{
		"index_patterns":                     []string{"logs-" + dataset + "-*"},
		"data_stream":                        object{},
		"priority":                           250, // over logs-*-*, which has 100
		"composed_of":                        slices.Concat(stock, []string{mappingsTemplate, settingsTemplate, customTemplate}),
		"ignore_missing_component_templates": slices.Concat(stock, []string{customTemplate}),
		"allow_auto_create":                  true,
		"template": object{"mappings": object{"properties": object{"data_stream": object{"properties": object{
			"type":      object{"type": "constant_keyword", "value": "logs"},
			"dataset":   object{"type": "constant_keyword", "value": dataset},
			"namespace": object{"type": "constant_keyword"},
		}}}}},
		"_meta": meta("Oversight: " + dataset),
	}
}
