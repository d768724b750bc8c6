// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/oversight-protocol/oversight-otelcol/internal/filestat"
)

const (
	walSuffix     = "-wal"
	shmSuffix     = "-shm"
	journalSuffix = "-journal"
)

// errConflict means that the database changed during a read, so that the result may
// be inconsistent. Outside of the package it is only seen within ErrBusy.
var errConflict = errors.New("changed while it was read")

func conflict(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errConflict, fmt.Sprintf(format, args...))
}

// snapshot is the files of one attempt to read, and what was read from them.
type snapshot struct {
	path string // as configured
	real string // path without symbolic links: SQLite puts -wal beside that

	main, wal         *os.File // wal is nil while there is none
	mainStat, walStat filestat.Stat
	generation        walHeader // of wal, at the beginning of the attempt
	walSize           int64     // of wal, when SQLite asked for it
	mainSizes         []int64   // of main, each time that SQLite asked for it
	onSize            func()    // called after each of these; nil but in tests
	lock              readLock  // of the files, in locked attempts
	attempts          uint64    // counts them

	seed     maphash.Seed
	reads    [2]reads  // by fileKind
	verifier readAhead // for the second reading
	scratch  []byte
}

// reads is what was read from one file.
type reads struct {
	ahead   readAhead
	records []readRecord
}

// readRecord remembers what a range of a file held.
type readRecord struct {
	offset int64
	length int // asked for
	got    int // found; less at the end of the file
	hash   uint64
}

// sameFile reports whether the database is still the file that is open.
func (s *snapshot) sameFile(now fingerprint) bool {
	return s.main != nil && s.mainStat.SameFile(now.main)
}

// begin opens the files that are not open yet and discards the records of reads.
func (s *snapshot) begin(path string, locked bool) error {
	s.attempts++
	s.mainSizes = s.mainSizes[:0]
	for i := range s.reads {
		s.reads[i].ahead.reset()
		s.reads[i].records = s.reads[i].records[:0]
	}
	if s.main == nil {
		if err := s.openMain(path); err != nil {
			return err
		}
	}
	if err := checkNoWriter(s.real); err != nil {
		return err
	}
	if err := s.setLock(locked); err != nil {
		return err
	}
	return s.openWal()
}

// setLock takes or releases the locks.
func (s *snapshot) setLock(locked bool) error {
	if locked {
		return s.lock.acquire(s.main, s.real)
	}
	return s.lock.release()
}

func (s *snapshot) openMain(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	s.path, s.real, s.seed = path, real, maphash.MakeSeed()
	s.main, s.mainStat, err = open(real)
	return err
}

// openWal sets s.wal to the current log. A log that is the same file stays open,
// which also keeps its inode from being reused.
func (s *snapshot) openWal() error {
	now, err := statIfExists(s.real + walSuffix)
	if err != nil {
		return err
	}
	if s.wal != nil && !s.walStat.SameFile(now) {
		s.closeWal()
	}
	if s.wal == nil && now.Exists {
		s.wal, s.walStat, err = open(s.real + walSuffix)
		if errors.Is(err, fs.ErrNotExist) { // gone since
			err = nil
		}
		if err != nil {
			return err
		}
	}
	s.generation = walHeader{}
	if s.wal != nil {
		s.generation, err = readWalHeader(s.wal)
	}
	return err
}

// open opens a file for reading, and returns the stat of the file it opened.
func open(path string) (*os.File, filestat.Stat, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, filestat.Stat{}, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, filestat.Stat{}, errors.Join(err, f.Close())
	}
	return f, filestat.Of(info), nil
}

func (s *snapshot) closeWal() {
	_ = s.wal.Close() // read only: nothing can be lost
	s.wal, s.walStat = nil, filestat.Stat{}
}

func (s *snapshot) close() error {
	if s.wal != nil {
		s.closeWal()
	}
	if s.main == nil {
		return nil
	}
	err := errors.Join(s.lock.release(), s.main.Close())
	s.main, s.mainStat = nil, filestat.Stat{}
	return err
}

// read fills buf from the database file or its log, and records what it read. It
// returns how many bytes there were.
func (s *snapshot) read(kind fileKind, buf []byte, offset int64) (int, error) {
	f := s.file(kind)
	if f == nil {
		return 0, nil
	}
	r := &s.reads[kind]
	n, err := r.ahead.readAt(f, buf, offset)
	if err != nil {
		return n, err
	}
	r.records = append(r.records, readRecord{offset, len(buf), n, maphash.Bytes(s.seed, buf[:n])})
	return n, nil
}

// Where a database has no write-ahead log, SQLite reads these bytes of its header before
// a transaction, and keeps what it has cached if they are what they were: the change
// counter, the size and the free pages (https://sqlite.org/fileformat.html, section 1.3).
const (
	versionOffset = 24
	versionSize   = 16
)

// putVersion answers with others each time, so that nothing is kept from one attempt to
// the next, as with a log. A backup that is copied over the file has an older counter,
// and reaches the one that was read with other content.
func (s *snapshot) putVersion(out []byte) {
	binary.BigEndian.PutUint64(out, math.MaxUint64) // no database has so many pages
	binary.BigEndian.PutUint64(out[8:], s.attempts)
}

func (s *snapshot) file(kind fileKind) *os.File {
	if kind == walFile {
		return s.wal
	}
	return s.main
}

// size returns the current size of the file; 0 for a log that does not exist.
func (s *snapshot) size(kind fileKind) (int64, error) {
	if kind == walFile {
		var err error
		s.walSize, err = sizeOf(s.wal)
		return s.walSize, err
	}
	size, err := sizeOf(s.main)
	s.mainSizes = append(s.mainSizes, size)
	if s.onSize != nil {
		s.onSize()
	}
	return size, err
}

func sizeOf(f *os.File) (int64, error) {
	if f == nil {
		return 0, nil
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// verify proves that everything read since begin was of one committed state, by the
// steps in the package's documentation. Their order matters: the log is checked
// between the two readings of each page.
func (s *snapshot) verify(shm *sharedMemory) error {
	info, err := os.Stat(s.path)
	if err != nil {
		return err
	}
	if !s.mainStat.SameFile(filestat.Of(info)) {
		return conflict("%s was replaced by another file", s.path)
	}
	if err := checkNoWriter(s.real); err != nil {
		return err
	}
	if err := s.verifyWal(shm.lastCommit()); err != nil {
		return err
	}
	if err := s.verifyJournal(); err != nil {
		return err
	}
	return s.verifyUnchanged(s.main, s.reads[mainFile].records)
}

// verifySize proves that the database file was as long, whenever SQLite asked, as it is
// now. SQLite asks before it reads the first page: where a transaction makes the file
// longer in between, that page counts more pages than there seem to be, and the database
// looks damaged though every page is of one state.
func (s *snapshot) verifySize() error {
	now, err := sizeOf(s.main)
	if err != nil {
		return err
	}
	for _, size := range s.mainSizes {
		if size != now {
			return conflict("%s had %d bytes, and has %d", s.real, size, now)
		}
	}
	return nil
}

// verifyWal proves that the database file holds no page newer than the state that
// was read, which ended at the given commit.
func (s *snapshot) verifyWal(commit walCommit) error {
	now, err := statIfExists(s.real + walSuffix)
	if err != nil {
		return err
	}
	if !s.generation.valid {
		if commit.frame != 0 {
			// A writer has filled it since. It may have checkpointed and deleted or
			// restarted it, too: its frames and the pages of the database file are
			// then of different states.
			return conflict("the WAL was empty when it was opened, and frame %d was read from it", commit.frame)
		}
		return s.verifyNoWal(now)
	}
	if !s.walStat.SameFile(now) {
		return conflict("the WAL was removed")
	}
	generation, err := readWalHeader(s.wal)
	if err != nil {
		return err
	}
	if generation != s.generation {
		return conflict("the WAL was restarted")
	}
	index, ok := readWalIndex(s.real + shmSuffix)
	if !ok || index.salt() != generation.salt() {
		// No process is connected, or the log is about to be restarted and is
		// checkpointed as a whole. Then it must end where this read saw it end.
		if now.Size != s.walSize {
			return conflict("the WAL grew")
		}
		return s.verifyUnchanged(s.wal, recordsBeyond(s.reads[walFile].records, commit.end()))
	}
	if index.backfillAttempted > commit.frame {
		return conflict("a checkpoint of WAL frame %d began after frame %d was read", index.backfillAttempted, commit.frame)
	}
	return nil
}

// verifyNoWal is verifyWal for a state that was read without a log: if there is one
// now, nothing may have been copied from it.
func (s *snapshot) verifyNoWal(now filestat.Stat) error {
	if !now.Exists {
		return nil
	}
	f, _, err := open(s.real + walSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return conflict("a WAL was created and removed")
	}
	if err != nil {
		return err
	}
	defer f.Close()
	generation, err := readWalHeader(f)
	if err != nil || !generation.valid {
		return err
	}
	index, ok := readWalIndex(s.real + shmSuffix)
	if !ok || index.salt() != generation.salt() || index.backfillAttempted > 0 {
		return conflict("a WAL was created and may have been checkpointed")
	}
	return nil
}

// verifyJournal proves that no transaction is half written to the database file,
// which is possible only with a rollback journal. A journal is hot if its first
// byte is not zero (https://sqlite.org/fileformat.html#the_rollback_journal), unless
// its writer is locked out and has changed nothing in the database file yet.
func (s *snapshot) verifyJournal() error {
	f, err := openFile(s.real + journalSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	var first [1]byte
	if _, err := readUpTo(f, first[:], 0); err != nil {
		return err
	}
	if first[0] == 0 {
		return nil
	}
	if reserved, err := s.lock.reservedByWriter(); reserved || err != nil {
		return err
	}
	return conflict("%s is a hot journal, which the registry rolls back when it opens the database", f.Name())
}

// verifyUnchanged reads the range of every record again and compares it.
func (s *snapshot) verifyUnchanged(f *os.File, records []readRecord) error {
	s.verifier.reset()
	for _, r := range records {
		if cap(s.scratch) < r.length {
			s.scratch = make([]byte, r.length)
		}
		buf := s.scratch[:r.length]
		n, err := s.verifier.readAt(f, buf, r.offset)
		if err != nil {
			return err
		}
		if n != r.got || maphash.Bytes(s.seed, buf[:n]) != r.hash {
			return conflict("%d bytes at %d of %s were rewritten", r.length, r.offset, f.Name())
		}
	}
	return nil
}

// recordsBeyond returns the records that reach beyond offset.
func recordsBeyond(records []readRecord, offset int64) []readRecord {
	var beyond []readRecord
	for _, r := range records {
		if r.offset+int64(r.length) > offset {
			beyond = append(beyond, r)
		}
	}
	return beyond
}
