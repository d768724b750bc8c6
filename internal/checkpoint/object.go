// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Extra is the members of a JSON object that this version does not know. They are
// written back as they were read.
type Extra map[string]json.RawMessage

// encodeObject writes a struct as JSON, then the extra members in the order of
// their names, then the checksum. It fails for a value above limit bytes, which
// its decoder would not accept.
func encodeObject(v any, extra Extra, limit int) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		quoted, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		data = append(append(data[:len(data)-1], ','), quoted...)
		data = append(append(append(data, ':'), extra[name]...), '}')
	}
	if len(data)+sumLength > limit {
		return nil, damaged("%d bytes, at most %d are allowed", len(data)+sumLength, limit)
	}
	return appendSumMember(data), nil
}

// decodeObject reads into a pointer to a struct what encodeObject has written, and
// returns the members that the struct does not have.
func decodeObject(data []byte, v any, limit int) (Extra, error) {
	if len(data) > limit {
		return nil, damaged("%d bytes, at most %d are allowed", len(data), limit)
	}
	if err := checkSumMember(data); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return nil, damaged("%s", err)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, damaged("%s", err)
	}
	delete(members, "crc32c")
	for t, i := reflect.TypeOf(v).Elem(), 0; i < t.NumField(); i++ {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		delete(members, name)
		for member := range members {
			if strings.EqualFold(member, name) { // encoding/json has read it as the other
				return nil, damaged("unknown member %q", member)
			}
		}
	}
	if len(members) == 0 {
		return nil, nil
	}
	return members, nil
}
