// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// headScene is a registry that signs heads, and a reconciler that follows its log.
type headScene struct {
	t          *testing.T
	log        *log
	clock      *clock
	saved      *store
	key        ed25519.PrivateKey
	reconciler *reconcile.Reconciler
	results    []reconcile.CheckedHead

	// roots are those of the registry's tree, by size, made without the code under test.
	roots []string
	tree  *compact.Range
}

func newHeadScene(t *testing.T, leaves int64) *headScene {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	s := &headScene{t: t, log: newLog(t), clock: newClock(), saved: &store{}, key: key}
	s.tree = (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	s.roots = []string{hex.EncodeToString(rfc6962.DefaultHasher.EmptyRoot())}
	s.open()
	s.grow(leaves)
	return s
}

func (s *headScene) open() {
	s.t.Helper()
	var err error
	s.reconciler, err = reconcile.Open(reconcile.Settings{
		Leaves: s.log.path, RegistryID: "deadbeef", Key: s.key.Public().(ed25519.PublicKey),
		Grace: time.Minute, HeadInterval: 5 * time.Minute, Now: s.clock.read,
		OnHead: func(h reconcile.CheckedHead) { s.results = append(s.results, h) },
		Saved:  s.saved.log, Pages: s.saved, LastID: s.saved.last,
	})
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = s.reconciler.Close() })
}

func (s *headScene) restart() {
	s.t.Helper()
	s.saved.save(s.t, s.reconciler, s.saved.last)
	require.NoError(s.t, s.reconciler.Close())
	s.open()
	s.settle()
}

// settle reads the log to its end and verifies it again.
func (s *headScene) settle() {
	s.t.Helper()
	for range 100 {
		s.reconciler.Idle(s.t.Context())
		if _, active := s.reconciler.Reverification(); !active && s.reconciler.AtEnd() {
			return
		}
		require.NoError(s.t, s.reconciler.Reverify(s.t.Context()))
	}
	s.t.Fatal("the log is not verified")
}

// grow appends leaves to the registry's tree and its file. None is a beacon's, so that
// no row is expected.
func (s *headScene) grow(n int64) {
	s.t.Helper()
	for range n {
		index := int64(len(s.roots)) - 1
		leaf := registerLeaf.leaf[0] + strconv.FormatInt(index, 10) + registerLeaf.leaf[1]
		s.append(leaf)
		s.write(index, leaf)
	}
	s.settle()
}

func (s *headScene) append(leaf string) {
	s.t.Helper()
	require.NoError(s.t, s.tree.Append(rfc6962.DefaultHasher.HashLeaf([]byte(leaf)), nil))
	root, err := s.tree.GetRootHash(nil)
	require.NoError(s.t, err)
	s.roots = append(s.roots, hex.EncodeToString(root))
}

// rootWith is the root of a tree with one more leaf. The tree stays as it is.
func rootWith(t *testing.T, tree *compact.Range, leaf string) string {
	t.Helper()
	other, err := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewRange(0, tree.End(), slices.Clone(tree.Hashes()))
	require.NoError(t, err)
	require.NoError(t, other.Append(rfc6962.DefaultHasher.HashLeaf([]byte(leaf)), nil))
	root, err := other.GetRootHash(nil)
	require.NoError(t, err)
	return hex.EncodeToString(root)
}

func (s *headScene) write(index int64, leaf string) {
	s.t.Helper()
	text, err := json.Marshal(leaf)
	require.NoError(s.t, err)
	s.log.write(fmt.Appendf(nil, "{\"index\": %d, \"leaf_hash\": \"%x\", \"leaf_data\": %s}\n", index, rfc6962.DefaultHasher.HashLeaf([]byte(leaf)), text))
}

func (s *headScene) size() int { return len(s.roots) - 1 }

// head is what the registry signs.
func (s *headScene) head(size int, root string) string {
	message := fmt.Sprintf(`{"root":%q,"size":%d}`, root, size)
	return fmt.Sprintf(`{"size":%d,"root":%q,"signature":"%x","signed_message":%q}`, size, root, ed25519.Sign(s.key, []byte(message)), message)
}

func (s *headScene) send(head string) {
	s.t.Helper()
	require.NoError(s.t, s.reconciler.CheckHead([]byte(head)))
}

// sendTrue sends the head of the log as it is.
func (s *headScene) sendTrue() { s.t.Helper(); s.send(s.head(s.size(), s.roots[s.size()])) }

// later lets the grace period go by.
func (s *headScene) later() {
	s.t.Helper()
	s.clock.now = s.clock.now.Add(2 * time.Minute)
	s.reconciler.Idle(s.t.Context())
}

// take returns the findings, which are delivered with it.
func (s *headScene) take() []translator.Integrity {
	s.t.Helper()
	found := s.reconciler.Findings()
	s.saved.save(s.t, s.reconciler, s.saved.last)
	return found
}

func (s *headScene) takeKinds() []string {
	s.t.Helper()
	kinds := []string{}
	for _, f := range s.take() {
		kinds = append(kinds, f.Kind)
	}
	return kinds
}

func (s *headScene) takeResults() []string {
	results := []string{}
	for _, h := range s.results {
		results = append(results, fmt.Sprintf("%s %d %d", h.Result, h.Size, h.RootSize))
	}
	s.results = nil
	return results
}

func (s *headScene) savedLog() checkpoint.Log {
	s.t.Helper()
	s.take()
	saved, err := checkpoint.DecodeLog(s.saved.log)
	require.NoError(s.t, err)
	return saved
}

// A registry takes the size first and the root later, and leaves are written in between.
func TestRacedHead(t *testing.T) {
	s := newHeadScene(t, 300)
	s.sendTrue()
	for _, c := range [][2]int{{299, 300}, {236, 300}, {255, 256}, {200, 204}, {0, 3}, {300, 299}, {300, 236}, {257, 256}, {301, 299}} {
		s := s.another()
		s.send(s.head(c[0], s.roots[c[1]]))
		assert.Equal(t, []string{fmt.Sprintf("raced %d %d", c[0], c[1])}, s.takeResults())
		if c[0] > 0 {
			assert.EqualValues(t, c[1], s.reconciler.HeadSize(), "it counts at the size whose root it is")
		}
		s.later()
		assert.Empty(t, s.takeKinds())
	}
}

// The root is of a size that this side reads only later.
func TestRacedHeadOfAnotherTime(t *testing.T) {
	s := newHeadScene(t, 300)
	for i := range 3 { // the registry is ahead
		s.append(registerLeaf.leaf[0] + strconv.Itoa(300+i) + registerLeaf.leaf[1])
	}
	s.send(s.head(300, s.roots[303]))
	s.reconciler.Idle(t.Context())
	assert.Empty(t, s.takeResults(), "it waits")
	for i := range int64(3) {
		s.write(300+i, registerLeaf.leaf[0]+strconv.FormatInt(300+i, 10)+registerLeaf.leaf[1])
	}
	s.settle()
	assert.Equal(t, []string{"raced 300 303"}, s.takeResults())
	s.later()
	assert.Empty(t, s.takeKinds())
}

// A raced head is kept with the size that was signed, beside the last one that others can
// verify.
func TestRacedHeadIsKept(t *testing.T) {
	s := newHeadScene(t, 20)
	s.send(s.head(10, s.roots[10]))
	s.send(s.head(12, s.roots[13]))
	s.send(s.head(14, s.roots[15]))
	kept := s.savedLog().Heads
	require.Len(t, kept, 2)
	assert.Equal(t, []int64{10, 0, 15, 14}, []int64{kept[0].Size, kept[0].SignedSize, kept[1].Size, kept[1].SignedSize})
	for _, head := range kept {
		size := head.Size
		if head.SignedSize != 0 {
			size = head.SignedSize
		}
		signature, err := hex.DecodeString(head.Signature)
		require.NoError(t, err)
		assert.True(t, ed25519.Verify(s.key.Public().(ed25519.PublicKey), fmt.Appendf(nil, `{"root":%q,"size":%d}`, head.Root, size), signature))
		assert.Equal(t, s.roots[head.Size], head.Root)
	}
	assert.EqualValues(t, 10, s.reconciler.SignedHead().Size)
	s.sendTrue()
	kept = s.savedLog().Heads
	require.Len(t, kept, 1)
	assert.EqualValues(t, 20, kept[0].Size)
}

// A root that the log has at no size nearby is a split view, however small the
// difference.
func TestSplitViewsAtNeighbouringSizes(t *testing.T) {
	s := newHeadScene(t, 600)
	fork := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	forked := []string{s.roots[0]}
	for i := range 600 { // another last leaf, for each size
		forked = append(forked, rootWith(t, fork, "other"))
		require.NoError(t, fork.Append(rfc6962.DefaultHasher.HashLeaf([]byte(registerLeaf.leaf[0]+strconv.Itoa(i)+registerLeaf.leaf[1])), nil))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{1, 2, 255, 256, 257, 599, 600, 1 + random.IntN(600), 1 + random.IntN(600)} {
		for _, root := range []string{forked[size], forked[max(size-1, 1)], forked[min(size+1, 600)]} {
			s := s.another()
			s.send(s.head(size, root))
			s.later()
			found := s.take()
			require.Len(t, found, 1, "size %d", size)
			assert.Equal(t, translator.IntegrityHeadInconsistent, found[0].Kind)
			assert.Equal(t, root, found[0].TlogExpectedRoot)
			assert.Equal(t, s.roots[size], found[0].TlogRoot)
			assert.EqualValues(t, size, found[0].TlogSize)
			assert.EqualValues(t, 0, s.reconciler.HeadSize())
		}
	}
	// The bound of the search: the root of a size further away is none of a race.
	for _, c := range [][2]int{{100, 165}, {165, 100}, {10, 0}, {600 - 65, 600}} {
		s := s.another()
		s.send(s.head(c[0], s.roots[c[1]]))
		s.later()
		assert.Equal(t, []string{translator.IntegrityHeadInconsistent}, s.takeKinds(), "%d with the root of %d", c[0], c[1])
	}
}

// another is a reconciler that knows nothing yet, of the same log.
func (s *headScene) another() *headScene {
	s.t.Helper()
	other := *s
	other.saved, other.results = &store{}, nil
	other.open()
	other.settle()
	return &other
}

// A key that was rotated, or a leaf that was rewritten while the log grows, makes one
// finding, also after a restart, and another when it comes back.
func TestOneFindingForAState(t *testing.T) {
	for name, c := range map[string]struct {
		kind string
		bad  func(s *headScene) string
	}{
		"key rotated": {translator.IntegrityHeadSignatureInvalid, func(s *headScene) string {
			other := *s
			_, other.key, _ = ed25519.GenerateKey(nil)
			return other.head(s.size(), s.roots[s.size()])
		}},
		"leaf rewritten": {translator.IntegrityHeadInconsistent, func(s *headScene) string {
			return s.head(s.size(), fmt.Sprintf("%064x", s.size()))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newHeadScene(t, 10)
			bad := func(heads int) (kinds []string) {
				kinds = []string{}
				for range heads {
					s.grow(3)
					s.send(c.bad(s))
					s.later()
					kinds = append(kinds, s.takeKinds()...)
				}
				return kinds
			}
			good := func(heads int) {
				for range heads {
					s.grow(1)
					s.sendTrue()
					assert.Empty(t, s.takeKinds())
				}
			}
			assert.Equal(t, []string{c.kind}, bad(300))
			s.restart()
			assert.Empty(t, bad(5))
			for range 30 { // a load balancer with one replica that differs
				good(1)
				assert.Empty(t, bad(1))
			}
			good(12)
			assert.Empty(t, s.savedLog().HeadStates)
			assert.Equal(t, []string{c.kind}, bad(20), "it has come back")
		})
	}
}

// The log lacks leaves that the registry has signed: the disk was full, or this is an old
// copy. That is told once, and the head is compared when the log is as long.
func TestHeadOfALargerLog(t *testing.T) {
	s := newHeadScene(t, 10)
	s.append("a")
	s.append("b")
	s.sendTrue()
	assert.Empty(t, s.takeKinds(), "before the grace period is over")
	for range 3 {
		s.later()
		s.sendTrue()
	}
	found := s.take()
	require.Len(t, found, 1)
	assert.Equal(t, translator.IntegrityHeadNotCompared, found[0].Kind)
	assert.Contains(t, found[0].Message, "has only 10 leaves")
	assert.Equal(t, []string{"too_large 12 0"}, s.takeResults())
	s.write(10, "a")
	s.write(11, "b")
	s.settle()
	assert.Equal(t, []string{"matched 12 12"}, s.takeResults(), "the one that waits")
	assert.Empty(t, s.takeKinds())
}

// The disk is full, the registry signs a leaf that it could not write, is restarted, and
// another leaf takes its place. A head of a log that was as long when it came is proof.
func TestHeadOfALeafThatWasNotWritten(t *testing.T) {
	s := newHeadScene(t, 10)
	head := s.head(11, rootWith(t, s.tree, "lost"))
	s.send(head)
	s.reconciler.Idle(t.Context())
	s.grow(80) // after the restart
	s.later()
	found := s.take()
	require.Len(t, found, 1)
	assert.Equal(t, translator.IntegrityHeadNotCompared, found[0].Kind)
	assert.Contains(t, found[0].Message, "when the transparency log was shorter")
	assert.Equal(t, []string{"not_compared 11 0"}, s.takeResults())
	s.sendTrue()
	assert.Empty(t, s.takeKinds())
	s.send(head)
	assert.Equal(t, []string{translator.IntegrityHeadInconsistent}, s.takeKinds())
}

// Sizes that no log has are searched for nowhere.
func TestHeadsOfHugeSizes(t *testing.T) {
	s := newHeadScene(t, 300)
	for _, size := range []int{1 << 62, math.MaxInt64, math.MaxInt64 - 1} {
		s.send(s.head(size, s.roots[7]))
	}
	s.later()
	assert.Equal(t, []string{translator.IntegrityHeadNotCompared}, s.takeKinds())
	assert.NotContains(t, fmt.Sprint(s.takeResults()), "raced")
}

// A damaged leaf that was never seen whole keeps all later heads from being compared.
func TestHeadsBehindADamagedLeaf(t *testing.T) {
	s := newHeadScene(t, 5)
	s.append("lost")
	s.log.write([]byte("{\"index\": 5, \"leaf_hash\": \"damaged\n"))
	kinds := []string{}
	for range 20 {
		s.grow(2)
		s.sendTrue()
		s.later()
		kinds = append(kinds, s.takeKinds()...)
	}
	assert.ElementsMatch(t, []string{translator.IntegrityLeafCorrupt, translator.IntegrityHeadNotCompared}, kinds)
	s.results = nil
	s.send(s.head(5, s.roots[5]))
	s.send(s.head(4, s.roots[5]))
	assert.Equal(t, []string{"matched 5 5", "raced 4 5"}, s.takeResults(), "what is before it is compared")
}

// The empty log's root is the hash of nothing, or zeros.
func TestEmptyLog(t *testing.T) {
	for _, root := range []string{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", strings.Repeat("0", 64)} {
		s := newHeadScene(t, 0)
		s.send(s.head(0, root))
		assert.Equal(t, []string{"matched 0 0"}, s.takeResults())
		s.grow(2)
		s.send(s.head(0, root))
		s.later()
		assert.Equal(t, []string{"matched 0 0"}, s.takeResults())
		assert.Empty(t, s.takeKinds())
		s.send(s.head(2, root))
		s.later()
		assert.Equal(t, []string{translator.IntegrityHeadInconsistent}, s.takeKinds(), "a log with leaves has another one")
	}
}

// Unsigned heads prove nothing, and are not missing where no other ever came.
func TestUnsignedHeads(t *testing.T) {
	s := newHeadScene(t, 3)
	unsigned := fmt.Sprintf(`{"size":3,"root":%q}`, strings.Repeat("ab", 32))
	for range 50 {
		s.send(unsigned)
		s.clock.now = s.clock.now.Add(5 * time.Minute)
		s.reconciler.Idle(t.Context())
	}
	assert.Empty(t, s.takeKinds())
	assert.EqualValues(t, 0, s.reconciler.HeadSize())
	assert.Equal(t, "unsigned 3 0", s.takeResults()[0])

	s.sendTrue() // it has a key after all
	for range 50 {
		s.send(unsigned)
		s.clock.now = s.clock.now.Add(5 * time.Minute)
		s.reconciler.Idle(t.Context())
	}
	assert.Equal(t, []string{translator.IntegrityHeadMissing}, s.takeKinds(), "signatures were removed")
}

// Smaller heads are told when they stay: a replica that is behind is no finding.
func TestHeadsThatGoBack(t *testing.T) {
	s := newHeadScene(t, 300)
	for i := range 100 {
		s.sendTrue()
		if i%3 != 0 {
			s.send(s.head(290, s.roots[290]))
		}
	}
	assert.Empty(t, s.takeKinds(), "one replica is behind")
	replay := func(size, heads int) {
		for range heads {
			s.send(s.head(size, s.roots[size]))
		}
	}
	replay(200, 2)
	s.restart()
	assert.Empty(t, s.takeKinds())
	replay(200, 100)
	found := s.take()
	require.Len(t, found, 1)
	assert.Equal(t, translator.IntegrityHeadWentBack, found[0].Kind)
	assert.EqualValues(t, 200, found[0].TlogSize)
	for range 12 {
		s.sendTrue()
	}
	replay(250, 3)
	assert.Equal(t, []string{translator.IntegrityHeadWentBack}, s.takeKinds(), "another time")
}

// Heads that stay away are told once, and again when they had come back.
func TestHeadsThatStayAway(t *testing.T) {
	s := newHeadScene(t, 10)
	wait := func(d time.Duration) []string {
		for range d / time.Minute {
			s.clock.now = s.clock.now.Add(time.Minute)
			s.reconciler.Idle(t.Context())
		}
		return s.takeKinds()
	}
	assert.Empty(t, wait(119*time.Minute))
	assert.Equal(t, []string{translator.IntegrityHeadMissing}, wait(10*time.Minute), "none ever came")
	s.sendTrue()
	assert.Empty(t, wait(119*time.Minute))
	s.restart()
	assert.Empty(t, wait(14*time.Minute), "after a start there is time for some requests")
	assert.Equal(t, []string{translator.IntegrityHeadMissing}, wait(2*time.Minute))
	assert.Empty(t, wait(24*time.Hour))
	s.restart()
	assert.Empty(t, wait(24*time.Hour))
	s.sendTrue()
	assert.Empty(t, wait(119*time.Minute))
}

// Heads that do not grow with the log are told.
func TestHeadsThatDoNotGrow(t *testing.T) {
	s := newHeadScene(t, 10)
	old := s.head(10, s.roots[10])
	poll := func(times int, grow int64, head func() string) []string {
		for range times {
			s.grow(grow)
			s.clock.now = s.clock.now.Add(5 * time.Minute)
			s.reconciler.Idle(t.Context())
			s.send(head())
		}
		return s.takeKinds()
	}
	behind := func() string { return s.head(s.size()-2, s.roots[s.size()-2]) }
	assert.Empty(t, poll(100, 0, func() string { return old }), "nothing happens")
	assert.Empty(t, poll(100, 3, behind), "heads are of a moment before")
	assert.Empty(t, poll(100, 0, behind), "they lack two leaves, and the log does not grow")
	old = behind()
	assert.Empty(t, poll(20, 1, func() string { return old }))
	assert.Equal(t, []string{translator.IntegrityHeadMissing}, poll(100, 1, func() string { return old }))
	assert.Empty(t, poll(1, 1, behind))
	old = behind()
	assert.Equal(t, []string{translator.IntegrityHeadMissing}, poll(30, 1, func() string { return old }), "it has come back")
}

// What is no tree head says nothing about the log.
func TestNoHead(t *testing.T) {
	s := newHeadScene(t, 10)
	for _, body := range []string{"", "<html>", "{}", `{"detail":"tlog not initialized"}`, `{"error":"rate limited"}`} {
		require.Error(t, s.reconciler.CheckHead([]byte(body)))
	}
	s.later()
	assert.Empty(t, s.takeKinds())
	assert.Empty(t, s.takeResults())
}

// A log that cannot be read is not compared, and the head waits.
func TestHeadWhileTheLogCannotBeRead(t *testing.T) {
	s := newHeadScene(t, 10)
	require.NoError(t, os.Rename(s.log.path, s.log.path+".away"))
	s.append("a")
	s.sendTrue()
	for range 5 {
		s.later()
	}
	assert.Empty(t, s.takeKinds())
	require.NoError(t, os.Rename(s.log.path+".away", s.log.path))
	s.write(10, "a")
	s.settle()
	assert.Equal(t, []string{"matched 11 11"}, s.takeResults())
	assert.Empty(t, s.takeKinds())
}
