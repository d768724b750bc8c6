// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// modernc.org/sqlite is generated code that works with one version of
// modernc.org/libc only, the one in its own go.mod
// (https://pkg.go.dev/modernc.org/sqlite#hdr-Fragile_modernc_org_libc_dependency).
func TestVersionOfLibc(t *testing.T) {
	goMod := strings.TrimSpace(goCommand(t, "list", "-m", "-f", "{{.GoMod}}", "modernc.org/sqlite"))
	var sqlite struct {
		Require []struct{ Path, Version string }
	}
	require.NoError(t, json.Unmarshal([]byte(goCommand(t, "mod", "edit", "-json", goMod)), &sqlite))
	wanted := ""
	for _, module := range sqlite.Require {
		if module.Path == "modernc.org/libc" {
			wanted = module.Version
		}
	}
	require.NotEmpty(t, wanted, "%s names no modernc.org/libc", goMod)
	used := strings.TrimSpace(goCommand(t, "list", "-m", "-f", "{{.Version}}", "modernc.org/libc"))
	assert.Equal(t, wanted, used, "go.mod must require the modernc.org/libc of modernc.org/sqlite: go get modernc.org/libc@%s", wanted)
}

// goCommand returns what a go command prints. It needs no network once the
// modules have been downloaded.
func goCommand(t *testing.T, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", arguments...)
	var stderr strings.Builder
	command.Stderr = &stderr
	output, err := command.Output()
	require.NoError(t, err, "go %s: %s", strings.Join(arguments, " "), stderr.String())
	return string(output)
}
