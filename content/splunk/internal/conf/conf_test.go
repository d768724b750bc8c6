// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	file, err := Parse("# comment\n[a::b]\nx = 1 = 2\ny = one \\\n  # two \\\nthree\n\n[c]\n  z=\n")
	require.NoError(t, err)
	require.Len(t, file.Stanzas, 2)
	a := file.Stanza("a::b")
	assert.Equal(t, []string{"x", "y"}, a.Keys)
	assert.Equal(t, "1 = 2", a.Get("x"))
	assert.Equal(t, "one \n  # two \nthree", a.Get("y"))
	assert.Empty(t, file.Stanza("c").Get("z"))
	assert.Nil(t, file.Stanza("d"))
	assert.Empty(t, file.Stanza("d").Get("z"))
}

func TestParseRefuses(t *testing.T) {
	for text, problem := range map[string]string{
		"x = 1":                "no setting",
		"[a]\nx":               "no setting",
		"[a]\nx = 1\nx = 2":    "twice",
		"[a]\n[a]":             "twice",
		"[a":                   "no stanza",
		"[a]\n= 1":             "no setting",
		"[a]\nx = \\\n1\n[b\n": "line 4",
	} {
		_, err := Parse(text)
		assert.ErrorContains(t, err, problem, text)
	}
}
