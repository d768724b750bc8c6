// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package shape

// Fixed is a run of fields that are the same in every document: as text they are
// made up once.
type Fixed struct {
	write func(Writer)
	text  []byte // `"name":value,"name":value`
}

// NewFixed takes what writes the fields, at least one.
func NewFixed(write func(Writer)) *Fixed {
	w := NewJSON(nil)
	write(w)
	document := w.Finish()
	return &Fixed{write, document[1 : len(document)-1]}
}
