// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/output"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

//go:embed help/preview.txt
var previewHelp string

const previewExample = `  oversight-siem preview --db registry.sqlite --registry-id $ID --limit 1 | less`

// defaultPreviewLimit is how many events are shown without --limit.
const defaultPreviewLimit = 3

func newPreviewCommand() *cobra.Command {
	var p preview
	command := &cobra.Command{
		Use:     "preview --db FILE --registry-id ID",
		Short:   "Show the first events in all three formats",
		Long:    previewHelp,
		Example: previewExample,
		Args:    cli.NoArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			return p.run(command.Context(), command.Flags(), command.OutOrStdout())
		},
	}
	command.Flags().SortFlags = false
	p.selection.Register(command.Flags(), defaultPreviewLimit)
	p.shapes.register(command.Flags())
	return command
}

// preview shows events to a person.
type preview struct {
	selection cli.Selection
	shapes    shapes
}

func (p *preview) run(ctx context.Context, flags *pflag.FlagSet, stdout io.Writer) error {
	selected, err := p.selection.Range(flags)
	if err != nil {
		return err
	}
	reader := p.selection.Database.Open()
	defer reader.Close()
	ordered, err := reader.Ordered(ctx, selected)
	if err != nil {
		return p.selection.Database.ReadError(err)
	}
	defer ordered.Close()
	if ordered.Left() == 0 {
		_, err := fmt.Fprintln(stdout, "No events match.")
		return output.WriteError(output.StandardOutput, err)
	}
	for {
		events, err := ordered.Next(ctx, 1, nil)
		if err != nil || len(events) == 0 {
			return p.selection.Database.ReadError(err)
		}
		text, err := p.format(&events[0])
		if err != nil {
			return err
		}
		if _, err := stdout.Write(text); err != nil {
			return output.WriteError(output.StandardOutput, err)
		}
	}
}

// format returns an event in all formats.
func (p *preview) format(e *translator.Event) ([]byte, error) {
	var text bytes.Buffer
	timestamp := "no valid time"
	if !e.Timestamp.IsZero() {
		timestamp = e.Timestamp.Format(time.RFC3339)
	}
	fmt.Fprintf(&text, "=== event %d: %s, %s\n", e.ID, cli.Printable(translator.Action(e.Kind)), timestamp)
	for _, format := range formats {
		encode, err := p.shapes.encoder(format)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&text, "\n--- %s\n", format)
		if err := json.Indent(&text, encode(nil, e), "", "  "); err != nil {
			return nil, fmt.Errorf("event %d as %s: %w", e.ID, format, err)
		}
		text.WriteByte('\n')
	}
	text.WriteByte('\n')
	return text.Bytes(), nil
}
