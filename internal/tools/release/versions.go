// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// manifest is where the version stands. Everything else that names it follows.
const manifest = "builder-config.yaml"

var (
	distVersion    = regexp.MustCompile(`(?m)^  version: (\S+)$`)
	moduleVersion  = regexp.MustCompile(`github\.com/oversight-protocol/oversight-otelcol(?:/exporter/azurelogsingestionexporter)? v(\d[^\s"]*)`)
	shellVersion   = regexp.MustCompile(`(?m)^version=v(\S+)$`)
	goVersion      = regexp.MustCompile(`(?m)^\s+[vV]ersion(?::\s+|\s+= )"v?([^"]+)"`)
	constVersion   = regexp.MustCompile(`(?m)^const version = "([^"]+)"`)
	yamlVersion    = regexp.MustCompile(`(?m)^(?:- )?version: (\S+)$`)
	splunkVersion  = regexp.MustCompile(`(?m)^version = (\S+)$`)
	jsonVersion    = regexp.MustCompile(`"version": "([^"]+)"`)
	changelogEntry = regexp.MustCompile(`(?m)^## (\S+)`)
	changelogTitle = regexp.MustCompile(`(?m)^## (.+)$`)
)

// followers are the places that name the version, each with how to find it. Where
// the expression matches several times, `every` says whether all have to agree or only
// the first.
var followers = []struct {
	file  string
	find  *regexp.Regexp
	every bool
}{
	{manifest, moduleVersion, true},
	{"cmd/otelcol-oversight/main.go", goVersion, true},
	{"cmd/otelcol-oversight/components.go", moduleVersion, true},
	{"cmd/otelcol-oversight/go.mod", moduleVersion, true},
	{"cmd/oversight-siem/version.go", constVersion, true},
	{"README.md", moduleVersion, true},
	{"CHANGELOG.md", changelogEntry, false},
	{"content/splunk/oversight/default/app.conf", splunkVersion, true},
	{"content/splunk/oversight/app.manifest", jsonVersion, false},
	{"content/elastic/package/oversight/manifest.yml", yamlVersion, false},
	{"content/elastic/package/oversight/changelog.yml", yamlVersion, false},
	{"scripts/test-manifests.sh", shellVersion, true},
	{"test/go.mod", moduleVersion, true},
	{"test/install/install_test.go", goVersion, true},
}

// readVersion returns the version of a checkout, without a `v`.
func readVersion(root string) (string, error) {
	found, err := findVersions(root, manifest, distVersion)
	if err != nil {
		return "", err
	}
	return found[0], nil
}

// checkVersions reports every place that names another version. What is tagged has to
// have its changes described.
func checkVersions(root, version, tag string) error {
	var problems []error
	for _, follower := range followers {
		found, err := findVersions(root, follower.file, follower.find)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if !follower.every {
			found = found[:1]
		}
		for _, other := range found {
			if other != version {
				problems = append(problems, fmt.Errorf("%s: version %s, but %s has %s", follower.file, other, manifest, version))
			}
		}
	}
	if tag != "" {
		problems = append(problems, checkTag(root, version, tag))
	}
	return errors.Join(problems...)
}

// checkTag compares the tag with the version and with the newest title of the changelog.
func checkTag(root, version, tag string) error {
	if tag != "v"+version {
		return fmt.Errorf("tag %s, but %s has version %s", tag, manifest, version)
	}
	titles, err := findVersions(root, "CHANGELOG.md", changelogTitle)
	if err != nil {
		return err
	}
	if title := titles[0]; title != version && !regexp.MustCompile(`^`+regexp.QuoteMeta(version)+` \(\d{4}-\d\d-\d\d\)$`).MatchString(title) {
		return fmt.Errorf("CHANGELOG.md: the newest title is %q: make it %q", "## "+title, "## "+version+" (YYYY-MM-DD)")
	}
	return nil
}

// findVersions returns what an expression finds in a file: at least one.
func findVersions(root, file string, find *regexp.Regexp) ([]string, error) {
	content, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		return nil, err
	}
	var found []string
	for _, match := range find.FindAllSubmatch(content, -1) {
		found = append(found, string(match[1]))
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: no version found with %s", file, find)
	}
	return found, nil
}
