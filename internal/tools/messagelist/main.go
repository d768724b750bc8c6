// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Command messagelist lists the sentences that an operator can see: log
// messages, errors, findings, component statuses, help, output and descriptions
// of metrics. It reads them from the source of every package of the modules
// whose directories it is given, and writes one Markdown file, so that a change
// of any sentence is a change of that file and is read in its review.
//
//	go run ./internal/tools/messagelist -output docs/messages.md . exporter/azurelogsingestionexporter
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
)

func main() {
	output := flag.String("output", "", "the Markdown `file` to write; default: standard output")
	flag.Parse()
	if err := run(*output, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "messagelist:", err)
		os.Exit(1)
	}
}

func run(output string, directories []string) error {
	if len(directories) == 0 {
		return errors.New("name the directory of at least one module")
	}
	var all []packageMessages
	for _, directory := range directories {
		p, err := load(context.Background(), directory, everything)
		if err != nil {
			return err
		}
		all = append(all, p.messages(directory)...)
	}
	text := render(all)
	if output == "" {
		_, err := os.Stdout.WriteString(text)
		return err
	}
	return os.WriteFile(output, []byte(text), 0o644) //nolint:gosec // a document, for everybody to read
}
