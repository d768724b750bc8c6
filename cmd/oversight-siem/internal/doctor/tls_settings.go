// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/config/configtls"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

// maxPEM bounds a file with certificates or a key, in bytes.
const maxPEM = 4 << 20

// tlsConfig is what the collector makes of settings of TLS. The files are looked at
// first: the collector's code waits for a pipe. Errors name the files: its own do not.
func tlsConfig(settings *configtls.ClientConfig) (*tls.Config, error) {
	var files []string
	for _, file := range []struct{ key, path string }{
		{"ca_file", settings.CAFile}, {"cert_file", settings.CertFile}, {"key_file", settings.KeyFile},
	} {
		if file.path == "" {
			continue
		}
		if _, err := cli.ReadRegular(file.path, maxPEM); err != nil {
			return nil, fmt.Errorf("`tls::%s` %s: %w", file.key, file.path, plain(err))
		}
		files = append(files, fmt.Sprintf(", `%s` %s", file.key, file.path))
	}
	config, err := settings.LoadTLSConfig(context.Background())
	if err != nil {
		return nil, fmt.Errorf("`tls`%s: %w", strings.Join(files, ""), err)
	}
	return cmp.Or(config, &tls.Config{MinVersion: tls.VersionTLS12}), nil // none where it is insecure
}
