// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package elasticrules

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Fields are fields of our ECS documents and their types in Elasticsearch.
type Fields map[string]string

// LoadFields reads the column ECS of the tables in docs/fields.md.
func LoadFields(root string) (Fields, error) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "fields.md"))
	if err != nil {
		return nil, err
	}
	fields := Fields{"event.ingested": "date"} // an ingest pipeline sets it, and no translator
	column := -1
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, " | ")
		switch {
		case !strings.HasPrefix(line, "|"):
			column = -1
		case column < 0:
			for i, cell := range cells {
				if strings.HasPrefix(cell, "ECS ") {
					column = i
				}
			}
		case column < len(cells):
			fields.add(cells[column])
		}
	}
	return fields, nil
}

// fieldOfCell matches a field and its type, such as in "`source.ip` ip".
var fieldOfCell = regexp.MustCompile("`([a-z@][a-z0-9_.@]*)` (?:list of |list: |list$)?([a-z_]+)?")

// add adds the fields of a cell.
func (f Fields) add(cell string) {
	for _, match := range fieldOfCell.FindAllStringSubmatch(cell, -1) {
		name, kind := match[1], strings.TrimSuffix(match[2], "s")
		switch kind {
		case "ip", "date", "long", "geo_point", "flattened", "match_only_text", "boolean", "double":
		default:
			kind = "keyword" // also lists of constants
		}
		f[name] = kind
	}
}

var (
	quoted   = regexp.MustCompile(`"[^"]*"|(?m)//.*$`)
	nameable = regexp.MustCompile(`[a-z_@][a-z0-9_@]*(?:\.[a-z0-9_]+)*`)
)

// namedBy returns the fields that a query names. What its texts and comments say does not
// count.
func (f Fields) namedBy(query string) Fields {
	named := Fields{}
	for _, name := range nameable.FindAllString(quoted.ReplaceAllString(query, `""`), -1) {
		if kind, ok := f[name]; ok {
			named[name] = kind
		}
	}
	return named
}
