// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"strconv"
	"strings"
)

func keep(rows []Row, wanted func(Row) (bool, error)) ([]Row, error) {
	var kept []Row
	for _, row := range rows {
		ok, err := wanted(row)
		if err != nil {
			return nil, err
		}
		if ok {
			kept = append(kept, row)
		}
	}
	return kept, nil
}

// change changes copies of rows.
func change(rows []Row, f func(Row) error) ([]Row, error) {
	changed := make([]Row, len(rows))
	for i, row := range rows {
		changed[i] = row.Clone()
		if err := f(changed[i]); err != nil {
			return nil, err
		}
	}
	return changed, nil
}

// first returns the first rows; 0 means all.
func first(rows []Row, limit int) []Row {
	if limit > 0 && len(rows) > limit {
		return rows[:limit]
	}
	return rows
}

// rowKey returns the values of fields as one text, and false if one is null.
func rowKey(row Row, fields []string) (string, bool) {
	var key strings.Builder
	for _, name := range fields {
		v := row[name]
		if v == nil {
			return "", false
		}
		key.WriteString(strconv.Quote(text(v)))
	}
	return key.String(), true
}

func pick(rows []Row, positions []int) []Row {
	picked := make([]Row, len(positions))
	for i, position := range positions {
		picked[i] = rows[position]
	}
	return picked
}
