// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Codes of SQLite (https://sqlite.org/rescode.html): for a table or a column that is
// missing, and for a file that is no database.
const (
	sqliteError  = 1
	sqliteNotADB = 26
)

// unreadable explains the error of reading the database.
func (r *receiver) unreadable(err error) []finding {
	if found := tooSlow(err); found != nil {
		return found
	}
	sqlite, isSQLite := errors.AsType[*livedb.Error](err)
	switch {
	case errors.Is(err, livedb.ErrBusy):
		return warning("run the check again; if it stays, see that the registry is alive and can finish what it writes", "%s is being written all the time", r.Database)
	case isSQLite && sqlite.Primary() == sqliteNotADB:
		return failed(fmt.Sprintf("set `receivers::%s::database` to the registry's SQLite file", r.id), "%s is not a SQLite database", r.Database)
	case isSQLite && sqlite.Primary() == sqliteError:
		return notChecked("see registry.schema", "%s lacks a table or columns: %v", r.Database, err)
	case isSQLite:
		return failed("look at the database with sqlite3: PRAGMA integrity_check on a copy", "%s cannot be read: %v", r.Database, err)
	default:
		return notChecked("see registry.file", "%s cannot be opened: %v", r.Database, plain(err))
	}
}

// checkSchema compares the events table with what the receiver reads.
func (r *receiver) checkSchema(ctx context.Context) []finding {
	if f := (inputFile{path: r.Database}); r.Database == "" || f.problem() != nil {
		return notChecked("see registry.file", "the database cannot be opened")
	}
	db := livedb.Open(r.Database)
	defer db.Close()
	var columns []string
	_, err := db.View(ctx, func(conn *livedb.Conn, _ livedb.Attempt) error {
		columns = nil
		stmt, err := conn.Prepare("SELECT lower(name) FROM pragma_table_xinfo('events') WHERE hidden <> 1")
		if err != nil {
			return err
		}
		defer stmt.Reset()
		for {
			more, err := stmt.Step()
			if err != nil || !more {
				return err
			}
			columns = append(columns, string(stmt.Column(0).Text()))
		}
	})
	if err != nil {
		return r.unreadable(err)
	}
	if len(columns) == 0 {
		return failed(fmt.Sprintf("set `receivers::%s::database` to the database of the registry; a new registry makes the table at its first start", r.id), "%s has no table `events`", r.Database)
	}
	found := compareColumns(r.Database, columns)
	return append(found, r.notices(ctx)...)
}

// compareColumns names columns that are missing or not known.
func compareColumns(path string, columns []string) (found []finding) {
	var required, missing, unknown []string
	known := translator.Columns()
	for i := range known {
		switch name := known[i].Name; {
		case slices.Contains(columns, name):
		case registry.IsRequired(name):
			required = append(required, name)
		default:
			missing = append(missing, name)
		}
	}
	for _, name := range columns {
		if !slices.ContainsFunc(known, func(c translator.Column) bool { return c.Name == name }) {
			unknown = append(unknown, name)
		}
	}
	if len(required) > 0 {
		found = append(found, failed("use the database of the registry itself, not a copy with fewer columns", "the table `events` of %s lacks %s, without which no event can be read", path, strings.Join(required, ", "))...)
	}
	if len(missing) > 0 {
		found = append(found, warning("upgrade the registry, or use its own database and no copy: these fields are empty in all events, and rows may differ from their leaves", "the table `events` of %s lacks the column(s) %s", path, strings.Join(missing, ", "))...)
	}
	if len(unknown) > 0 {
		found = append(found, warning("upgrade the collector: its CHANGELOG says which schemas it knows", "the table `events` of %s has a newer schema: the column(s) %s are not delivered", path, strings.Join(unknown, ", "))...)
	}
	if len(found) == 0 {
		return passed("the table `events` of %s has the columns that this version knows", path)
	}
	return found
}

// notices are what the receiver would tell about the rows.
func (r *receiver) notices(ctx context.Context) (found []finding) {
	reader := registry.Open(registry.Settings{Path: r.Database, RegistryID: r.RegistryID})
	defer reader.Close()
	batch, err := reader.Read(ctx, registry.Cursor{}, 1, nil)
	if err != nil {
		return nil // said already
	}
	for _, notice := range batch.Notices {
		if notice.Kind != registry.NoticeColumns {
			found = append(found, warning("see docs/operate.md", "%s", notice.Text)...)
		}
	}
	return found
}
