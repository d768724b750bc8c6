// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Command splunkapp packages a Splunk app, as NAME-VERSION.tgz:
//
//	splunkapp [-output DIRECTORY] APP
//
// APP is the app's directory. The same files always give the same package: it holds the
// text of the files and nothing of the machine that they are on.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/oversight-protocol/oversight-otelcol/internal/tools/splunkapp/splunkpackage"
)

func main() {
	output := flag.String("output", ".", "directory for the package")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: splunkapp [-output DIRECTORY] APP")
		os.Exit(2)
	}
	file, err := write(flag.Arg(0), *output)
	if err != nil {
		fmt.Fprintln(os.Stderr, "splunkapp:", err)
		os.Exit(1)
	}
	fmt.Println(file)
}

// write packages an app into a directory, and returns the package's name.
func write(app, output string) (string, error) {
	name, content, err := splunkpackage.Pack(app)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(output, 0o755); err != nil { //nolint:gosec // a public file
		return "", err
	}
	file := filepath.Join(output, name)
	return file, os.WriteFile(file, content, 0o644) //nolint:gosec // a public file
}
