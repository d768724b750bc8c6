// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/send"
)

// SplunkTokenVariable is the environment variable with the token, if no flag names
// a file.
const SplunkTokenVariable = "OVERSIGHT_SPLUNK_TOKEN"

// SplunkToken is the flag with the token of Splunk's HTTP Event Collector.
type SplunkToken struct{ file string }

// Register adds the flag.
func (t *SplunkToken) Register(flags *pflag.FlagSet) {
	flags.StringVar(&t.file, "splunk-token-file", "", "`FILE` with the HEC token (default: $"+SplunkTokenVariable+")")
}

// Add adds the token, if there is one, to the headers.
func (t *SplunkToken) Add(settings *send.Settings) error {
	token, err := readSecret("--splunk-token-file", t.file, SplunkTokenVariable)
	if err != nil || token == "" {
		return err
	}
	settings.Secrets.Add(token)
	settings.Header.Set("Authorization", "Splunk "+token)
	return nil
}
