// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package shape

import (
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/oversight-protocol/oversight-otelcol/translator/internal/encode"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/extra"
)

// Map is a Writer of the values of a log record.
type Map struct {
	fields pcommon.Map          // that the next field goes to
	open   [maxDepth]openObject // the objects that are open, below the document itself
	depth  int                  // how many of them there are
	made   int                  // how many of them have fields, and so are in the record
}

type openObject struct {
	name   string
	parent pcommon.Map // if it has fields
}

// usualFields is how many fields many objects have.
const usualFields = 4

// NewMap writes into m.
func NewMap(m pcommon.Map) *Map {
	m.EnsureCapacity(2 * usualFields)
	return &Map{fields: m}
}

// current returns the object that the next field goes to. Objects begin with their first
// field: most events lack some.
func (w *Map) current() pcommon.Map {
	for ; w.made < w.depth; w.made++ {
		object := &w.open[w.made]
		object.parent = w.fields
		w.fields = w.fields.PutEmptyMap(object.name)
		w.fields.EnsureCapacity(usualFields)
	}
	return w.fields
}

// Text implements [Writer].
func (w *Map) Text(name, value string) {
	if value != "" {
		w.current().PutStr(name, value)
	}
}

// Int implements [Writer].
func (w *Map) Int(name string, value int64) { w.current().PutInt(name, value) }

// ID implements [Writer].
func (w *Map) ID(name string, value int64) {
	if value != 0 {
		w.current().PutStr(name, strconv.FormatInt(value, 10))
	}
}

// Time implements [Writer].
func (w *Map) Time(name string, value time.Time) {
	if !value.IsZero() {
		w.current().PutStr(name, value.UTC().Format(time.RFC3339Nano))
	}
}

// Texts implements [Writer].
func (w *Map) Texts(name string, values []string) {
	list := w.current().PutEmptySlice(name)
	list.EnsureCapacity(len(values))
	for _, value := range values {
		list.AppendEmpty().SetStr(value)
	}
}

// List implements [Writer].
func (w *Map) List(name, value string) {
	if value != "" {
		w.current().PutEmptySlice(name).AppendEmpty().SetStr(value)
	}
}

// Names implements [Writer].
func (w *Map) Names(name, joined string) {
	if joined == "" {
		return
	}
	list := w.current().PutEmptySlice(name)
	for value := range strings.SplitSeq(joined, ",") {
		list.AppendEmpty().SetStr(value)
	}
}

// Bytes implements [Writer].
func (w *Map) Bytes(name string, value []byte) { w.Text(name, string(value)) }

// ListBytes implements [Writer].
func (w *Map) ListBytes(name string, value []byte) { w.List(name, string(value)) }

// Scratch implements [Writer].
func (w *Map) Scratch() []byte { return nil }

// Fixed implements [Writer].
func (w *Map) Fixed(fields *Fixed) { fields.write(w) }

// Begin implements [Writer].
func (w *Map) Begin(name string) {
	w.open[w.depth].name = name
	w.depth++
}

// End implements [Writer].
func (w *Map) End() {
	w.depth--
	if w.made > w.depth {
		w.made--
		w.fields = w.open[w.made].parent
	}
}

// Extra implements [Writer].
func (w *Map) Extra(name, object string) {
	if object != "" {
		extra.Put(object, w.current().PutEmptyMap(name))
	}
}

// ExtraText implements [Writer].
func (w *Map) ExtraText(name, object string) {
	if object != "" {
		w.current().PutStr(name, string(encode.ASCII(nil, object)))
	}
}

// Attribute implements [Writer].
func (w *Map) Attribute(name string, value pcommon.Value) { value.CopyTo(w.current().PutEmpty(name)) }

// AttributeText implements [Writer].
func (w *Map) AttributeText(name string, value pcommon.Value) {
	w.current().PutStr(name, value.AsString())
}
