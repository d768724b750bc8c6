// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunkpackage

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// readVersion returns the version of an app. Splunk keeps it, and the app's name, in
// several places: they have to agree, or one of them was forgotten in a release.
func readVersion(app, id string) (string, error) {
	conf := filepath.Join(app, "default", "app.conf")
	settings, err := readConf(conf)
	if err != nil {
		return "", err
	}
	version := settings["launcher/version"]
	if version == "" {
		return "", fmt.Errorf("%s: [launcher] has no version", conf)
	}
	manifestName, manifestVersion, err := readManifest(filepath.Join(app, "app.manifest"))
	if err != nil {
		return "", err
	}
	for _, place := range []struct{ name, got, want string }{
		{"app.conf, [id] version", settings["id/version"], version},
		{"app.conf, [id] name", settings["id/name"], id},
		{"app.conf, [package] id", settings["package/id"], id},
		{"app.manifest, info.id.version", manifestVersion, version},
		{"app.manifest, info.id.name", manifestName, id},
	} {
		if place.got != place.want {
			return "", fmt.Errorf("%s: %s is %q, not %q", app, place.name, place.got, place.want)
		}
	}
	return version, nil
}

// readConf returns the settings of a configuration file of single lines, by
// "stanza/setting".
func readConf(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	settings, stanza := map[string]string{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		name, value, isSetting := strings.Cut(line, "=")
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			stanza = strings.Trim(line, "[]")
		case isSetting:
			settings[stanza+"/"+strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return settings, nil
}

func readManifest(file string) (name, version string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", "", err
	}
	var manifest struct {
		Info struct {
			ID struct{ Name, Version string }
		}
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return "", "", fmt.Errorf("%s: %w", file, err)
	}
	return manifest.Info.ID.Name, manifest.Info.ID.Version, nil
}
