// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/verification"
)

// arguments returns the arguments of verify.
func (f files) arguments(more ...string) []string {
	return append([]string{"verify", "--db", f.database, "--tlog", f.leaves, "--head", f.head, "--registry-id", f.key}, more...)
}

// verified is the result of a verification in JSON.
type verified struct {
	result
	findings []found
	records  []found // what an honest registry does as well
	summary  verification.Summary
}

// found is a finding as its users parse it.
type found struct {
	Kind     string   `json:"integrity_kind"`
	Severity string   `json:"severity"`
	Message  string   `json:"message"`
	EventID  string   `json:"event_id"`
	Index    *int64   `json:"tlog_index"`
	Last     int64    `json:"tlog_last_index"`
	Status   string   `json:"tlog_status"`
	Mismatch []string `json:"tlog_mismatch"`
}

// String is short, for comparing.
func (f found) String() string {
	switch {
	case f.EventID != "" && f.Status == "mismatch":
		return fmt.Sprintf("%s row %s %s", f.Kind, f.EventID, strings.Join(f.Mismatch, ","))
	case f.EventID != "":
		return fmt.Sprintf("%s row %s %s", f.Kind, f.EventID, f.Status)
	case f.Index != nil && f.Last != 0:
		return fmt.Sprintf("%s %d-%d", f.Kind, *f.Index, f.Last)
	case f.Index != nil:
		return fmt.Sprintf("%s %d", f.Kind, *f.Index)
	default:
		return f.Kind
	}
}

func (v verified) strings() (all []string) {
	for _, f := range v.findings {
		all = append(all, f.String())
	}
	return all
}

// withoutRegistrations is what verify says of a database that has events only, before
// anything else.
const withoutRegistrations = "oversight-siem: recipients were held against the log's register leaves only: the database has no tables `manifests` and `beacons` with the usual columns and keys\n"

// verifyJSON runs a verification that finishes, and checks that exit status and
// summary match the findings.
func verifyJSON(t *testing.T, arguments []string) verified {
	t.Helper()
	v := verified{result: run(t, append(arguments, "--json")...)}
	all := lines(t, v.stdout)
	require.NotEmpty(t, all, v.stderr)
	for _, line := range all[:len(all)-1] {
		var f found
		require.NoError(t, json.Unmarshal([]byte(line), &f))
		if f.Severity == "informational" {
			v.records = append(v.records, f)
		} else {
			v.findings = append(v.findings, f)
		}
	}
	var last struct{ Summary *verification.Summary }
	require.NoError(t, json.Unmarshal([]byte(all[len(all)-1]), &last))
	require.NotNil(t, last.Summary)
	v.summary = *last.Summary
	require.EqualValues(t, len(v.findings), v.summary.Findings)
	if len(v.findings) > 0 {
		require.Equal(t, cli.StatusFindings, v.code, v.stderr)
		require.Equal(t, fmt.Sprintf("oversight-siem: verification failed: %d finding(s)\n", len(v.findings)), strings.TrimPrefix(v.stderr, withoutRegistrations))
	} else {
		require.NotEqual(t, cli.StatusFindings, v.code, v.stderr)
	}
	return v
}
