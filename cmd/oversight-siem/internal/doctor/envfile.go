// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"os"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

// maxEnvFile bounds the environment file, in bytes.
const maxEnvFile = 1 << 20

// loadEnvFile sets the variables of the environment file that are not set yet. It
// reads what systemd's EnvironmentFile= reads, without continued lines.
func (s *Settings) loadEnvFile() error {
	if s.EnvFile == "" {
		return nil
	}
	text, err := cli.ReadRegular(s.EnvFile, maxEnvFile)
	if err != nil {
		return fmt.Errorf("--env-file %s: %w", s.EnvFile, err)
	}
	for number, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		name, value, found := strings.Cut(line, "=")
		if !found { // the line may be a secret
			return fmt.Errorf("--env-file %s, line %d: must be NAME=value", s.EnvFile, number+1)
		}
		if err := setUnset(strings.TrimSpace(name), unquote(strings.TrimSpace(value))); err != nil {
			return fmt.Errorf("--env-file %s, line %d: %w", s.EnvFile, number+1, err)
		}
	}
	return nil
}

func setUnset(name, value string) error {
	if _, set := os.LookupEnv(name); set {
		return nil
	}
	return os.Setenv(name, value)
}

func unquote(value string) string {
	for _, quote := range []string{`"`, `'`} {
		if inner, ok := strings.CutPrefix(value, quote); ok && strings.HasSuffix(inner, quote) {
			return strings.TrimSuffix(inner, quote)
		}
	}
	return value
}
