// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"slices"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// layout is how the events table of a database is read. A registry's own table has
// id INTEGER PRIMARY KEY, which is the rowid. A table that somebody made of it, with
// CREATE TABLE AS or from a CSV file, has no key, ids of any type, and perhaps fewer
// columns.
type layout struct {
	// rowid is the name under which statements use the rowid; "" for a view and a
	// table WITHOUT ROWID.
	rowid string
	// hasKey says that id is the rowid.
	hasKey bool
	// missing are columns that the table lacks. They are read as NULL.
	missing []string

	delivery queries // in the order of ids, for cursors
	ordered  queries // in any order, for [Ordered]
}

// required are the columns that the registry's own exporter needs, too. Without them,
// a query fails and says so.
var required = []string{"id", "timestamp"}

// IsRequired reports whether no event can be read from a table without a column of that
// name.
func IsRequired(column string) bool { return slices.Contains(required, column) }

// Columns of the queries for layouts.
const (
	querySchemaVersion = "PRAGMA schema_version"
	queryColumns       = "SELECT name, pk FROM pragma_table_xinfo('events') WHERE hidden <> 1"
	queryKind          = "SELECT type, wr FROM pragma_table_list('events') WHERE schema = 'main'"
	queryKeyIndexes    = "SELECT count(*) FROM pragma_index_list('events') WHERE origin = 'pk'"
)

// layout returns that of the database, which is read again when its schema changed.
func (r *Reader) layout(conn *livedb.Conn) (*layout, error) {
	version, err := queryInt(conn, querySchemaVersion)
	if err != nil {
		return nil, err
	}
	if r.layoutConn == conn && r.layoutVersion == version {
		return r.currentLayout, nil
	}
	l, err := readLayout(conn)
	if err != nil {
		return nil, err
	}
	r.layoutConn, r.layoutVersion, r.currentLayout = conn, version, l
	conn.LimitValues(l.delivery.stepLimit())
	return l, nil
}

func readLayout(conn *livedb.Conn) (*layout, error) {
	names, keys, idIsKey := []string{}, 0, false
	err := eachRow(conn, queryColumns, func(stmt *livedb.Stmt) {
		name := strings.ToLower(string(stmt.Column(0).Text()))
		names = append(names, name)
		if stmt.Column(1).Int64() > 0 {
			keys++
			idIsKey = idIsKey || name == "id"
		}
	})
	if err != nil {
		return nil, err
	}
	isTable := false
	err = eachRow(conn, queryKind, func(stmt *livedb.Stmt) {
		isTable = string(stmt.Column(0).Text()) == "table" && stmt.Column(1).Int64() == 0
	})
	if err != nil {
		return nil, err
	}
	// Any other primary key has an index, or is that of a table WITHOUT ROWID.
	indexes, err := queryInt(conn, queryKeyIndexes)
	if err != nil {
		return nil, err
	}
	l := &layout{hasKey: isTable && idIsKey && keys == 1 && indexes == 0 || len(names) == 0} // without a table, queries say so
	if isTable {
		l.rowid = rowidName(names)
	}
	l.missing = missingColumns(names)
	l.delivery, l.ordered = newQueries(l)
	return l, nil
}

// rowidName is a name of the rowid that is not that of a column.
func rowidName(columns []string) string {
	for _, name := range []string{"rowid", "_rowid_", "oid"} {
		if !slices.Contains(columns, name) {
			return name
		}
	}
	return ""
}

func missingColumns(names []string) (missing []string) {
	if len(names) == 0 {
		return nil
	}
	for i := range eventColumns {
		if name := eventColumns[i].Name; !slices.Contains(names, name) && !IsRequired(name) {
			missing = append(missing, name)
		}
	}
	return missing
}

// eachRow calls fn for every row of a query with these arguments.
func eachRow(conn *livedb.Conn, query string, fn func(*livedb.Stmt), args ...int64) error {
	stmt, err := conn.Prepare(query)
	if err != nil {
		return err
	}
	defer stmt.Reset()
	for i, arg := range args {
		stmt.BindInt64(i+1, arg)
	}
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return err
		}
		fn(stmt)
	}
}

// queryInt returns the number in the only row of a query; 0 for no row and for NULL.
func queryInt(conn *livedb.Conn, query string, args ...int64) (n int64, err error) {
	err = eachRow(conn, query, func(stmt *livedb.Stmt) { n = stmt.Column(0).Int64() }, args...)
	return n, err
}

// selectList is the event's columns in a SELECT.
func (l *layout) selectList(expression func(column *translator.Column) string) string {
	list := make([]string, len(eventColumns))
	for i := range eventColumns {
		list[i] = expression(&eventColumns[i])
	}
	return strings.Join(list, ", ")
}

// has reports whether the table has that column.
func (l *layout) has(column string) bool { return !slices.Contains(l.missing, column) }
