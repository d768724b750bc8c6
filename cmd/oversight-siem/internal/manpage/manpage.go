// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package manpage renders commands as man pages. The help of a command is text that is
// already laid out, which cobra's own generator would take for Markdown.
package manpage

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Version stands in the pages where the version belongs. The build of a release
// replaces it.
const Version = "@VERSION@"

// WriteAll writes a page for a command and for each of its commands, as NAME.1, into a
// directory that exists.
func WriteAll(command *cobra.Command, dir string) error {
	file := filepath.Join(dir, pageName(command)+".1")
	if err := os.WriteFile(file, []byte(Render(command)), 0o644); err != nil { //nolint:gosec // a public file
		return err
	}
	for _, child := range command.Commands() {
		if !child.IsAvailableCommand() || child.Name() == "help" || child.Name() == "completion" {
			continue
		}
		if err := WriteAll(child, dir); err != nil {
			return err
		}
	}
	return nil
}

// Render returns the page of a command.
func Render(command *cobra.Command) string {
	var p page
	name := pageName(command)
	p.line(".TH %s 1 \"\" \"%s %s\"", strings.ToUpper(name), command.Root().Name(), Version)
	p.heading("NAME")
	p.text(name + " - " + command.Short)
	p.heading("SYNOPSIS")
	p.line(".B %s", escape(command.UseLine()))
	p.heading("DESCRIPTION")
	p.text(command.Long)
	p.flags("OPTIONS", command.NonInheritedFlags())
	p.flags("GLOBAL OPTIONS", command.InheritedFlags())
	if command.Example != "" {
		p.heading("EXAMPLES")
		p.text(command.Example)
	}
	p.seeAlso(command)
	return p.String()
}

// pageName is the name of a command's page: git-commit for `git commit`.
func pageName(command *cobra.Command) string {
	return strings.ReplaceAll(command.CommandPath(), " ", "-")
}

// page collects lines of roff.
type page struct {
	strings.Builder
}

func (p *page) line(format string, values ...any) {
	fmt.Fprintf(p, format+"\n", values...)
}

func (p *page) heading(title string) {
	p.line(".SH %s", escape(title))
}

// title matches a heading within a help text.
var title = regexp.MustCompile(`^[A-Z][A-Z ,-]+$`)

// text adds a help text. Lines in capitals are headings, indented lines are kept as
// they are, and others are paragraphs, which man fills.
func (p *page) text(text string) {
	verbatim := false
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		indented := strings.HasPrefix(line, " ")
		if line != "" && indented != verbatim {
			p.line(map[bool]string{true: ".nf", false: ".fi"}[indented])
			verbatim = indented
		}
		switch {
		case line == "" && !verbatim:
			p.line(".PP")
		case title.MatchString(line):
			p.heading(line)
		default:
			p.line("%s", escape(line))
		}
	}
	if verbatim {
		p.line(".fi")
	}
}

// flags adds a section with flags, if there are any.
func (p *page) flags(title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	p.heading(title)
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(flag)
		name := "--" + flag.Name
		if flag.Shorthand != "" {
			name = "-" + flag.Shorthand + ", " + name
		}
		p.line(".TP")
		p.line("%s", strings.TrimSpace("\\fB"+escape(name)+"\\fR "+escape(value)))
		p.line("%s", escape(usage+defaultOf(flag)))
	})
}

// defaultOf names the default of a flag, unless it is nothing.
func defaultOf(flag *pflag.Flag) string {
	switch flag.DefValue {
	case "", "0", "0s", "false", "[]":
		return ""
	}
	return " (default " + flag.DefValue + ")"
}

// seeAlso names the pages of the command above and of those below.
func (p *page) seeAlso(command *cobra.Command) {
	var names []string
	if command.HasParent() {
		names = append(names, pageName(command.Parent())+"(1)")
	}
	for _, child := range command.Commands() {
		if child.IsAvailableCommand() && child.Name() != "help" && child.Name() != "completion" {
			names = append(names, pageName(child)+"(1)")
		}
	}
	p.heading("SEE ALSO")
	p.text(strings.Join(append(names, "otelcol-oversight(1)"), ", "))
}

// escape makes text safe for roff: backslashes and hyphens are what they look like,
// and no line starts with a control character.
func escape(text string) string {
	text = strings.NewReplacer("\\", "\\e", "-", "\\-").Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		return "\\&" + text
	}
	return text
}
