// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// platform is a system that releases are built for.
type platform struct {
	os, arch string
}

var allPlatforms = []platform{
	{"linux", "amd64"},
	{"linux", "arm64"},
	{"darwin", "amd64"},
	{"darwin", "arm64"},
	{"windows", "amd64"},
}

// program is a command of the checkout.
type program struct {
	name   string
	module string // the module's directory
	pkg    string // the package, from there
	pgo    string
}

var (
	collector = program{name: "otelcol-oversight", module: "cmd/otelcol-oversight", pkg: ".", pgo: "default.pgo"}
	command   = program{name: "oversight-siem", module: ".", pkg: "./cmd/oversight-siem", pgo: "off"}
)

func (p platform) String() string { return p.os + "/" + p.arch }

// programs are what the platform gets. On Windows the receiver does not read
// databases, so a collector with it would be of no use there.
func (p platform) programs() []program {
	if p.os == "windows" {
		return []program{command}
	}
	return []program{collector, command}
}

// archive is the start of the archive's name: the first program.
func (p platform) archive() string { return p.programs()[0].name }

// suffix is how names of programs end.
func (p platform) suffix() string {
	if p.os == "windows" {
		return ".exe"
	}
	return ""
}

// packaged tells whether the platform has packages.
func (p platform) packaged() bool { return p.os == "linux" }

// prune removes documents of programs that the platform does not get.
func (p platform) prune(stage string) error {
	if slices.Contains(p.programs(), collector) {
		return nil
	}
	for _, file := range []string{"config.yaml", filepath.Join("man", collector.name+".1.gz")} {
		if err := os.Remove(filepath.Join(stage, file)); err != nil {
			return err
		}
	}
	return nil
}

func platformNames() []string {
	var names []string
	for _, platform := range allPlatforms {
		names = append(names, platform.String())
	}
	return names
}

// choosePlatforms finds the platforms in a list of names.
func choosePlatforms(list string) ([]platform, error) {
	var chosen []platform
	for name := range strings.SplitSeq(list, ",") {
		i := slices.Index(platformNames(), name)
		if i < 0 {
			return nil, fmt.Errorf("-platforms: %q is not one of %s", name, strings.Join(platformNames(), ", "))
		}
		chosen = append(chosen, allPlatforms[i])
	}
	return chosen, nil
}
