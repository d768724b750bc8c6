// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCompletionOfFlags(t *testing.T) {
	for _, c := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"export", "--format", ""}, "splunk\necs\nsentinel\n:4\n"},
		{[]string{"prove", "--format", ""}, "json\ntlog-proof\n:4\n"},
		{[]string{"config", "--for", ""}, "splunk\nelastic\nopensearch\nsentinel\nazuremonitor\notlp\nfiles\n:4\n"},
		{[]string{"export", "--limit", ""}, ":4\n"},      // no file names
		{[]string{"verify", "--tlog", ""}, ":0\n"},       // file names
		{[]string{"config", "--state-dir", ""}, ":16\n"}, // directories
	} {
		completed := run(t, append([]string{"__complete"}, c.arguments...)...)
		assert.Equal(t, c.want, completed.stdout, c.arguments)
	}
}
