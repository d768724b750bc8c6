// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package storagefile knows where the extension file_storage keeps what components
// store: the extension has no method for it.
package storagefile

import (
	"fmt"
	"path/filepath"

	"go.opentelemetry.io/collector/component"
)

// Bucket is the bbolt bucket that has all of a component's keys.
// Source: filestorage v0.152.0, defaultBucket in client.go.
const Bucket = "default"

// Type is the extension's component type.
var Type = component.MustNewType("file_storage")

// OfReceiver returns the path of a receiver's file below the extension's directory. It is
// another one for a name with characters that are not safe in a path.
// Source: filestorage v0.152.0, GetClient and kindString in extension.go.
func OfReceiver(directory string, receiver component.ID) string {
	return filepath.Join(directory, fmt.Sprintf("receiver_%s_%s", receiver.Type(), receiver.Name()))
}
