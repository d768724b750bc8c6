// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

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
	// questionNameKey is where the registry puts the name a dns beacon was
	// asked for.
	questionNameKey = "qname"
	// questionTypeKey is where it puts the record type, such as A or AAAA.
	questionTypeKey = "qtype"

	// maxExtraDepth: decoders of protocol buffers stop at 100 nested messages
	// by default, and in OTLP a level of nesting takes three.
	maxExtraDepth = 30
	// maxExtraKeys is Elasticsearch's default limit on the fields of an index.
	maxExtraKeys = 1000
)

var errExtraTooLarge = errors.New("nested too deeply or too many keys")

// NormalizeExtra turns the text of the column extra into the form of
// [Event.Extra], and picks extra.qname out of it.
//
//   - A JSON object becomes its compact text, without white space, in the
//     order of its keys; of a repeated key the last value counts. An empty one
//     becomes "".
//   - Anything else, valid or not, becomes {"raw": ...}, with the value if it
//     is valid JSON and with the text otherwise. So does an object nested
//     deeper than 30 levels or with more than 1000 keys, which no destination
//     would take.
//   - Numbers keep their digits: one that neither int64 nor float64 holds
//     exactly becomes a string.
//   - Lone surrogates and invalid UTF-8 become U+FFFD.
//
// NormalizeExtra(NormalizeExtra(x)) equals NormalizeExtra(x).
func NormalizeExtra(text string) (normal, questionName string) {
	if text == "" || text == "{}" {
		return "", ""
	}
	if normal, questionName, ok := compactFlat(text); ok {
		return normal, questionName
	}
	m := pcommon.NewMap()
	PutExtra(text, m)
	if name, ok := m.Get(questionNameKey); ok && name.Type() == pcommon.ValueTypeStr {
		questionName = name.Str()
	}
	return objectText(m), questionName
}

// objectText is compact JSON, or "" for an empty map.
func objectText(m pcommon.Map) string {
	if m.Len() == 0 {
		return ""
	}
	var space [256]byte // for nearly all, so that only the text itself is allocated
	return string(encode.Object(space[:0], m))
}

// extraText is the text of the attribute oversight.extra.
func extraText(v pcommon.Value) string {
	if v.Type() == pcommon.ValueTypeMap {
		return objectText(v.Map())
	}
	normal, _ := NormalizeExtra(v.AsString())
	return normal
}

// PutExtra parses a text in the form of [Event.Extra], or any other text of the
// column extra, into m, which has to be empty.
func PutExtra(text string, m pcommon.Map) {
	if !putFlat(text, m) {
		putParsed(text, m)
	}
}

// putParsed is PutExtra for any text.
func putParsed(text string, m pcommon.Map) {
	value := pcommon.NewValueEmpty()
	if err := parseJSON(text, value); err != nil {
		m.PutStr(rawKey, text)
	} else if value.Type() == pcommon.ValueTypeMap {
		value.Map().MoveTo(m)
	} else {
		value.MoveTo(m.PutEmpty(rawKey))
	}
}

// parseJSON parses the text of exactly one value.
func parseJSON(text string, value pcommon.Value) error {
	p := parser{jsontext.NewDecoder(strings.NewReader(text),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)), maxExtraKeys}
	if err := p.value(value, maxExtraDepth); err != nil {
		return err
	}
	return p.end()
}

type parser struct {
	decoder *jsontext.Decoder
	keys    int // still allowed
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
	}
	return nil
}

func (p *parser) object(m pcommon.Map, depth int) error {
	if depth < 0 {
		return errExtraTooLarge
	}
	for p.decoder.PeekKind() != '}' {
		token, err := p.decoder.ReadToken()
		if err != nil {
			return err
		}
		if p.keys--; p.keys < 0 {
			return errExtraTooLarge
		}
		if err := p.value(m.PutEmpty(token.String()), depth); err != nil {
			return err
		}
	}
	_, err := p.decoder.ReadToken()
	return err
}

func (p *parser) array(s pcommon.Slice, depth int) error {
	if depth < 0 {
		return errExtraTooLarge
	}
	for p.decoder.PeekKind() != ']' {
		if err := p.value(s.AppendEmpty(), depth); err != nil {
			return err
		}
	}
	_, err := p.decoder.ReadToken()
	return err
}

// end makes sure that nothing but white space follows.
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
// and with the sign, and the power of ten that the last of them counts for.
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
