// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Elasticcontent writes what content/elastic has twice: the integration package and the
// plain assets, from the fields, the pipeline and the dashboards beside them. The rules have a tool of
// their own, internal/tools/elasticrules.
//
//	go run ./internal/tools/elasticcontent content/elastic
//	go run ./internal/tools/elasticcontent -zip DIRECTORY content/elastic
//
// The first writes the files, the second the package as the zip that Kibana takes.
//
//go:generate go run . ../../../content/elastic
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	zipDir := flag.String("zip", "", "write the package into this directory instead, as a zip")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *zipDir); err != nil {
		fmt.Fprintln(os.Stderr, "elasticcontent:", err)
		os.Exit(1)
	}
}

func run(dir, zipDir string) error {
	if zipDir != "" {
		return writeZip(filepath.Join(dir, "package", packageName), zipDir)
	}
	files, err := generate(dir)
	if err != nil {
		return err
	}
	return files.write(dir)
}
