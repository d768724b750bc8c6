// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"
)

// leavesBuffer is how much of the log is read at once, in bytes.
const leavesBuffer = 128 << 10

// readLeaf finds a leaf by the index that its line has.
func readLeaf(ctx context.Context, path string, index int64) (*leaf.Line, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var line leaf.Line
	for reader := bufio.NewReaderSize(f, leavesBuffer); ; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		text, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%w: leaf %d is not there, or cannot be read: oversight-siem verify tells more", errFindings, index)
		}
		if err != nil {
			return nil, err
		}
		err = leaf.ParseLine(bytes.TrimSuffix(text, []byte("\n")), &line)
		if isHash := errors.As(err, new(*leaf.HashError)); line.Index != index || err != nil && !isHash {
			continue // another one, or one that cannot be read, which other checks are for
		}
		if err != nil {
			return nil, fmt.Errorf("%w: leaf %d is corrupt: %w", errFindings, index, err)
		}
		return &line, nil
	}
}
