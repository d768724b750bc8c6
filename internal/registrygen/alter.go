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

// leafKeys returns the keys under which a leaf may hold the value of a column.
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

// mismatchName returns the name that oversight.tlog.mismatch has for a difference in
// a key of a leaf.
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

// alteration is the change of one character.
type alteration struct {
	key      string // of the leaf
	from, to string // the values
}

// alterColumn changes the last character of a column's value that can be changed. If
// there is none, ok is false.
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

// alterObject changes a character in the value of the first of the keys that holds a
// suitable text. colon separates keys and values.
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

// unquote decodes a JSON string that is given without its quotation marks.
func unquote(text string) (value string) {
	if json.Unmarshal([]byte(`"`+text+`"`), &value) != nil {
		return text
	}
	return value
}

// endOfText returns the index of the quotation mark that ends a JSON string.
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

// lastAlterable returns the index of the last digit or lowercase letter, or -1. In
// escaped text it skips escape sequences. Uppercase letters are not changed because
// of the Z of timestamps.
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

// alter returns another character of the same class: digits, hexadecimal digits,
// lowercase letters.
func alter(c byte) byte {
	switch c {
	case '9', 'f', 'z':
		return c - 1
	default:
		return c + 1
	}
}
