// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

// SetPageSize lets a test turn pages with few rows.
func (o *Ordered) SetPageSize(n int) { o.pager.size = n }

// InOrder reports whether ids and timestamps are in the same order.
func (o *Ordered) InOrder() bool { return o.survey.inOrder }
