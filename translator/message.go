// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

// AppendMessage appends one line for a person who reads events: what happened,
// from which address, and about which document of which recipient. Unknown parts
// are left out.
func (e *Event) AppendMessage(dst []byte) []byte {
	dst = append(dst, Action(e.Kind)...)
	for _, part := range [...]struct{ label, value string }{
		{" from ", e.SourceIP},
		{" for ", e.QuestionName},
		{": document ", e.FileID},
		{" of recipient ", e.RecipientID},
	} {
		if part.value != "" {
			dst = append(dst, part.label...)
			dst = append(dst, part.value...)
		}
	}
	if e.FileID == "" && e.RecipientID == "" && e.TokenID != "" {
		dst = append(dst, ": token "...)
		dst = append(dst, e.TokenID...)
	}
	return dst
}
