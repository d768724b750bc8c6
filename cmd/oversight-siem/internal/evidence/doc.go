// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package evidence checks an evidence bundle, a registry's response to GET
// /evidence/{file_id}: the manifest of a file, the rows of its callbacks, a signed tree
// head, a proof of inclusion for each row, and the registry's signature over all of it.
// It needs nothing but the bundle and the registry's public key.
//
// What no registry does, crashed, restored or newer, is a finding. What the bundle does
// not prove is a problem that is not proven: it says nothing against the registry.
//
// It does no I/O, and needs time and memory in proportion to the bundle, which
// [MaxSize] and [maxDepth] bound.
package evidence
