// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// release is one run of the command.
type release struct {
	version  string
	modified time.Time // of every file in an archive
	tools    string    // directory with nfpm and cyclonedx-gomod
	output   string    // directory with what users download
	work     string    // directory with what that is made of
}

// build builds everything for the given platforms.
func (r *release) build(ctx context.Context, platforms []platform) error {
	documents := filepath.Join(r.work, "documents")
	if err := r.writeDocuments(ctx, documents); err != nil {
		return err
	}
	for _, platform := range platforms {
		if err := r.buildPlatform(ctx, platform, documents); err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
	}
	if err := r.addContent(ctx); err != nil {
		return err
	}
	return writeChecksums(r.output)
}

// buildPlatform builds everything for one platform, in a directory that then holds what
// the archive holds.
func (r *release) buildPlatform(ctx context.Context, platform platform, documents string) error {
	name := fmt.Sprintf("%s_%s_%s_%s", platform.archive(), r.version, platform.os, platform.arch)
	fmt.Println(name)
	stage := filepath.Join(r.work, name)
	if err := copyTree(documents, stage); err != nil {
		return err
	}
	var programs []string
	for _, program := range platform.programs() {
		file := filepath.Join(stage, program.name+platform.suffix())
		if err := buildProgram(ctx, program, platform, file); err != nil {
			return err
		}
		sbom := fmt.Sprintf("%s_%s_%s_%s.cdx.json", program.name, r.version, platform.os, platform.arch)
		if err := r.writeSBOM(ctx, file, filepath.Join(r.output, sbom)); err != nil {
			return err
		}
		programs = append(programs, file)
	}
	if err := writeNotices(ctx, programs, filepath.Join(stage, noticesFile)); err != nil {
		return err
	}
	if err := platform.prune(stage); err != nil {
		return err
	}
	if err := normalize(stage, r.modified); err != nil {
		return err
	}
	if platform.packaged() {
		if err := r.writePackages(ctx, platform, stage); err != nil {
			return err
		}
	}
	if platform.os == "windows" {
		return writeZip(stage, filepath.Join(r.output, name+".zip"), r.modified)
	}
	return writeTarball(stage, filepath.Join(r.output, name+".tar.gz"), r.modified)
}

// addContent adds the packages for SIEMs, which have versions in their names.
func (r *release) addContent(ctx context.Context) error {
	for _, arguments := range [][]string{
		{"run", "./internal/tools/splunkapp", "-output", r.output, "content/splunk/oversight"},
		{"run", "./internal/tools/elasticcontent", "-zip", r.output, "content/elastic"},
	} {
		if err := runCommand(ctx, nil, "go", arguments...); err != nil {
			return err
		}
	}
	return nil
}

// releaseTime is SOURCE_DATE_EPOCH, or the time of the commit.
func releaseTime(ctx context.Context) (time.Time, error) {
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		output, err := exec.CommandContext(ctx, "git", "log", "-1", "--format=%ct").Output()
		if err != nil {
			return time.Time{}, fmt.Errorf("the time of the commit is unknown (%w): set SOURCE_DATE_EPOCH", err)
		}
		epoch = strings.TrimSpace(string(output))
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is %q, not a number of seconds", epoch)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// runCommand runs a command with more environment variables. Its output is shown only if
// it fails.
func runCommand(ctx context.Context, environment []string, name string, arguments ...string) error {
	command := exec.CommandContext(ctx, name, arguments...) //nolint:gosec // the commands are constants
	command.Env = append(os.Environ(), environment...)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(arguments, " "), err, output)
	}
	return nil
}
