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
	text  []byte
	bytes []byte // of leaf_data_hex
	// invalidText: text had half a UTF-16 surrogate pair or invalid UTF-8, which
	// was replaced by U+FFFD.
	invalidText bool
	buffer      []byte // that text and bytes are part of
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
	if cap(line.buffer) < len(text) {
		line.buffer = make([]byte, 0, len(text)) // unescaped, a line is shorter
	}
	fields, err := scanLine(text, line.buffer)
	if err != nil {
		return err
	}
	return fields.fill(line)
}

// scanLine reads the fields of a line. With an error it returns those before it. A leaf
// that is not text has a leaf_data all the same, and keys that are not known may hold
// anything: only leaf_data needs to be valid Unicode, and only where it is the leaf. The
// fields are in the memory of the buffer, as far as they fit.
func scanLine(line, buffer []byte) (lineFields, error) {
	fields := lineFields{buffer: buffer[:0]}
	// Of a Buffer, the decoder makes no copy.
	decoder := jsontext.NewDecoder(bytes.NewBuffer(line), jsontext.AllowInvalidUTF8(true))
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

// read reads a key and its value. The decoder refuses repeated keys. A key that is not
// known is passed over: a newer registry may add some.
func (f *lineFields) read(decoder *jsontext.Decoder) error {
	name, err := decoder.ReadToken()
	if err != nil {
		return err
	}
	key, known := lineKeyOf(name.String())
	if !known {
		return decoder.SkipValue()
	}
	value, err := decoder.ReadValue()
	if err != nil {
		return err
	}
	if key == keyIndex {
		f.index, err = parseIndex(value)
	} else {
		err = f.readText(key, value)
	}
	if err != nil {
		return fmt.Errorf("its %s %w", key, err)
	}
	f.has[key] = true
	return nil
}

func lineKeyOf(name string) (key lineKey, known bool) {
	for key, known := range lineKeyNames {
		if name == known {
			return lineKey(key), true
		}
	}
	return 0, false
}

// parseIndex accepts a number in the form of RFC 8785, not 1e3 or -0.
func parseIndex(value jsontext.Value) (int64, error) {
	index, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || index < 0 || strconv.FormatInt(index, 10) != string(value) {
		return 0, fmt.Errorf("(%.40q) is not a non-negative integer", string(value))
	}
	return index, nil
}

// readText reads the value of a key other than index, which is a string.
func (f *lineFields) readText(key lineKey, value jsontext.Value) error {
	if value.Kind() != '"' {
		return errors.New("is not a string")
	}
	buffer, err := jsontext.AppendUnquote(f.buffer, value)
	text := buffer[len(f.buffer):]
	f.buffer = buffer
	switch key {
	case keyHash:
		hash, err := ParseHash(string(text))
		if err != nil {
			return fmt.Errorf("is invalid: %w", err)
		}
		f.hash = hash
	case keyText:
		f.text, f.invalidText = text, err != nil
	default: // keyHex
		f.bytes = text[:len(text)/2] // each byte is written after its digits were read
		if !DecodeHex(f.bytes, text) {
			return errors.New("is not pairs of lower-case hex digits")
		}
	}
	return nil
}
