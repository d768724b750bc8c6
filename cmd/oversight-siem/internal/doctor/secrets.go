// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"slices"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/redact"
)

// secretKeys are the settings whose values no result may show, whatever a server or a
// program writes into an error.
var secretKeys = []string{
	"token", "api_key", "password", "client_secret", "client_certificate_password",
	"connection_string", "key_pem", "headers", "proxy_url",
}

// secrets are the values of the configuration that no result may show.
func (c *config) secrets() redact.Secrets {
	var found redact.Secrets
	collectSecrets(c.conf.ToStringMap(), false, &found)
	return found
}

// collectSecrets adds the values below a setting; secret says that it is one itself.
func collectSecrets(value any, secret bool, found *redact.Secrets) {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			collectSecrets(inner, secret || slices.Contains(secretKeys, key), found)
		}
	case []any:
		for _, inner := range value {
			collectSecrets(inner, secret, found)
		}
	case nil, bool:
	default:
		if secret {
			found.Add(fmt.Sprint(value))
		}
	}
}

// redact removes secrets from the results.
func (r Report) redact(secrets redact.Secrets) {
	for i := range r {
		r[i].Seen, r[i].Remedy = secrets.Redact(r[i].Seen), secrets.Redact(r[i].Remedy)
	}
}
