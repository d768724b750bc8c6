// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/send"
)

// SharedKeyVariable is the environment variable with the workspace's key, if no
// flag names a file.
const SharedKeyVariable = "OVERSIGHT_SENTINEL_SHARED_KEY"

// WorkspaceEnded says what to use in place of a workspace's shared key.
const WorkspaceEnded = "--sentinel-workspace-id: Microsoft ended the Log Analytics Data Collector API, and its shared keys, on 2026-09-14. " +
	"Send to the Logs Ingestion API instead: with the collector (oversight-siem config --for sentinel), or once with " +
	"--output 'https://ENDPOINT/dataCollectionRules/RULE/streams/Custom-Oversight?api-version=2023-01-01' and --header 'Authorization: Bearer ${env:TOKEN}'"

// Workspace is the flags about a Log Analytics workspace, for its Data Collector
// API, which ended on 2026-09-14.
type Workspace struct {
	id      string
	keyFile string
	logType string
}

// Register adds the flags.
func (w *Workspace) Register(flags *pflag.FlagSet) {
	flags.StringVar(&w.id, "sentinel-workspace-id", "", "ended on 2026-09-14: `ID` of the Log Analytics workspace to sign requests for;\nuse the Logs Ingestion API, see SENTINEL above")
	flags.StringVar(&w.keyFile, "sentinel-shared-key-file", "", "ended: `FILE` with a key of the workspace (default: $"+SharedKeyVariable+")")
	flags.StringVar(&w.logType, "sentinel-log-type", "Oversight", "ended: the table of the workspace to add events to, without its suffix _CL")
}

// IsSet reports whether there is a workspace.
func (w *Workspace) IsSet() bool { return w.id != "" }

var workspacePattern = regexp.MustCompile(`^[0-9A-Za-z-]+$`)

// URL returns the address of the workspace's Data Collector API.
func (w *Workspace) URL() (string, error) {
	if !workspacePattern.MatchString(w.id) {
		return "", fmt.Errorf("--sentinel-workspace-id is %q: must contain letters, digits and hyphens only", w.id)
	}
	return "https://" + w.id + ".ods.opinsights.azure.com/api/logs?api-version=2016-04-01", nil
}

// logTypePattern is that of the API's documentation.
// https://learn.microsoft.com/azure/azure-monitor/logs/data-collector-api#request-headers
var logTypePattern = regexp.MustCompile(`^[0-9A-Za-z_]{1,100}$`)

// Add adds the signature and the headers of the API, if there is a workspace.
func (w *Workspace) Add(settings *send.Settings) error {
	key, err := readSecret("--sentinel-shared-key-file", w.keyFile, SharedKeyVariable)
	if err != nil {
		return err
	}
	if !w.IsSet() {
		if w.keyFile != "" {
			return errors.New("--sentinel-shared-key-file requires --sentinel-workspace-id: pass the id of the workspace that the key is for")
		}
		return nil
	}
	if key == "" {
		return fmt.Errorf("--sentinel-workspace-id requires a key: pass --sentinel-shared-key-file or set %s", SharedKeyVariable)
	}
	if err := w.check(settings); err != nil {
		return err
	}
	settings.Secrets.Add(key)
	if settings.Sign, err = send.LogAnalyticsSigner(w.id, key); err != nil {
		return fmt.Errorf("--sentinel-shared-key-file or %s: %w", SharedKeyVariable, err)
	}
	settings.Header.Set("Log-Type", w.logType)
	settings.Header.Set("Time-Generated-Field", "TimeGenerated")
	return nil
}

func (w *Workspace) check(settings *send.Settings) error {
	switch {
	case !logTypePattern.MatchString(w.logType):
		return fmt.Errorf("--sentinel-log-type is %q: must be 1 to 100 letters, digits and underscores", w.logType)
	case settings.Gzip:
		return errors.New("--gzip cannot be used with --sentinel-workspace-id: the Log Analytics Data Collector API does not accept compressed requests")
	case settings.BatchBytes > send.MaxLogAnalyticsBody:
		return fmt.Errorf("--batch-bytes is %d: must be at most %d, the limit of the Log Analytics Data Collector API", settings.BatchBytes, send.MaxLogAnalyticsBody)
	}
	return nil
}
