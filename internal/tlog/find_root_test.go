// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

func TestFindRoot(t *testing.T) {
	const leaves = 777
	f := follow(t, newLog(t, linesOf(0, leaves)), tlog.State{})
	f.advance()
	for _, size := range []int64{1, 2, 63, 64, 65, 255, 256, 257, 511, 512, 513, 700, 767, 768, 769, 776, leaves} {
		root := rootOf(int(size))
		for _, span := range [][2]int64{{size, size}, {size - 64, size + 64}, {size - 300, size}, {-5, 1 << 62}} {
			found, ok, known := f.FindRoot(root, span[0], span[1])
			require.True(t, ok && known, "size %d from %d to %d", size, span[0], span[1])
			require.Equal(t, size, found)
		}
		for _, span := range [][2]int64{{size + 1, size + 64}, {size - 64, size - 1}} {
			_, ok, known := f.FindRoot(root, span[0], span[1])
			require.False(t, ok)
			require.True(t, known)
		}
	}
	_, ok, known := f.FindRoot(hashOf("other"), 1, leaves)
	assert.False(t, ok)
	assert.True(t, known)
}

// Behind a leaf whose hash is lost, roots are not known.
func TestFindRootBehindADamagedLeaf(t *testing.T) {
	f := follow(t, newLog(t, linesOf(0, 300)+"damaged\n"+linesOf(301, 600)), tlog.State{})
	f.anyLeaf = true
	f.advance()
	size, ok, known := f.FindRoot(rootOf(300), 250, 400)
	assert.True(t, ok && known)
	assert.EqualValues(t, 300, size)
	_, ok, known = f.FindRoot(rootOf(301), 250, 400)
	assert.False(t, ok)
	assert.False(t, known)
}
