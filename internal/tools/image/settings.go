// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"time"
)

// Settings say what the image is made of. All of them are required.
type Settings struct {
	// Output is the directory of the OCI layout. What is there is replaced.
	Output string
	// Binaries is a directory that has a directory for each architecture.
	Binaries string
	// Licence is the path of the project's licence.
	Licence string
	// Version is the version of the release, without a leading v.
	Version string
	// Revision is the commit that the binaries are built from.
	Revision string
	// Created is the time of every file and of the image.
	Created time.Time
}

func (s Settings) check() error {
	switch {
	case s.Output == "":
		return errors.New("-output is required: pass the directory of the OCI layout")
	case s.Binaries == "":
		return errors.New("-binaries is required: pass the directory with linux_amd64 and linux_arm64")
	case s.Version == "":
		return errors.New("-version is required: pass dist.version of builder-config.yaml")
	case s.Revision == "":
		return errors.New("-revision is required: pass the commit that the binaries are built from")
	case s.Created.Unix() <= 0:
		return errors.New("-created is required: pass the time of the commit in seconds since 1970")
	}
	return nil
}
