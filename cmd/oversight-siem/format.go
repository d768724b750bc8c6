// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/ecs"
	"github.com/oversight-protocol/oversight-otelcol/translator/sentinel"
	"github.com/oversight-protocol/oversight-otelcol/translator/splunk"
)

// The formats, as users write them.
const (
	formatSplunk   = "splunk"
	formatECS      = "ecs"
	formatSentinel = "sentinel"
)

var formats = []string{formatSplunk, formatECS, formatSentinel}

// encoder appends an event's JSON document, without a line end.
type encoder func(dst []byte, e *translator.Event) []byte

// shapes is the flags that say how documents look.
type shapes struct {
	splunk   splunk.Translator
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

func (s *shapes) encoder(format string) (encoder, error) {
	switch format {
	case formatSplunk:
		t := s.splunk
		t.Extended = s.extended
		return t.AppendJSON, nil
	case formatECS:
		return (&ecs.Translator{Extended: s.extended}).AppendJSON, nil
	case formatSentinel:
		return (&sentinel.Translator{Extended: s.extended}).AppendJSON, nil
	case "":
		return nil, fmt.Errorf("--format is missing: give one of %s", strings.Join(formats, ", "))
	default:
		return nil, fmt.Errorf("--format %q: give one of %s", format, strings.Join(formats, ", "))
	}
}
