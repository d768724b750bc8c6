// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux && release

package release

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// temporary is the directory that TestMain removes.
var temporary string

// built has a release in temporary, and its image in `image` there. Tests share them:
// building them takes seconds.
var built = sync.OnceValue(func() error {
	bin, err := filepath.Abs(cmp.Or(os.Getenv("OVERSIGHT_RELEASE_BIN"), "../../bin"))
	if err != nil {
		return err
	}
	script := exec.Command("./build-release.sh", temporary)
	script.Dir = "testdata"
	script.Env = append(os.Environ(), "BIN="+bin)
	if output, err := script.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, output)
	}
	return buildImage(temporary, "image")
})

// architectures are those of the image.
var architectures = []string{"amd64", "arm64"}

// buildImage builds the image of a release, as `make release` does.
func buildImage(release, name string) error {
	script := exec.Command("../../scripts/build-image.sh", release, filepath.Join(release, name))
	if output, err := script.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, output)
	}
	return nil
}

func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	var err error
	if temporary, err = os.MkdirTemp("", "image"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(temporary)
	return m.Run()
}

// releaseDirectory is the directory of the release.
func releaseDirectory(t testing.TB) string {
	t.Helper()
	require.NoError(t, built())
	return temporary
}

// theImage is the image of the binaries under test.
func theImage(t testing.TB) layout {
	t.Helper()
	return layout(filepath.Join(releaseDirectory(t), "image"))
}
