// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/ecs"
)

// shortestLines are lines of files in the format ecs, each of another dataset, as short as
// they can be.
func shortestLines() map[string]string {
	const uid = "00112233445566778899aabbccddeeff"
	at := time.Unix(1735000000, 0)
	documents := map[string]*translator.Document{
		"beacon":     {Event: &translator.Event{RegistryID: "r", UID: uid, ID: 1, Kind: "d", Observed: at}},
		"integrity":  {Integrity: &translator.Integrity{RegistryID: "r", UID: uid, Kind: translator.IntegrityRowEdited, Observed: at}},
		"checkpoint": {Checkpoint: &translator.Checkpoint{RegistryID: "r", UID: uid, Observed: at}},
	}
	lines := map[string]string{}
	for dataset, document := range documents {
		lines[dataset] = string((&ecs.Translator{Extended: true}).AppendJSON(nil, document)) + "\n"
	}
	return lines
}

// Filebeat and Elastic Agent read a file once it has as many bytes as they take a
// fingerprint of: the page asks for so few that one line has them, and for enough to
// include the uid, without which two files could be taken for one.
func TestFingerprintLength(t *testing.T) {
	page, err := os.ReadFile("files-and-kafka.md")
	require.NoError(t, err)
	lengths := regexp.MustCompile(`fingerprint\.length: (\d+)`).FindAllStringSubmatch(string(page), -1)
	require.Len(t, lengths, 4)
	for _, match := range lengths {
		length, err := strconv.Atoi(match[1])
		require.NoError(t, err)
		for dataset, line := range shortestLines() {
			assert.GreaterOrEqual(t, len(line), length, dataset)
			_, end, found := strings.Cut(line, `"hash":"`)
			require.True(t, found)
			uidEnds := len(line) - len(end) + 32
			assert.Less(t, uidEnds, length-100, "%s: room for a long id and a time with a fraction", dataset)
		}
	}
}

// The patterns by which Elastic Agent picks the lines of a data stream match these and no
// others, whatever a stranger writes.
func TestPatternsOfDatasets(t *testing.T) {
	page, err := os.ReadFile("files-and-kafka.md")
	require.NoError(t, err)
	patterns := regexp.MustCompile(`data_stream\.dataset: oversight\.([a-z]+)\n[^']*patterns: \['(.*)'\]\n`).FindAllStringSubmatch(string(page), -1)
	require.Len(t, patterns, 3)
	hostile := &translator.Event{
		RegistryID: "r", UID: "u", ID: 1, Kind: `"dataset":"oversight.integrity"`, TokenID: `"dataset":"oversight.integrity"`, Observed: time.Unix(1735000000, 1),
	}
	hostile.Extra, _ = translator.NormalizeExtra(`{"dataset":"oversight.integrity","x":{"dataset":"oversight.checkpoint"}}`)
	lines := shortestLines()
	beacons := []string{lines["beacon"], string((&ecs.Translator{Extended: true}).AppendJSON(nil, &translator.Document{Event: hostile}))}
	require.Contains(t, beacons[1], `"dataset":"oversight.checkpoint"`)
	for _, match := range patterns {
		pattern := regexp.MustCompile(match[2])
		for _, line := range beacons {
			assert.Equal(t, match[1] == "beacon", pattern.MatchString(line), "%s: %s", pattern, line)
		}
		for _, dataset := range []string{"integrity", "checkpoint"} {
			assert.Equal(t, match[1] == dataset, pattern.MatchString(lines[dataset]), "%s: %s", pattern, dataset)
		}
	}
}
