// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

// ReducedUIDSuffix follows the uid of an event in the uid of its reduced form. The two
// differ so that a destination that recognizes repeats takes the whole event later.
const ReducedUIDSuffix = "-reduced"

// maxPlain is the length up to which a kind or a token is one that a registry made:
// its tokens are 32 hex digits.
const maxPlain = 64

// Reduce leaves out all text that a stranger may have chosen, names its columns in
// Reduced, and gives the event the uid of its reduced form. What remains is nothing
// that a destination could refuse but for the destination's own reasons: the registry,
// the id, the times, the index and status of the leaf, and, if they look as a registry
// makes them, the kind, the token, and the address without what is no part of it.
func (e *Event) Reduce() {
	whole := *e
	*e = Event{
		RegistryID:   whole.RegistryID,
		ID:           whole.ID,
		UID:          whole.UID,
		Timestamp:    whole.Timestamp,
		TlogIndex:    whole.TlogIndex,
		HasTlogIndex: whole.HasTlogIndex,
		TlogStatus:   whole.TlogStatus,
		TlogMismatch: whole.TlogMismatch,
		Observed:     whole.Observed,
		Truncated:    whole.Truncated,
		Reduced:      whole.Reduced,
	}
	if e.UID != "" {
		e.UID += ReducedUIDSuffix
	}
	if isPlain(whole.Kind) {
		e.Kind = whole.Kind
	}
	if isPlain(whole.TokenID) {
		e.TokenID = whole.TokenID
	}
	e.SourceIP = whole.Address()
	for i := range columns {
		f := columns[i].attribute.field
		if before := whole.slot(f).text; before != nil && *before != *e.slot(f).text {
			e.Reduced = addName(e.Reduced, columns[i].Name)
		}
	}
}

// isPlain reports whether a text has only letters, digits, - and _, and not many.
func isPlain(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return len(text) <= maxPlain
}
