// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"database/sql"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

func selectList(columns []translator.Column) string {
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = columns[i].Name
	}
	return strings.Join(names, ", ")
}

// decodeAll reads all rows with a decoder of these columns.
func decodeAll(t *testing.T, path string, columns []translator.Column) []translator.Event {
	t.Helper()
	db := livedb.Open(path)
	defer db.Close()
	var events []translator.Event
	_, err := db.View(t.Context(), func(conn *livedb.Conn, _ livedb.Attempt) error {
		stmt, err := conn.Prepare("SELECT " + selectList(columns) + " FROM events ORDER BY id")
		if err != nil {
			return err
		}
		defer stmt.Reset()
		d := newDecoder(columns)
		events = nil
		for {
			found, err := stmt.Step()
			if err != nil || !found {
				return err
			}
			events = append(events, translator.Event{RegistryID: "deadbeef"})
			require.NoError(t, d.decode(stmt, &events[len(events)-1], maxRowBytes))
		}
	})
	require.NoError(t, err)
	return events
}

func openDatabase(t *testing.T, statements ...string) (path string, db *sql.DB) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "registry.sqlite")
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	for _, statement := range statements {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	return path, db
}

const untypedTable = "CREATE TABLE events (id INTEGER PRIMARY KEY, token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp, tlog_index"

// A column that a later version reads changes no uid, whatever it holds.
func TestAddedColumnChangesNoUID(t *testing.T) {
	path, _ := openDatabase(t, untypedTable+", country)",
		"INSERT INTO events VALUES (3, 't', NULL, '', 'i', 'dns', x'01', 'u', '{}', 1735000000, 'q', 1.5, 'NL')",
		"INSERT INTO events VALUES (4, 't', 'f', 'r', 'i', 'dns', '192.0.2.1', 'u', NULL, 1735000000, 'q', 7, NULL)",
		"INSERT INTO events VALUES (5, 't', 'f', 'r', 'i', 'dns', '192.0.2.1', 'u', NULL, 1735000000, 'q', 7, x'ff')",
	)
	before := decodeAll(t, path, translator.Columns())
	after := decodeAll(t, path, append(translator.Columns(), translator.Column{Name: "country", Type: translator.ColumnText}))
	require.Len(t, after, 3)
	for i := range before {
		assert.Equal(t, before[i].UID, after[i].UID, "row %d", before[i].ID)
	}
	assert.Contains(t, after[2].DecodeError, "country is a blob", "the column was read")
	assert.Equal(t, "5aacae99739fdb548ede460c6c9fb717", after[0].UID, "as TestUID has it")
}

// A real number is read as the text that SQLite casts it to.
func TestRealNumbersAreReadAsSQLiteCastsThem(t *testing.T) {
	path, db := openDatabase(t, untypedTable+")")
	numbers := []float64{
		0, math.Copysign(0, -1), 1, -1, 1.5, 100, 1e15, 1e16, 1e20, -1e20, 1e-5, 0.1, 0.1 + 0.2, 1.0 / 3, 123456789012345678, 1000000000000005,
		math.MaxFloat64, math.SmallestNonzeroFloat64, math.Pi, 2.5e-310, 5e-324, 1e100, 1e-100, 999999999999999.5, math.Inf(1), math.Inf(-1),
	}
	random := rand.New(rand.NewPCG(1, 2)) // the same numbers each time
	for range 1000 {
		if f := math.Float64frombits(random.Uint64()); !math.IsNaN(f) { // SQLite stores NaN as NULL
			numbers = append(numbers, f, random.NormFloat64(), math.Trunc(random.NormFloat64()*1e6))
		}
	}
	insert, err := db.PrepareContext(t.Context(), "INSERT INTO events(token_id) VALUES (?)")
	require.NoError(t, err)
	defer insert.Close()
	_, err = db.ExecContext(t.Context(), "BEGIN")
	require.NoError(t, err)
	for _, f := range numbers {
		_, err := insert.ExecContext(t.Context(), f)
		require.NoError(t, err)
	}
	_, err = db.ExecContext(t.Context(), "COMMIT")
	require.NoError(t, err)

	events := decodeAll(t, path, translator.Columns())
	require.Len(t, events, len(numbers))
	rows, err := db.QueryContext(t.Context(), "SELECT typeof(token_id), CAST(token_id AS TEXT) FROM events ORDER BY id")
	require.NoError(t, err)
	defer rows.Close()
	for i := 0; rows.Next(); i++ {
		var class, want string
		require.NoError(t, rows.Scan(&class, &want))
		require.Equal(t, "real", class)
		require.Equal(t, want, events[i].TokenID, strconv.FormatFloat(numbers[i], 'g', -1, 64))
	}
	require.NoError(t, rows.Err())
	for i, want := range map[int]string{0: "0.0", 2: "1.0", 8: "1.0e+20", 12: "0.3", 24: "Inf", 25: "-Inf"} {
		assert.Equal(t, want, events[i].TokenID)
		assert.Empty(t, events[i].DecodeError)
	}
}
