// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package extra

import (
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/oversight-protocol/oversight-otelcol/translator/internal/encode"
)

// leastString is how much of a string or key is left at least, in bytes. Longer than
// the keys that mean something here, so that no other key becomes one of them.
const leastString = 64

// Truncate returns as much of a normalized text as fits into a number of bytes, again
// as an object, and its qname. Strings and keys are cut, the longest first. Where that
// is not enough, members are left out, and where nothing is left, the beginning of the
// text is under the key of what is no object.
func Truncate(text string, limit int) (normal, questionName string) {
	defer holdIfLong(text)()
	whole := pcommon.NewMap()
	Put(text, whole)
	m := shorten(whole, leastString, limit)
	if normal = objectText(m); len(normal) > limit {
		m = fit(m, limit)
		normal = objectText(m)
	} else {
		m, normal = shortenTo(whole, limit)
	}
	if normal == "" {
		m.PutStr(rawKey, cut(text, max(limit-len(`{"raw":""}`), 0)/6)) // a character is escaped as six at most
		normal = objectText(m)
	}
	return normal, questionNameOf(m)
}

// shortenTo returns a copy whose text has at most a number of bytes, and the text. There
// is one that leaves leastString of each string and key.
func shortenTo(m pcommon.Map, limit int) (shorter pcommon.Map, text string) {
	for longest := limit; ; longest /= 2 {
		shorter = shorten(m, max(longest, leastString), limit)
		if text = objectText(shorter); len(text) <= limit || longest <= leastString {
			return shorter, text
		}
	}
}

// shorten returns a copy whose strings and keys have at most a number of bytes, and whose
// arrays at most a number of items: as many as the bytes of a text that must not become
// longer is enough to see that it would.
func shorten(m pcommon.Map, longest, items int) pcommon.Map {
	shorter := pcommon.NewMap()
	shorter.EnsureCapacity(m.Len())
	for key, value := range m.All() {
		shortenValue(value, longest, items).MoveTo(shorter.PutEmpty(cut(key, longest)))
	}
	return shorter
}

func shortenValue(value pcommon.Value, longest, items int) pcommon.Value {
	shorter := pcommon.NewValueEmpty()
	switch value.Type() {
	case pcommon.ValueTypeStr:
		shorter.SetStr(cut(value.Str(), longest))
	case pcommon.ValueTypeMap:
		shorten(value.Map(), longest, items).MoveTo(shorter.SetEmptyMap())
	case pcommon.ValueTypeSlice:
		list := shorter.SetEmptySlice()
		for i, item := range value.Slice().All() {
			if i == items {
				break
			}
			shortenValue(item, longest, items).MoveTo(list.AppendEmpty())
		}
	default:
		value.CopyTo(shorter)
	}
	return shorter
}

// fit returns the members whose text fits into a number of bytes, the DNS question
// first and then the others in their order.
func fit(m pcommon.Map, limit int) pcommon.Map {
	kept := pcommon.NewMap()
	rest := limit - len("{}")
	keep := func(key string, value pcommon.Value) {
		size := len(encode.String(nil, key)) + len(encode.Value(nil, value)) + len(":,")
		if size > rest {
			return
		}
		rest -= size
		value.CopyTo(kept.PutEmpty(key))
	}
	for _, key := range [...]string{questionNameKey, questionTypeKey} {
		if value, ok := m.Get(key); ok {
			keep(key, value)
		}
	}
	for key, value := range m.All() {
		if key != questionNameKey && key != questionTypeKey {
			keep(key, value)
		}
	}
	return kept
}

// cut returns at most limit bytes of a text, without a part of a character.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// questionNameOf is the text of qname, if it is one.
func questionNameOf(m pcommon.Map) string {
	if name, ok := m.Get(questionNameKey); ok && name.Type() == pcommon.ValueTypeStr {
		return name.Str()
	}
	return ""
}
