// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package redact removes secrets from text that a person reads: a server may
// send back in an error what it was sent.
package redact

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// minLength is the shortest text that is treated as a secret, in bytes. Removing
// shorter text would make messages unreadable.
const minLength = 4

// mask replaces a secret.
const mask = "***"

// Secrets is text that must not be printed. The zero value holds none. It is not
// safe for concurrent changes.
type Secrets []string

// Add adds a secret. Text of fewer than four bytes is ignored.
func (s *Secrets) Add(text string) {
	if len(text) >= minLength {
		*s = append(*s, text)
	}
}

// AddHeader adds the value of a header, and separately the credentials of
// "Scheme credentials".
func (s *Secrets) AddHeader(value string) {
	s.Add(value)
	if _, credentials, found := strings.Cut(value, " "); found {
		s.Add(credentials)
	}
}

// AddURL adds user name, password and query of a URL, also in the form that they
// have in an Authorization header.
func (s *Secrets) AddURL(u *url.URL) {
	s.Add(u.RawQuery)
	for _, values := range u.Query() {
		for _, value := range values {
			s.Add(value)
		}
	}
	if u.User == nil {
		return
	}
	password, _ := u.User.Password()
	for _, text := range []string{u.User.String(), u.User.Username(), password} {
		s.Add(text)
	}
	s.AddBasic(u.User.Username(), password)
}

// AddBasic adds a user name and a password in the form that they have in an Authorization
// header.
func (s *Secrets) AddBasic(user, password string) {
	s.Add(base64.StdEncoding.EncodeToString([]byte(user + ":" + password)))
}

// Redact returns text with every secret replaced. Cut text to length afterwards:
// half a secret is not found.
func (s Secrets) Redact(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, mask)
	}
	return text
}
