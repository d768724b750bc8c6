// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate mdatagen metadata.yaml

// Package oversightsiemprocessor translates Oversight's events and findings into the
// shape that a SIEM expects, for exporters that exist already.
package oversightsiemprocessor
