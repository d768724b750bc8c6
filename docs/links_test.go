// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every relative link in a Markdown file of the repository leads to a file that
// exists, and every anchor to a heading of that file.
func TestLinks(t *testing.T) {
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	pages := 0
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			switch entry.Name() {
			case ".git", "bin", "dist", "out":
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		pages++
		broken, err := brokenLinks(root, path)
		assert.Empty(t, broken, path)
		return err
	})
	require.NoError(t, err)
	assert.Greater(t, pages, 10)
}

// The test above notices each kind of broken link, and only those.
func TestBrokenLinksAreFound(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
	}
	write("other.md", "# Other\n\n## The `x` key, and `y`\n\n## Twice\n\n## Twice\n\n```console\n# no heading\n```\n")
	write("sub/README.md", "# Sub\n")
	write("code.go", "package code\n")
	write("page.md", "# Page\n\n"+strings.Join([]string{
		"[a](other.md) [b](other.md#the-x-key-and-y) [c](#page) [d](sub) [e](sub#sub) [f](other.md#twice-1) [g](code.go)",
		"[h](https://example.org/missing.md) `[i](missing.md)` [![j](sub)](other.md)",
		"```", "[k](missing.md)", "```", "[empty]: ",
		"[l](missing.md) [m](other.md#no-heading) [n](#nowhere) [o](../outside.md)",
		"[p](code.go#L1) [two",
		"lines](gone.md)",
		"[reference]: absent.md",
	}, "\n")+"\n")

	broken, err := brokenLinks(root, filepath.Join(root, "page.md"))
	require.NoError(t, err)
	assert.Equal(t, []string{
		"missing.md: no such file",
		"other.md#no-heading: no such heading",
		"#nowhere: no such heading",
		"../outside.md: outside of the repository",
		"code.go#L1: an anchor in a file that is not Markdown",
		"gone.md: no such file",
		"absent.md: no such file",
	}, broken)
}

var (
	inlineLink    = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	referenceLink = regexp.MustCompile(`(?m)^ {0,3}\[[^\]]+\]: *(\S+)$`)
	absoluteLink  = regexp.MustCompile(`^([a-zA-Z][a-zA-Z0-9+.-]*:|//)`)
	codeSpan      = regexp.MustCompile("`[^`\n]*`")
	codeFence     = regexp.MustCompile("^ *(```|~~~)")
	heading       = regexp.MustCompile(`(?m)^#{1,6} +(.*?) *#*$`)
)

// brokenLinks describes the relative links of a Markdown file that lead nowhere,
// inline links first.
func brokenLinks(root, page string) ([]string, error) {
	text, err := os.ReadFile(page)
	if err != nil {
		return nil, err
	}
	prose := codeSpan.ReplaceAllString(withoutCodeBlocks(string(text)), "")
	var broken []string
	for _, pattern := range []*regexp.Regexp{inlineLink, referenceLink} {
		for _, match := range pattern.FindAllStringSubmatch(prose, -1) {
			if target := match[1]; !absoluteLink.MatchString(target) {
				if reason := checkLink(root, page, target); reason != "" {
					broken = append(broken, fmt.Sprintf("%s: %s", target, reason))
				}
			}
		}
	}
	return broken, nil
}

// checkLink says why a relative link leads nowhere, or nothing.
func checkLink(root, page, target string) string {
	name, anchor, hasAnchor := strings.Cut(target, "#")
	path := page
	if name != "" {
		path = filepath.Join(filepath.Dir(page), filepath.FromSlash(name))
	}
	if relative, err := filepath.Rel(root, path); err != nil || !filepath.IsLocal(relative) {
		return "outside of the repository"
	}
	info, err := os.Stat(path)
	if err != nil {
		return "no such file"
	}
	if !hasAnchor {
		return ""
	}
	if info.IsDir() {
		path = filepath.Join(path, "README.md")
	}
	if filepath.Ext(path) != ".md" {
		return "an anchor in a file that is not Markdown"
	}
	text, err := os.ReadFile(path)
	if err != nil || !anchors(string(text))[anchor] {
		return "no such heading"
	}
	return ""
}

// anchors returns the anchors that GitHub gives to the headings of a page.
func anchors(text string) map[string]bool {
	found := map[string]bool{}
	for _, match := range heading.FindAllStringSubmatch(withoutCodeBlocks(text), -1) {
		slug := anchor(match[1])
		unique := slug
		for n := 1; found[unique]; n++ {
			unique = fmt.Sprintf("%s-%d", slug, n)
		}
		found[unique] = true
	}
	return found
}

// anchor is GitHub's rule: lower case, spaces as hyphens, no other punctuation
// than hyphens and underscores.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsNumber(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

// withoutCodeBlocks leaves out what stands between fences.
func withoutCodeBlocks(text string) string {
	var prose strings.Builder
	inCode := false
	for line := range strings.Lines(text) {
		if codeFence.MatchString(line) {
			inCode = !inCode
		} else if !inCode {
			prose.WriteString(line)
		}
	}
	return prose.String()
}
