// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package extra

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// maxElasticDepth is the default of depth_limit of Elasticsearch's type flattened
// (https://www.elastic.co/guide/en/elasticsearch/reference/8.17/flattened.html).
const maxElasticDepth = 20

// FitsElastic reports whether Elasticsearch can take a normalized text as an object,
// and all later ones after it: qname and qtype are texts, as registries write them, so
// that an index without our template never takes another type for theirs; no key is
// one that Elasticsearch or Logstash refuses; and it is not too deep.
func FitsElastic(text string) bool {
	return text == "" || flatFitsElastic(text) || fitsElastic(text)
}

// flatFitsElastic recognizes objects of texts and nulls whose keys are of letters, digits
// and _ only, as registries write them, without parsing them.
func flatFitsElastic(text string) bool {
	for text != "}" {
		if len(text) < 2 || text[0] != '{' && text[0] != ',' || text[1] != '"' {
			return false
		}
		text = text[2:]
		n := 0
		for n < len(text) && isWord(text[n]) {
			n++
		}
		value, ok := strings.CutPrefix(text[n:], `":`)
		if !ok || n == 0 {
			return false
		}
		if text, ok = strings.CutPrefix(value, "null"); ok {
			continue
		}
		if text, ok = strings.CutPrefix(value, `"`); !ok {
			return false
		}
		end := strings.IndexByte(text, '"')
		if end < 0 || strings.IndexByte(text[:end], '\\') >= 0 {
			return false
		}
		text = text[end+1:]
	}
	return true
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}

func fitsElastic(text string) bool {
	m := pcommon.NewMap()
	Put(text, m)
	for key, value := range m.All() {
		name, _, dotted := strings.Cut(key, ".")
		if name != questionNameKey && name != questionTypeKey {
			continue
		}
		// A key with a dot is an object to Elasticsearch.
		if dotted || value.Type() != pcommon.ValueTypeStr && value.Type() != pcommon.ValueTypeEmpty {
			return false
		}
	}
	return mapFitsElastic(m, maxElasticDepth)
}

func mapFitsElastic(m pcommon.Map, depth int) bool {
	if depth == 0 {
		return false
	}
	for key, value := range m.All() {
		if !keyFitsElastic(key) || !valueFitsElastic(value, depth-1) {
			return false
		}
	}
	return true
}

func valueFitsElastic(value pcommon.Value, depth int) bool {
	switch value.Type() {
	case pcommon.ValueTypeMap:
		return mapFitsElastic(value.Map(), depth)
	case pcommon.ValueTypeSlice:
		for _, item := range value.Slice().All() {
			if !valueFitsElastic(item, depth) {
				return false
			}
		}
	default: // a key is what is refused
	}
	return true
}

// keyFitsElastic reports whether a key is accepted: by the type flattened, which
// refuses NUL; by dynamic mapping, which refuses names without text between dots; and
// by Logstash, to which brackets are the path of a field
// (https://www.elastic.co/guide/en/logstash/8.17/field-references-deepdive.html).
func keyFitsElastic(key string) bool {
	if strings.ContainsAny(key, "\x00[]") {
		return false
	}
	for part := range strings.SplitSeq(key, ".") {
		if strings.TrimSpace(part) == "" {
			return false
		}
	}
	return true
}
