// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package treehead fetches the signed tree head that a registry publishes at
// GET /tlog/head. It does not parse or verify the head: internal/tlog does.
package treehead
