// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/output"
	"github.com/oversight-protocol/oversight-otelcol/translator"
	siemshape "github.com/oversight-protocol/oversight-otelcol/translator/siem"
	"github.com/oversight-protocol/oversight-otelcol/translator/splunk"
)

// The formats that are sent in different ways.
const (
	formatSplunk   = siemshape.FormatSplunk
	formatECS      = siemshape.FormatECS
	formatSentinel = siemshape.FormatSentinel
)

var formats = siemshape.Formats()

// shapes is the flags that affect the documents.
type shapes struct {
	splunk   siemshape.SplunkConfig
	extended bool
}

func (s *shapes) register(flags *pflag.FlagSet) {
	flags.BoolVar(&s.extended, "extended", false, "add fields beyond those of the registry's own exporter, such as the event's uid")
}

func (s *shapes) registerSplunk(flags *pflag.FlagSet) {
	flags.StringVar(&s.splunk.Source, "splunk-source", splunk.DefaultSource, "source of the events")
	flags.StringVar(&s.splunk.SourceType, "splunk-sourcetype", splunk.DefaultSourceType, "sourcetype of the events")
	flags.StringVar(&s.splunk.Index, "splunk-index", "", "index of the events (default: the token's)")
	flags.StringVar(&s.splunk.Host, "splunk-host", "", "host of the events (default: the registry's id)")
}

// encoder returns the function that encodes events in a format. One goroutine calls it
// at a time.
func (s *shapes) encoder(format string) (output.Encode, error) {
	if !slices.Contains(formats, format) {
		list := strings.Join(formats, ", ")
		if format == "" {
			return nil, fmt.Errorf("--format is required: must be one of %s", list)
		}
		return nil, fmt.Errorf("--format is %q: must be one of %s", format, list)
	}
	t, err := (&siemshape.Config{Format: format, Extended: s.extended, Splunk: s.splunk}).NewTranslator()
	if err != nil {
		return nil, err
	}
	var document translator.Document
	return func(dst []byte, e *translator.Event) []byte {
		document.Event = e
		return t.AppendJSON(dst, &document)
	}, nil
}
