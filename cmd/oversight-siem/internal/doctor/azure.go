// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/redact"
)

// azureClouds are the authorities, the scopes and the ends of ingestion addresses.
// Source: learn.microsoft.com, "Logs Ingestion API in Azure Monitor".
var azureClouds = map[string]struct{ authority, scope, suffix string }{
	"public":        {"https://login.microsoftonline.com", "https://monitor.azure.com/.default", ".azure.com"},
	"us_government": {"https://login.microsoftonline.us", "https://monitor.azure.us/.default", ".azure.us"},
	"china":         {"https://login.chinacloudapi.cn", "https://monitor.azure.cn/.default", ".azure.cn"},
}

// azureVersion is the version of the Logs Ingestion API.
const azureVersion = "2023-01-01"

// azure is the settings of an azure_logs_ingestion exporter.
type azure struct {
	RuleID     string `mapstructure:"rule_id"`
	StreamName string `mapstructure:"stream_name"`
	Credential struct {
		Type          string `mapstructure:"type"`
		TenantID      string `mapstructure:"tenant_id"`
		ClientID      string `mapstructure:"client_id"`
		ClientSecret  string `mapstructure:"client_secret"`
		Cloud         string `mapstructure:"cloud"`
		AuthorityHost string `mapstructure:"authority_host"`
		Scope         string `mapstructure:"scope"`
	} `mapstructure:"credential"`

	client   *httpClient
	endpoint *url.URL
}

func (e *exporter) azure() (*azure, []finding) {
	client, endpoint, found := e.client()
	if found != nil {
		return nil, found
	}
	a := &azure{client: client}
	if found := e.read(a); found != nil {
		return nil, found
	}
	var err error
	a.endpoint, err = url.Parse(endpoint)
	if err != nil || a.endpoint.Host == "" {
		return nil, failed("set it to the ingestion URL of the data collection endpoint or rule", "`%s::endpoint` is not a URL", e.key())
	}
	return a, nil
}

// checkAzureEndpoint compares the endpoint with the cloud, and asks for an answer.
func (e *exporter) checkAzureEndpoint(ctx context.Context) []finding {
	a, found := e.azure()
	if found != nil {
		return found
	}
	defer a.client.http.CloseIdleConnections()
	for name, cloud := range azureClouds {
		host := a.endpoint.Hostname()
		if strings.HasSuffix(host, cloud.suffix) && name != a.cloud() {
			found = append(found, failed(fmt.Sprintf("set `%s::credential::cloud` to %s, or use the endpoint of the other cloud", e.key(), name), "%s is in the cloud %s, and the credential in %s", host, name, a.cloud())...)
		}
	}
	got, problem := a.client.request(ctx, http.MethodGet, a.endpoint, "", nil)
	if problem != nil {
		return append(found, problem...)
	}
	found = append(found, compareClock(&got)...)
	if len(found) == 0 {
		return passed("%s answers", got.url)
	}
	return found
}

func (a *azure) cloud() string {
	if a.Credential.Cloud == "" {
		return "public"
	}
	return a.Credential.Cloud
}

// checkAzureRule sends a request without rows, which the service accepts and which has
// no effect.
func (e *exporter) checkAzureRule(ctx context.Context) []finding {
	a, found := e.azure()
	if found != nil {
		return found
	}
	defer a.client.http.CloseIdleConnections()
	if a.Credential.Type != "client_secret" {
		return e.azureByHand(a.Credential.Type)
	}
	got, found := a.post(ctx, "[]")
	if found != nil {
		return found
	}
	return e.classifyAzure(&got)
}

// post sends rows to the rule, with an access token, which the answer does not have.
func (a *azure) post(ctx context.Context, rows string) (answer, []finding) {
	token, found := a.token(ctx)
	if found != nil {
		return answer{}, found
	}
	u := a.endpoint.JoinPath("dataCollectionRules", a.RuleID, "streams", a.StreamName)
	u.RawQuery = "api-version=" + azureVersion
	got, found := a.client.request(ctx, http.MethodPost, u, rows, http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}})
	var secrets redact.Secrets
	secrets.Add(token)
	got.body = []byte(secrets.Redact(string(got.body)))
	return got, found
}

func (e *exporter) classifyAzure(a *answer) []finding {
	switch a.status {
	case http.StatusNoContent, http.StatusOK:
		return passed("%s accepts requests for the rule and the stream", a.url)
	case http.StatusForbidden:
		return failed("assign the role Monitoring Metrics Publisher on the data collection rule to the application; that takes up to 30 minutes", "%s: the application has no role for the rule (403)%s", a.url, afterColon(azureMessage(a.body)))
	case http.StatusNotFound:
		return failed(fmt.Sprintf("set `%s::rule_id` to the immutable id of the rule, and `endpoint` to the ingestion URL of that rule", e.key()), "%s: there is no such rule at this endpoint (404)%s", a.url, afterColon(azureMessage(a.body)))
	case http.StatusUnauthorized:
		return failed(fmt.Sprintf("set `%s::credential::tenant_id` to the tenant of the rule, and `cloud` to its cloud", e.key()), "%s does not accept the access token (401)%s", a.url, afterColon(azureMessage(a.body)))
	case http.StatusBadRequest:
		return failed(fmt.Sprintf("set `%s::stream_name` to a stream that the rule declares, and `rule_id` to its immutable id", e.key()), "%s answers 400: %s", a.url, azureMessage(a.body))
	default:
		return notChecked("run the check again later", "%s answers %d: %s", a.url, a.status, azureMessage(a.body))
	}
}

func afterColon(text string) string {
	if text == "" {
		return ""
	}
	return ": " + text
}

// azureMessage is the message of an error of Azure; empty for none.
func azureMessage(body []byte) string {
	var e struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &e) != nil {
		return ""
	}
	return strings.TrimSpace(e.Error.Code + " " + e.Error.Message)
}

// token gets an access token with the application's secret.
func (a *azure) token(ctx context.Context) (string, []finding) {
	cloud, known := azureClouds[a.cloud()]
	if !known {
		return "", failed(fmt.Sprintf("set `%s::credential::cloud` to public, us_government or china", a.client.key), "there is no cloud %q", a.cloud())
	}
	if a.Credential.AuthorityHost != "" {
		cloud.authority = a.Credential.AuthorityHost
	}
	if a.Credential.Scope != "" {
		cloud.scope = a.Credential.Scope
	}
	u, err := url.Parse(cloud.authority)
	if err != nil {
		return "", failed(fmt.Sprintf("set `%s::credential::authority_host` to a URL", a.client.key), "the authority is not a URL")
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {a.Credential.ClientID}, "client_secret": {a.Credential.ClientSecret}, "scope": {cloud.scope}}
	got, found := a.client.request(ctx, http.MethodPost, u.JoinPath(a.Credential.TenantID, "oauth2/v2.0/token"), form.Encode(), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
	if found != nil {
		return "", found
	}
	var reply struct {
		Token string `json:"access_token"`
		entraError
	}
	if err := json.Unmarshal(got.body, &reply); err != nil || reply.Token == "" {
		return "", failed(reply.remedy(a.client.key+"::credential"), "%s gives no access token (%d): %s", got.url, got.status, reply.entraError)
	}
	return reply.Token, nil
}
