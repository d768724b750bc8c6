// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// StoredID returns the text that the database of a registry has for an id of a manifest,
// by the kind of the JSON value and the text of a string or the literal of another. The
// registry in Python accepts ids that are no strings, and SQLite converts them to text: a
// number to its decimal digits, true to 1 and false to 0. So 7 agrees with '7' and no
// other text, 7.5 with '7.5', true with '1'. ok is false for an integer of more than 64
// bits, which the registry could not store.
func StoredID(kind jsontext.Kind, text string) (stored string, ok bool) {
	switch kind {
	case 't':
		return "1", true
	case 'f':
		return "0", true
	case '0':
		return storedNumber(text)
	default: // a string
		return text, true
	}
}

// storedNumber is the text of a JSON number in a column of text. SQLite writes 15 digits
// of a real number (https://sqlite.org/floatingpoint.html), and always a fraction.
func storedNumber(text string) (stored string, ok bool) {
	if !strings.ContainsAny(text, ".eE") {
		n, err := strconv.ParseInt(text, 10, 64)
		return strconv.FormatInt(n, 10), err == nil
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return "", false
	}
	stored = strconv.FormatFloat(number, 'g', 15, 64)
	mantissa, exponent, hasExponent := strings.Cut(stored, "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	if hasExponent {
		return mantissa + "e" + exponent, true
	}
	return mantissa, true
}
