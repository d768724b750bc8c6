// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/internal/storagefile"
)

// unitName is the service of the packages.
const unitName = "otelcol-oversight"

// unit is the settings of a service of systemd, by their names.
type unit map[string]string

// unitProperties are the settings that decide what the service sees and writes.
var unitProperties = []string{
	"LoadState", "ExecStart", "EnvironmentFiles", "ProtectHome", "ProtectSystem", "PrivateTmp",
	"ReadWritePaths", "StateDirectory", "LogsDirectory", "CacheDirectory", "RuntimeDirectory",
}

// serviceCheck compares the paths of the configuration with what the service may reach:
// its unit hides directories and makes others read-only, for the service only.
func (c *config) serviceCheck() check {
	return check{id: "service", run: func(ctx context.Context) []finding {
		u := readUnit(ctx)
		if u == nil || !u.runs(c.files) {
			return nil
		}
		var found []finding
		for _, path := range c.inputs() {
			found = append(found, u.reads(path)...)
		}
		for _, directory := range c.outputs() {
			found = append(found, u.writes(directory)...)
		}
		if len(found) == 0 {
			return passed("the unit %s lets the service reach the files and directories of the configuration", unitName)
		}
		return found
	}}
}

// readUnit asks systemd; nil where there is none, or no such service.
func readUnit(ctx context.Context) unit {
	program, err := exec.LookPath("systemctl")
	if err != nil {
		return nil
	}
	output, err := run(ctx, nil, program, "show", unitName+".service", "--property="+strings.Join(unitProperties, ","))
	if err != nil {
		return nil
	}
	u := unit{}
	for line := range strings.Lines(string(output)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			u[name] = strings.TrimSpace(u[name] + " " + value)
		}
	}
	if u["LoadState"] != "loaded" {
		return nil
	}
	return u
}

// runs reports whether the service is started with one of these configurations.
func (u unit) runs(files []string) bool {
	text := u["ExecStart"]
	for _, field := range strings.Fields(u["EnvironmentFiles"]) {
		if content, err := os.ReadFile(field); err == nil {
			text += "\n" + string(content)
		}
	}
	return slices.ContainsFunc(files, func(file string) bool {
		path, err := filepath.Abs(file)
		return err == nil && strings.Contains(text, path)
	})
}

// inputs are the files that receivers read.
func (c *config) inputs() (paths []string) {
	for _, r := range c.receivers() {
		if r.err != nil || !c.receives(r.id) {
			continue
		}
		paths = append(paths, r.Database)
		if r.Log != nil {
			paths = append(paths, r.Log.Leaves)
		}
	}
	return distinct(paths)
}

// outputs are the directories that are written to.
func (c *config) outputs() (directories []string) {
	for _, r := range c.receivers() {
		if r.err != nil || !c.receives(r.id) || r.Storage == nil || r.Storage.Type() != storagefile.Type {
			continue
		}
		if s, err := r.fileStorage(); err == nil {
			directories = append(directories, s.Directory)
		}
	}
	for _, id := range c.usedExporters() {
		var file struct {
			Path string `mapstructure:"path"`
		}
		if id.Type().String() == "file" && c.read("exporters", id, &file) == nil && file.Path != "" {
			directories = append(directories, filepath.Dir(file.Path))
		}
	}
	return distinct(directories)
}

func distinct(paths []string) []string {
	slices.Sort(paths)
	return slices.DeleteFunc(slices.Compact(paths), func(path string) bool { return !filepath.IsAbs(path) })
}

// edit says how to change the unit.
func edit(line string) string {
	return fmt.Sprintf("run `systemctl edit %s`, write `[Service]` and `%s`, and restart the service", unitName, line)
}

// reads says why the service does not see a file.
func (u unit) reads(path string) []finding {
	path = resolved(path)
	home := u["ProtectHome"]
	switch {
	case below(path, "/home", "/root", "/run/user") && (home == "yes" || home == "tmpfs"):
		return failed(edit("ProtectHome=read-only"), "the service does not see %s: its unit has ProtectHome=%s", path, home)
	case below(path, "/tmp", "/var/tmp") && u["PrivateTmp"] == "yes":
		return failed("move it to another directory: everybody can write to this one", "the service does not see %s: its unit has PrivateTmp=yes", path)
	}
	return nil
}

// writes says why the service does not write to a directory.
func (u unit) writes(directory string) []finding {
	directory = resolved(directory)
	if found := u.reads(directory); found != nil {
		return found
	}
	if u["ProtectSystem"] != "strict" || below(directory, u.writable()...) {
		return nil
	}
	return failed(edit("ReadWritePaths="+directory), "the service cannot write to %s: its unit has ProtectSystem=strict", directory)
}

// writable are the directories that the service may write to.
func (u unit) writable() []string {
	paths := []string{"/dev", "/proc", "/sys"}
	for _, path := range strings.Fields(u["ReadWritePaths"]) {
		paths = append(paths, resolved(strings.TrimLeft(path, "-+")))
	}
	for property, parent := range map[string]string{"StateDirectory": "/var/lib", "LogsDirectory": "/var/log", "CacheDirectory": "/var/cache", "RuntimeDirectory": "/run"} {
		for _, name := range strings.Fields(u[property]) {
			paths = append(paths, filepath.Join(parent, name))
		}
	}
	return paths
}

// resolved is a path without symbolic links, as far as it exists.
func resolved(path string) string {
	existing := firstExisting(path)
	if target, err := filepath.EvalSymlinks(existing); err == nil {
		return filepath.Join(target, strings.TrimPrefix(path, existing))
	}
	return path
}

// below reports whether a path is one of these directories or below one.
func below(path string, directories ...string) bool {
	return slices.ContainsFunc(directories, func(directory string) bool {
		return path == directory || strings.HasPrefix(path, strings.TrimSuffix(directory, "/")+"/")
	})
}
