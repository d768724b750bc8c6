// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package configuration

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Answers are what an operator says about an installation. What is empty stays an
// environment variable.
type Answers struct {
	// For is the destination, one of [Destinations].
	For string
	// Database, StateDir and OutputDir are absolute paths.
	Database, StateDir, OutputDir string
	// RegistryID is the registry's public key in hex, or a short id.
	RegistryID string
	// Endpoint is the destination's URL or address.
	Endpoint string
	// SecretFile is the absolute path of the file with the destination's secret.
	SecretFile string
	// CAFile, CertFile and KeyFile are absolute paths of PEM files.
	CAFile, CertFile, KeyFile string
	// Proxy is the URL of a proxy.
	Proxy string
	// Verified checks events against the registry's transparency log.
	Verified bool
	// Log is the absolute path of the log's leaves.jsonl, and RegistryURL where the
	// registry serves its tree heads.
	Log, RegistryURL string
	// Set are values of other variables, each as NAME=VALUE.
	Set []string
}

// values returns the value of each variable that has an answer.
func (a *Answers) values(d destination) (map[string]string, error) {
	values := map[string]string{}
	for _, answer := range []struct{ flag, variable, value string }{
		{"--db", "OVERSIGHT_DATABASE", a.Database},
		{"--registry-id", "OVERSIGHT_REGISTRY_ID", a.RegistryID},
		{"--state-dir", "OVERSIGHT_STATE", a.StateDir},
		{"--output-dir", "OVERSIGHT_OUTPUT", a.OutputDir},
		{"--endpoint", d.endpoint, a.Endpoint},
		{"--tlog", "OVERSIGHT_TLOG", a.Log},
		{"--registry-url", "OVERSIGHT_ENDPOINT", a.RegistryURL},
	} {
		if answer.value == "" {
			continue
		}
		if answer.variable == "" {
			return nil, fmt.Errorf("%s does not apply to --for %s: remove it", answer.flag, d.name)
		}
		values[answer.variable] = answer.value
	}
	for _, text := range a.Set {
		name, value, found := strings.Cut(text, "=")
		switch {
		case !found:
			return nil, errors.New("--set must be NAME=VALUE, for example SPLUNK_INDEX=leaks")
		case name == d.secret:
			return nil, fmt.Errorf("--set %s: secrets do not belong in a configuration: write it to a file, and pass --secret-file", name)
		}
		if strings.Contains(value, "://") {
			if err := checkNoPassword("--set "+name, value); err != nil {
				return nil, err
			}
		}
		values[name] = value
	}
	return values, errors.Join(checkPrintable(values), d.checkOutput(a.OutputDir), d.checkEndpoint(a.Endpoint), checkNoPassword("--endpoint", a.Endpoint), checkNoPassword("--proxy", a.Proxy), checkNoPassword("--registry-url", a.RegistryURL))
}

// checkNoPassword returns an error for an address that holds a secret: a user name, with
// or without a password, or a query.
func checkNoPassword(flag, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" { // host and port without a scheme
		u, err = url.Parse("//" + address)
	}
	part := "a user name"
	switch {
	case err != nil || u.User == nil && u.RawQuery == "":
		return nil //nolint:nilerr // an address that is not a URL has neither
	case u.User == nil:
		part = "a query"
	}
	return fmt.Errorf("%s contains %s: secrets do not belong in a configuration: %s", flag, part, cmp.Or(map[string]string{
		"--proxy":        "set HTTPS_PROXY in the collector's environment",
		"--registry-url": "registries serve their tree heads to everybody",
	}[flag], "pass --secret-file"))
}

// plainPattern is a number, true or false.
var plainPattern = regexp.MustCompile(`^(\d+|true|false)$`)

// checkPrintable returns an error for a value that YAML cannot have in one line, and for
// one that is no number, or neither true nor false, where it has to be.
func checkPrintable(values map[string]string) error {
	for name, value := range values {
		if strings.ContainsFunc(value, unicode.IsControl) || !utf8.ValidString(value) {
			return fmt.Errorf("the value for %s contains a line break or another control character, or is not in UTF-8: remove it", name)
		}
		if isPlain(name) && !plainPattern.MatchString(value) {
			return fmt.Errorf("the value for %s is %.80q: must be a number, true or false", name, value)
		}
	}
	return nil
}

// checkPaths returns an error for a relative path.
func (a *Answers) checkPaths() error {
	for _, answer := range []struct{ flag, value string }{
		{"--db", a.Database},
		{"--state-dir", a.StateDir},
		{"--output-dir", a.OutputDir},
		{"--secret-file", a.SecretFile},
		{"--tlog", a.Log},
		{"--ca-file", a.CAFile},
		{"--client-cert-file", a.CertFile},
		{"--client-key-file", a.KeyFile},
	} {
		if answer.value != "" && !path.IsAbs(answer.value) {
			return fmt.Errorf("%s is %s: must be an absolute path, since a service manager starts the collector in /", answer.flag, answer.value)
		}
	}
	if (a.CertFile == "") != (a.KeyFile == "") {
		return errors.New("--client-cert-file and --client-key-file belong together: pass both")
	}
	return nil
}
