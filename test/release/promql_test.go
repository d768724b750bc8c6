// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux && release

package release

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// Prometheus accepts every query of the dashboard.
func TestDashboardQueries(t *testing.T) {
	text, err := os.ReadFile(root(t, "deploy", "grafana", "collector.json"))
	require.NoError(t, err)
	var dashboard struct {
		Panels []struct {
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	require.NoError(t, json.Unmarshal(text, &dashboard))

	values := strings.NewReplacer("$__rate_interval", "5m", "$job", ".*", "$instance", ".*", "$receiver", ".*")
	var recorded []object
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			recorded = append(recorded, object{"record": fmt.Sprintf("query:%d", len(recorded)), "expr": values.Replace(target.Expr)})
		}
	}
	require.Greater(t, len(recorded), 20)
	rules, err := yaml.Marshal(object{"groups": []object{{"name": "dashboard", "rules": recorded}}})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "rules.yml")
	require.NoError(t, os.WriteFile(file, rules, 0o600))
	run(t, nil, tool(t, "promtool"), "check", "rules", file)
}
