// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

// Bindings is what was reported of the registrations of documents and tokens, in [Log].
type Bindings struct {
	// Leaves is how many leaves were searched for documents that were registered again.
	// They are read again after a start, and not reported again.
	Leaves int64 `json:"leaves,omitempty"`
	// Reported is 8 bytes of a hash for each state of a token that was reported.
	Reported []byte `json:"reported,omitempty"`
}

// IsZero reports whether nothing is known.
func (b Bindings) IsZero() bool { return b.Leaves == 0 && len(b.Reported) == 0 }
