// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package inclusion

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"
)

// maxLine is the longest line, in bytes, that is read as a leaf. Longer ones are skipped.
const maxLine = 16 << 20

// findLeaf returns the leaf with that hash. It reads the log to the first line whose
// leaf it is, whatever the lines around it contain and whichever index they declare:
// after a full disk, an index may jump and be used twice.
func (s *Settings) findLeaf(ctx context.Context, hash tlog.Hash) ([]byte, error) {
	f, err := cli.OpenRegular(s.Leaves)
	if err != nil {
		return nil, s.Log.ReadError(err)
	}
	defer f.Close()
	lines := lineReader{reader: bufio.NewReaderSize(f, 64<<10)}
	var parsed leaf.Line
	var claims string // what is wrong with the line that claims the index
	for {
		line, err := lines.next(ctx)
		if errors.Is(err, io.EOF) {
			return nil, s.notFound(hash, claims)
		}
		if err != nil {
			return nil, s.Log.ReadError(err)
		}
		err = leaf.ParseLine(line, &parsed)
		switch {
		case err == nil && parsed.Hash == hash:
			return bytes.Clone(parsed.Data), nil
		case leaf.HasIndex(err) && parsed.Index == s.Index && err != nil:
			claims = err.Error()
		case err == nil && parsed.Index == s.Index:
			claims = "it has the hash " + parsed.Hash.String()
		}
	}
}

func (s *Settings) notFound(hash tlog.Hash, claims string) error {
	if claims == "" {
		return fmt.Errorf("%w: the log has no intact line with leaf %d, which has the hash %s by --proof", cli.ErrFindings, s.Index, hash)
	}
	return fmt.Errorf("%w: leaf %d is not the one of --proof, which has the hash %s: %s", cli.ErrFindings, s.Index, hash, claims)
}

// lineReader reads lines of any length in bounded memory.
type lineReader struct {
	reader *bufio.Reader
	line   []byte
}

// next returns the next line without its end, which is valid until the next call; nothing
// for one that is too long. The error is io.EOF at the end, also within a line.
func (r *lineReader) next(ctx context.Context) ([]byte, error) {
	r.line = r.line[:0]
	for {
		part, err := r.reader.ReadSlice('\n')
		if len(r.line)+len(part) <= maxLine {
			r.line = append(r.line, part...)
		} else {
			r.line = r.line[:0]
			err = r.skip(ctx, err)
			return nil, err
		}
		switch {
		case err == nil:
			return bytes.TrimSuffix(r.line, []byte("\n")), ctx.Err()
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// skip reads the rest of a line, of which the last part gave err.
func (r *lineReader) skip(ctx context.Context, err error) error {
	for errors.Is(err, bufio.ErrBufferFull) && ctx.Err() == nil {
		_, err = r.reader.ReadSlice('\n')
	}
	return errors.Join(ctx.Err(), err)
}
