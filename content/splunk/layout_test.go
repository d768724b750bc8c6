// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk_test

import (
	"fmt"
	"slices"
)

// canvas is the width of a grid in Dashboard Studio.
const canvas = 1200

// layoutProblems are panels outside of the canvas, gaps and overlaps: the rows of a grid
// fill its width, and each begins where the one above ends.
func (d dashboard) layoutProblems() (problems []string) {
	if d.Layout.Type != "grid" {
		return []string{"the layout is no grid"}
	}
	blocks := slices.Clone(d.Layout.Structure)
	slices.SortFunc(blocks, func(a, b block) int {
		if a.Position.Y != b.Position.Y {
			return a.Position.Y - b.Position.Y
		}
		return a.Position.X - b.Position.X
	})
	x, y, height := canvas, 0, 0
	for _, b := range blocks {
		at := b.Position
		if x == canvas { // a row is full: the next begins
			x, y, height = 0, y+height, at.H
		}
		if at.X != x || at.Y != y || at.H != height || at.W <= 0 || at.H <= 0 || at.X+at.W > canvas {
			problems = append(problems, fmt.Sprintf("%s is at %+v; free is from x %d, y %d", b.Item, at, x, y))
		}
		x = at.X + at.W
	}
	if x != canvas {
		problems = append(problems, "the last row is not full")
	}
	return problems
}
