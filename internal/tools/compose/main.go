// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Command compose merges Compose files, checks them against the specification, and
// prints the project as JSON: what `docker compose config --format json` does, by
// the library that it uses, without Docker. Variables are those of the environment.
// Usage: compose PROJECT_DIR FILE...
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "compose: %v\n", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) < 2 {
		return errors.New("pass a project directory and at least one Compose file")
	}
	options, err := cli.NewProjectOptions(arguments[1:], cli.WithWorkingDirectory(arguments[0]), cli.WithOsEnv, cli.WithInterpolation(true))
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	text, err := project.MarshalJSON()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}
