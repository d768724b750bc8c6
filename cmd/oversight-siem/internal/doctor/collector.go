// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// collectorName is the program of this distribution.
const collectorName = "otelcol-oversight"

// collectorChecks ask the collector itself, which knows all keys of all components.
func (s *Settings) collectorChecks(c *config) []check {
	return []check{
		{id: "config.validate", run: func(ctx context.Context) []finding { return s.validateConfig(ctx, c) }},
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
func (s *Settings) validateConfig(ctx context.Context, c *config) []finding {
	program, err := s.findCollector()
	if err != nil {
		return notChecked(noCollector, "the collector's program was not found (%v)", err)
	}
	arguments := []string{"validate"}
	for _, source := range s.Config {
		arguments = append(arguments, "--config", source)
	}
	output, err := run(ctx, nil, program, arguments...)
	if found := tooSlow(ctx.Err()); err != nil && found != nil {
		return found
	}
	switch _, exited := errors.AsType[*exec.ExitError](err); {
	case exited:
		return append(notAccepted(program, output), validateRest(ctx, program, c)...)
	case err != nil:
		return notChecked(noCollector, "%s: %v", program, err)
	}
	return passed("%s accepts the configuration", program)
}

func notAccepted(program string, output []byte) []finding {
	return failed("fix the configuration: the message names the key", "%s does not accept it: %s", filepath.Base(program), oneLine(output))
}

// resolvedVariable hands the collector a configuration: other users cannot read it there,
// as they can the command line.
const resolvedVariable = "OVERSIGHT_DOCTOR_CONFIG"

// wrongKeys are parts of the messages about keys and components, which no value causes.
var wrongKeys = []string{"has invalid keys", "unknown type", "which is not configured"}

// validateRest finds wrong keys where a value is missing: the collector then looks at
// nothing else.
func validateRest(ctx context.Context, program string, c *config) []finding {
	if !slices.ContainsFunc(c.references, func(r reference) bool { return r.err != nil }) {
		return nil
	}
	text, err := json.Marshal(c.conf.ToStringMap()) // which is YAML, too
	if err != nil {
		return nil
	}
	resolved := strings.ReplaceAll(string(text), "$", "$$")
	output, err := run(ctx, []string{resolvedVariable + "=" + resolved}, program, "validate", "--config", "env:"+resolvedVariable)
	if err == nil || !slices.ContainsFunc(wrongKeys, func(part string) bool { return strings.Contains(string(output), part) }) {
		return nil
	}
	return notAccepted(program, output)
}

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
	return text
}

func (s *Settings) checkVersions(ctx context.Context) []finding {
	program, err := s.findCollector()
	if err != nil {
		return notChecked(noCollector, "the collector's program was not found (%v)", err)
	}
	output, err := run(ctx, nil, program, "--version")
	if found := tooSlow(ctx.Err()); err != nil && found != nil {
		return found
	}
	if err != nil {
		return failed("install the package again: the program does not run", "%s --version: %v", program, err)
	}
	text := oneLine(output)
	version, same := strings.CutPrefix(text, collectorName+" version ")
	switch {
	case !same:
		return notChecked("", "%s is %s: only the versions of %s can be compared", program, text, collectorName)
	case version != s.Version:
		return warning("install both from the same release: checks of another version can be wrong", "%s is %s, and oversight-siem %s", program, text, s.Version)
	}
	return passed("%s and oversight-siem are version %s", program, version)
}

// run runs the collector's program. One that leaves children behind ends in time, too.
func run(ctx context.Context, environment []string, program string, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, program, arguments...) //nolint:gosec // the user names the program
	command.WaitDelay, command.Env = grace/2, append(os.Environ(), environment...)
	var output limitedBuffer
	command.Stdout, command.Stderr = &output, &output
	err := command.Run()
	return output.kept.Bytes(), err
}

// maxOutput bounds what is kept of a program's output, in bytes.
const maxOutput = 1 << 20

// limitedBuffer keeps the begin of what is written.
type limitedBuffer struct{ kept bytes.Buffer }

// Write implements [io.Writer].
func (b *limitedBuffer) Write(text []byte) (int, error) {
	b.kept.Write(text[:min(len(text), maxOutput-b.kept.Len())])
	return len(text), nil
}
