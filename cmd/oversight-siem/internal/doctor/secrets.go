// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/redact"
)

// secretKeys are the settings whose values no result may show, whatever a server or a
// program writes into an error.
var secretKeys = []string{
	"token", "api_key", "password", "client_secret", "client_certificate_password",
	"connection_string", "instrumentation_key", "key_pem", "headers", "htpasswd", "inline",
}

// secrets are the values of the configuration that no result may show: those of secret
// settings, what files are read for, and user, password and query of URLs.
func (c *config) secrets() redact.Secrets {
	var found redact.Secrets
	c.collectSecrets(c.conf.ToStringMap(), false, &found)
	for _, v := range c.values {
		if v.scheme == "file" {
			found.Add(v.text)
		}
	}
	// The longest first: one may be a part of another.
	slices.SortStableFunc(found, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return slices.Compact(found)
}

// collectSecrets adds the values below a setting; secret says that it is one itself.
func (c *config) collectSecrets(value any, secret bool, found *redact.Secrets) {
	switch value := value.(type) {
	case map[string]any:
		addBasic(value, found)
		for key, inner := range value {
			c.collectSecrets(inner, secret || slices.Contains(secretKeys, key), found)
		}
	case []any:
		for _, inner := range value {
			c.collectSecrets(inner, secret, found)
		}
	case nil, bool:
	default:
		text := fmt.Sprint(value)
		addURL(text, found)
		if secret {
			c.addSecret(text, found)
		}
	}
}

// addSecret adds a secret in the forms in which a message may show it: as it was
// written, such as 0123 in place of 83, and the parts of "Scheme credentials" and of
// "Name=value;…".
func (c *config) addSecret(text string, found *redact.Secrets) {
	found.AddHeader(text)
	for _, v := range c.values {
		if v.text != text && fmt.Sprint(v.parsed) == text {
			found.Add(v.text)
		}
	}
	if strings.Contains(strings.TrimSpace(text), "\n") { // a key in PEM, of which a message may show lines
		for line := range strings.Lines(text) {
			found.Add(strings.TrimSpace(line))
		}
	}
	if _, secret, ok := strings.Cut(text, ":"); ok { // a user's, in htpasswd
		found.Add(strings.TrimSpace(secret))
	}
	for part := range strings.SplitSeq(text, ";") {
		if name, value, ok := strings.Cut(part, "="); ok && strings.Contains(name, "Key") {
			found.Add(value)
		}
	}
	if decoded, err := base64.StdEncoding.DecodeString(text); err == nil && utf8.Valid(decoded) {
		found.Add(string(decoded)) // an API key of Elasticsearch: id:key
		if _, key, ok := strings.Cut(string(decoded), ":"); ok {
			found.Add(key)
		}
	}
}

// addBasic adds the credentials of a user and a password as they are sent.
func addBasic(settings map[string]any, found *redact.Secrets) {
	password, ok := settings["password"]
	if !ok {
		return
	}
	for _, key := range []string{"user", "username"} {
		if user, ok := settings[key]; ok {
			found.AddBasic(fmt.Sprint(user), fmt.Sprint(password))
		}
	}
}

// minQuerySecret is the shortest value in a query that is treated as a secret, in bytes:
// shorter ones are words, such as true.
const minQuerySecret = 8

// addURL adds user, password and query of a URL.
func addURL(text string, found *redact.Secrets) {
	if !strings.Contains(text, "://") {
		if user, _, ok := strings.Cut(text, "@"); ok && strings.Contains(user, ":") { // of an address without a scheme
			found.Add(user)
			_, password, _ := strings.Cut(user, ":")
			found.Add(password)
		}
		return
	}
	u, err := url.Parse(text)
	if err != nil { // what a message says about it may show any part
		found.Add(text)
	}
	if err != nil || u.Host == "" {
		return
	}
	found.Add(u.RawQuery)
	for _, values := range u.Query() {
		for _, value := range values {
			if len(value) >= minQuerySecret {
				found.Add(value)
			}
		}
	}
	if password, ok := u.User.Password(); ok {
		found.Add(password)
		found.Add(u.User.String())
		found.AddBasic(u.User.Username(), password)
	}
}

// maxSeen bounds what a result shows of the text of a server or a program, in bytes.
const maxSeen = 1500

// redact removes secrets from the results, and shortens them then: half a secret would
// not be found.
func (r Report) redact(secrets redact.Secrets) {
	for i := range r {
		r[i].Seen, r[i].Remedy = secrets.Redact(r[i].Seen), secrets.Redact(r[i].Remedy)
		if len(r[i].Seen) > maxSeen {
			r[i].Seen = strings.ToValidUTF8(r[i].Seen[:maxSeen], "") + "…"
		}
	}
}
