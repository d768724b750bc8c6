// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate mdatagen metadata.yaml

// Package oversightsiemprocessor puts Oversight's events into the shape that a SIEM expects,
// for the exporters that shops already use.
package oversightsiemprocessor
