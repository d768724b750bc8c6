// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Answers are read strictly: `{"CODE":0}` is no success, and neither is
// `{"code":6,"code":0}`, of which readers take one or the other (RFC 8259, section 4).
// Text of an event in a reason need not be valid UTF-8.
var lenientText = jsontext.AllowInvalidUTF8(true)

// unmarshal parses one JSON value. Names are case-sensitive, and an error if an object
// has one twice. Unknown names are skipped: services add some.
func unmarshal(text []byte, into any) error { return json.Unmarshal(text, into, lenientText) }

// isJSON returns whether a text is one JSON value without repeated names.
func isJSON(text []byte) bool { return jsontext.Value(text).IsValid(lenientText) }
