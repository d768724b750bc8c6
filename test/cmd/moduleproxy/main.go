// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Command moduleproxy publishes modules of a checkout to a directory that the go
// command can use as a module proxy. Usage:
//
//	moduleproxy PROXY CHECKOUT VERSION MODULE-DIRECTORY...
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/moduleproxy"
)

func main() {
	if len(os.Args) < 5 {
		fmt.Fprintln(os.Stderr, "usage: moduleproxy PROXY CHECKOUT VERSION MODULE-DIRECTORY...")
		os.Exit(2)
	}
	if err := moduleproxy.Publish(context.Background(), os.Args[1], os.Args[2], os.Args[3], os.Args[4:]...); err != nil {
		fmt.Fprintln(os.Stderr, "moduleproxy:", err)
		os.Exit(1)
	}
}
