// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"path/filepath"
)

// writeSBOM lists what a program is made of, as CycloneDX. It is read from the program
// itself.
func (r *release) writeSBOM(ctx context.Context, program, file string) error {
	return runCommand(ctx, nil, filepath.Join(r.tools, "cyclonedx-gomod"), "bin", "-json", "-std",
		"-noserial", "-notimestamp", "-version", "v"+r.version, "-output", file, program)
}
