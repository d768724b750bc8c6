// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The command has the version of builder-config.yaml.
func TestVersion(t *testing.T) {
	manifest := readFile(t, "../../builder-config.yaml")
	_, rest, _ := strings.Cut(manifest, "\n  version: ")
	want, _, _ := strings.Cut(rest, "\n")
	assert.Equal(t, "oversight-siem version "+want+"\n", run(t, "--version").stdout)
}
