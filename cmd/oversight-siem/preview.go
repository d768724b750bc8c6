// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

const defaultPreview = 3

type previewOptions struct {
	selection
	shapes
}

func (o *previewOptions) register(flags *pflag.FlagSet) {
	o.limit = defaultPreview
	o.selection.register(flags)
	o.shapes.register(flags)
}

func (o *previewOptions) plan(flags *pflag.FlagSet) (*preview, error) {
	limits, err := o.limits(flags)
	return &preview{o.selection, o.shapes, limits}, err
}

// preview shows events to a person.
type preview struct {
	selection
	shapes
	limits registry.Range
}

func (p *preview) run(ctx context.Context, stdout io.Writer) error {
	reader := p.open()
	defer reader.Close()
	ordered, err := reader.Ordered(ctx, p.limits)
	if err != nil {
		return p.explain(err)
	}
	defer ordered.Close()
	if ordered.Left() == 0 {
		_, err := fmt.Fprintln(stdout, "There is no such event.")
		return writeError("standard output", err)
	}
	for {
		events, err := ordered.Next(ctx, 1, nil)
		if err != nil || len(events) == 0 {
			return p.explain(err)
		}
		text, err := p.show(&events[0])
		if err != nil {
			return err
		}
		if _, err := stdout.Write(text); err != nil {
			return writeError("standard output", err)
		}
	}
}

// show writes an event in all shapes.
func (p *preview) show(e *translator.Event) ([]byte, error) {
	var out bytes.Buffer
	when := "no usable time"
	if !e.Timestamp.IsZero() {
		when = e.Timestamp.Format(time.RFC3339)
	}
	fmt.Fprintf(&out, "=== event %d: %s, %s\n", e.ID, translator.Action(e.Kind), when)
	for _, format := range formats {
		encode, err := p.encoder(format)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, "\n--- %s\n", format)
		if err := json.Indent(&out, encode(nil, e), "", "  "); err != nil {
			return nil, fmt.Errorf("event %d as %s: %w", e.ID, format, err)
		}
		out.WriteByte('\n')
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
