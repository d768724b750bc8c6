// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/verification"
)

const eventColumns = "token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp, tlog_index"

// heldColumns returns the columns that a leaf contains, by kind of beacon, and the
// name of a mismatch in each.
func heldColumns(kind string) map[string]string {
	columns := map[string]string{
		"kind": "kind", "token_id": "token_id", "file_id": "file_id", "recipient_id": "recipient_id",
		"source_ip": "source_ip", "qualified_timestamp": "qualified_timestamp", "user_agent": "user_agent",
	}
	if kind == "dns" {
		delete(columns, "user_agent")
		columns["extra"] = "extra."
	}
	return columns
}

// variant is a row that differs from one of the sample in one column.
type variant struct {
	column, mismatch string
	value            []byte // nil for NULL
	original         string
}

// variants returns all values that differ from a text in one byte, or in length by
// one.
func variants(text string) (values [][]byte) {
	for i := range len(text) {
		for b := range 256 {
			if byte(b) != text[i] {
				values = append(values, []byte(text[:i]+string([]byte{byte(b)})+text[i+1:]))
			}
		}
		values = append(values, []byte(text[:i]+text[i+1:]), []byte(text[:i]+"x"+text[i:]))
	}
	return append(values, []byte(text+"x"))
}

// Every change of a byte of a row that the leaf contains is found: each byte of each
// column, of a row of each kind, is replaced by every other byte.
func TestVerifyFindsEveryChangeOfARow(t *testing.T) {
	f := sample(t)
	made := map[string]variant{} // by id
	f.use(t, func(db *sql.DB) {
		tx, err := db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		id := 1000
		for _, kind := range []string{"dns", "http_img", "ocsp", "license"} {
			var row int64
			require.NoError(t, db.QueryRowContext(t.Context(), "SELECT id FROM events WHERE kind = ? AND file_id IS NOT NULL AND (user_agent != '' OR kind = 'dns') ORDER BY length(user_agent), id LIMIT 1", kind).Scan(&row))
			for column, mismatch := range heldColumns(kind) {
				var original string
				require.NoError(t, db.QueryRowContext(t.Context(), "SELECT "+column+" FROM events WHERE id = ?", row).Scan(&original))
				require.NotEmpty(t, original)
				insert, err := tx.PrepareContext(t.Context(), "INSERT INTO events SELECT ?, "+strings.Replace(eventColumns, column, "CAST(? AS TEXT)", 1)+" FROM events WHERE id = ?")
				require.NoError(t, err)
				for i, value := range variants(original) {
					if i%variantStep != 0 {
						continue
					}
					id++
					_, err := insert.ExecContext(t.Context(), id, value, row)
					require.NoError(t, err)
					made[strconv.Itoa(id)] = variant{column, mismatch, value, original}
				}
				require.NoError(t, insert.Close())
			}
		}
		require.NoError(t, tx.Commit())
	})
	require.Greater(t, len(made), 100_000/variantStep)

	same := int64(0)
	s := eachFinding(t, f, func(finding found) {
		v, ok := made[finding.EventID]
		require.True(t, ok, finding)
		delete(made, finding.EventID)
		if finding.Status == "duplicate" { // the leaf contains the values of extra, not its text
			require.Equal(t, "extra", v.column, "%q", v.value)
			require.JSONEq(t, v.original, string(v.value))
			same++
			return
		}
		require.Equal(t, "mismatch", finding.Status)
		for _, name := range finding.Mismatch {
			require.True(t, strings.HasPrefix(name, v.mismatch), "%s: %q", name, v.value)
		}
	})
	assert.Empty(t, made)
	assert.EqualValues(t, 600, s.Verified)
	assert.Equal(t, same, s.Duplicate)
	assert.Less(t, same, int64(100))
}

// eachFinding verifies and passes findings to visit one by one.
func eachFinding(t *testing.T, f files, visit func(found)) (last verification.Summary) {
	t.Helper()
	c := command(t.Context(), f.arguments("--json")...)
	stdout, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	for decoder := json.NewDecoder(stdout); ; {
		var line struct {
			found
			Summary *verification.Summary
		}
		require.NoError(t, decoder.Decode(&line))
		if line.Summary != nil {
			last = *line.Summary
			break
		}
		visit(line.found)
	}
	require.Error(t, c.Wait())
	require.Equal(t, cli.StatusFindings, c.ProcessState.ExitCode())
	return last
}

// A row that names the leaf of another row, or none, is found.
func TestVerifyFindsEveryOtherIndex(t *testing.T) {
	for change, want := range map[string]string{
		"NULL": "missing", "-1": "missing", "-2": "missing", "625 + id": "missing", "9223372036854775807": "missing", "-9223372036854775808": "missing",
		"(id * 7) % 25": "mismatch event", "'x'": "missing", "1.5": "missing",
	} {
		f := sample(t)
		f.sql(t, "UPDATE events SET tlog_index = "+change)
		v := verifyJSON(t, f.arguments())
		rows := 0
		for _, finding := range v.findings {
			if finding.Kind == "row_mismatch" {
				rows++
				require.Equal(t, want, strings.TrimSpace(finding.Status+" "+strings.Join(finding.Mismatch, ",")), change)
			}
		}
		kinds := []string{"row_mismatch", "leaf_without_row"}
		if slices.Contains([]string{"NULL", "-1", "'x'", "1.5"}, change) { // they name no leaf
			kinds[0] = "row_unlogged"
			assert.Zero(t, rows, change)
		} else {
			assert.Equal(t, 600, rows, change)
		}
		assert.Subset(t, v.kinds(), kinds, change)
		assert.EqualValues(t, 600, v.summary.LeavesWithoutRow, change)
		assert.Zero(t, v.summary.Verified, change)
		if status, _, _ := strings.Cut(want, " "); status == "missing" {
			assert.EqualValues(t, 600, v.summary.Missing, change)
		} else {
			assert.EqualValues(t, 600, v.summary.Mismatch, change)
		}
	}
	f := sample(t)
	f.sql(t, "UPDATE events SET tlog_index = tlog_index + 1") // the last one names no leaf
	v := verifyJSON(t, f.arguments())
	assert.Zero(t, v.summary.Verified)
	assert.EqualValues(t, 600, v.summary.Mismatch+v.summary.Missing)
}

// Every deleted row is found, alone and with its neighbours.
func TestVerifyFindsEveryDeletedRow(t *testing.T) {
	for _, which := range []string{"id % 2 = 0", "id % 2 = 1", "id % 7 < 3", "id = 1", "id = 600", "id > 300", "id <= 300", "id > 0"} {
		f := sample(t)
		gone := map[int64]bool{}
		f.use(t, func(db *sql.DB) {
			rows, err := db.QueryContext(t.Context(), "SELECT tlog_index FROM events WHERE "+which)
			require.NoError(t, err)
			defer rows.Close()
			for rows.Next() {
				var index int64
				require.NoError(t, rows.Scan(&index))
				gone[index] = true
			}
			require.NoError(t, rows.Err())
		})
		f.sql(t, "DELETE FROM events WHERE "+which)
		v := verifyJSON(t, f.arguments())
		assert.EqualValues(t, len(gone), v.summary.LeavesWithoutRow, which)
		assert.EqualValues(t, 600-len(gone), v.summary.Verified)
		for _, finding := range v.findings {
			require.Equal(t, "leaf_without_row", finding.Kind)
			for index := *finding.Index; index <= max(*finding.Index, finding.Last); index++ {
				require.True(t, gone[index], index)
				delete(gone, index)
			}
		}
		assert.Empty(t, gone)
	}
}

// Every inserted row is found: a copy of each.
func TestVerifyFindsEveryInsertedRow(t *testing.T) {
	f := sample(t)
	f.sql(t, "INSERT INTO events SELECT id + 1000, "+eventColumns+" FROM events")
	v := verifyJSON(t, f.arguments())
	require.Len(t, v.findings, 600)
	for i, finding := range v.findings {
		require.Equal(t, fmt.Sprintf("row_mismatch row %d duplicate", 1001+i), finding.String())
	}
}
