// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

// AppendMessage appends one line for a person who looks through events:
// what happened, from where, and about which document of whose.
// Parts that are not known are left out.
func (e *Event) AppendMessage(dst []byte) []byte {
	dst = append(dst, Action(e.Kind)...)
	for _, part := range [...]struct{ before, value string }{
		{" from ", e.SourceIP},
		{" for ", e.QuestionName},
		{": document ", e.FileID},
		{" of recipient ", e.RecipientID},
	} {
		if part.value != "" {
			dst = append(dst, part.before...)
			dst = append(dst, part.value...)
		}
	}
	if e.FileID == "" && e.RecipientID == "" && e.TokenID != "" {
		dst = append(dst, ": token "...)
		dst = append(dst, e.TokenID...)
	}
	return dst
}
