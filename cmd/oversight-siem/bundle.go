// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/bundle"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/doctor"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/newfile"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/output"
)

// bundleMode is the permissions of a support bundle: only who made it reads it.
const bundleMode = 0o600

// writeBundle writes a support bundle. The checks that it contains do not change the
// exit status.
func (d *doctorCommand) writeBundle(ctx context.Context, stdout, stderr io.Writer) error {
	switch {
	case d.json:
		return errors.New("--json does not apply to --bundle, which contains both forms: remove it")
	case len(d.settings.Config) == 0:
		return doctor.ErrNoConfig
	}
	file := newfile.Settings{Path: d.bundle, Mode: bundleMode}
	if d.bundle != toStdout {
		if err := file.Check(); err != nil {
			return bundleError(d.bundle, err)
		}
	}
	collected := bundle.Collect(ctx, bundle.Settings{Doctor: d.settings, LogFile: d.logFile, Version: version, Now: time.Now()})
	if ctx.Err() != nil {
		return cli.ErrInterrupted
	}
	if d.bundle == toStdout {
		if err := collected.Write(stdout); err != nil {
			return output.WriteError(output.StandardOutput, err)
		}
	} else if err := newfile.Write(file, collected.Write); err != nil {
		return bundleError(d.bundle, err)
	}
	describeBundle(stderr, d.bundle, collected)
	return nil
}

func bundleError(path string, err error) error {
	if errors.Is(err, newfile.ErrExists) {
		return fmt.Errorf("--bundle %s: %w: pass another name, or remove it", path, err)
	}
	return newfile.Advice("--bundle", path, err)
}

// describeBundle says what was written and what to do with it.
func describeBundle(w io.Writer, path string, b *bundle.Bundle) {
	if path == toStdout {
		path = output.StandardOutput
	}
	fmt.Fprintf(w, "oversight-siem: wrote %d files, %d KiB before compression, to %s\n", b.Summary.Files, (b.Summary.Bytes+1023)>>10, path)
	for _, absent := range b.Summary.Absent {
		fmt.Fprintf(w, "oversight-siem: absent: %s\n", cli.Printable(absent))
	}
	if n := b.Report.Count(doctor.StatusFailed); n > 0 {
		fmt.Fprintf(w, "oversight-siem: checks failed: %d; see doctor.txt in it\n", n)
	}
	fmt.Fprintln(w, "oversight-siem: look through the files before you send them: secrets and events are left out, host names, addresses and paths are not")
}
