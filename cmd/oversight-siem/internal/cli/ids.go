// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"slices"
	"strings"
)

// FormatIDs returns ids in their order, as --ids takes them: 5,7,9-12.
func FormatIDs(ids []int64) string {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	var parts []string
	for i := 0; i < len(ids); {
		first := i
		for i++; i < len(ids) && ids[i] == ids[i-1]+1; i++ {
		}
		part := fmt.Sprint(ids[first])
		if i-first > 1 {
			part = fmt.Sprintf("%d-%d", ids[first], ids[i-1])
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ",")
}
