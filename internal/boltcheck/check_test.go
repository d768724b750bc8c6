// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package boltcheck_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/boltcheck"
)

const pageSize = 4096

// good returns a file that bbolt v1.4.3 has written on a little-endian machine, with branches, leaves, pages that
// overflow and free pages.
func good(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "good.bolt"))
	require.NoError(t, err)
	return data
}

func check(t testing.TB, data []byte) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return boltcheck.Check(path)
}

func TestGoodFile(t *testing.T) {
	data := good(t)
	require.NoError(t, check(t, data))
	require.NoError(t, check(t, append(bytes.Clone(data), make([]byte, 100)...)), "longer")
	require.NoError(t, check(t, nil), "bbolt begins anew in an empty file")
	require.NoError(t, boltcheck.Check(filepath.Join(t.TempDir(), "missing")))
	require.NoError(t, boltcheck.Check(t.TempDir()), "a directory is the extension's to refuse")
}

// One of the two meta pages may be damaged: bbolt uses the other one.
func TestOneMetaPageIsEnough(t *testing.T) {
	for at := range 2 {
		data := bytes.Clone(good(t))
		clear(data[at*pageSize : (at+1)*pageSize])
		err := check(t, data)
		if err != nil { // the older state needs pages that were written anew since
			require.ErrorIs(t, err, boltcheck.ErrDamaged)
			assert.NotContains(t, err.Error(), "meta page")
		}
	}
}

func TestDamagedFiles(t *testing.T) {
	data := good(t)
	for name, damaged := range map[string][]byte{
		"zeroed":           make([]byte, len(data)),
		"one byte":         {1},
		"in the meta page": data[:100],
		"one page":         data[:pageSize],
		"only meta pages":  data[:2*pageSize],
		"cut in half":      data[:len(data)/2/pageSize*pageSize],
		"text":             bytes.Repeat([]byte("not a database\n"), 4000),
	} {
		t.Run(name, func(t *testing.T) { require.ErrorIs(t, check(t, damaged), boltcheck.ErrDamaged) })
	}
}

// A page that is in use cannot be replaced by another one, whatever that holds.
func TestBrokenPages(t *testing.T) {
	data := good(t)
	random := rand.NewChaCha8([32]byte{})
	used := 0
	for page := 2; page < len(data)/pageSize; page++ {
		found := map[string]bool{}
		for name, change := range map[string]func([]byte){
			"zeros":  func(p []byte) { clear(p) },
			"ones":   func(p []byte) { copy(p, bytes.Repeat([]byte{0xff}, len(p))) },
			"random": func(p []byte) { _, _ = random.Read(p) },
			"meta":   func(p []byte) { copy(p, data[:pageSize]) },
		} {
			broken := bytes.Clone(data)
			change(broken[page*pageSize : (page+1)*pageSize])
			err := check(t, broken)
			if err != nil {
				require.ErrorIs(t, err, boltcheck.ErrDamaged)
			}
			found[name] = err != nil
		}
		// A free page, or the rest of a long value, is nobody's concern.
		if found["zeros"] {
			used++
			assert.Equal(t, map[string]bool{"zeros": true, "ones": true, "random": true, "meta": true}, found, "page %d", page)
		}
	}
	assert.Greater(t, used, 5)
}

// Pages that refer to each other would be followed without end.
func TestCycle(t *testing.T) {
	data := good(t)
	cycles := 0
	for page := 2; page < len(data)/pageSize; page++ {
		at := page * pageSize
		if binary.NativeEndian.Uint16(data[at+8:]) != 1 || check(t, withPage(data, page, nil)) == nil {
			continue // not a branch, or not in use
		}
		cycles++
		broken := bytes.Clone(data)
		binary.NativeEndian.PutUint64(broken[at+16+8:], uint64(page))
		require.ErrorIs(t, check(t, broken), boltcheck.ErrDamaged)
	}
	assert.Positive(t, cycles)
}

// withPage returns the data with another page; nil: zeros.
func withPage(data []byte, page int, content []byte) []byte {
	changed := bytes.Clone(data)
	at := changed[page*pageSize : (page+1)*pageSize]
	clear(at)
	copy(at, content)
	return changed
}

// A file that bbolt has open changes all the time, and is left alone.
func TestFileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, make([]byte, 10), 0o600))
	require.ErrorIs(t, boltcheck.Check(path), boltcheck.ErrDamaged)
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	defer file.Close()
	require.NoError(t, syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB))
	require.NoError(t, boltcheck.Check(path))
	require.NoError(t, syscall.Flock(int(file.Fd()), syscall.LOCK_UN))
	require.ErrorIs(t, boltcheck.Check(path), boltcheck.ErrDamaged)
}

// No file makes the check panic, hang or use memory beyond the file's size.
func FuzzCheck(f *testing.F) {
	data := good(f)
	f.Add(uint32(0), []byte{})
	f.Add(uint32(2*pageSize+8), []byte{1, 0})
	f.Fuzz(func(t *testing.T, at uint32, change []byte) {
		changed := bytes.Clone(data)
		copy(changed[int(at)%len(changed):], change)
		if err := check(t, changed); err != nil {
			require.ErrorIs(t, err, boltcheck.ErrDamaged)
		}
	})
}
