// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// eventKey is the key for the kind of a leaf, and eventBeacon its value for a beacon
// callback.
const (
	eventKey    = "event"
	eventBeacon = "beacon"
)

// ParseBeacon parses a leaf, which must be one JSON object in UTF-8 without repeated
// keys, in whatever form: its hash fixes its bytes. It reports whether the leaf is that
// of a beacon callback; b is the zero value if it is not. Keys that a Beacon does not
// have are passed over, so that newer registries may add some.
//
// Half a surrogate pair, which Python writes as an escape like \ud800, is read as
// U+FFFD, as [translator.NormalizeExtra] reads it in a row.
func ParseBeacon(text string, b *Beacon) (isBeacon bool, err error) {
	*b = Beacon{}
	if isBeacon, err = b.parse(text); !isBeacon || err != nil {
		*b = Beacon{}
	}
	if err != nil {
		return false, fmt.Errorf("the leaf is not a JSON object: %w", err)
	}
	return isBeacon, nil
}

// parse fills in the fields, also those of a leaf that is not a beacon's.
func (b *Beacon) parse(text string) (isBeacon bool, err error) {
	if !utf8.ValidString(text) {
		return false, errors.New("it is not UTF-8")
	}
	// Invalid UTF-8 is half a surrogate pair here.
	decoder := jsontext.NewDecoder(strings.NewReader(text), jsontext.AllowInvalidUTF8(true))
	if kind := decoder.PeekKind(); kind != '{' {
		return false, fmt.Errorf("it begins with %v", kind)
	}
	if _, err := decoder.ReadToken(); err != nil {
		return false, err
	}
	for decoder.PeekKind() != '}' {
		beacon, err := b.read(decoder)
		if err != nil {
			return false, err
		}
		isBeacon = isBeacon || beacon
	}
	if _, err := decoder.ReadToken(); err != nil {
		return false, err
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return false, errors.New("unexpected data follows it")
	}
	return isBeacon, nil
}

// read reads a key and its value. It reports whether they are "event":"beacon".
func (b *Beacon) read(decoder *jsontext.Decoder) (isBeacon bool, err error) {
	token, err := decoder.ReadToken()
	if err != nil {
		return false, err
	}
	key := token.String()
	f, known := fieldOf(key)
	kind := decoder.PeekKind()
	if !known && key != eventKey || kind == '{' || kind == '[' {
		if known {
			b.has.add(f)
			b.nonString.add(f)
		}
		return false, decoder.SkipValue()
	}
	value, err := decoder.ReadToken()
	if err != nil {
		return false, err
	}
	if known {
		b.set(f, value)
	}
	return key == eventKey && kind == '"' && value.String() == eventBeacon, nil
}

// set sets the field of a key to a value that is neither an object nor an array.
func (b *Beacon) set(f beaconField, value jsontext.Token) {
	b.has.add(f)
	switch kind := value.Kind(); kind {
	case '"':
		*b.value(f) = value.String()
	case 'n':
	default: // a number or a boolean
		b.nonText.add(f)
		text, ok := "", false
		if f == fieldFileID || f == fieldRecipientID {
			text, ok = StoredID(kind, value.String())
		}
		if *b.value(f) = text; !ok {
			b.nonString.add(f)
		}
	}
}
