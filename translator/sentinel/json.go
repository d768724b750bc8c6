// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// AppendJSON appends a document as one JSON object, without a line break.
func (t *Translator) AppendJSON(dst []byte, d *translator.Document) []byte {
	w := shape.NewJSON(dst)
	t.row(w, d)
	return w.Finish()
}
