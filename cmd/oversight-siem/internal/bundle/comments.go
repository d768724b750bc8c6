// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"io/fs"
	"regexp"
	"strings"
	"sync"

	"github.com/oversight-protocol/oversight-otelcol/config"
)

// settingInComment is a setting that somebody has commented out, or NAME=value.
var settingInComment = regexp.MustCompile(`^(#[#\s]*(?:- )?["']?)([\w./-]+)(["']?\s*[:=]\s*)(.+)$`)

// shippedComments are the lines of comments in the configurations of this project.
var shippedComments = sync.OnceValue(func() map[string]bool {
	lines := map[string]bool{}
	_ = fs.WalkDir(config.All, ".", func(path string, _ fs.DirEntry, _ error) error { // embedded: no error; directories have no text
		text, _ := config.All.ReadFile(path)
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "#") {
				lines[line] = true
			}
		}
		return nil
	})
	return lines
})

// cleanComment returns a comment of several lines, without what may be a secret: a
// setting that was commented out, a sentence about a password.
func (h *hiddenValues) cleanComment(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = h.cleanCommentLine(line)
	}
	return strings.Join(lines, "\n")
}

func (h *hiddenValues) cleanCommentLine(line string) string {
	trimmed := strings.TrimSpace(line)
	if trimmed == "" || shippedComments()[trimmed] {
		return line
	}
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	if match := settingInComment.FindStringSubmatch(trimmed); match != nil {
		return indent + match[1] + match[2] + match[3] + h.cleanCommentedValue(match[2], match[4])
	}
	if secretName.MatchString(trimmed) {
		return indent + "# " + mask
	}
	return indent + wordPattern.ReplaceAllStringFunc(cleanValue(trimmed), func(word string) string {
		if looksSecret(word) {
			h.addFrom(minOther, word)
			return mask
		}
		return word
	})
}

// cleanCommentedValue returns the value of a setting that was commented out.
func (h *hiddenValues) cleanCommentedValue(key, value string) string {
	switch {
	case isHarmless(value):
		return value
	case shownKeys[key] && !strings.ContainsAny(value, "{[,"):
		h.addURL(value)
		return cleanValue(value)
	default:
		h.add(key, strings.Trim(value, `"' `))
		return maskValue(value)
	}
}
