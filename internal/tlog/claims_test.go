// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// beaconLeaf is the leaf of rowOf with the same number, as the public registry in Rust
// writes it.
func beaconLeaf(n int) string {
	return fmt.Sprintf(`{"event":"beacon","file_id":"f","kind":"ocsp","recipient_id":null,"source_ip":"192.0.2.1","timestamp":"2026-01-02T03:04:05Z","token_id":"t%d","user_agent":"u"}`, n)
}

// beaconLine is the line of beaconLeaf n with an index.
func beaconLine(n, index int) string { return lineOf(index, beaconLeaf(n)) }

// rowOf is the row of beaconLeaf n that names an index.
func rowOf(n, index int) *translator.Event {
	return &translator.Event{
		FileID: "f", Kind: "ocsp", SourceIP: "192.0.2.1", QualifiedTimestamp: "2026-01-02T03:04:05Z",
		TokenID: fmt.Sprintf("t%d", n), UserAgent: "u", TlogIndex: int64(index), HasTlogIndex: true,
	}
}

// claimed are lines that each say which leaf they hold and which index.
func claimed(pairs ...[2]int) string {
	var lines strings.Builder
	for _, pair := range pairs {
		lines.WriteString(beaconLine(pair[0], pair[1]))
	}
	return lines.String()
}

// followText follows a log with this text, to its end.
func followText(t testing.TB, text string) *follower {
	f := followDamaged(t, newLog(t, text), tlog.State{})
	f.advance()
	return f
}

// fullDisk is what the public registries write when the disk was full for three leaves
// after leaf 4, and what they write after a restart, which counts the lines: the indexes
// 6, 7 and 8 are used twice. The second numbers are the indexes.
func fullDisk() (before, after string) {
	before = claimed([2]int{0, 0}, [2]int{1, 1}, [2]int{2, 2}, [2]int{3, 3}, [2]int{4, 4}, [2]int{8, 8}, [2]int{9, 9})
	after = claimed([2]int{107, 7}, [2]int{108, 8}, [2]int{109, 9})
	return before, after
}

// A row agrees with any line that claims its index.
func TestIndexesThatAreUsedTwice(t *testing.T) {
	before, after := fullDisk()
	f := followText(t, before)
	running := f
	found := f.Findings()
	require.Len(t, found, 1)
	assert.Equal(t, translator.IntegrityLeafIndexJumped, found[0].Kind)
	assert.Equal(t, []int64{5, 8, 5}, []int64{found[0].First, found[0].Index, found[0].ExpectedIndex})
	assert.True(t, f.IndexesAhead())
	appendTo(t, f.path, after)
	running.advance()
	for _, f := range []*follower{running, running.restart(), followText(t, before+after)} {
		f.anyLeaf = true
		f.advance()
		assert.False(t, f.IndexesAhead())
		for _, n := range []int{0, 4, 8, 9, 107, 108, 109} {
			line, mismatch, err := f.CompareLeaf(t.Context(), rowOf(n, n%100), nil)
			require.NoError(t, err, n)
			assert.Empty(t, mismatch, n)
			assert.Equal(t, map[int]int64{0: 0, 4: 4, 8: 5, 9: 6, 107: 7, 108: 8, 109: 9}[n], line)
		}
		_, mismatch, err := f.CompareLeaf(t.Context(), rowOf(8, 9), nil)
		require.NoError(t, err)
		assert.Equal(t, "token_id", mismatch)
		_, _, err = f.CompareLeaf(t.Context(), rowOf(5, 5), nil) // no line has it
		require.ErrorIs(t, err, tlog.ErrNoLine)
		require.ErrorIs(t, err, tlog.ErrBeyond)
		assert.True(t, f.Covers(9))
		assert.False(t, f.Covers(5))
		assert.False(t, f.Covers(10))
	}
}

// An index that no line has yet is looked for to the end of the log: a later line may use
// it again.
func TestAdvanceToAnIndexThatIsUsedLater(t *testing.T) {
	before, after := fullDisk()
	f := followDamaged(t, newLog(t, before+after), tlog.State{})
	require.NoError(t, f.AdvanceToIndex(t.Context(), 9))
	require.Equal(t, int64(10), f.Size()) // as its line has index 9
	f = followDamaged(t, newLog(t, before+after), tlog.State{})
	require.NoError(t, f.Advance(t.Context(), 7))
	require.False(t, f.Covers(7))
	require.NoError(t, f.AdvanceToIndex(t.Context(), 6))
	assert.True(t, f.AtEnd(), "no line has it")
	assert.True(t, f.Covers(7))
	require.NoError(t, f.AdvanceToIndex(t.Context(), -1))
}

// tornFullDisk is fullDisk where a part of leaf 5 was written, to which leaf 8 is glued: a
// registry that starts does not count that line, so that it uses an index that is lower
// than the number of its line.
func tornFullDisk() (before, after string) {
	before = claimed([2]int{0, 0}, [2]int{1, 1}, [2]int{2, 2}, [2]int{3, 3}, [2]int{4, 4}) +
		beaconLine(5, 5)[:90] + claimed([2]int{8, 8}, [2]int{9, 9}, [2]int{10, 10}, [2]int{11, 11})
	after = claimed([2]int{108, 8}, [2]int{109, 9}, [2]int{110, 10}, [2]int{111, 11})
	return before, after
}

// As long as a line that was not read yet may use an index again, nothing is proven of the
// rows that name it and agree with no line so far.
func TestIndexesThatMayBeUsedAgain(t *testing.T) {
	before, after := tornFullDisk()
	lines := strings.SplitAfter(after, "\n")[:4]
	f := followText(t, before)
	for i, line := range lines {
		index := 8 + i
		for _, f := range []*follower{f, f.restart()} {
			f.anyLeaf = true
			f.advance()
			if i > 0 { // those of before are still the last ones that claim it
				assert.False(t, f.Covers(int64(index)), "index %d", index)
				_, _, err := f.CompareLeaf(t.Context(), rowOf(100+index, index), nil)
				require.ErrorIs(t, err, tlog.ErrNoLine, "index %d", index)
			}
			mismatch, err := f.Compare(rowOf(index, index))
			require.NoError(t, err)
			assert.Empty(t, mismatch, "index %d", index)
		}
		appendTo(t, f.path, line)
		require.NoError(t, f.AdvanceToIndex(t.Context(), int64(index)))
		assert.True(t, f.Covers(int64(index)))
		for _, n := range []int{index, 100 + index} {
			mismatch, err := f.Compare(rowOf(n, index))
			require.NoError(t, err)
			assert.Empty(t, mismatch, "leaf %d", n)
		}
		mismatch, err := f.Compare(rowOf(500, index))
		require.NoError(t, err)
		assert.Equal(t, "token_id", mismatch)
	}
}

// Lines that claim an index prove nothing while the file is not read to its end, if a
// registry that starts would use the index again.
func TestIndexesThatAreUsedAgainBehindWhatWasRead(t *testing.T) {
	for name, log := range map[string]func() (before, after string){"jumped": fullDisk, "torn": tornFullDisk} {
		t.Run(name, func(t *testing.T) {
			before, after := log()
			f := followDamaged(t, newLog(t, before), tlog.State{})
			f.anyLeaf = true
			f.advance()
			require.True(t, f.AtEnd())
			_, mismatch, err := f.CompareLeaf(t.Context(), rowOf(109, 9), nil)
			require.NoError(t, err)
			assert.Equal(t, "token_id", mismatch, "there is no other line")
			appendTo(t, f.path, after)
			require.NoError(t, f.Advance(t.Context(), f.Size()+1))
			require.False(t, f.AtEnd())
			_, _, err = f.CompareLeaf(t.Context(), rowOf(109, 9), nil)
			require.ErrorIs(t, err, tlog.ErrNoLine)
			require.NoError(t, f.AdvanceToIndex(t.Context(), 9))
			_, mismatch, err = f.CompareLeaf(t.Context(), rowOf(109, 9), nil)
			require.NoError(t, err)
			assert.Empty(t, mismatch)
		})
	}
}

// Two rows that are the same in all that the log holds each have a leaf of their own.
func TestTwoLeavesThatAgree(t *testing.T) {
	f := followText(t, claimed([2]int{0, 0}, [2]int{7, 2}, [2]int{7, 2}))
	claimedLeaf := int64(-1)
	for _, expected := range []int64{2, 1} {
		line, mismatch, err := f.CompareLeaf(t.Context(), rowOf(7, 2), func(n int64) bool { return n == claimedLeaf })
		require.NoError(t, err)
		assert.Empty(t, mismatch)
		assert.Equal(t, expected, line)
		claimedLeaf = line
	}
}

// Lines with far indexes, which anybody may have appended, cost nothing, and accuse no
// later row.
func TestFarIndexes(t *testing.T) {
	var text strings.Builder
	text.WriteString(claimed([2]int{0, 0}, [2]int{1, 1}))
	for i := range 400 {
		text.WriteString(beaconLine(500, 1<<40+i*1000))
	}
	for i := 2; i < 1000; i++ {
		text.WriteString(beaconLine(i, i))
	}
	f := followText(t, text.String())
	assert.Equal(t, int64(1400), f.Size())
	for i := range 1000 {
		mismatch, err := f.Compare(rowOf(i, i))
		require.NoError(t, err)
		require.Empty(t, mismatch)
	}
	for _, found := range f.Findings() {
		assert.Equal(t, translator.IntegrityLeafIndexJumped, found.Kind)
	}
	assert.Less(t, len(f.State().Claims), 500)
}

// What too many jumps have displaced is not known, and no mismatch.
func TestTooManyJumps(t *testing.T) {
	var text strings.Builder
	text.WriteString(claimed([2]int{0, 0}, [2]int{1, 1}, [2]int{2, 2}))
	for i := range 3000 {
		text.WriteString(beaconLine(1, (i*7919)%100_000+10))
	}
	text.WriteString(beaconLine(4, 3))
	f := followText(t, text.String())
	mismatch, err := f.Compare(rowOf(4, 3))
	require.NoError(t, err)
	assert.Empty(t, mismatch)
	_, err = f.Compare(rowOf(2, 2))
	require.ErrorIs(t, err, tlog.ErrUnknown)
	assert.LessOrEqual(t, len(f.State().Claims), 500)
	assert.LessOrEqual(t, len(f.Findings()), 1001)
}

// The registry's own root: of the leaves in its memory, and of the lines that it can
// parse after a restart.
func TestRootsThatARegistrySigns(t *testing.T) {
	before, after := fullDisk()
	root := func(leaves ...int) tlog.Hash {
		var hashes []tlog.Hash
		for _, n := range leaves {
			hashes = append(hashes, hashOf(beaconLeaf(n)))
		}
		return treeHash(hashes)
	}
	f := followText(t, before)
	f.requireSame(5, root(0, 1, 2, 3, 4))
	// In memory it has three leaves more than the file.
	for _, size := range []int64{6, 7, 9, 10} {
		_, _, err := f.CompareRoot(size, root(0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
		require.ErrorIs(t, err, tlog.ErrUnknown, "size %d", size)
	}
	_, _, err := f.CompareRoot(11, root(0))
	require.ErrorIs(t, err, tlog.ErrBeyond)
	appendTo(t, f.path, after+claimed([2]int{110, 10}, [2]int{111, 11}))
	f.advance()
	f.requireSame(10, root(0, 1, 2, 3, 4, 8, 9, 107, 108, 109))
	f.requireSame(12, root(0, 1, 2, 3, 4, 8, 9, 107, 108, 109, 110, 111))
	same, own, err := f.CompareRoot(12, root(0, 1, 2, 3, 4, 8, 9, 107, 108, 109, 110, 112))
	require.NoError(t, err)
	assert.False(t, same)
	assert.Equal(t, root(0, 1, 2, 3, 4, 8, 9, 107, 108, 109, 110, 111), own)

	// A line that was torn when the registry stopped, and continued by the next one. The
	// registry has leaf 2 in memory, and after one more restart it does not count it.
	f = followText(t, claimed([2]int{0, 0}, [2]int{1, 1})+beaconLine(50, 2)[:90]+claimed([2]int{2, 2}, [2]int{3, 3}))
	assert.Empty(t, f.Findings())
	f.requireSame(4, root(0, 1, 2, 3))
	mismatch, err := f.Compare(rowOf(2, 2))
	require.NoError(t, err)
	assert.Empty(t, mismatch)
	appendTo(t, f.path, claimed([2]int{4, 3}, [2]int{5, 4}))
	f.advance()
	for _, f := range []*follower{f, f.restart()} {
		f.anyLeaf = true
		f.advance()
		f.requireSame(5, root(0, 1, 3, 4, 5))
		for n, index := range map[int]int{0: 0, 2: 2, 3: 3, 4: 3, 5: 4} {
			mismatch, err := f.Compare(rowOf(n, index))
			require.NoError(t, err)
			assert.Empty(t, mismatch)
		}
	}
}

// A registry that stopped twice in the middle of a line: what it has in memory lacks the
// line that was torn the first time, and has the one that was torn the second time, until
// it is started again.
func TestLinesThatWereTornTwice(t *testing.T) {
	root := func(leaves ...int) tlog.Hash {
		var hashes []tlog.Hash
		for _, n := range leaves {
			hashes = append(hashes, hashOf(beaconLeaf(n)))
		}
		return treeHash(hashes)
	}
	f := followText(t, claimed([2]int{0, 0}, [2]int{1, 1})+beaconLine(50, 2)[:90]+claimed([2]int{2, 2}, [2]int{3, 3}))
	f.requireSame(4, root(0, 1, 2, 3))
	appendTo(t, f.path, beaconLine(51, 3)[:90]+claimed([2]int{4, 3}, [2]int{5, 4}))
	f.advance()
	for _, f := range []*follower{f, f.restart()} {
		f.anyLeaf = true
		f.advance()
		for size, leaves := range map[int64][]int{4: {0, 1, 3, 4}, 5: {0, 1, 3, 4, 5}} {
			same, _, err := f.CompareRoot(size, root(leaves...))
			if err != nil {
				require.ErrorIs(t, err, tlog.ErrUnknown)
			} else {
				require.True(t, same, "size %d", size)
			}
		}
	}
	appendTo(t, f.path, claimed([2]int{6, 4}, [2]int{7, 5})) // started again
	for _, f := range []*follower{f, f.restart()} {
		f.anyLeaf = true
		f.advance()
		f.requireSame(6, root(0, 1, 3, 5, 6, 7))
		same, _, err := f.CompareRoot(6, root(0, 1, 3, 5, 6, 8))
		require.NoError(t, err)
		assert.False(t, same)
	}
}

func (f *follower) requireSame(size int64, root tlog.Hash) {
	f.t.Helper()
	same, _, err := f.CompareRoot(size, root)
	require.NoError(f.t, err)
	require.True(f.t, same)
}

// Registries sign the root of a log without leaves as RFC 6962 says, or as zeros.
func TestRootsOfAnEmptyLog(t *testing.T) {
	f := followText(t, "")
	f.requireSame(0, tlog.Hash{})
	f.requireSame(0, sha256.Sum256(nil))
	same, _, err := f.CompareRoot(0, hashOf("x"))
	require.NoError(t, err)
	assert.False(t, same)
}

// A line that was torn in the middle of a character, and continued.
func TestLineThatIsTornInACharacter(t *testing.T) {
	torn := lineOf(1, leafText(1))
	torn = torn[:strings.Index(torn, "é")+1]
	f := followText(t, linesOf(0, 1)+torn+linesOf(1, 5))
	assert.Empty(t, f.Findings())
	assert.Equal(t, int64(5), f.Size())
	for i := range 5 {
		f.requireLeaf(i)
	}
}

// inOrder are the lines of leaves in that order, with their numbers as indexes, and the
// roots of the registry that wrote them in order, and of one that starts afterwards.
func inOrder(order []int) (text string, written, started tlog.Hash) {
	var hashes, lines []tlog.Hash
	var all strings.Builder
	for i, n := range order {
		hashes = append(hashes, hashOf(beaconLeaf(i)))
		lines = append(lines, hashOf(beaconLeaf(n)))
		all.WriteString(beaconLine(n, n))
	}
	return all.String(), treeHash(hashes), treeHash(lines)
}

// orderOf are the numbers below size, with some swapped.
func orderOf(size int, swapped ...[2]int) []int {
	order := make([]int, size)
	for i := range order {
		order[i] = i
	}
	for _, pair := range swapped {
		order[pair[0]], order[pair[1]] = order[pair[1]], order[pair[0]]
	}
	return order
}

// Lines that stand in another order, in the last chunk or another one: the tree is that of
// their indexes, which the registry has in memory, and after a restart that of the lines.
func TestLinesInAnotherOrder(t *testing.T) {
	for name, order := range map[string][]int{
		"in the last chunk":       orderOf(20, [2]int{7, 8}, [2]int{12, 15}),
		"in a complete chunk":     orderOf(300, [2]int{7, 8}, [2]int{12, 15}),
		"the last lines":          orderOf(20, [2]int{18, 19}),
		"the last of a chunk":     orderOf(256, [2]int{254, 255}),
		"the first of a chunk":    orderOf(258, [2]int{256, 257}),
		"first and last":          orderOf(200, [2]int{0, 199}),
		"moved back":              {0, 3, 1, 2},
		"moved on":                {0, 2, 3, 1},
		"moved, and more":         {0, 3, 1, 2, 4, 5},
		"before the last chunk":   orderOf(300, [2]int{254, 255}),
		"several times":           orderOf(200, [2]int{3, 4}, [2]int{5, 6}, [2]int{50, 60}, [2]int{55, 58}, [2]int{198, 199}),
		"in two chunks":           orderOf(700, [2]int{100, 101}, [2]int{400, 500}),
		"in two chunks, the last": orderOf(400, [2]int{100, 101}, [2]int{398, 399}),
	} {
		t.Run(name, func(t *testing.T) {
			text, written, started := inOrder(order)
			f := followText(t, text)
			again := f.restart()
			for _, f := range []*follower{f, again} {
				f.anyLeaf = true
				f.advance()
				f.requireSame(int64(len(order)), written)
				f.requireSame(int64(len(order)), started)
				same, _, err := f.CompareRoot(int64(len(order)), hashOf("split view"))
				require.NoError(t, err)
				require.False(t, same)
				for i := range order {
					mismatch, err := f.Compare(rowOf(i, i))
					require.NoError(t, err)
					require.Empty(t, mismatch)
				}
			}
		})
	}
}

// Lines that were moved into another chunk, or repeated: which tree the registry has in
// memory is not known, and whether a root is another one is not said.
func TestLinesInAnotherChunk(t *testing.T) {
	for name, order := range map[string][]int{
		"neighbours": orderOf(300, [2]int{255, 256}),
		"far":        orderOf(700, [2]int{10, 600}),
	} {
		t.Run(name, func(t *testing.T) {
			text, written, started := inOrder(order)
			f := followText(t, text)
			for _, f := range []*follower{f, f.restart()} {
				f.anyLeaf = true
				f.advance()
				f.requireSame(int64(len(order)), started)
				_, _, err := f.CompareRoot(int64(len(order)), written)
				require.ErrorIs(t, err, tlog.ErrUnknown)
				for i := range order {
					mismatch, err := f.Compare(rowOf(i, i))
					require.NoError(t, err)
					require.Empty(t, mismatch)
				}
			}
		})
	}
	f := followText(t, claimed([2]int{0, 0}, [2]int{1, 1}, [2]int{1, 1}, [2]int{2, 2}))
	_, _, err := f.CompareRoot(3, treeHash([]tlog.Hash{hashOf(beaconLeaf(0)), hashOf(beaconLeaf(1)), hashOf(beaconLeaf(2))}))
	require.ErrorIs(t, err, tlog.ErrUnknown)
}

// A page of the file that a disk has lost: of the lines in it, one is left that cannot be
// read, and which rows are theirs is not known. A line that is removed leaves a hole.
func TestLinesThatAreLost(t *testing.T) {
	text := claimed([2]int{0, 0}, [2]int{1, 1}, [2]int{2, 2}, [2]int{3, 3}, [2]int{4, 4}, [2]int{5, 5}, [2]int{6, 6})
	line := len(text) / 7
	page := text[:line+50] + strings.Repeat("\x00", 3*line) + text[4*line+50:]
	f := followText(t, page)
	f.claims(t, map[int]error{1: tlog.ErrUnknown, 2: tlog.ErrLost, 3: tlog.ErrLost, 4: tlog.ErrLost, 7: tlog.ErrBeyond})
	again := f.restart()
	again.anyLeaf = true
	again.advance()
	again.claims(t, map[int]error{2: tlog.ErrLost, 4: tlog.ErrLost})

	f = followText(t, text[:2*line]+text[4*line:])
	f.claims(t, map[int]error{2: tlog.ErrNoLine, 3: tlog.ErrNoLine, 7: tlog.ErrBeyond})
	assert.Equal(t, int64(7), f.NextIndex())
	assert.Equal(t, int64(5), f.Size())
}

// claims compares the rows 0 to 7: with an error for these, as corrupt for tlog.ErrUnknown.
func (f *follower) claims(t *testing.T, failing map[int]error) {
	t.Helper()
	for i := range 7 {
		_, mismatch, err := f.CompareLeaf(t.Context(), rowOf(i, i), nil)
		switch want := failing[i]; {
		case errors.Is(want, tlog.ErrUnknown) && !errors.Is(want, tlog.ErrLost):
			require.NoError(t, err)
			assert.Equal(t, tlog.MismatchLeaf, mismatch)
		case want != nil:
			require.ErrorIs(t, err, want, i)
		}
	}
}

// A line of a short log that is destroyed after it was read does not keep later roots
// from being known, nor a restart.
func TestDamagedTail(t *testing.T) {
	path := newLog(t, linesOf(0, 100))
	f := followDamaged(t, path, tlog.State{})
	f.advance()
	down := followDamaged(t, path, f.State())
	lines := strings.SplitAfter(linesOf(0, 100), "\n")
	lines[40] = strings.Repeat("\x00", len(lines[40])-1) + "\n"
	overwrite(t, path, strings.Join(lines, ""))
	f.advance()
	appendTo(t, path, linesOf(100, 600))
	for _, f := range []*follower{f, down, f.restart()} {
		f.anyLeaf = true
		f.advance()
		for _, found := range f.Findings() {
			assert.Equal(t, translator.IntegrityLeafCorrupt, found.Kind)
		}
		f.requireSame(600, rootOf(600))
		same, _, err := f.CompareRoot(600, rootOf(599))
		require.NoError(t, err)
		assert.False(t, same)
	}
}
