// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

const publicKey = "056872fec48d4d096a0f29fe542216fed524d6ad743a4cfbe35eba54828a3241"

func TestRegistryIDs(t *testing.T) {
	for _, id := range []string{"", publicKey, "prod", "eu-1.registry/2", "Ünïcode", "DEADBEEF", strings.Repeat("a", 40), "8c0f9f4e-7f8c-4a55-9a40-1f39e0b5c1a2"} {
		require.NoError(t, registry.CheckID("`registry_id`", id), id)
	}
	for id, want := range map[string]string{
		strings.ToUpper(publicKey):     "lower case: " + publicKey,
		"A" + publicKey[1:]:            "lower case: a" + publicKey[1:],
		publicKey[1:]:                  "has 63 hex digits",
		publicKey + "0":                "has 65 hex digits",
		publicKey[:41]:                 "has 41 hex digits",
		publicKey + "\n":               "line ends",
		"prod eu":                      "spaces",
		"a\u00a0b":                     "spaces",
		"a\u2028b":                     "spaces",
		"a\x00b":                       "not printed",
		"a\u202eb":                     "not printed",
		"a\u200bb":                     "not printed",
		"a\xffb":                       "not printed",
		"a\x1b[31mb":                   "not printed",
		strings.Repeat("registry", 33): "264 bytes",
	} {
		err := registry.CheckID("`registry_id`", id)
		require.ErrorContains(t, err, want, "%q", id)
		assert.ErrorContains(t, err, "`registry_id`")
	}
}
