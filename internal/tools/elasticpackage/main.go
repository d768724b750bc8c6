// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Elasticpackage checks integration packages against Elastic's package-spec.
//
//	go run . DIRECTORY|FILE.zip …
//
// It is a module of its own: package-spec is under the Elastic License, and nothing
// that is distributed may link it.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/elastic/package-spec/v3/code/go/pkg/validator"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: elasticpackage DIRECTORY|FILE.zip …")
		os.Exit(2)
	}
	failed := false
	for _, path := range os.Args[1:] {
		validate := validator.ValidateFromPath
		if strings.HasSuffix(path, ".zip") {
			validate = validator.ValidateFromZip
		}
		if err := validate(path); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}
