// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

// version is dist.version of builder-config.yaml, the version of the whole project.
const version = "0.1.0"
