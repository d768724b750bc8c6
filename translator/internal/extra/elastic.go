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
func FitsElastic(text, questionName string) bool {
	return text == "" || isQuestion(text, questionName) || fitsElastic(text)
}

// isQuestion recognizes what registries write for a dns beacon, which is nearly all
// there is.
func isQuestion(text, questionName string) bool {
	rest, ok := strings.CutPrefix(text, `{"`+questionTypeKey+`":"`)
	if !ok {
		return false
	}
	i := strings.IndexByte(rest, '"')
	if i < 0 {
		return false
	}
	rest, ok = strings.CutPrefix(rest[i:], `","`+questionNameKey+`":"`)
	return ok && len(rest) == len(questionName)+len(`"}`) && strings.HasPrefix(rest, questionName) && strings.HasSuffix(rest, `"}`)
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
