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
)

// packagers are the formats of packages, as nfpm names them.
var packagers = []string{"deb", "rpm", "apk"}

// writePackages builds the packages of a platform as deploy/packages/nfpm.yaml
// describes them.
func (r *release) writePackages(ctx context.Context, platform platform, stage string) error {
	// A copy, because apk packages contain the times of the scripts.
	description := filepath.Join(r.work, "packages")
	if err := copyTree("deploy/packages", description); err != nil {
		return err
	}
	if err := normalize(description, r.modified); err != nil {
		return err
	}
	nfpm, err := filepath.Abs(filepath.Join(r.tools, "nfpm"))
	if err != nil {
		return err
	}
	output, err := filepath.Abs(r.output)
	if err != nil {
		return err
	}
	environment := []string{
		"VERSION=" + r.version,
		"ARCH=" + platform.arch,
		"STAGE=../" + filepath.Base(stage),
		"SOURCE_DATE_EPOCH=" + strconv.FormatInt(r.modified.Unix(), 10),
	}
	for _, packager := range packagers {
		file := filepath.Join(output, fmt.Sprintf("%s_%s_%s_%s.%s", collector.name, r.version, platform.os, platform.arch, packager))
		command := exec.CommandContext(ctx, nfpm, "package", "--config", "nfpm.yaml", "--packager", packager, "--target", file) //nolint:gosec // the tool that is pinned
		command.Dir = description
		command.Env = append(os.Environ(), environment...)
		if printed, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("nfpm: %w\n%s", err, printed)
		}
	}
	return nil
}
