// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// jsonExtract follows keys. An object or an array is its text.
func jsonExtract(object string, keys []string) (Value, error) {
	raw := json.RawMessage(object)
	for _, key := range keys {
		var members map[string]json.RawMessage
		if json.Unmarshal(raw, &members) != nil { // no object
			return nil, nil //nolint:nilnil,nilerr // null is a value
		}
		if raw = members[key]; raw == nil {
			return nil, nil //nolint:nilnil // null is a value
		}
	}
	return jsonValue(raw)
}

func jsonValue(raw json.RawMessage) (Value, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case nil:
		return nil, nil //nolint:nilnil // null is a value
	case string:
		return v, nil
	case json.Number:
		return v.Float64()
	case bool:
		return strconv.FormatBool(v), nil
	default:
		return string(raw), nil
	}
}
