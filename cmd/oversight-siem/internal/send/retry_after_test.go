// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package send

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The exporter for Azure is a module of its own, which must not need this one. It
// has a copy of the file, and the tests of what the file does.
func TestRetryAfterIsTheExporters(t *testing.T) {
	here, err := os.ReadFile("retry_after.go")
	require.NoError(t, err)
	there, err := os.ReadFile("../../../../exporter/azurelogsingestionexporter/retry_after.go")
	require.NoError(t, err)
	assert.Equal(t, strings.Replace(string(there), "package azurelogsingestionexporter\n", "package send\n", 1), string(here))
}
