// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

package splunk_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// good are the results of a check that are neither a failure, an error nor a warning, now
// or in the future.
var good = map[string]bool{"success": true, "not_applicable": true, "skipped": true}

// inspect returns, by the name of the check, the result of each that is not good, and how
// many were.
func inspect(t *testing.T, dir string) (bad map[string]string, passed int) {
	bin, err := tools.Python(t.Context(), "requirements-appinspect.txt", "python3.11", "python3.12")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "report.json")
	output, code := run(t, filepath.Join(bin, "splunk-appinspect"), "inspect", pack(t, dir), "--mode", "precert",
		"--included-tags", "cloud", "--skip-trusted-libraries-update", "--ci", "--data-format", "json",
		"--output-file", file, "--max-messages", "all")
	text, err := os.ReadFile(file)
	require.NoError(t, err, "exit code %d\n%s", code, output)
	var report struct {
		Reports []struct {
			Groups []struct {
				Checks []struct{ Name, Result string }
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &report))
	bad = map[string]string{}
	for _, r := range report.Reports {
		for _, group := range r.Groups {
			for _, check := range group.Checks {
				if check.Result == "success" {
					passed++
				}
				if !good[check.Result] {
					bad[check.Name] = check.Result
				}
			}
		}
	}
	return bad, passed
}

// argued are the results of AppInspect that README.md gives reasons for, by the name of
// the check.
func argued(t *testing.T) map[string]string {
	text, err := os.ReadFile(filepath.Join(root, "content", "splunk", "README.md"))
	require.NoError(t, err)
	results := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(check_\\w+)` \\| (\\w+) \\| .+ \\|$").FindAllStringSubmatch(string(text), -1) {
		results[row[1]] = row[2]
	}
	return results
}

// The app has no failure, error or warning for Splunk Cloud but those that README.md gives
// reasons for.
func TestAppInspect(t *testing.T) {
	bad, passed := inspect(t, app)
	assert.Equal(t, argued(t), bad)
	assert.Greater(t, passed, 50, "checks that passed")
}

// AppInspect finds what Splunk Cloud refuses.
func TestAppInspectFinds(t *testing.T) {
	bad, _ := inspect(t, copyApp(t, map[string]string{
		"default/savedsearches.conf": "[x]\nsearch = index=a\nenableSched = 1\ncron_schedule = * * * * *\ndispatch.earliest_time = rt-1h\ndispatch.latest_time = rt\n",
	}))
	assert.Equal(t, "failure", bad["check_for_real_time_saved_searches_for_cloud"], "%v", bad)
}
