// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxIDs bounds a list of ids, which is in memory.
const maxIDs = 1_000_000

// ParseIDs parses a list of ids such as 5,7,9-12, and returns them in their order, each
// once.
func ParseIDs(text string) ([]int64, error) {
	var ids []int64
	for part := range strings.SplitSeq(text, ",") {
		first, last, err := parseIDRange(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		if last-first >= maxIDs || len(ids)+int(last-first) >= maxIDs {
			return nil, fmt.Errorf("--ids has more than %d ids: use --after-id and --limit", maxIDs)
		}
		for id := first; ; id++ {
			ids = append(ids, id)
			if id == last {
				break
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

func parseIDRange(text string) (first, last int64, err error) {
	from, to, isRange := strings.Cut(text, "-")
	first, err = strconv.ParseInt(from, 10, 64)
	last = first
	if err == nil && isRange {
		last, err = strconv.ParseInt(to, 10, 64)
	}
	if err != nil || first < 1 || last < first {
		return 0, 0, fmt.Errorf("--ids has %.40q: must be ids and ranges of ids, such as 5,7,9-12", text)
	}
	return first, last, nil
}

// FormatIDs is the list that ParseIDs parses: ids that follow each other are a range.
func FormatIDs(ids []int64) string {
	var parts []string
	for i := 0; i < len(ids); {
		n := 1
		for i+n < len(ids) && ids[i+n] == ids[i]+int64(n) {
			n++
		}
		if n == 1 {
			parts = append(parts, strconv.FormatInt(ids[i], 10))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", ids[i], ids[i+n-1]))
		}
		i += n
	}
	return strings.Join(parts, ",")
}
