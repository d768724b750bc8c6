// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// secretForms are settings with secrets, and the texts that no result may show, besides
// those that the configuration has itself.
var secretForms = map[string]struct {
	text    string
	secrets []string
}{
	"token":             {`exporters: {splunk_hec/x: {token: "hidden-1"}}`, []string{"hidden-1"}},
	"api_key":           {`exporters: {elasticsearch/x: {api_key: "aWQ6aGlkZGVuLTI="}}`, []string{"aWQ6aGlkZGVuLTI=", "hidden-2", "id:hidden-2"}},
	"password":          {`exporters: {elasticsearch/x: {user: someone, password: "hidden-3"}}`, []string{"hidden-3", base64.StdEncoding.EncodeToString([]byte("someone:hidden-3"))}},
	"client_secret":     {`extensions: {oauth2client/x: {client_secret: "hidden-4"}}`, []string{"hidden-4"}},
	"certificate":       {`exporters: {azure_logs_ingestion/x: {credential: {client_certificate_password: "hidden-5"}}}`, []string{"hidden-5"}},
	"connection_string": {`exporters: {azuremonitor/x: {connection_string: "InstrumentationKey=hidden-6;IngestionEndpoint=https://x.example.org/"}}`, []string{"hidden-6"}},
	"headers":           {`exporters: {otlp_http/x: {headers: {authorization: "Bearer hidden-7"}}}`, []string{"Bearer hidden-7", "hidden-7"}},
	"list of headers":   {`exporters: {otlp_http/x: {headers: [{name: authorization, value: "Basic hidden-8"}]}}`, []string{"hidden-8"}},
	"proxy_url":         {`exporters: {otlp_http/x: {proxy_url: "http://someone:hidden-9@proxy.example.org"}}`, []string{"hidden-9"}},
	"endpoint":          {`exporters: {elasticsearch/x: {endpoints: ["https://someone:hidden-10@elastic.example.org?key=hidden-11"]}}`, []string{"hidden-10", "hidden-11", base64.StdEncoding.EncodeToString([]byte("someone:hidden-10"))}},
	"key_pem":           {`exporters: {otlp_http/x: {tls: {key_pem: "-----BEGIN PRIVATE KEY-----\nhidden-12\nhidden-13\n-----END PRIVATE KEY-----\n"}}}`, []string{"hidden-12", "hidden-13"}},
	"htpasswd":          {`extensions: {basicauth/x: {htpasswd: {inline: "someone:hidden-14"}}}`, []string{"hidden-14"}},
	"sasl":              {`exporters: {kafka/x: {auth: {sasl: {username: someone, password: "hidden-15"}}}}`, []string{"hidden-15"}},
	"a number":          {`exporters: {splunk_hec/x: {token: "${env:DOCTOR_NUMBER}"}}`, []string{"0123456700"}},
	"a file":            {`exporters: {otlp_http/x: {other: "${file:HIDDEN_FILE}"}}`, []string{"hidden-16"}},
	"within a text":     {`exporters: {splunk_hec/x: {token: "prefix-${env:DOCTOR_SECRET}"}}`, []string{"prefix-hidden-17"}},
}

// No result shows a secret, in text or JSON, when the collector prints it in any of these
// forms.
func TestSecretForms(t *testing.T) {
	t.Setenv("DOCTOR_NUMBER", "0123456700")
	t.Setenv("DOCTOR_SECRET", "hidden-17")
	for name, form := range secretForms {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t)
			file := filepath.Join(s.dir, "hidden")
			require.NoError(t, os.WriteFile(file, []byte("hidden-16\n"), 0o600))
			more := filepath.Join(s.dir, "more.yaml")
			require.NoError(t, os.WriteFile(more, []byte(strings.ReplaceAll(form.text, "HIDDEN_FILE", file)), 0o600))
			s.moreConfig = []string{more}
			printed := filepath.Join(s.dir, "printed")
			require.NoError(t, os.WriteFile(printed, []byte("printed: "+strings.Join(form.secrets, " and ")+"\n"), 0o600))
			s.settings.Collector = filepath.Join(s.dir, "collector")
			require.NoError(t, os.WriteFile(s.settings.Collector, []byte("#!/bin/sh\ncat "+printed+"\nexit 1\n"), 0o700))
			report := s.run(t)
			assert.Contains(t, results(report, "config.validate")[0].Seen, "printed: ")
			var encoded bytes.Buffer
			require.NoError(t, report.WriteJSON(&encoded))
			for _, secret := range form.secrets {
				assert.NotContains(t, text(t, report), secret)
				assert.NotContains(t, encoded.String(), secret)
			}
		})
	}
}

// A secret at the place where a long text is cut is not shown in part.
func TestSecretAtTheCut(t *testing.T) {
	s := newSetup(t)
	s.settings.Collector = filepath.Join(s.dir, "collector")
	for length := 1440; length <= 1500; length += 4 {
		script := "#!/bin/sh\necho " + strings.Repeat("x", length) + hecToken + "\nexit 1\n"
		require.NoError(t, os.WriteFile(s.settings.Collector, []byte(script), 0o700))
		assert.NotContains(t, text(t, s.run(t)), hecToken[:8], length)
	}
}
