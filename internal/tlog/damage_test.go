// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// damagedLeaf is the leaf that most kinds of damage change. It is in the second of
// three complete chunks of the log, which is damagedSize leaves long.
const (
	damagedLeaf = 300
	damagedSize = 901
)

// damage is a change to a log.
type damage struct {
	// edit changes the lines of the log, which end with their newlines.
	edit func(lines []string) []string
	// corrupt are the runs of leaves that are corrupt afterwards, jumped the lines whose
	// index is not the next one.
	corrupt []tlog.Run
	jumped  []int64
	// reordered: the lines stand in another order.
	reordered bool
	// unknown: the hash of a leaf is not known, unless it was read before.
	unknown bool
	// rewritten: the file has other leaves, or fewer: those from first to last.
	rewritten   bool
	first, last int64
	// newSize is where the common part ends; damagedSize if only leaves between others
	// have changed.
	newSize int64
	// size is the number of leaves afterwards; 0 for all, -1 for none.
	size int
}

// inLeaf changes the line of the leaf.
func inLeaf(old, replacement string) func([]string) []string {
	return func(lines []string) []string {
		changed := strings.Replace(lines[damagedLeaf], old, replacement, 1)
		if changed == lines[damagedLeaf] {
			panic("nothing has changed")
		}
		lines[damagedLeaf] = changed
		return lines
	}
}

// other is a leaf that the registry never wrote.
const other = `{"event":"beacon","kind":"ocsp","token_id":"other"}`

var damages = map[string]damage{
	"none": {edit: func(lines []string) []string { return lines }},

	// The hashes that the lines declare make the same tree.
	"hex digit": {
		edit:    inLeaf(hexOf("ocsp"), hexOf("ocsq")),
		corrupt: []tlog.Run{{First: damagedLeaf, Last: damagedLeaf}},
	},
	"text": {
		edit:    inLeaf("ocsp", "ocsq"),
		corrupt: []tlog.Run{{First: damagedLeaf, Last: damagedLeaf}},
	},
	"text and hex digits": {
		edit: func(lines []string) []string {
			return inLeaf(hexOf("ocsp"), hexOf("ocsq"))(inLeaf("ocsp", "ocsq")(lines))
		},
		corrupt: []tlog.Run{{First: damagedLeaf, Last: damagedLeaf}},
	},
	"cut off after the hash": {
		edit: func(lines []string) []string {
			lines[damagedLeaf] = lines[damagedLeaf][:200] + "\n"
			return lines
		},
		corrupt: []tlog.Run{{First: damagedLeaf, Last: damagedLeaf}},
	},
	"index of another leaf, far away": {
		edit:   inLeaf("300", "30000000000"),
		jumped: []int64{damagedLeaf, damagedLeaf + 1},
	},
	"two leaves": {
		edit: func(lines []string) []string {
			lines[damagedLeaf+1] = strings.Replace(lines[damagedLeaf+1], hexOf("ocsp"), hexOf("ocsq"), 1)
			return inLeaf(hexOf("ocsp"), hexOf("ocsq"))(lines)
		},
		corrupt: []tlog.Run{{First: damagedLeaf, Last: damagedLeaf + 1}},
	},
	"two leaves apart": {
		edit: func(lines []string) []string {
			lines[damagedLeaf+3] = strings.Replace(lines[damagedLeaf+3], hexOf("ocsp"), hexOf("ocsq"), 1)
			return inLeaf(hexOf("ocsp"), hexOf("ocsq"))(lines)
		},
		corrupt: []tlog.Run{{First: damagedLeaf, Last: damagedLeaf}, {First: damagedLeaf + 3, Last: damagedLeaf + 3}},
	},
	"repeated line": {
		edit: func(lines []string) []string {
			return slices.Insert(lines, damagedLeaf+1, lines[damagedLeaf])
		},
		jumped:    []int64{damagedLeaf + 1},
		rewritten: true, first: 256, last: damagedSize - 1, newSize: 256,
		size: damagedSize + 1,
	},
	"last leaf": {
		edit: func(lines []string) []string {
			lines[damagedSize-1] = strings.Replace(lines[damagedSize-1], hexOf("ocsp"), hexOf("ocsq"), 1)
			return lines
		},
		corrupt: []tlog.Run{{First: damagedSize - 1, Last: damagedSize - 1}},
	},

	// Only the root shows it.
	"another leaf": {
		edit: func(lines []string) []string {
			lines[damagedLeaf] = lineOf(damagedLeaf, other)
			return lines
		},
		rewritten: true, first: 256, last: 511, newSize: damagedSize,
	},
	"another last leaf": {
		edit: func(lines []string) []string {
			lines[damagedSize-1] = lineOf(damagedSize-1, other)
			return lines
		},
		rewritten: true, first: 768, last: damagedSize - 1, newSize: 768,
	},
	"two leaves swapped": {
		edit: func(lines []string) []string {
			lines[damagedLeaf] = lineOf(damagedLeaf, leafText(damagedLeaf+1))
			lines[damagedLeaf+1] = lineOf(damagedLeaf+1, leafText(damagedLeaf))
			return lines
		},
		rewritten: true, first: 256, last: 511, newSize: damagedSize,
	},
	"all leaves": {
		edit: func(lines []string) []string {
			for i := range lines {
				lines[i] = lineOf(i, fmt.Sprintf(`{"n":%d}`, i))
			}
			return lines
		},
		rewritten: true, first: 0, last: damagedSize - 1, newSize: 0,
	},
	"leaf removed and the rest moved up": {
		edit: func(lines []string) []string {
			for i := damagedLeaf; i+1 < len(lines); i++ {
				lines[i] = lineOf(i, leafText(i+1))
			}
			return lines[:len(lines)-1]
		},
		rewritten: true, first: 256, last: damagedSize - 1, newSize: 256,
		size: damagedSize - 1,
	},
	"only the hash": {
		edit:      inLeaf(hashOf(leafText(damagedLeaf)).String(), hashOf(other).String()),
		corrupt:   []tlog.Run{{First: damagedLeaf, Last: damagedLeaf}},
		rewritten: true, first: 256, last: 511, newSize: damagedSize,
	},

	// The log lacks leaves.
	"line removed": {
		edit:      func(lines []string) []string { return slices.Delete(lines, damagedLeaf, damagedLeaf+1) },
		jumped:    []int64{damagedLeaf},
		rewritten: true, first: 256, last: damagedSize - 1, newSize: 256,
		size: damagedSize - 1,
	},
	"many lines removed": {
		edit:      func(lines []string) []string { return slices.Delete(lines, 200, 600) },
		jumped:    []int64{200},
		rewritten: true, first: 0, last: damagedSize - 1, newSize: 0,
		size: damagedSize - 400,
	},
	"first lines removed": {
		edit:      func(lines []string) []string { return slices.Delete(lines, 0, 600) },
		jumped:    []int64{0},
		rewritten: true, first: 0, last: damagedSize - 1, newSize: 0,
		size: damagedSize - 600,
	},
	"two lines swapped": {
		edit: func(lines []string) []string {
			lines[damagedLeaf], lines[damagedLeaf+1] = lines[damagedLeaf+1], lines[damagedLeaf]
			return lines
		},
		jumped:    []int64{damagedLeaf, damagedLeaf + 1, damagedLeaf + 2},
		reordered: true,
	},
	"garbage": {
		edit: func(lines []string) []string {
			lines[damagedLeaf] = "\x00\xff garbage\n"
			return lines
		},
		corrupt: []tlog.Run{{First: damagedLeaf, Last: damagedLeaf}},
		unknown: true,
	},
	"very long garbage": {
		edit: func(lines []string) []string {
			lines[damagedLeaf] = strings.Repeat("x", 3<<20) + "\n"
			return lines
		},
		corrupt: []tlog.Run{{First: damagedLeaf, Last: damagedLeaf}},
		unknown: true,
	},
	"newline removed": {
		edit: func(lines []string) []string {
			lines[damagedLeaf] = strings.TrimSuffix(lines[damagedLeaf], "\n")
			return lines
		},
	},

	// The log is shorter.
	"cut off": {
		edit:      func(lines []string) []string { return lines[:damagedLeaf] },
		rewritten: true, first: 256, last: damagedSize - 1, newSize: 256, // the other 44 may have changed
		size: damagedLeaf,
	},
	"last leaf cut off": {
		edit:      func(lines []string) []string { return lines[:damagedSize-1] },
		rewritten: true, first: damagedSize - 1, last: damagedSize - 1, newSize: damagedSize - 1,
		size: damagedSize - 1,
	},
	"cut off in the last line": {
		edit: func(lines []string) []string {
			lines[damagedSize-1] = strings.TrimSuffix(lines[damagedSize-1], "\n")
			return lines
		},
		rewritten: true, first: damagedSize - 1, last: damagedSize - 1, newSize: damagedSize - 1,
		size: damagedSize - 1,
	},
	"empty": {
		edit:      func([]string) []string { return nil },
		rewritten: true, last: damagedSize - 1,
		size: -1,
	},
}

// apply returns the text of the damaged log.
func (d damage) apply() string {
	lines := strings.SplitAfter(linesOf(0, damagedSize), "\n")
	return strings.Join(d.edit(slices.Clone(lines[:damagedSize])), "")
}

func (d damage) leaves() int64 {
	switch d.size {
	case 0:
		return damagedSize
	case -1:
		return 0
	}
	return int64(d.size)
}

// writeDamage are ways to write the damaged log.
var writeDamage = map[string]func(t testing.TB, path, text string){
	"in place": overwrite,
	"replaced": replace,
}

// followDamaged is follow for a log whose leaves may not be those of leafText.
func followDamaged(t testing.TB, path string, state tlog.State) *follower {
	f := follow(t, path, state)
	f.anyLeaf = true
	return f
}

// followKept is followDamaged with the roots of the chunks of the undamaged log.
func followKept(t testing.TB, path string, state tlog.State) *follower {
	hashes := hashesOf(damagedSize)
	f := followWith(t, tlog.Settings{Path: path, State: state, KeptRoot: func(chunk int64) (tlog.Hash, bool) {
		if chunk < 0 || (chunk+1)*256 > damagedSize {
			return tlog.Hash{}, false
		}
		return treeHash(hashes[chunk*256 : (chunk+1)*256]), true
	}})
	f.anyLeaf = true
	return f
}

func TestDamageBeforeFirstRead(t *testing.T) {
	for name, d := range damages {
		t.Run(name, func(t *testing.T) {
			f := followDamaged(t, newLog(t, d.apply()), tlog.State{})
			f.advance()
			d.requireFound(t, f, false)
			assert.Equal(t, indexes(0, int(d.leaves())), f.leaves)
			d.requireReportedOnce(t, f)
		})
	}
}

func TestDamageWhileRunning(t *testing.T) {
	for name, d := range damages {
		for way, write := range writeDamage {
			t.Run(name+", "+way, func(t *testing.T) {
				path := newLog(t, linesOf(0, damagedSize))
				f := followDamaged(t, path, tlog.State{})
				f.advance()
				require.Empty(t, f.Findings())
				write(t, path, d.apply())
				f.advance()
				d.requireFound(t, f, true)
				assert.Equal(t, indexes(0, max(damagedSize, int(d.leaves()))), f.leaves)
				d.requireReportedOnce(t, f)
			})
		}
	}
}

func TestDamageWhileDown(t *testing.T) {
	for name, d := range damages {
		t.Run(name, func(t *testing.T) {
			path := newLog(t, linesOf(0, damagedSize))
			f := followDamaged(t, path, tlog.State{})
			f.advance()
			state := f.State()
			overwrite(t, path, d.apply())
			again := followKept(t, path, state)
			again.advance()
			d.requireFound(t, again, true)
			assert.Equal(t, indexes(damagedSize, int(d.leaves())), again.leaves)
			d.requireReportedOnce(t, again)
		})
	}
}

// The damage occurs while what had been read is being verified again.
func TestDamageDuringReverification(t *testing.T) {
	for name, d := range damages {
		t.Run(name, func(t *testing.T) {
			path := newLog(t, linesOf(0, damagedSize))
			f := followDamaged(t, path, tlog.State{})
			f.advance()
			again := followKept(t, path, f.State())
			require.NoError(t, again.Advance(t.Context(), everything))
			overwrite(t, path, d.apply())
			again.advance()
			d.requireFound(t, again, true)
			d.requireReportedOnce(t, again)
		})
	}
}

// requireFound makes sure that all that is wrong has been found, and nothing else.
// seen: the log was known before.
func (d damage) requireFound(t *testing.T, f *follower, seen bool) {
	t.Helper()
	var corrupt []tlog.Run
	var jumped []int64
	var rewritten []tlog.Finding
	for _, found := range f.Findings() {
		require.NotEmpty(t, found.Reason)
		switch found.Kind {
		case translator.IntegrityLeafCorrupt:
			corrupt = append(corrupt, tlog.Run{First: found.First, Last: found.Last})
		case translator.IntegrityLeafIndexJumped:
			jumped = append(jumped, found.First)
		case translator.IntegrityLogRewritten:
			rewritten = append(rewritten, found)
		}
	}
	slices.SortFunc(corrupt, func(a, b tlog.Run) int { return int(a.First - b.First) })
	assert.Equal(t, d.corrupt, corrupt)
	if !seen {
		assert.Equal(t, d.jumped, jumped)
	}
	assert.Equal(t, d.leaves(), f.Size())
	root, known := f.Root()
	assert.Equal(t, seen || !d.unknown, known)
	if known && (!d.rewritten || seen && d.newSize == damagedSize) {
		assert.Equal(t, rootOf(damagedSize), root, "as it was read first")
	}
	d.requireEntries(t, f, seen)
	if !seen || !d.rewritten {
		assert.Empty(t, rewritten)
		return
	}
	require.Len(t, rewritten, 1)
	found := rewritten[0]
	assert.Equal(t, int64(damagedSize), found.Size)
	assert.Equal(t, d.newSize, found.NewSize)
	assert.True(t, found.RangeKnown)
	assert.Equal(t, []int64{d.first, d.last}, []int64{found.First, found.Last})
	assert.True(t, found.HasExpectedRoot)
	assert.Equal(t, rootOf(damagedSize), found.ExpectedRoot)
	assert.Equal(t, d.leaves() >= damagedSize, found.HasRoot)
	if found.HasRoot {
		assert.NotEqual(t, found.ExpectedRoot, found.Root)
	}
}

// requireEntries looks up every leaf.
func (d damage) requireEntries(t *testing.T, f *follower, seen bool) {
	t.Helper()
	for i := range d.leaves() {
		entry, err := f.Lookup(context.Background(), i)
		require.NoError(t, err)
		in := func(run tlog.Run) bool { return run.First <= i && i <= run.Last }
		if !slices.ContainsFunc(d.corrupt, in) {
			require.False(t, entry.Corrupt, "leaf %d", i)
			if !d.rewritten && !d.reordered {
				f.requireLeaf(int(i))
			}
		}
	}
	if f.Size() > 512 {
		// Within a chunk that was damaged later, only the root at its end was kept.
		_, err := f.RootAt(damagedLeaf)
		require.Equal(t, d.reordered || seen && (d.unknown || d.newSize == damagedSize), err != nil)
		_, err = f.RootAt(512)
		require.Equal(t, !seen && d.unknown, err != nil)
	}
}

// requireReportedOnce makes sure that neither later leaves nor a restart repeat the
// findings.
func (d damage) requireReportedOnce(t *testing.T, f *follower) {
	t.Helper()
	before := int(f.Size())
	text := linesOf(before, before+300)
	if strings.HasSuffix(d.apply(), "\n") || d.size == -1 {
		appendTo(t, f.path, text)
	} else {
		return // the partial line would be continued
	}
	again := followDamaged(t, f.path, f.State())
	for _, f := range []*follower{f, again} {
		f.leaves = nil
		f.advance()
		for _, found := range f.Findings() { // the lines continue with other indexes
			assert.Equal(t, translator.IntegrityLeafIndexJumped, found.Kind)
		}
		assert.Equal(t, int64(before+300), f.Size())
		assert.Equal(t, indexes(before, before+300), f.leaves)
	}
}

// An index is a claim of its line: one that is not the next is no corrupt leaf.
func TestWrongIndexIsNoCorruptLeaf(t *testing.T) {
	lines := strings.SplitAfter(linesOf(0, 500), "\n")
	for index, wrong := range map[int]string{0: "7", 3: "4", 4: "400", 123: "523", 498: "499"} {
		damaged := slices.Clone(lines)
		damaged[index] = strings.Replace(lines[index], fmt.Sprintf(`{"index": %d,`, index), `{"index": `+wrong+",", 1)
		require.NotEqual(t, lines[index], damaged[index])
		f := followDamaged(t, newLog(t, strings.Join(damaged, "")), tlog.State{})
		f.advance()
		for _, found := range f.Findings() {
			assert.Equal(t, translator.IntegrityLeafIndexJumped, found.Kind, "index %d as %s", index, wrong)
		}
		f.requireIntact(500)
	}
}
