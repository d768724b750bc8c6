// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package pagecommands

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	blocks, err := parse("# Page\n\n```sh\none\ntwo \\\n  three\n```\n\n```yaml\n# no command\n```\n\n" +
		"```console\n# install it \\\n    here\n# look\nit is\nthere\n```\n```console\n$ ask\n```\n")
	require.NoError(t, err)
	assert.Equal(t, []Block{
		{Commands: []Command{{Text: "one\ntwo \\\n  three\n"}}},
		{Root: true, Commands: []Command{{Text: "install it \\\n    here\n"}, {Text: "look\n", Output: "it is\nthere\n"}}},
		{Commands: []Command{{Text: "ask\n"}}},
	}, blocks)
	assert.Equal(t, "install it \\", blocks[1].Title())
}

// What would not be run is an error.
func TestParseRefuses(t *testing.T) {
	for name, page := range map[string]string{
		"no language":      "```\ntrue\n```\n",
		"unknown language": "```bash\ntrue\n```\n",
		"not closed":       "```sh\ntrue\n",
		"in a list":        "- item\n\n  ```sh\n  true\n  ```\n",
		"no prompt":        "```console\ntrue\n```\n",
		"empty":            "```console\n```\n",
	} {
		_, err := parse(page)
		assert.Error(t, err, name)
	}
}
