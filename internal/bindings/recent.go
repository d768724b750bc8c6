// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bindings

// recent is a map that holds the entries that were used last: between max and twice as
// many.
type recent[V any] struct {
	max           int
	current, past map[uint64]V
}

func newRecent[V any](maxEntries int) recent[V] {
	return recent[V]{max: maxEntries, current: map[uint64]V{}}
}

func (r *recent[V]) get(key uint64) (value V, ok bool) {
	if value, ok = r.current[key]; ok {
		return value, true
	}
	if value, ok = r.past[key]; ok {
		r.put(key, value)
	}
	return value, ok
}

func (r *recent[V]) put(key uint64, value V) {
	if len(r.current) >= r.max {
		r.current, r.past = map[uint64]V{}, r.current
	}
	r.current[key] = value
}
