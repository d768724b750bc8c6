// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"bytes"
	"encoding/json"
	"strings"
)

// leafColumns are the columns whose values a beacon's leaf holds.
var leafColumns = []string{
	"kind", "token_id", "file_id", "recipient_id", "source_ip", "user_agent", "extra", "qualified_timestamp",
}

const defaultColumn = "source_ip"

// leafKeys are the keys under which a leaf may hold the value of a column.
func leafKeys(column string) []string {
	switch column {
	case "extra":
		return []string{"qname", "qtype"}
	case "qualified_timestamp":
		return []string{"timestamp"}
	default:
		return []string{column}
	}
}

// mismatchName is what oversight.tlog.mismatch calls a difference in a leaf's
// key.
func mismatchName(key string) string {
	switch key {
	case "qname", "qtype":
		return "extra." + key
	case "timestamp":
		return "qualified_timestamp"
	default:
		return key
	}
}

// alteration is one character that became another.
type alteration struct {
	key      string // of the leaf
	from, to string // the values
}

// alterColumn changes the last character that can be changed in a column's
// value. There may be none.
func alterColumn(column, value string) (changed string, done alteration, ok bool) {
	if column == "extra" {
		text, done, ok := alterObject([]byte(value), ": ", leafKeys(column))
		return string(text), done, ok
	}
	i := lastAlterable(value, false)
	if i < 0 {
		return value, alteration{}, false
	}
	changed = value[:i] + string(alter(value[i])) + value[i+1:]
	return changed, alteration{leafKeys(column)[0], value, changed}, true
}

// alterObject changes the value of the first of the keys that holds a text in
// which something can be changed. colon is what stands behind a key.
func alterObject(object []byte, colon string, keys []string) (changed []byte, done alteration, ok bool) {
	for _, key := range keys {
		_, after, found := bytes.Cut(object, []byte(`"`+key+`"`+colon+`"`))
		if !found {
			continue
		}
		value := string(after[:endOfText(after)])
		i := lastAlterable(value, true)
		if i < 0 {
			continue
		}
		altered := value[:i] + string(alter(value[i])) + value[i+1:]
		changed = bytes.Clone(object)
		copy(changed[len(object)-len(after):], altered)
		return changed, alteration{key, unquote(value), unquote(altered)}, true
	}
	return object, alteration{}, false
}

// unquote reads a JSON text without its quotation marks.
func unquote(text string) (value string) {
	if json.Unmarshal([]byte(`"`+text+`"`), &value) != nil {
		return text
	}
	return value
}

// endOfText is where the quotation mark is that ends a JSON text.
func endOfText(text []byte) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text)
}

// lastAlterable is the index of the last digit or small letter, or -1. In
// escaped text what belongs to an escape does not count. Capital letters do not
// either, because of the Z of timestamps.
func lastAlterable(text string, escaped bool) int {
	last := -1
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case escaped && strings.HasPrefix(text[i:], `\u`):
			i += len(`\u0000`) - 1
		case escaped && c == '\\':
			i++
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'z':
			last = i
		}
	}
	return last
}

// alter makes another character of c that is as good: of a digit a digit, of a
// hexadecimal digit such a one.
func alter(c byte) byte {
	switch c {
	case '9', 'f', 'z':
		return c - 1
	default:
		return c + 1
	}
}
