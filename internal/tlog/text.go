// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import "context"

// Text returns the text of a leaf; "" for one that is corrupt. Cost and errors are those
// of [Log.CompareLeaf], but for the parsing.
func (l *Log) Text(ctx context.Context, index int64) (string, error) {
	e, text, err := l.entry(ctx, index)
	if err != nil || e.corrupt {
		return "", err
	}
	return text, nil
}
