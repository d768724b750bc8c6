// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package configuration

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/oversight-protocol/oversight-otelcol/config"
)

// verifiedFile is the configuration that shows transparency_log.
const verifiedFile = "verified.yaml"

var (
	// logBlock is transparency_log with its comments.
	logBlock = regexp.MustCompile(`(?m)^    transparency_log:\n(?:(?:      .*)\n)+`)
	// storageLine is the last key of a receiver in the configurations of destinations.
	storageLine = regexp.MustCompile(`(?m)^    storage: file_storage\n`)
	// registryHeader is the line about the registry's id in the first comment.
	registryHeader = regexp.MustCompile(`(?m)^#   OVERSIGHT_REGISTRY_ID .*\n(?:#     .*\n)*`)
	publicKey      = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
)

// verifiedHeader is what the first comment says about the variables of transparency_log.
const verifiedHeader = `#   OVERSIGHT_TLOG         the transparency log's leaves.jsonl
#   OVERSIGHT_ENDPOINT     the registry's URL, which serves signed tree heads
`

// insertLog adds transparency_log to the receivers: events are checked against the
// registry's log, and its tree head is fetched.
func (a *Answers) insertLog(text string) (string, error) {
	if !a.Verified {
		if a.Log != "" || a.RegistryURL != "" {
			return "", errors.New("--tlog and --registry-url are for --verified only: pass it, or remove them")
		}
		return text, nil
	}
	if a.RegistryID != "" && !publicKey.MatchString(a.RegistryID) {
		return "", fmt.Errorf("--registry-id is %.80q: with --verified it must be the registry's public key, 64 hex digits, which verifies tree heads", a.RegistryID)
	}
	shown, err := config.All.ReadFile(verifiedFile)
	if err != nil {
		return "", err
	}
	block := logBlock.FindString(string(shown))
	text = storageLine.ReplaceAllStringFunc(text, func(line string) string { return line + block })
	return registryHeader.ReplaceAllStringFunc(text, func(lines string) string { return lines + verifiedHeader }), nil
}
