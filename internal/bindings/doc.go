// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package bindings checks whom tokens belong to.
//
// A row and its leaf name the document and the recipient that the registry had for the
// token when the beacon called back: its table `beacons`. Whoever knows a token, which is
// public, may register it again with a manifest of his own, and the registry then writes
// rows and leaves that agree and name somebody else. Two other records say what a token
// was registered with: the manifest, which its issuer signed and which lists the tokens,
// and the `register` leaves of the transparency log, which name document, recipient and
// issuer, but no tokens.
//
// A [Checker] holds rows against both, and the manifests against the tokens that they
// list. What neither names is not checked, and counted: a registration that was cut short
// has no `register` leaf, and another one of the same document replaces its manifest.
package bindings
