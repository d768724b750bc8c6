// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
)

// packagers are the formats of packages, as nfpm names them.
var packagers = []string{"deb", "rpm", "apk"}

// writePackages builds the packages of a platform as deploy/packages/nfpm.yaml
// describes them.
func (r *release) writePackages(ctx context.Context, platform platform, stage string) error {
	environment := []string{
		"VERSION=" + r.version,
		"ARCH=" + platform.arch,
		"STAGE=" + stage,
		"SOURCE_DATE_EPOCH=" + strconv.FormatInt(r.modified.Unix(), 10),
	}
	for _, packager := range packagers {
		file := filepath.Join(r.output, fmt.Sprintf("%s_%s_%s_%s.%s", collector.name, r.version, platform.os, platform.arch, packager))
		if err := runCommand(ctx, environment, filepath.Join(r.tools, "nfpm"), "package",
			"--config", "deploy/packages/nfpm.yaml", "--packager", packager, "--target", file); err != nil {
			return err
		}
	}
	return nil
}
