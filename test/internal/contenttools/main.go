// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package contenttools

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Main runs the tests of a package and prints which tools they used. TestMain calls it
// with the checkout's directory. `go test` shows what it prints with -v, and the file
// bin/tools/content/used-PACKAGE.txt has it.
func Main(m *testing.M, root, name string, tools *Tools) int {
	code := m.Run()
	used := fmt.Sprintf("tools used for %s:\n%s\n", name, tools.Used())
	fmt.Print(used)
	file := filepath.Join(root, "bin", "tools", "content", "used-"+name+".txt")
	if err := os.WriteFile(file, []byte(used), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}
