// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package shape

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/oversight-protocol/oversight-otelcol/translator/internal/encode"
)

// maxDepth is how deep a shape nests its objects.
const maxDepth = 4

// JSON is a Writer of compact JSON text.
type JSON struct {
	text  []byte
	open  [maxDepth]openOffsets // the objects that are open, below the document itself
	depth int

	scratch []byte
	times   timeCache
}

// openOffsets are where the name of an object begins in the text, and its fields.
type openOffsets struct{ name, fields int }

var writers = sync.Pool{New: func() any { return new(JSON) }}

// NewJSON begins a document that is appended to dst. Finish ends it.
func NewJSON(dst []byte) *JSON {
	w := writers.Get().(*JSON)
	w.text = dst
	w.text = append(w.text, '{')
	return w
}

// Finish ends the document and returns the text. The writer must not be used
// afterwards.
func (w *JSON) Finish() []byte {
	w.text = append(w.text, '}')
	text := w.text
	w.text = nil
	writers.Put(w)
	return text
}

// name returns the text with the name of a field, to which the caller appends the
// value and stores the result: one store for each field is faster than two.
func (w *JSON) name(name string) []byte {
	text := append(w.comma(), '"')
	text = append(text, name...)
	return append(text, '"', ':')
}

// comma returns the text with a comma, unless the field is the object's first: a
// '{' at the end can only be the object's own, since values end in other
// characters.
func (w *JSON) comma() []byte {
	if w.text[len(w.text)-1] == '{' {
		return w.text
	}
	return append(w.text, ',')
}

// Text implements [Writer].
func (w *JSON) Text(name, value string) {
	if value != "" {
		w.text = encode.Line(w.name(name), value)
	}
}

// Int implements [Writer].
func (w *JSON) Int(name string, value int64) {
	w.text = strconv.AppendInt(w.name(name), value, 10)
}

// ID implements [Writer].
func (w *JSON) ID(name string, value int64) {
	if value != 0 {
		text := strconv.AppendInt(append(w.name(name), '"'), value, 10)
		text = append(text, '"')
		w.text = text
	}
}

// Time implements [Writer].
func (w *JSON) Time(name string, value time.Time) {
	if !value.IsZero() {
		w.text = append(w.name(name), w.times.text(value)...)
	}
}

// Texts implements [Writer].
func (w *JSON) Texts(name string, values []string) {
	text := append(w.name(name), '[')
	for i, value := range values {
		if i > 0 {
			text = append(text, ',')
		}
		text = encode.Line(text, value)
	}
	text = append(text, ']')
	w.text = text
}

// List implements [Writer].
func (w *JSON) List(name, value string) {
	if value != "" {
		w.text = append(encode.Line(append(w.name(name), '['), value), ']')
	}
}

// Names implements [Writer].
func (w *JSON) Names(name, joined string) {
	if joined == "" {
		return
	}
	text := append(w.name(name), '[')
	for {
		first, rest, more := strings.Cut(joined, ",")
		text = encode.Line(text, first)
		if !more {
			break
		}
		text = append(text, ',')
		joined = rest
	}
	text = append(text, ']')
	w.text = text
}

// Bytes implements [Writer].
func (w *JSON) Bytes(name string, value []byte) {
	if len(value) > 0 {
		w.text = encode.Line(w.name(name), value)
	}
	w.scratch = value[:0] // it may have grown
}

// ListBytes implements [Writer].
func (w *JSON) ListBytes(name string, value []byte) {
	if len(value) > 0 {
		w.text = append(encode.Line(append(w.name(name), '['), value), ']')
	}
	w.scratch = value[:0] // it may have grown
}

// Scratch implements [Writer].
func (w *JSON) Scratch() []byte { return w.scratch[:0] }

// Raw writes a value that is already JSON.
func (w *JSON) Raw(name string, value []byte) {
	w.text = append(w.name(name), value...)
}

// Fixed implements [Writer].
func (w *JSON) Fixed(fields *Fixed) { w.text = append(w.comma(), fields.text...) }

// Begin implements [Writer].
func (w *JSON) Begin(name string) {
	start := len(w.text)
	w.text = append(w.name(name), '{')
	w.open[w.depth] = openOffsets{start, len(w.text)}
	w.depth++
}

// End implements [Writer].
func (w *JSON) End() {
	w.depth--
	if object := w.open[w.depth]; len(w.text) == object.fields {
		w.text = w.text[:object.name] // it is empty
		return
	}
	w.text = append(w.text, '}')
}

// Extra implements [Writer].
func (w *JSON) Extra(name, object string) {
	if object != "" {
		text := w.name(name)
		start := len(text)
		w.text = encode.EscapeLine(append(text, object...), start)
	}
}

// ExtraText implements [Writer].
func (w *JSON) ExtraText(name, object string) {
	if object != "" {
		w.scratch = encode.ASCII(w.scratch[:0], object)
		w.text = encode.Line(w.name(name), w.scratch)
	}
}

// Attribute implements [Writer].
func (w *JSON) Attribute(name string, value pcommon.Value) {
	text := w.attribute(name)
	start := len(text)
	w.text = encode.EscapeLine(encode.Value(text, value), start)
}

// AttributeText implements [Writer].
func (w *JSON) AttributeText(name string, value pcommon.Value) {
	w.text = encode.Line(w.attribute(name), value.AsString())
}

func (w *JSON) attribute(name string) []byte {
	return append(encode.Line(w.comma(), name), ':')
}
