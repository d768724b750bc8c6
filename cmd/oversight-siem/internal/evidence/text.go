// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// maxTextProblems is how many problems are shown as text.
const maxTextProblems = 1000

// JSON returns one JSON object per line: the problems, and then {"summary": …}.
func (r *Result) JSON() ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	for i := range r.Problems {
		if err := encoder.Encode(&r.Problems[i]); err != nil {
			return nil, err
		}
	}
	err := encoder.Encode(map[string]*Summary{"summary": &r.Summary})
	return translator.EscapeLine(text.Bytes(), 0), err // ids come from strangers
}

// Text returns the result for a terminal: the summary, and then the problems, one per
// line.
func (r *Result) Text() string {
	var t strings.Builder
	line := func(label string, value any) {
		fmt.Fprintf(&t, "%-26s %s\n", label, cli.Printable(fmt.Sprint(value)))
	}
	s := &r.Summary
	line("file", s.FileID)
	line("bundle generated at", s.GeneratedAt)
	line("  registry", s.RegistryKey)
	line("  signature", signatureText(s.Signature, s.SignedForm))
	line("manifest", "")
	line("  issuer", s.Issuer)
	line("  issuer's key", s.IssuerKey)
	line("  recipient", s.Recipient)
	line("  signature", s.Manifest)
	if s.HeadRoot == "" {
		line("tree head", "none")
	} else {
		line("tree head", fmt.Sprintf("%d leaves", s.HeadSize))
		line("  root", s.HeadRoot)
		line("  signature", s.Head)
	}
	line("events", s.Events)
	line("  leaf matches the row", s.MatchLeaf)
	line("  leaf in the tree", s.Included)
	line("  token in the manifest", s.MatchTokens)
	line("findings", s.Findings)
	line("not proven", s.NotProven)
	r.writeProblems(&t)
	return t.String()
}

func signatureText(signature, form string) string {
	if form == "" {
		return signature
	}
	return signature + ", over " + form
}

func (r *Result) writeProblems(t *strings.Builder) {
	if len(r.Problems) > 0 {
		t.WriteByte('\n')
	}
	for i := range r.Problems[:min(len(r.Problems), maxTextProblems)] {
		p := &r.Problems[i]
		subject := ""
		if p.EventID != "" {
			subject = "row " + p.EventID
		}
		fmt.Fprintf(t, "%-10s  %-16s  %-12s  %s\n", p.Result, p.Check, cli.Printable(subject), cli.Printable(p.Message))
	}
	if more := len(r.Problems) - maxTextProblems; more > 0 {
		fmt.Fprintf(t, "… and %d more: --json writes all of them\n", more)
	}
}
