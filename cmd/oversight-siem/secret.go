// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// The environment variables that secrets are read from.
const (
	splunkTokenVariable = "OVERSIGHT_SPLUNK_TOKEN"
	sharedKeyVariable   = "OVERSIGHT_SENTINEL_SHARED_KEY"
)

// readSecret reads a file, or else an environment variable; "" if there is
// neither.
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
		return "", fmt.Errorf("give a file that can be read: %w", pathError.Err)
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", errors.New("the file is empty: put the secret there")
	}
	return secret, err
}

var reference = regexp.MustCompile(`\$\{(env|file):([^}]*)\}`)

// parseHeader reads "Key: Value" and puts in what the value refers to. Errors
// show the key only.
func parseHeader(text string) (name, value string, err error) {
	name, value, found := strings.Cut(text, ":")
	name = strings.TrimSpace(name)
	if !found || !httpguts.ValidHeaderFieldName(name) {
		return "", "", errors.New("--header: give 'Key: Value', for example 'Authorization: ${env:TOKEN}'")
	}
	value = reference.ReplaceAllStringFunc(strings.TrimSpace(value), func(text string) string {
		parts := reference.FindStringSubmatch(text)
		resolved, problem := resolve(parts[1], parts[2])
		if problem != nil && err == nil {
			err = fmt.Errorf("--header %s: %s: %w", name, text, problem)
		}
		return resolved
	})
	if err == nil && !httpguts.ValidHeaderFieldValue(value) {
		err = fmt.Errorf("--header %s: its value holds a line break or another character that no header can hold", name)
	}
	return name, value, err
}

func resolve(kind, name string) (string, error) {
	if kind == "file" {
		return readSecretFile(name)
	}
	value := strings.TrimSpace(os.Getenv(name))
	if value == "" {
		return "", errors.New("that environment variable is not set: set it, or leave the header out")
	}
	return value, nil
}

// minHidden is the length from which on text is taken for a secret, in bytes.
// Shorter text would black out parts of words.
const minHidden = 4

// secrets is text that is never printed, whoever sends it back to us.
type secrets []string

func (s *secrets) add(text string) {
	if len(text) >= minHidden {
		*s = append(*s, text)
	}
}

// addHeader hides a value, and the credentials in "Scheme credentials" by
// themselves.
func (s *secrets) addHeader(value string) {
	s.add(value)
	if _, credentials, found := strings.Cut(value, " "); found {
		s.add(credentials)
	}
}

func (s *secrets) addURL(u *url.URL) {
	s.add(u.RawQuery)
	for _, values := range u.Query() {
		for _, value := range values {
			s.add(value)
		}
	}
	if u.User == nil {
		return
	}
	password, _ := u.User.Password()
	for _, text := range []string{u.User.String(), u.User.Username(), password} {
		s.add(text)
	}
	s.add(base64.StdEncoding.EncodeToString([]byte(u.User.Username() + ":" + password)))
}

// hide blacks out the secrets in a text.
func (s secrets) hide(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}
