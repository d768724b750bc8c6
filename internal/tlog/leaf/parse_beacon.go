// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// eventKey is the key for the kind of a leaf, and eventBeacon its value for a beacon
// callback.
const (
	eventKey    = "event"
	eventBeacon = "beacon"
)

// ParseBeacon parses a leaf, which must be an object of canonical JSON
// (RFC 8785): keys in order, no white space, one way to write each value. It
// reports whether the leaf is that of a beacon callback; b is the zero value if it
// is not. Keys that a Beacon does not have are ignored, so that newer registries
// may add some.
func ParseBeacon(text string, b *Beacon) (isBeacon bool, err error) {
	*b = Beacon{}
	if isBeacon, err = b.parse(text); !isBeacon || err != nil {
		*b = Beacon{}
		return false, err
	}
	return true, nil
}

// parse fills in the fields, also those of a leaf that is not a beacon's.
func (b *Beacon) parse(text string) (isBeacon bool, err error) {
	canonical := jsontext.Value(text)
	if err := canonical.Canonicalize(); err != nil {
		return false, fmt.Errorf("the leaf is not JSON: %w", err)
	}
	if !bytes.Equal(canonical, []byte(text)) {
		return false, errors.New("the leaf is not in the canonical form of RFC 8785")
	}
	decoder := jsontext.NewDecoder(strings.NewReader(text))
	if decoder.PeekKind() != '{' {
		return false, errors.New("the leaf is not a JSON object")
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
	return isBeacon, nil
}

// read reads a key and its value. It reports whether they are "event":"beacon".
func (b *Beacon) read(decoder *jsontext.Decoder) (isBeacon bool, err error) {
	token, err := decoder.ReadToken()
	if err != nil {
		return false, err
	}
	key, text := token.String(), ""
	kind := decoder.PeekKind()
	if kind == '"' {
		if token, err = decoder.ReadToken(); err == nil {
			text = token.String()
		}
	} else {
		err = decoder.SkipValue()
	}
	b.set(key, text, kind)
	return key == eventKey && text == eventBeacon, err
}

// set fills in the field of a key, if it has one. kind is that of the JSON value;
// text is "" unless it is a string.
func (b *Beacon) set(key, text string, kind jsontext.Kind) {
	f, ok := fieldOf(key)
	if !ok {
		return
	}
	b.has.add(f)
	*b.value(f) = text
	if kind != '"' && kind != 'n' {
		b.nonString.add(f)
	}
}
