// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// rawKey is the only key of a normalized extra that is not a JSON object.
const rawKey = "raw"

// nonTextIn returns which of qname and qtype have, in a normalized extra, a value that is
// neither a string nor null: both if the extra is not a JSON object.
func nonTextIn(extra string) beaconFields {
	var nonText beaconFields
	if extra == "" {
		return 0
	}
	decoder := jsontext.NewDecoder(strings.NewReader(extra))
	if _, err := decoder.ReadToken(); err != nil {
		return bothQuestions
	}
	onlyRaw := true
	for decoder.PeekKind() != '}' {
		key, err := decoder.ReadToken()
		if err != nil {
			return bothQuestions
		}
		name := key.String()
		onlyRaw = onlyRaw && name == rawKey
		kind := decoder.PeekKind()
		if f, ok := fieldOf(name); ok && kind != '"' && kind != 'n' {
			nonText.add(f)
		}
		if err := decoder.SkipValue(); err != nil {
			return bothQuestions
		}
	}
	if onlyRaw {
		return bothQuestions
	}
	return nonText
}

const bothQuestions beaconFields = 1<<fieldQuestionName | 1<<fieldQuestionType
