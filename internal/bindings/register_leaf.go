// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bindings

import (
	"encoding/json"
	"strings"
)

// registerLeaf is what a leaf of the transparency log says of a registration.
type registerLeaf struct {
	index                              int64
	fileID, recipientID, issuerID, key string
}

// parseRegister parses a leaf; ok is false if it is not that of a registration, or one of
// its ids is no text.
func parseRegister(index int64, text string) (leaf registerLeaf, ok bool) {
	if !strings.Contains(text, "register") {
		return registerLeaf{}, false
	}
	var members map[string]any // whose keys are compared as they are, unlike those of a struct
	if err := json.Unmarshal([]byte(text), &members); err != nil || members["event"] != "register" {
		return registerLeaf{}, false
	}
	leaf.index = index
	ok = true
	for name, id := range map[string]*string{
		"file_id": &leaf.fileID, "recipient_id": &leaf.recipientID, "issuer_id": &leaf.issuerID, "issuer_pub": &leaf.key,
	} {
		text, isText := members[name].(string)
		*id, ok = text, ok && isText
	}
	return leaf, ok
}
