// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// lineKey is a key of a line.
type lineKey int

const (
	keyIndex lineKey = iota
	keyHash
	keyText
	keyHex
	lineKeys int = iota
)

var lineKeyNames = [lineKeys]string{keyIndex: "index", keyHash: "leaf_hash", keyText: "leaf_data", keyHex: "leaf_data_hex"}

func (k lineKey) String() string { return lineKeyNames[k] }

// lineFields are the values of a line, as far as it could be parsed.
type lineFields struct {
	has   [lineKeys]bool
	index int64
	hash  Hash
	text  string
	bytes []byte // of leaf_data_hex
	// invalidText: text had half a UTF-16 surrogate pair or invalid UTF-8, which
	// was replaced by U+FFFD.
	invalidText bool
}

// missing names the required keys that are absent.
func (f *lineFields) missing() string {
	var names []string
	for key := keyIndex; key <= keyText; key++ {
		if !f.has[key] {
			names = append(names, key.String())
		}
	}
	return strings.Join(names, ", ")
}

// parseLineSlow is ParseLine for a line in any form of JSON.
func parseLineSlow(text []byte, line *Line) error {
	fields, err := scanLine(text)
	if err != nil {
		return err
	}
	return fields.fill(line)
}

// scanLine reads the fields of a line. With an error it returns those before it.
func scanLine(line []byte) (lineFields, error) {
	fields, err := scanStrictly(line)
	if err == nil {
		return fields, nil
	}
	// A leaf that is not text has a leaf_data all the same.
	lenient, lenientErr := scanFields(jsontext.NewDecoder(bytes.NewReader(line), jsontext.AllowInvalidUTF8(true)))
	if lenientErr != nil {
		return fields, err
	}
	lenient.invalidText = true
	return lenient, nil
}

func scanStrictly(line []byte) (lineFields, error) {
	return scanFields(jsontext.NewDecoder(bytes.NewReader(line)))
}

func scanFields(decoder *jsontext.Decoder) (lineFields, error) {
	var fields lineFields
	if decoder.PeekKind() != '{' {
		return fields, errors.New("it is not a JSON object")
	}
	_, err := decoder.ReadToken()
	for err == nil && decoder.PeekKind() != '}' {
		err = fields.read(decoder)
	}
	if err != nil {
		return fields, err
	}
	if _, err := decoder.ReadToken(); err != nil {
		return fields, err
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return fields, errors.New("unexpected data follows its JSON object")
	}
	return fields, nil
}

// read reads a key and its value. The decoder refuses repeated keys.
func (f *lineFields) read(decoder *jsontext.Decoder) error {
	name, err := decoder.ReadToken()
	if err != nil {
		return err
	}
	key, err := lineKeyOf(name.String())
	if err != nil {
		return err
	}
	kind := decoder.PeekKind()
	value, err := decoder.ReadToken()
	if err != nil {
		return err
	}
	text := value.String()
	switch {
	case key == keyIndex:
		f.index, err = parseIndex(kind, text)
	case kind != '"':
		err = errors.New("is not a string")
	default:
		err = f.readText(key, text)
	}
	if err != nil {
		return fmt.Errorf("its %s %w", key, err)
	}
	f.has[key] = true
	return nil
}

func lineKeyOf(name string) (lineKey, error) {
	for key, known := range lineKeyNames {
		if name == known {
			return lineKey(key), nil
		}
	}
	return 0, fmt.Errorf("its key %.40q is unknown", name)
}

// parseIndex accepts a number in the form of RFC 8785, not 1e3 or -0.
func parseIndex(kind jsontext.Kind, text string) (int64, error) {
	index, err := strconv.ParseInt(text, 10, 64)
	if kind != '0' || err != nil || index < 0 || strconv.FormatInt(index, 10) != text {
		return 0, fmt.Errorf("(%.40q) is not a non-negative integer", text)
	}
	return index, nil
}

// readText reads the value of a key other than index, which is a string.
func (f *lineFields) readText(key lineKey, text string) error {
	switch key {
	case keyHash:
		hash, err := ParseHash(text)
		if err != nil {
			return fmt.Errorf("is invalid: %w", err)
		}
		f.hash = hash
	case keyText:
		f.text = text
	default: // keyHex
		f.bytes = make([]byte, len(text)/2)
		if !DecodeHex(f.bytes, text) {
			return errors.New("is not pairs of lower-case hex digits")
		}
	}
	return nil
}
