// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package shape

// Fixed is a list of fields that are the same in every document. Their text is
// written once.
type Fixed struct {
	write func(Writer)
	text  []byte // `"name":value,"name":value`
}

// NewFixed returns the fields that a function writes, at least one.
func NewFixed(write func(Writer)) *Fixed {
	w := NewJSON(nil)
	write(w)
	document := w.Finish()
	return &Fixed{write, document[1 : len(document)-1]}
}
