// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"debug/buildinfo"
	"os"
	"path/filepath"
	"strings"
)

// writeSBOM lists what a program is made of, as CycloneDX. It is read from the program
// itself.
func (r *release) writeSBOM(ctx context.Context, program, file string) error {
	err := runCommand(ctx, nil, filepath.Join(r.tools, "cyclonedx-gomod"), "bin", "-json", "-std",
		"-noserial", "-notimestamp", "-version", "v"+r.version, "-output", file, program)
	if err != nil {
		return err
	}
	sbom, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	names, err := ownNames(program)
	if err != nil {
		return err
	}
	return writeFile(file, []byte(names.Replace(string(sbom))))
}

// ownNames replaces directories of the checkout, which the tool takes for the names of
// this project's modules in the collector, by the modules' names and versions.
func ownNames(program string) (*strings.Replacer, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return nil, err
	}
	var pairs []string
	for _, module := range info.Deps {
		if module.Replace == nil || module.Replace.Version != "(devel)" {
			continue
		}
		pairs = append(pairs,
			"pkg:golang/"+module.Replace.Path+"@(devel)", "pkg:golang/"+module.Path+"@"+module.Version,
			`"name": "`+module.Replace.Path+`",`+"\n"+`      "version": "(devel)"`, `"name": "`+module.Path+`",`+"\n"+`      "version": "`+module.Version+`"`)
	}
	return strings.NewReplacer(pairs...), nil
}
