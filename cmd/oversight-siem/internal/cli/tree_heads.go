// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/internal/treehead"
)

// maxHeadsSize bounds the file of --heads, in bytes: some 180,000 heads.
const maxHeadsSize = 64 << 20

// TreeHeads is the flag about tree heads that were kept.
type TreeHeads struct{ path string }

// Register adds the flag.
func (h *TreeHeads) Register(flags *pflag.FlagSet) {
	flags.StringVar(&h.path, "heads", "", "more signed tree heads, as a `FILE` with one on each line, as /tlog/head answers,\nor with a JSON array of them: those that others were shown")
}

// Read returns the tree heads of the file, each as it was published; none without the
// flag. It accepts those that are unsigned or have an invalid signature, which is for the
// command to report.
func (h *TreeHeads) Read() ([][]byte, error) {
	if h.path == "" {
		return nil, nil
	}
	text, err := ReadRegular(h.path, maxHeadsSize)
	if err != nil {
		return nil, fmt.Errorf("--heads %s: %w", h.path, err)
	}
	heads, err := splitHeads(text)
	if err != nil {
		return nil, fmt.Errorf("--heads %s: head %d: must be the response to GET %s: %w", h.path, len(heads)+1, treehead.Path, err)
	}
	if len(heads) == 0 {
		return nil, fmt.Errorf("--heads %s: the file has no tree heads", h.path)
	}
	return heads, nil
}

// splitHeads returns the heads before the first that is none, and its error.
func splitHeads(text []byte) (heads [][]byte, err error) {
	decoder := jsontext.NewDecoder(bytes.NewReader(text))
	array := decoder.PeekKind() == '['
	if array {
		_, _ = decoder.ReadToken() // it was peeked
	}
	for {
		if array && decoder.PeekKind() == ']' {
			if _, err := decoder.ReadToken(); err != nil {
				return heads, err
			}
			array = false
			continue
		}
		value, err := decoder.ReadValue()
		if errors.Is(err, io.EOF) {
			return heads, nil
		}
		if err == nil {
			_, err = tlog.ParseHead(value)
		}
		if err != nil && !isHead(err) {
			return heads, err
		}
		heads = append(heads, bytes.Clone(value))
	}
}

// isHead reports whether an error of [tlog.ParseHead] is about the signature of a head.
func isHead(err error) bool {
	return errors.Is(err, tlog.ErrSignature) || errors.Is(err, tlog.ErrUnsigned)
}
