// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"math"
	"slices"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

const (
	// maxLoadedBytes is the longest value of which an event holds all.
	maxLoadedBytes = livedb.MaxValueBytes
	// headBytes is how much of a longer one it holds, in the encoding of the database.
	headBytes = 64 << 10
	// maxStepBytes is the longest value of a row that is read at once. SQLite has a copy of
	// each value of a row, and ten columns may hold as much. Longer ones are read once
	// their sizes are known.
	maxStepBytes = 128 << 10
	// maxRowBytes is how much of a row is read at once: the longest value beside some
	// others. Where the values together take more, those longer than headBytes are
	// treated like those longer than maxLoadedBytes: of ten columns, each may hold that.
	maxRowBytes = maxLoadedBytes + headBytes
)

// errLargeRow means that a row takes more than maxRowBytes.
var errLargeRow = errors.New("the row is too large to be read at once")

// isLarge reports whether an error says that a row must be read as a [longRow].
func isLarge(err error) bool { return errors.Is(err, errLargeRow) || livedb.IsTooBig(err) }

// longRow reads a row that has a value of more than maxStepBytes, or takes more than
// maxRowBytes. Values of more than maxLoadedBytes, or headBytes, are hashed piece by
// piece.
type longRow struct {
	conn       *livedb.Conn
	rowid      int64
	registryID string
	encoding   textEncoding
	decoder    *decoder
	sizes      []int64 // of the values that are too long; 0 for the others
}

// decodeLong sets the event from the row with that key.
func (r *Reader) decodeLong(conn *livedb.Conn, q *queries, key int64, e *translator.Event) error {
	row, err := r.loadLong(conn, q, key, e.RegistryID)
	if err != nil {
		return err
	}
	identity, err := r.long.identify(row)
	if err != nil {
		return err
	}
	d := r.decoder
	d.unreadable = d.unreadable[:0]
	if d.withoutUID {
		d.share(nil)
	} else {
		e.UID = d.share([]byte(identity.uid))
	}
	d.decodeColumns(e)
	row.describe(identity, e)
	return nil
}

// longUID is the uid of the row with that key.
func (r *Reader) longUID(conn *livedb.Conn, q *queries, key int64, registryID string) (string, error) {
	row, err := r.loadLong(conn, q, key, registryID)
	if err != nil {
		return "", err
	}
	identity, err := r.long.identify(row)
	return identity.uid, err
}

// loadLong loads the row into the decoder: its short values, and the beginnings of the
// others.
func (r *Reader) loadLong(conn *livedb.Conn, q *queries, key int64, registryID string) (*longRow, error) {
	if q.long == "" {
		return nil, fmt.Errorf("row %d has a value of more than %d bytes, which can only be read in a table with rowids", key, maxLoadedBytes)
	}
	row := &longRow{conn: conn, rowid: key, registryID: registryID, decoder: r.decoder, sizes: make([]int64, len(eventColumns))}
	var err error
	if row.encoding, err = encodingOf(conn); err != nil {
		return nil, err
	}
	if q.rowidOf != "" {
		if row.rowid, err = queryInt(conn, q.rowidOf, key); err != nil {
			return nil, err
		}
	}
	return row, row.load(q)
}

// load encodes the row as [decoder.encode] does.
func (l *longRow) load(q *queries) error {
	const none = -1 // loads the sizes only
	stmt, err := l.step(q, none)
	if err != nil {
		return err
	}
	longest := l.longest(stmt)
	l.conn.LimitValues(maxLoadedBytes)
	defer l.conn.LimitValues(maxStepBytes)
	if stmt, err = l.step(q, longest); err != nil {
		return err
	}
	defer stmt.Reset()
	d := l.decoder
	b := appendBytes(d.encoded[:0], classText, l.registryID)
	for i := range d.values {
		class, size, value := string(stmt.Column(3*i).Text()), stmt.Column(3*i+1).Int64(), stmt.Column(3*i+2)
		if value.Type() != livedb.TypeNull || class == "null" {
			b = d.values[i].encode(b, value)
			continue
		}
		l.sizes[i] = size
		if b, err = l.encodeHead(b, i, class); err != nil {
			return err
		}
	}
	d.encoded = b
	return nil
}

// step executes the query of long rows. It loads values of so many bytes at most.
func (l *longRow) step(q *queries, longest int64) (*livedb.Stmt, error) {
	stmt, err := l.conn.Prepare(q.long)
	if err != nil {
		return nil, err
	}
	stmt.BindInt64(1, l.rowid)
	stmt.BindInt64(2, longest)
	found, err := stmt.Step()
	if err == nil && !found {
		err = fmt.Errorf("the row with rowid %d is not there any more", l.rowid)
	}
	return stmt, err
}

// longest is the size of the longest value to load.
func (l *longRow) longest(stmt *livedb.Stmt) int64 {
	total := int64(0)
	for i := range l.decoder.values {
		if size := stmt.Column(3*i + 1).Int64(); size <= maxLoadedBytes {
			total += size
		}
	}
	if total > maxRowBytes {
		return headBytes
	}
	return maxLoadedBytes
}

// encodeHead appends the beginning of a value that is too long.
func (l *longRow) encodeHead(b []byte, column int, class string) ([]byte, error) {
	v := &l.decoder.values[column]
	v.class = livedb.TypeBlob
	code := byte(classBlob)
	if class == "text" {
		v.class, code = livedb.TypeText, classText
	}
	var head []byte
	err := l.copy(column, headBytes, func(chunk []byte) { head = append(head, chunk...) })
	if v.class == livedb.TypeText {
		head = trimIncomplete(head)
	}
	v.start = len(b) + headerSize
	b = appendBytes(b, code, head)
	v.end = len(b)
	return b, err
}

// copy passes the first bytes of a long value to write: of a text, in UTF-8.
func (l *longRow) copy(column int, limit int64, write func(chunk []byte)) error {
	blob, err := l.conn.OpenBlob("events", eventColumns[column].Name, l.rowid)
	if err != nil {
		return err
	}
	defer blob.Close()
	if l.encoding == encodingUTF8 || l.decoder.values[column].class == livedb.TypeBlob {
		return blob.Copy(min(limit, blob.Size()), write)
	}
	transcoder := transcoder{encoding: l.encoding, write: write}
	if err = blob.Copy(min(limit, blob.Size()), transcoder.convert); err == nil && limit >= blob.Size() {
		transcoder.finish()
	}
	return err
}

// digest identifies the row as far as it can be read at once: by its short values, and
// the sizes and beginnings of the others.
func (l *longRow) digest() [sha256.Size]byte {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%d %d ", l.rowid, l.sizes)
	_, _ = h.Write(l.decoder.encoded)
	return [sha256.Size]byte(h.Sum(nil))
}

// longIdentity is what takes reading all of a row.
type longIdentity struct {
	uid    string
	values []translator.LongValue // without those that are short
}

// identity reads the row: the uid covers the same bytes as that of any other row, see
// [decoder.encode].
func (l *longRow) identity() (longIdentity, error) {
	d := l.decoder
	var identity longIdentity
	row := sha256.New()
	_, _ = row.Write(d.encoded[:d.values[0].start-headerSize]) // the registry id
	for i, size := range l.sizes {
		v := &d.values[i]
		if size == 0 {
			if i < d.uidColumns {
				_, _ = row.Write(d.encoded[v.start-headerSize : v.end])
			}
			continue
		}
		value, err := l.hashValue(i, row)
		if err != nil {
			return identity, err
		}
		identity.values = append(identity.values, value)
	}
	identity.uid = fmt.Sprintf("%x", row.Sum(nil)[:uidSize])
	return identity, nil
}

// hashValue adds a long value to the hash of the row, and hashes it alone.
func (l *longRow) hashValue(column int, row hash.Hash) (translator.LongValue, error) {
	value := translator.LongValue{Column: eventColumns[column].Name, Bytes: l.sizes[column]}
	class := byte(classBlob)
	if l.decoder.values[column].class == livedb.TypeText {
		class = classText
		if l.encoding != encodingUTF8 { // its size is that of the text in UTF-8
			value.Bytes = 0
			if err := l.copy(column, math.MaxInt64, func(chunk []byte) { value.Bytes += int64(len(chunk)) }); err != nil {
				return value, err
			}
		}
	}
	alone := sha256.New()
	inUID := column < l.decoder.uidColumns
	if inUID {
		_, _ = row.Write(appendHeader(nil, class, int(value.Bytes)))
	}
	err := l.copy(column, math.MaxInt64, func(chunk []byte) {
		_, _ = alone.Write(chunk)
		if inUID {
			_, _ = row.Write(chunk)
		}
	})
	value.SHA256 = [sha256.Size]byte(alone.Sum(nil))
	return value, err
}

// describe adds to an event what it does not hold.
func (l *longRow) describe(identity longIdentity, e *translator.Event) {
	if len(identity.values) == 0 {
		return // all of it was read
	}
	e.Long = &translator.LongValues{Columns: slices.Clone(identity.values)}
	var names, reasons []string
	if e.DecodeError != "" {
		reasons = append(reasons, e.DecodeError)
	}
	for i := range identity.values {
		value := &identity.values[i]
		names = append(names, value.Column)
		reasons = append(reasons, fmt.Sprintf("%s is too long to be read whole: %d bytes", value.Column, value.Bytes))
		if value.Column == columnExtra {
			e.QuestionName = ""
		}
	}
	e.Truncated, e.DecodeError = strings.Join(names, ","), strings.Join(reasons, "; ")
}

// maxLongRows bounds how many rows are remembered.
const maxLongRows = 16

// longRows remembers the identities of the last rows that were read: a cursor's row is
// looked at in every read, and a batch that a destination refuses is read many times.
// A row whose short values, sizes and beginnings are the same counts as the same.
type longRows struct {
	digests    [maxLongRows][sha256.Size]byte
	identities [maxLongRows]longIdentity
	next       int
}

func (r *longRows) identify(row *longRow) (longIdentity, error) {
	digest := row.digest()
	if i := slices.Index(r.digests[:], digest); i >= 0 {
		return r.identities[i], nil
	}
	identity, err := row.identity()
	if err != nil {
		return longIdentity{}, errors.Join(fmt.Errorf("read the row with rowid %d, which has a long value", row.rowid), err)
	}
	r.digests[r.next], r.identities[r.next] = digest, identity
	r.next = (r.next + 1) % maxLongRows
	return identity, nil
}
