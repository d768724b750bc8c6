// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

const (
	// RecentRows is how many rows Recent remembers.
	RecentRows = 256
	// RecentPages is how many pages it is kept in.
	RecentPages = RecentRows / recentPageRows

	recentPageRows = 64
	recentPageSize = recentPageRows*rowSize + sumSize
)

// Recent is the last rows that were delivered, each with its uid. They show how
// far a database agrees with what was delivered that lost its last rows, after a
// power failure or with a restored backup. The zero value has none.
type Recent struct {
	// rows are encoded: the row number n, from 0 on, is at n%RecentRows.
	rows  [RecentRows * rowSize]byte
	total int64
	dirty [RecentPages]bool // changed since the last call of Saved
}

// Total is how many rows were added: [Root.Recent].
func (r *Recent) Total() int64 { return r.total }

// Add adds a row that was delivered.
func (r *Recent) Add(row Row) {
	i := r.total % RecentRows
	row.append(r.rows[i*rowSize : i*rowSize]) // in place
	r.dirty[i/recentPageRows] = true
	r.total++
}

// Reset forgets all rows, for another database.
func (r *Recent) Reset() {
	*r = Recent{}
	for i := range r.dirty {
		r.dirty[i] = true
	}
}

// Replace forgets all rows and adds others.
func (r *Recent) Replace(rows []Row) {
	r.Reset()
	for _, row := range rows {
		r.Add(row)
	}
}

// Rows are the rows, the oldest first.
func (r *Recent) Rows() []Row {
	rows := make([]Row, 0, RecentRows)
	for n := max(0, r.total-RecentRows); n < r.total; n++ {
		rows = append(rows, rowAt(r.rows[n%RecentRows*rowSize:]))
	}
	return rows
}

// page is the rows of a page, without the checksum.
func (r *Recent) page(number int) []byte {
	const size = recentPageRows * rowSize
	return r.rows[number*size:][:size]
}

// Changed calls a function with each page that has changed since the last call of
// Saved: its number, and the value of its key.
func (r *Recent) Changed(page func(number int64, data []byte)) {
	for i, dirty := range r.dirty {
		if dirty {
			page(int64(i), appendSum(append(make([]byte, 0, recentPageSize), r.page(i)...)))
		}
	}
}

// Saved says that all that has changed is in the storage.
func (r *Recent) Saved() { clear(r.dirty[:]) }

// DecodeRecent reads all pages; nil stands for a page that was never written.
// The total is [Root.Recent].
func DecodeRecent(total int64, pages [RecentPages][]byte) (*Recent, error) {
	r := &Recent{total: total}
	for i, data := range pages {
		if data == nil {
			if int64(i)*recentPageRows < total {
				return nil, damaged("page %d is missing", i)
			}
			continue
		}
		data, err := cutSum(data)
		if err != nil {
			return nil, err
		}
		if len(data) != len(r.page(i)) {
			return nil, damaged("%d bytes, a page has %d", len(data)+sumSize, recentPageSize)
		}
		copy(r.page(i), data)
	}
	return r, nil
}
