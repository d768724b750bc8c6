// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package recheck

import (
	"encoding/hex"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

// Agreeing returns how many of the rows that were delivered last a database still has,
// when its row with the id of the last one is not that one: all before the first that is
// another row now. uids are the log.record.uids of the rows that have these ids now, ""
// for none. A row that is missing was deleted, unless no later one agrees: then it is
// not counted. 0 says that nothing agrees.
func Agreeing(delivered []checkpoint.Row, uids []string) (n int) {
	for i, row := range delivered {
		switch uids[i] {
		case "":
		case UID(row):
			n = i + 1
		default: // this id, and so all later ones, were assigned again
			return n
		}
	}
	return n
}

// UID is the log.record.uid of a row.
func UID(row checkpoint.Row) string { return hex.EncodeToString(row.UID[:]) }
