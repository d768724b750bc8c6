// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package shape

import (
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/encode"
)

// maxDepth is how deep a shape nests its objects.
const maxDepth = 4

// JSON is a Writer of compact JSON text.
type JSON struct {
	text  []byte
	open  [maxDepth]mark // the objects that are open, below the document itself
	depth int

	scratch []byte
}

type mark struct{ before, begin int } // where the name begins, and the fields

var writers = sync.Pool{New: func() any { return new(JSON) }}

// NewJSON begins a document that is appended to dst. It is given back with
// Finish.
func NewJSON(dst []byte) *JSON {
	w := writers.Get().(*JSON)
	w.text = dst
	w.text = append(w.text, '{')
	return w
}

// Finish ends the document and returns the text. The writer must not be used
// again.
func (w *JSON) Finish() []byte {
	w.text = append(w.text, '}')
	text := w.text
	w.text = nil
	writers.Put(w)
	return text
}

// name begins a field. A '{' at the end can only be the object's own, since
// values end in other characters.
func (w *JSON) name(name string) {
	w.comma()
	w.text = append(w.text, '"')
	w.text = append(w.text, name...)
	w.text = append(w.text, '"', ':')
}

func (w *JSON) comma() {
	if w.text[len(w.text)-1] != '{' {
		w.text = append(w.text, ',')
	}
}

// Text implements [Writer].
func (w *JSON) Text(name, value string) {
	if value != "" {
		w.name(name)
		w.text = encode.String(w.text, value)
	}
}

// Int implements [Writer].
func (w *JSON) Int(name string, value int64) {
	w.name(name)
	w.text = strconv.AppendInt(w.text, value, 10)
}

// ID implements [Writer].
func (w *JSON) ID(name string, value int64) {
	if value != 0 {
		w.name(name)
		w.text = append(w.text, '"')
		w.text = strconv.AppendInt(w.text, value, 10)
		w.text = append(w.text, '"')
	}
}

// Time implements [Writer].
func (w *JSON) Time(name string, value time.Time) {
	if !value.IsZero() {
		w.name(name)
		w.text = append(w.text, '"')
		w.text = value.UTC().AppendFormat(w.text, time.RFC3339Nano)
		w.text = append(w.text, '"')
	}
}

// Texts implements [Writer].
func (w *JSON) Texts(name string, values []string) {
	w.name(name)
	w.text = append(w.text, '[')
	for i, value := range values {
		if i > 0 {
			w.text = append(w.text, ',')
		}
		w.text = encode.String(w.text, value)
	}
	w.text = append(w.text, ']')
}

// List implements [Writer].
func (w *JSON) List(name, value string) {
	if value != "" {
		w.name(name)
		w.text = append(w.text, '[')
		w.text = encode.String(w.text, value)
		w.text = append(w.text, ']')
	}
}

// Message implements [Writer].
func (w *JSON) Message(name string, e *translator.Event) {
	w.scratch = e.AppendMessage(w.scratch[:0])
	w.name(name)
	w.text = encode.String(w.text, w.scratch)
}

// Raw writes a value that is JSON already.
func (w *JSON) Raw(name string, value []byte) {
	w.name(name)
	w.text = append(w.text, value...)
}

// Begin implements [Writer].
func (w *JSON) Begin(name string) {
	before := len(w.text)
	w.name(name)
	w.text = append(w.text, '{')
	w.open[w.depth] = mark{before, len(w.text)}
	w.depth++
}

// End implements [Writer].
func (w *JSON) End() {
	w.depth--
	if at := w.open[w.depth]; len(w.text) == at.begin {
		w.text = w.text[:at.before]
		return
	}
	w.text = append(w.text, '}')
}

// Extra implements [Writer].
func (w *JSON) Extra(name, object string) {
	if object != "" {
		w.name(name)
		w.text = append(w.text, object...)
	}
}

// ExtraText implements [Writer].
func (w *JSON) ExtraText(name, object string) {
	if object != "" {
		w.scratch = encode.ASCII(w.scratch[:0], object)
		w.name(name)
		w.text = encode.String(w.text, w.scratch)
	}
}

// Attribute implements [Writer].
func (w *JSON) Attribute(name string, value pcommon.Value) {
	w.attribute(name)
	w.text = encode.Value(w.text, value)
}

// AttributeText implements [Writer].
func (w *JSON) AttributeText(name string, value pcommon.Value) {
	w.attribute(name)
	w.text = encode.String(w.text, value.AsString())
}

func (w *JSON) attribute(name string) {
	w.comma()
	w.text = encode.String(w.text, name)
	w.text = append(w.text, ':')
}
