// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// maxLines is how many findings are shown to a person, who reads no more, after
// the summary. Until then they are in memory.
const maxLines = 1000

// verifyOutput writes findings and summary: lines of JSON as they come, or text
// in the end.
type verifyOutput struct {
	json    bool
	out     io.Writer
	encoder *json.Encoder // into buffer
	buffer  bytes.Buffer
	lines   int
}

func newVerifyOutput(asJSON bool, out io.Writer) *verifyOutput {
	o := &verifyOutput{json: asJSON, out: out}
	o.encoder = json.NewEncoder(&o.buffer)
	o.encoder.SetEscapeHTML(false)
	return o
}

// add takes a finding.
func (o *verifyOutput) add(f *translator.Integrity) error {
	if o.json {
		if err := o.encoder.Encode(newFinding(f)); err != nil {
			return err
		}
		if o.buffer.Len() < streamBuffer {
			return nil
		}
		return o.flush()
	}
	if o.lines++; o.lines <= maxLines {
		fmt.Fprintln(&o.buffer, lineOf(f))
	}
	return nil
}

// flush writes what need not wait for the end.
func (o *verifyOutput) flush() error {
	if !o.json {
		return nil
	}
	return o.write()
}

// finish writes the summary, and all that waits for it.
func (o *verifyOutput) finish(s *summary) error {
	if o.json {
		if err := o.encoder.Encode(map[string]*summary{"summary": s}); err != nil {
			return err
		}
		return o.write()
	}
	text := s.table()
	if o.lines > 0 {
		text += "\n" + o.buffer.String()
	}
	if o.lines > maxLines {
		text += fmt.Sprintf("… and %d more: --json writes all of them\n", o.lines-maxLines)
	}
	_, err := io.WriteString(o.out, text)
	return writeError("standard output", err)
}

func (o *verifyOutput) write() error {
	if o.buffer.Len() == 0 {
		return nil
	}
	_, err := o.buffer.WriteTo(o.out)
	return writeError("standard output", err)
}
