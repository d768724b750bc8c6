// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Elasticrules writes Elastic Security's rules from content/detections.yaml and
// content/elastic/rules: the assets of the integration package, and the file to import.
package main

//go:generate go run . -root ../../..

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/elasticrules"
)

func main() {
	root := flag.String("root", ".", "the root of the checkout")
	flag.Parse()
	if err := write(*root); err != nil {
		fmt.Fprintln(os.Stderr, "elasticrules:", err)
		os.Exit(1)
	}
}

func write(root string) error {
	rules, err := elasticrules.Load(root)
	if err != nil {
		return err
	}
	files, err := elasticrules.Files(rules)
	if err != nil {
		return err
	}
	// The assets' names have the rules' versions: those of earlier versions go.
	if err := os.RemoveAll(filepath.Join(root, elasticrules.AssetDir)); err != nil {
		return err
	}
	for name, text := range files {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // files of the checkout, for everybody
			return err
		}
		if err := os.WriteFile(name, text, 0o644); err != nil { //nolint:gosec // as above
			return err
		}
	}
	return nil
}
