// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/doctor"
)

// Settings say what a bundle is made from.
type Settings struct {
	// Doctor are the configuration and how it is checked. Its timeout bounds each part
	// of the bundle.
	Doctor doctor.Settings
	// LogFile is the collector's log; empty for that of the service manager.
	LogFile string
	// Version is that of this command.
	Version string
	// Now is the time of the bundle.
	Now time.Time
}

// Bundle is a support bundle that was collected, without secrets.
type Bundle struct {
	Summary Summary
	// Report is that of the checks; nil if the configuration cannot be read.
	Report   doctor.Report
	contents contents
	created  time.Time
}

// Write writes the bundle as a compressed tar archive.
func (b *Bundle) Write(w io.Writer) error { return b.contents.write(w, b.created) }

// Collect collects a bundle. What cannot be collected is absent, and the bundle says why.
func Collect(ctx context.Context, settings Settings) *Bundle {
	settings.Doctor.Timeout = cmp.Or(settings.Doctor.Timeout, doctor.DefaultTimeout)
	j := &job{Settings: settings}
	b := &Bundle{created: settings.Now}
	j.addVersions(ctx)
	b.Report = j.addConfig(ctx)
	j.addStatus(ctx)
	j.addLog(ctx)
	j.addListings()
	b.Summary = j.redact()
	b.contents = j.contents
	return b
}

// job is a bundle that is being collected.
type job struct {
	Settings
	contents
	texts    []string       // the configuration files as they are
	resolved map[string]any // nil if the configuration cannot be read
}

const (
	configWhat = "the configuration, without secrets"
	doctorWhat = "what oversight-siem doctor reports"
)

// addConfig adds the configuration, the environment file and the report of the checks.
func (j *job) addConfig(ctx context.Context) doctor.Report {
	var documents []*document
	for i, path := range j.Doctor.Config {
		name := fmt.Sprintf("config-%d.yaml", i+1)
		if scheme := inlineScheme(path); scheme != "" { // may have a secret in it
			j.absent(name, configWhat, "it was passed as %s:, not as a file", scheme)
			j.hidden.add("secret", path)
			j.hidden.add("secret", path[strings.LastIndexByte(path, ':')+1:])
			continue
		}
		text, err := cli.ReadRegular(strings.TrimPrefix(path, "file:"), maxFile)
		if err != nil {
			j.absent(name, configWhat, "%v", err)
			continue
		}
		d := redactConfig(string(text))
		what := configWhat + ": " + filepath.Base(path)
		if !d.whole {
			what += "; it is not valid YAML, so that only keys are shown"
		}
		j.add(name, what, d.text)
		j.texts = append(j.texts, string(text))
		documents = append(documents, d)
		j.hidden = append(j.hidden, d.hidden...)
	}
	j.addEnvFile(documents)
	var err error
	if j.resolved, err = doctor.Resolve(ctx, j.Doctor); err == nil {
		j.hidden.addResolved(j.resolved, nil)
	}
	for _, d := range documents {
		for name := range d.notShown {
			j.hidden.addVariable(name)
		}
	}
	return j.addReport(ctx)
}

// inlineScheme is how a configuration was passed that is no file; empty for a file.
func inlineScheme(source string) string {
	for _, scheme := range []string{"yaml", "env", "http", "https"} {
		if strings.HasPrefix(source, scheme+":") {
			return scheme
		}
	}
	return ""
}

// addEnvFile adds the environment file. Variables show their values if all places where
// the configuration uses them do.
func (j *job) addEnvFile(documents []*document) {
	const name, what = "environment.conf", "the environment file, without secrets"
	if j.Doctor.EnvFile == "" {
		j.absent(name, what, "--env-file was not passed")
		return
	}
	text, err := cli.ReadRegular(j.Doctor.EnvFile, maxFile)
	if err != nil {
		j.absent(name, what, "%v", err)
		return
	}
	clean, hidden := redactEnvFile(string(text), func(variable string) bool {
		isShown := shownVariables[variable]
		for _, d := range documents {
			if d.notShown[variable] {
				return false
			}
			isShown = isShown || d.shown[variable]
		}
		return isShown
	})
	j.hidden = append(j.hidden, hidden...)
	j.add(name, what, clean)
}

// addReport makes the checks.
func (j *job) addReport(ctx context.Context) doctor.Report {
	report, err := doctor.Run(ctx, j.Doctor)
	if err != nil {
		j.absent("doctor.txt", doctorWhat, "%s", withoutQuotes(err.Error()))
		j.absent("doctor.json", doctorWhat, "see doctor.txt")
		return nil
	}
	for _, form := range []struct {
		name  string
		write func(io.Writer) error
	}{{"doctor.txt", report.WriteText}, {"doctor.json", report.WriteJSON}} {
		var out strings.Builder
		err := form.write(&out)
		j.addOrAbsent(form.name, doctorWhat, firstPart(out.String(), maxFile), err)
	}
	return report
}
