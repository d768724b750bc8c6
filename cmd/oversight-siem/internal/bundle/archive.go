// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

const (
	// maxTotal bounds what all files have together, in bytes.
	maxTotal = 20 << 20
	// maxLog and maxMetrics bound the largest files, and maxFile every other one.
	maxLog, maxMetrics, maxFile = 5 << 20, 5 << 20, 1 << 20
)

// entry is a file of a bundle, or why it is absent.
type entry struct {
	name, what string
	text       string
	absent     string
}

// contents are the files of a bundle.
type contents struct {
	entries []entry
	hidden  hiddenValues
}

func (c *contents) add(name, what, text string) {
	c.entries = append(c.entries, entry{name: name, what: what, text: text})
}

func (c *contents) absent(name, what, format string, args ...any) {
	c.entries = append(c.entries, entry{name: name, what: what, absent: fmt.Sprintf(format, args...)})
}

// addOrAbsent adds a file, or the error that keeps it away.
func (c *contents) addOrAbsent(name, what, text string, err error) {
	if err != nil {
		c.absent(name, what, "%v", err)
		return
	}
	c.add(name, what, text)
}

// Summary says what a bundle has.
type Summary struct {
	// Files and Bytes count what is in it, before compression.
	Files int
	Bytes int
	// Absent names what is not in it, each with the reason.
	Absent []string
}

// previewPattern is what Elasticsearch quotes of a document that it refuses.
var previewPattern = regexp.MustCompile(`(?i)(preview of field's value:\s*)'[^']*'`)

// answerPattern is an object in the answer of a destination, as the extension
// responsecheck has it in an error: it may be an event that the destination refuses. In a
// log, its quotes are escaped.
var answerPattern = regexp.MustCompile(`(the destination answered HTTP \d+: [^{"\n]*)\{(?:\\.|[^"\\\n…])*`)

// redact removes hidden values from all files, and bounds them.
func (c *contents) redact() (summary Summary) {
	replacer := c.hidden.replacer()
	for i := range c.entries {
		e := &c.entries[i]
		e.text, e.absent = replacer.Replace(strings.ToValidUTF8(e.text, "\uFFFD")), replacer.Replace(e.absent)
		e.text = previewPattern.ReplaceAllString(e.text, "${1}'"+mask+"'")
		e.text = answerPattern.ReplaceAllString(e.text, "${1}"+mask)
		if e.absent == "" && summary.Bytes+len(e.text) > maxTotal {
			e.absent, e.text = "the bundle would be larger than 20 MiB", ""
		}
		if e.absent != "" {
			summary.Absent = append(summary.Absent, e.name+": "+e.absent)
			continue
		}
		summary.Files++
		summary.Bytes += len(e.text)
	}
	return summary
}

// manifest lists the files.
func (c *contents) manifest(created time.Time) string {
	var out strings.Builder
	fmt.Fprintf(&out, "Support bundle of oversight-siem doctor, %s\n", created.UTC().Format(time.RFC3339))
	out.WriteString("*** is in place of what may be a secret. Look through all files before you send them to anybody.\n\n")
	for _, e := range c.entries {
		if e.absent != "" {
			fmt.Fprintf(&out, "absent  %s (%s): %s\n", e.name, e.what, strings.Join(strings.Fields(e.absent), " "))
			continue
		}
		fmt.Fprintf(&out, "%-22s %9d bytes  %s\n", e.name, len(e.text), e.what)
	}
	return out.String()
}

// write writes the archive. The same contents and time give the same bytes.
func (c *contents) write(w io.Writer, created time.Time) error {
	compressed := gzip.NewWriter(w)
	archive := tar.NewWriter(compressed)
	err := writeFile(archive, "MANIFEST", c.manifest(created), created)
	for _, e := range c.entries {
		if err == nil && e.absent == "" {
			err = writeFile(archive, e.name, e.text, created)
		}
	}
	if err != nil {
		return err
	}
	return errors.Join(archive.Close(), compressed.Close())
}

func writeFile(archive *tar.Writer, name, text string, created time.Time) error {
	err := archive.WriteHeader(&tar.Header{
		Name: "oversight-bundle/" + name, Mode: 0o600, Size: int64(len(text)),
		ModTime: created.Truncate(time.Second), Typeflag: tar.TypeReg, Format: tar.FormatUSTAR,
	})
	if err == nil {
		_, err = io.WriteString(archive, text)
	}
	return err
}

// lastPart is the end of a text, from the start of a line.
func lastPart(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	_, text, _ = strings.Cut(text[len(text)-limit:], "\n")
	return text
}

// firstPart is the start of a text, up to the end of a line: half a secret would not be
// found.
func firstPart(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return text[:strings.LastIndexByte(text[:limit], '\n')+1]
}
