// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

// columnSet is a set of columns, by their positions in columns.
type columnSet uint16

// MarkInvalid records that a column of the row holds what no registry writes there: in
// a [ColumnText], a number, a BLOB or text that is not UTF-8; in a [ColumnTime],
// anything but a time that a record can hold. The event may have a value for it all the
// same. It does nothing for a column that the table does not have.
func (e *Event) MarkInvalid(column string) { e.invalid |= columnBit(column) }

// IsInvalid reports whether [Event.MarkInvalid] was called for a column.
func (e *Event) IsInvalid(column string) bool { return e.invalid&columnBit(column) != 0 }

// HasInvalid reports whether [Event.MarkInvalid] was called for any column.
func (e *Event) HasInvalid() bool { return e.invalid != 0 }

func columnBit(name string) columnSet {
	for i := range columns {
		if columns[i].Name == name {
			return 1 << i
		}
	}
	return 0
}
