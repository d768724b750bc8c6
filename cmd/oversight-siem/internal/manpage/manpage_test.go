// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package manpage_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/manpage"
)

const long = `Counts what
is there.

  one  1
  .two C:\x

EXIT STATUS

'0' is good.`

const want = `.TH TOOL-COUNT 1 "" "tool @VERSION@"
.SH NAME
tool\-count \- Count
.SH SYNOPSIS
.B tool count \-\-kind KIND [flags]
.SH DESCRIPTION
Counts what
is there.
.PP
.nf
  one  1
  .two C:\ex

.fi
.SH EXIT STATUS
.PP
\&'0' is good.
.SH OPTIONS
.TP
\fB\-h, \-\-help\fR
help for count
.TP
\fB\-\-kind\fR KIND
what to count: a KIND (default all)
.SH SEE ALSO
tool(1), otelcol\-oversight(1)
`

func newTool() *cobra.Command {
	tool := &cobra.Command{Use: "tool", Short: "A tool", Long: "A tool."}
	count := &cobra.Command{Use: "count --kind KIND", Short: "Count", Long: long, Run: func(*cobra.Command, []string) {}}
	count.Flags().String("kind", "all", "what to count: a `KIND`")
	count.Flags().Bool("secret", false, "not for users")
	_ = count.Flags().MarkHidden("secret")
	count.InitDefaultHelpFlag()
	hidden := &cobra.Command{Use: "hidden", Hidden: true, Run: count.Run}
	tool.AddCommand(count, hidden)
	return tool
}

// Text that is laid out keeps its lines, and nothing in it is taken for roff.
func TestRender(t *testing.T) {
	command, _, err := newTool().Find([]string{"count"})
	require.NoError(t, err)
	assert.Equal(t, want, manpage.Render(command))
}

// Each command that users see has a page, and no other.
func TestWriteAll(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, manpage.WriteAll(newTool(), dir))
	pages, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(dir, "tool-count.1"), filepath.Join(dir, "tool.1")}, pages)
	content, err := os.ReadFile(pages[1])
	require.NoError(t, err)
	assert.Contains(t, string(content), "tool\\-count(1)")
}
