// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bulkapi

import (
	"fmt"
	"strings"
)

// Mapping is the type of each field, by its path: "object" or another type of
// Elasticsearch's.
type Mapping map[string]string

// Add maps a document's fields dynamically: the first one decides whether a field is
// an object
// (https://www.elastic.co/guide/en/elasticsearch/reference/8.11/dynamic-field-mapping.html).
// It returns why the document is refused.
func (m Mapping) Add(d Document) *ItemError { return m.add("", d.ID, d.Fields) }

func (m Mapping) add(prefix, id string, object map[string]any) *ItemError {
	for key, value := range object {
		path := prefix + key
		inner, isObject := value.(map[string]any)
		switch known := m[path]; {
		case known == "object" && !isObject:
			return DocumentError("object mapping for [" + path + "] tried to parse field [" + key + "] as object, but found a concrete value")
		case known != "" && known != "object" && isObject:
			preview := strings.TrimPrefix(fmt.Sprint(inner), "map[")
			return DocumentError(fmt.Sprintf("failed to parse field [%s] of type [%s] in document with id '%s'. Preview of field's value: '{%s}'",
				path, known, id, strings.ReplaceAll(strings.TrimSuffix(preview, "]"), ":", "=")))
		case known == "" && isObject:
			m[path] = "object"
		case known == "":
			m[path] = "text"
		}
		if err := m.add(path+".", id, inner); err != nil {
			return err
		}
	}
	return nil
}
