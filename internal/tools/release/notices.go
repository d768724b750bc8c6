// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"context"
	"debug/buildinfo"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

const (
	noticesFile = "THIRD_PARTY_NOTICES.txt"
	ownModules  = "github.com/oversight-protocol/oversight-otelcol"
)

// licenseFile matches what a module says about its license, in whatever spelling.
var licenseFile = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying|notice|patents|copyright)([-_.].*)?$`)

// writeNotices writes the licenses and notices of all modules that the programs are
// linked from. A text that several modules have stands there once. A module without a
// license is an error.
func writeNotices(ctx context.Context, programs []string, file string) error {
	goEnv, err := exec.CommandContext(ctx, "go", "env", "GOMODCACHE", "GOROOT").Output()
	if err != nil {
		return err
	}
	cache, goroot, _ := strings.Cut(strings.TrimSpace(string(goEnv)), "\n")
	modules := map[string]string{} // directories by name and version
	for _, program := range programs {
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			return err
		}
		modules["Go's standard library "+info.GoVersion] = goroot
		for _, module := range info.Deps {
			if module.Replace != nil {
				module = module.Replace
			}
			if !isOwn(module.Path) {
				modules[module.Path+" "+module.Version] = filepath.Join(cache, escape(module.Path)+"@"+escape(module.Version))
			}
		}
	}
	texts, err := collectTexts(modules)
	if err != nil {
		return err
	}
	return writeFile(file, renderNotices(texts))
}

// isOwn tells whether a module is of this checkout. A replacement has a path of the file system.
func isOwn(module string) bool {
	return module == ownModules || strings.HasPrefix(module, ownModules+"/") || strings.HasPrefix(module, ".") || filepath.IsAbs(module)
}

// escape turns a path or a version into what the module cache calls it: `!a` is A.
func escape(text string) string {
	var escaped strings.Builder
	for _, r := range text {
		if unicode.IsUpper(r) {
			escaped.WriteByte('!')
		}
		escaped.WriteRune(unicode.ToLower(r))
	}
	return escaped.String()
}

// collectTexts returns the modules that have each text.
func collectTexts(modules map[string]string) (map[string][]string, error) {
	texts := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		entries, err := os.ReadDir(modules[name])
		if err != nil {
			return nil, err
		}
		found := false
		for _, entry := range entries {
			if entry.IsDir() || !licenseFile.MatchString(entry.Name()) || strings.HasSuffix(entry.Name(), ".go") {
				continue
			}
			content, err := os.ReadFile(filepath.Join(modules[name], entry.Name()))
			if err != nil {
				return nil, err
			}
			text := strings.TrimSpace(strings.ReplaceAll(string(content), "\r\n", "\n"))
			texts[text] = append(texts[text], name)
			found = true
		}
		if !found {
			return nil, fmt.Errorf("%s has no file with a license: find out whether it may be distributed", name)
		}
	}
	return texts, nil
}

// renderNotices writes each text below the modules that it is of.
func renderNotices(texts map[string][]string) []byte {
	var out bytes.Buffer
	fmt.Fprintln(&out, "The programs contain these modules, under the licenses below each.")
	order := slices.SortedFunc(maps.Keys(texts), func(a, b string) int {
		return cmp.Or(cmp.Compare(texts[a][0], texts[b][0]), cmp.Compare(a, b))
	})
	for _, text := range order {
		fmt.Fprintf(&out, "\n%s\n\n%s\n\n%s\n", strings.Repeat("=", 80), strings.Join(slices.Compact(texts[text]), "\n"), text)
	}
	return out.Bytes()
}
