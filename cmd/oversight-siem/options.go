// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// exportOptions are the flags of export as given.
type exportOptions struct {
	selection
	shapes
	format string
	output string
	web    webOptions
}

func (o *exportOptions) register(flags *pflag.FlagSet) {
	o.selection.register(flags)
	flags.StringVar(&o.format, "format", "", "splunk, ecs or sentinel (required)")
	o.shapes.register(flags)
	flags.StringVar(&o.output, "output", "-", "where to: - for standard output, a `FILE` to append to, or a URL")
	o.web.register(flags)
	o.registerSplunk(flags)
	o.web.registerSecrets(flags)
}

// plan makes of the flags what to do. It opens nothing but files with secrets.
func (o *exportOptions) plan(flags *pflag.FlagSet) (*export, error) {
	limits, err := o.limits(flags)
	if err != nil {
		return nil, err
	}
	encode, err := o.encoder(o.format)
	if err != nil {
		return nil, err
	}
	if err := o.checkFormat(flags); err != nil {
		return nil, err
	}
	e := &export{selection: o.selection, limits: limits, format: o.format}
	if o.web.workspaceID != "" && !flags.Changed("output") {
		if o.output, err = o.web.workspaceURL(); err != nil {
			return nil, err
		}
	}
	// Only extended documents hold it, and requests may be told apart by it.
	e.limits.WithoutUID = !o.extended && !isWeb(o.output)
	e.open, err = o.openOutput(flags, encode)
	return e, err
}

// checkFormat finds flags that are for another format.
func (o *exportOptions) checkFormat(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(f *pflag.Flag) {
		for _, format := range formats {
			if strings.HasPrefix(f.Name, format+"-") && o.format != format {
				err = fmt.Errorf("--%s is for --format %s, not %s: leave one of them out", f.Name, format, o.format)
			}
		}
	})
	return err
}

// openOutput returns what opens the output: everything that can be known
// before is checked before.
func (o *exportOptions) openOutput(flags *pflag.FlagSet, encode encoder) (func(outputs) (sink, error), error) {
	if isWeb(o.output) {
		settings, err := o.web.settings(o.format, o.output)
		if err != nil {
			return nil, err
		}
		return func(to outputs) (sink, error) { return newPoster(encode, settings, to.notice), nil }, nil
	}
	if scheme, _, found := strings.Cut(o.output, "://"); found {
		return nil, fmt.Errorf("--output %s://…: give an http or https URL, a file, or - for standard output", scheme)
	}
	if err := o.web.unused(flags); err != nil {
		return nil, err
	}
	if o.output == "-" {
		return func(to outputs) (sink, error) { return newStream(encode, "standard output", to.stdout), nil }, nil
	}
	if o.output == "" {
		return nil, fmt.Errorf("--output is empty: give a file, a URL, or - for standard output")
	}
	if err := o.spareDatabase(); err != nil {
		return nil, err
	}
	return func(outputs) (sink, error) { return openFile(encode, o.output) }, nil
}

// spareDatabase makes sure that the output is none of the registry's files.
func (o *exportOptions) spareDatabase() error {
	output, err := os.Stat(o.output)
	if err != nil {
		return nil //nolint:nilerr // it is not there yet, or opening it will fail
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if file, err := os.Stat(o.database + suffix); err == nil && os.SameFile(file, output) {
			return fmt.Errorf("--output %s is a file of the registry's database: give another one", o.output)
		}
	}
	return nil
}

func isWeb(output string) bool {
	lower := strings.ToLower(output)
	return strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://")
}

// export is what the flags ask for.
type export struct {
	selection
	limits registry.Range
	format string
	open   func(outputs) (sink, error)
}

// Defaults of sending over HTTP. Splunk Cloud and Azure's Logs Ingestion API
// take up to 1 MB a request.
const (
	defaultBatchEvents   = 1000
	defaultBatchBytes    = 1_000_000
	defaultTries         = 8
	defaultRetryInterval = 500 * time.Millisecond
	defaultTimeout       = time.Minute
)
