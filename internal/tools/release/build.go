// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// buildProgram builds a program for a platform. Nothing of the checkout's state or the
// machine enters it: no paths, no commit, no build id, no settings of the user.
func buildProgram(ctx context.Context, program program, platform platform, file string) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", //nolint:gosec // constants and a path
		"-ldflags", "-s -w -buildid=", "-pgo="+program.pgo, "-o", file, program.pkg)
	build.Dir = program.module
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOEXPERIMENT=", "GOAMD64=v1", "GOARM64=v8.0",
		"GOOS="+platform.os, "GOARCH="+platform.arch)
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", program.name, err, output)
	}
	return nil
}
