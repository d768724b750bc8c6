// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package verification

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/output"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// maxTextFindings is how many findings are shown as text. They are in memory
// until the summary is written, which comes first.
const maxTextFindings = 1000

// Report writes findings and summary: JSON lines as they are made, or text at the
// end.
type Report struct {
	json     bool
	out      io.Writer
	encoder  *json.Encoder // into buffer
	buffer   bytes.Buffer
	findings int          // as text
	heads    bytes.Buffer // as text
	lines    int          // of heads
}

// NewReport returns a report that writes to standard output: JSON lines if asJSON
// is true, otherwise text.
func NewReport(asJSON bool, stdout io.Writer) *Report {
	r := &Report{json: asJSON, out: stdout}
	r.encoder = json.NewEncoder(&r.buffer)
	r.encoder.SetEscapeHTML(false)
	return r
}

// Add adds a finding.
func (r *Report) Add(f *translator.Integrity) error {
	if r.json {
		start := r.buffer.Len()
		if err := r.encoder.Encode(newFinding(f)); err != nil {
			return err
		}
		r.escape(start)
		if r.buffer.Len() < output.BufferSize {
			return nil
		}
		return r.Flush()
	}
	if r.findings++; r.findings <= maxTextFindings {
		fmt.Fprintln(&r.buffer, findingLine(f))
	}
	return nil
}

// addHead adds one of the other tree heads.
func (r *Report) addHead(h *headLine) error {
	if r.json {
		return r.encoder.Encode(map[string]*headLine{"head": h})
	}
	if r.lines++; r.lines <= maxTextFindings {
		fmt.Fprintln(&r.heads, h.text())
	}
	return nil
}

// escape escapes what a stranger may have written into the text from start on.
func (r *Report) escape(start int) {
	text := translator.EscapeLine(append([]byte(nil), r.buffer.Bytes()[start:]...), 0)
	r.buffer.Truncate(start)
	r.buffer.Write(text)
}

// Flush writes the findings of a report in JSON.
func (r *Report) Flush() error {
	if !r.json || r.buffer.Len() == 0 {
		return nil
	}
	_, err := r.buffer.WriteTo(r.out)
	return output.WriteError(output.StandardOutput, err)
}

// Finish writes the summary, and the findings of a report as text.
func (r *Report) Finish(s *Summary) error {
	if r.json {
		if err := r.encoder.Encode(map[string]*Summary{"summary": s}); err != nil {
			return err
		}
		return r.Flush()
	}
	text := s.table()
	if r.lines > 0 {
		text += "\n" + r.heads.String()
	}
	if r.lines > maxTextFindings {
		text += fmt.Sprintf("… and %d more: --json writes all of them\n", r.lines-maxTextFindings)
	}
	if r.findings > 0 {
		text += "\n" + r.buffer.String()
	}
	if r.findings > maxTextFindings {
		text += fmt.Sprintf("… and %d more: --json writes all of them\n", r.findings-maxTextFindings)
	}
	_, err := io.WriteString(r.out, text)
	return output.WriteError(output.StandardOutput, err)
}
