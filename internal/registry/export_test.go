// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

// SetIDRangeSize lets a test have many id ranges with few rows.
func (r *Reader) SetIDRangeSize(n int64) { r.idRangeSize = n }

// InOrder reports whether ids and timestamps are in the same order.
func (o *Ordered) InOrder() bool {
	for _, ids := range o.ranges {
		if !ids.inOrder {
			return false
		}
	}
	return true
}
