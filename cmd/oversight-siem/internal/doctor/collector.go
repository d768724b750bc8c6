// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
)

// collectorName is the program of this distribution.
const collectorName = "otelcol-oversight"

// collectorChecks ask the collector itself, which knows all keys of all components.
func (s *Settings) collectorChecks() []check {
	return []check{
		{id: "config.validate", run: s.validateConfig},
		{id: "versions", run: s.checkVersions},
	}
}

func (s *Settings) findCollector() (string, error) {
	if s.Collector != "" {
		return exec.LookPath(s.Collector)
	}
	return exec.LookPath(collectorName)
}

const noCollector = "pass --collector FILE, the path of otelcol-oversight"

// validateConfig finds unknown keys and components.
func (s *Settings) validateConfig(ctx context.Context) []finding {
	program, err := s.findCollector()
	if err != nil {
		return notChecked(noCollector, "the collector's program was not found (%v)", err)
	}
	arguments := []string{"validate"}
	for _, file := range s.Config {
		arguments = append(arguments, "--config", file)
	}
	output, err := exec.CommandContext(ctx, program, arguments...).CombinedOutput() //nolint:gosec // the user names the program
	if _, exited := errors.AsType[*exec.ExitError](err); exited && ctx.Err() == nil {
		return failed("mend the configuration: the message names the key", "%s does not accept it: %s", filepath.Base(program), oneLine(output))
	}
	if err != nil {
		return notChecked(noCollector, "%s: %v", program, err)
	}
	return passed("%s accepts the configuration", program)
}

// maxOutput bounds what is shown of a program's output, in bytes.
const maxOutput = 1000

// oneLine is a program's output as one line, without the collector's log lines.
func oneLine(output []byte) string {
	var parts []string
	for line := range bytes.Lines(output) {
		if text := strings.TrimSpace(string(line)); text != "" && !bytes.Contains(line, []byte("\t")) {
			parts = append(parts, text)
		}
	}
	text := strings.Join(parts, " ")
	if text == "" {
		text = strings.Join(strings.Fields(string(output)), " ")
	}
	if len(text) > maxOutput {
		text = text[:maxOutput] + "…"
	}
	return text
}

func (s *Settings) checkVersions(ctx context.Context) []finding {
	program, err := s.findCollector()
	if err != nil {
		return notChecked(noCollector, "the collector's program was not found (%v)", err)
	}
	output, err := exec.CommandContext(ctx, program, "--version").CombinedOutput() //nolint:gosec // the user names the program
	if err != nil {
		return failed("install the package again: the program does not run", "%s --version: %v", program, err)
	}
	return passed("%s is %s", program, oneLine(output))
}
