// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// readSecret reads a secret from the file that a flag names, or if that is empty
// from an environment variable. It returns "" if there is neither.
func readSecret(flag, path, variable string) (string, error) {
	if path == "" {
		return strings.TrimSpace(os.Getenv(variable)), nil
	}
	secret, err := readSecretFile(path)
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", flag, path, err)
	}
	return secret, nil
}

func readSecretFile(path string) (string, error) {
	text, err := os.ReadFile(path)
	if pathError := (*os.PathError)(nil); errors.As(err, &pathError) {
		return "", fmt.Errorf("cannot read the file: %w", pathError.Err)
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", errors.New("the file is empty: it must contain the secret")
	}
	return secret, err
}

// secretReference is ${env:NAME} or ${file:PATH}.
var secretReference = regexp.MustCompile(`\$\{(env|file):([^}]*)\}`)

// parseHeader parses "Key: Value" and replaces the references in the value. Its
// errors show the key only.
func parseHeader(text string) (name, value string, err error) {
	name, value, found := strings.Cut(text, ":")
	name = strings.TrimSpace(name)
	if !found || !httpguts.ValidHeaderFieldName(name) {
		return "", "", errors.New("--header must be 'Key: Value', for example 'Authorization: ${env:TOKEN}'")
	}
	value = secretReference.ReplaceAllStringFunc(strings.TrimSpace(value), func(text string) string {
		parts := secretReference.FindStringSubmatch(text)
		secret, referenceErr := resolveReference(parts[1], parts[2])
		if referenceErr != nil && err == nil {
			err = fmt.Errorf("--header %s: %s: %w", name, text, referenceErr)
		}
		return secret
	})
	if err == nil && !httpguts.ValidHeaderFieldValue(value) {
		err = fmt.Errorf("--header %s: the value contains a line break or another character that a header cannot contain", name)
	}
	return name, value, err
}

func resolveReference(kind, name string) (string, error) {
	if kind == "file" {
		return readSecretFile(name)
	}
	value := strings.TrimSpace(os.Getenv(name))
	if value == "" {
		return "", errors.New("the environment variable is not set: set it, or remove the header")
	}
	return value, nil
}
