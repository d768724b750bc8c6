// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"
)

// maxDepth bounds how deep values may be nested in a bundle.
const maxDepth = 64

// value is a JSON value. The zero value stands for one that is absent.
type value struct {
	kind    jsontext.Kind // of jsontext: 'n', 'f', 't', '"', '0', '{' or '['
	text    string        // of a string; of anything but objects and arrays as it is written
	members []member      // of an object, in the order of code points of their names
	items   []value       // of an array
}

type member struct {
	name  string
	value value
}

// parse parses a text that is one JSON value. It refuses repeated keys, invalid UTF-8
// and lone surrogates.
func parse(text []byte) (value, error) {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(text))
	v, err := read(decoder)
	if err != nil {
		return value{}, err
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return value{}, errors.New("unexpected data follows the JSON value")
	}
	return v, nil
}

func read(decoder *jsontext.Decoder) (value, error) {
	if decoder.StackDepth() > maxDepth {
		return value{}, fmt.Errorf("values are nested deeper than %d levels", maxDepth)
	}
	token, err := decoder.ReadToken()
	if err != nil {
		return value{}, err
	}
	v := value{kind: token.Kind()}
	switch v.kind {
	case '{':
		err = v.readMembers(decoder)
	case '[':
		err = v.readItems(decoder)
	default:
		v.text = token.String()
	}
	return v, err
}

func (v *value) readMembers(decoder *jsontext.Decoder) error {
	for decoder.PeekKind() != '}' {
		name, err := decoder.ReadToken()
		if err != nil {
			return err
		}
		m := member{name: name.String()}
		if m.value, err = read(decoder); err != nil {
			return err
		}
		v.members = append(v.members, m)
	}
	v.sort()
	_, err := decoder.ReadToken()
	return err
}

func (v *value) sort() {
	slices.SortFunc(v.members, func(a, b member) int { return strings.Compare(a.name, b.name) })
}

func (v *value) readItems(decoder *jsontext.Decoder) error {
	for decoder.PeekKind() != ']' {
		item, err := read(decoder)
		if err != nil {
			return err
		}
		v.items = append(v.items, item)
	}
	_, err := decoder.ReadToken()
	return err
}

// get returns the value of a key of an object; the zero value if there is none.
func (v *value) get(name string) value {
	i, found := slices.BinarySearchFunc(v.members, name, func(m member, name string) int { return strings.Compare(m.name, name) })
	if !found {
		return value{}
	}
	return v.members[i].value
}

// without returns an object without some keys.
func (v *value) without(names ...string) value {
	left := *v
	left.members = slices.DeleteFunc(slices.Clone(v.members), func(m member) bool { return slices.Contains(names, m.name) })
	return left
}

// with returns an object in which a key has a value.
func (v *value) with(name string, set value) value {
	left := v.without(name)
	left.members = append(left.members, member{name, set})
	left.sort()
	return left
}

// withoutNulls returns a value whose objects have no keys with null, at any depth.
func (v *value) withoutNulls() value {
	left := *v
	left.members, left.items = nil, nil
	for _, m := range v.members {
		if m.value.kind != 'n' {
			left.members = append(left.members, member{m.name, m.value.withoutNulls()})
		}
	}
	for i := range v.items {
		left.items = append(left.items, v.items[i].withoutNulls())
	}
	return left
}

func stringValue(text string) value { return value{kind: '"', text: text} }

// string returns the text of a string, or "".
func (v *value) string() string {
	if v.kind != '"' {
		return ""
	}
	return v.text
}

// stored is the text that the registry's database has for an id.
func (v *value) stored() string {
	text, ok := leaf.StoredID(v.kind, v.text)
	if !ok {
		return v.text
	}
	return text
}
