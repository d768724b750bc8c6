// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package extra reads and writes what the column extra of an events table holds:
// a JSON object, or anything else.
package extra

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/oversight-protocol/oversight-otelcol/translator/internal/encode"
)

const (
	// rawKey holds what is no JSON object.
	rawKey = "raw"
	// questionNameKey is where the registry puts the name that a dns beacon was
	// queried for.
	questionNameKey = "qname"
	// questionTypeKey is where it puts the record type, such as A or AAAA.
	questionTypeKey = "qtype"

	// maxDepth: decoders of protocol buffers stop at 100 nested messages by
	// default, and in OTLP one level of nesting is three messages.
	maxDepth = 30
	// maxKeys is Elasticsearch's default limit on the fields of an index.
	maxKeys = 1000
	// maxItems is how many items all arrays have together, which is far more than an event
	// may have that is delivered whole. It bounds the memory: each takes about 50 bytes,
	// and two in the text.
	maxItems = 128 << 10
)

var errTooLarge = errors.New("nested too deeply, or too many keys or items")

// Normalize implements translator.NormalizeExtra, which says what the result is.
func Normalize(text string) (normal, questionName string) {
	if text == "" || text == "{}" {
		return "", ""
	}
	if normal, questionName, ok := compactFlat(text); ok {
		return normal, questionName
	}
	defer holdIfLong(text)()
	m := pcommon.NewMap()
	Put(text, m)
	return objectText(m), questionNameOf(m)
}

// objectText is compact JSON, or "" for an empty map.
func objectText(m pcommon.Map) string {
	if m.Len() == 0 {
		return ""
	}
	var buffer [256]byte // long enough for nearly all, so that only the text itself is allocated
	return string(encode.Object(buffer[:0], m))
}

// Text is the normalized text of the attribute oversight.extra.
func Text(v pcommon.Value) string {
	if v.Type() == pcommon.ValueTypeMap {
		return objectText(v.Map())
	}
	normal, _ := Normalize(v.AsString())
	return normal
}

// Put parses a normalized text, or any other text of the column extra, into m,
// which must be empty.
func Put(text string, m pcommon.Map) {
	if !putFlat(text, m) {
		putParsed(text, m)
	}
}

// putParsed is [Put] for any text.
func putParsed(text string, m pcommon.Map) {
	value, err := parse(text)
	switch {
	case err != nil:
		m.PutStr(rawKey, text)
	case value.Type() == pcommon.ValueTypeMap:
		value.Map().MoveTo(m)
	default:
		value.MoveTo(m.PutEmpty(rawKey))
	}
}

// parse parses the text of exactly one value, of JSON or as Python writes it.
func parse(text string) (pcommon.Value, error) {
	value := pcommon.NewValueEmpty()
	err := parseJSON(text, value)
	if err == nil || errors.Is(err, errTooLarge) {
		return value, err
	}
	if quoted, found := quoteConstants(text); found {
		value = pcommon.NewValueEmpty()
		err = parseJSON(quoted, value)
	}
	return value, err
}

// parseJSON parses the text of exactly one value.
func parseJSON(text string, value pcommon.Value) error {
	p := parser{jsontext.NewDecoder(strings.NewReader(text),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)), maxKeys, maxItems}
	if err := p.value(value, maxDepth); err != nil {
		return err
	}
	return p.end()
}

type parser struct {
	decoder *jsontext.Decoder
	keys    int // how many more are allowed
	items   int // in the same way
}

func (p *parser) value(value pcommon.Value, depth int) error {
	token, err := p.decoder.ReadToken()
	if err != nil {
		return err
	}
	switch token.Kind() {
	case 'n':
		return nil
	case 't', 'f':
		value.SetBool(token.Bool())
	case '"':
		value.SetStr(token.String())
	case '0':
		setNumber(value, token.String())
	case '{':
		return p.object(value.SetEmptyMap(), depth-1)
	case '[':
		return p.array(value.SetEmptySlice(), depth-1)
	default: // the decoder reports the end of an object or array that is not open as an error
	}
	return nil
}

func (p *parser) object(m pcommon.Map, depth int) error {
	if depth < 0 {
		return errTooLarge
	}
	var invalid invalidKeys
	for p.decoder.PeekKind() != '}' {
		quoted, err := p.decoder.ReadValue()
		if err != nil {
			return err
		}
		if p.keys--; p.keys < 0 {
			return errTooLarge
		}
		if err := p.value(m.PutEmpty(invalid.key(quoted)), depth); err != nil {
			return err
		}
	}
	_, err := p.decoder.ReadToken()
	return err
}

func (p *parser) array(s pcommon.Slice, depth int) error {
	if depth < 0 {
		return errTooLarge
	}
	for p.decoder.PeekKind() != ']' {
		if p.items--; p.items < 0 {
			return errTooLarge
		}
		if err := p.value(s.AppendEmpty(), depth); err != nil {
			return err
		}
	}
	_, err := p.decoder.ReadToken()
	return err
}

// end returns an error if anything but white space follows.
func (p *parser) end() error {
	_, err := p.decoder.ReadToken()
	if err == nil {
		return errors.New("more than one value")
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// setNumber keeps every digit of a JSON number.
func setNumber(value pcommon.Value, text string) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		value.SetInt(n)
		return
	}
	f, err := strconv.ParseFloat(text, 64)
	if err == nil && sameDecimal(text, encode.Float(f)) {
		value.SetDouble(f)
		return
	}
	value.SetStr(text)
}

// sameDecimal reports whether two JSON numbers are equal, digit by digit.
func sameDecimal(a, b string) bool {
	digitsA, exponentA, okA := decimal(a)
	digitsB, exponentB, okB := decimal(b)
	return okA && okB && digitsA == digitsB && exponentA == exponentB
}

// decimal splits a JSON number into its digits, without zeros at either end
// and with the sign, and the power of ten of the last digit.
func decimal(text string) (digits string, exponent int, ok bool) {
	sign := ""
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		sign, text = "-", rest
	}
	mantissa := text
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		var err error
		if exponent, err = strconv.Atoi(strings.TrimPrefix(text[i+1:], "+")); err != nil {
			return "", 0, false
		}
		mantissa = text[:i]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	all := strings.TrimLeft(whole+fraction, "0")
	digits = strings.TrimRight(all, "0")
	if digits == "" {
		return "", 0, true
	}
	return sign + digits, exponent - len(fraction) + len(all) - len(digits), true
}

// QuestionType is the value of qtype in a normalized text, or "".
func QuestionType(text string) string {
	_, rest, found := strings.Cut(text, `"`+questionTypeKey+`":`)
	if !found {
		return ""
	}
	if text[0] == '{' && strings.IndexByte(text[1:], '{') < 0 && strings.IndexByte(text, '\\') < 0 {
		// One object without escapes: what follows the key is its value.
		value, quoted := strings.CutPrefix(rest, `"`)
		if !quoted {
			return ""
		}
		value, _, _ = strings.Cut(value, `"`)
		return value
	}
	defer holdIfLong(text)()
	m := pcommon.NewMap()
	Put(text, m)
	if v, ok := m.Get(questionTypeKey); ok && v.Type() == pcommon.ValueTypeStr {
		return v.Str()
	}
	return ""
}
