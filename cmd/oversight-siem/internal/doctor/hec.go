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
)

// Codes of HEC's answers. Source: Splunk Enterprise, "Troubleshoot HTTP Event Collector",
// possible error codes.
const (
	hecSuccess        = 0
	hecTokenDisabled  = 1
	hecTokenRequired  = 2
	hecInvalidAuth    = 3
	hecInvalidToken   = 4
	hecNoData         = 5
	hecIncorrectIndex = 7
	hecServerBusy     = 9
	hecNoChannel      = 10
	hecInvalidChannel = 11
	hecNotFound       = 404 // no address of HEC
)

const hecPath = "/services/collector"

// hec is HEC as an exporter is configured for it.
type hec struct {
	*httpClient
	base   *url.URL
	events *url.URL // where the exporter sends events
	token  string
}

func (e *exporter) hec() (*hec, []finding) {
	var secret struct {
		Token string `mapstructure:"token"`
	}
	client, endpoint, found := e.client()
	if found != nil {
		return nil, found
	}
	if found := e.read(&secret); found != nil {
		return nil, found
	}
	base, err := url.Parse(endpoint)
	if err != nil || base.Host == "" {
		return nil, failed("set it to the address of HEC, such as https://splunk.example.org:8088/services/collector", "`%s::endpoint` is not a URL", e.key())
	}
	events := *base
	if strings.Trim(events.Path, "/") == "" { // as the exporter does
		events.Path = hecPath
	}
	before, _, _ := strings.Cut(base.Path, hecPath)
	base.Path = before
	return &hec{client, base, &events, secret.Token}, nil
}

// hecAnswer is HEC's own part of an answer.
type hecAnswer struct {
	Text string `json:"text"`
	Code *int   `json:"code"`
}

// ask sends a request to HEC, and explains answers that are not HEC's.
func (h *hec) ask(ctx context.Context, method string, u *url.URL, body string) (a answer, own hecAnswer, found []finding) {
	header := http.Header{"Authorization": {"Splunk " + h.token}}
	a, found = h.request(ctx, method, u, body, header)
	if found != nil {
		return a, own, found
	}
	if err := json.Unmarshal(a.body, &own); err == nil && own.Code != nil {
		return a, own, nil
	}
	return a, own, h.notHEC(&a)
}

// notHEC explains an answer that is not HEC's.
func (h *hec) notHEC(a *answer) []finding {
	remedy := fmt.Sprintf("set `%s::endpoint` to the port of HEC (8088 by default: Settings > Data inputs > HTTP Event Collector > Global settings)", h.key)
	body := string(a.body)
	switch {
	case strings.Contains(a.redirect(), "/account/login"), strings.Contains(a.redirect(), "/en-"), a.isHTML() && strings.Contains(body, "splunk"):
		return failed(remedy, "%s is Splunk Web, not HEC", a.url)
	case strings.Contains(body, "<response>") && strings.Contains(body, "<messages>"):
		return failed(remedy, "%s is Splunk's management port, not HEC", a.url)
	}
	if found := h.notWhatWeWant(a, "HEC"); found != nil {
		return found
	}
	return failed(remedy, "%s answers %d, which is not HEC's answer", a.url, a.status)
}

// checkHECHealth asks HEC whether it is up. That needs no token.
func (e *exporter) checkHECHealth(ctx context.Context) []finding {
	h, found := e.hec()
	if found != nil {
		return found
	}
	defer h.http.CloseIdleConnections()
	a, own, found := h.ask(ctx, http.MethodGet, h.base.JoinPath(hecPath, "health"), "")
	if found != nil {
		return found
	}
	clock := compareClock(&a)
	switch {
	case a.status == http.StatusOK:
		return append(passed("%s: %s", a.url, own.Text), clock...)
	case *own.Code == hecServerBusy || a.status == http.StatusServiceUnavailable:
		return append(failed("see the queues in Splunk's monitoring console: the indexers do not keep up, or their disk is full", "%s: %s", a.url, own.Text), clock...)
	default:
		return append(notChecked("see splunk.token", "%s answers %d: %s", a.url, a.status, own.Text), clock...)
	}
}

// checkHECToken sends a request without an event, which HEC refuses with another code
// when it accepts the token.
func (e *exporter) checkHECToken(ctx context.Context) []finding {
	h, found := e.hec()
	if found != nil {
		return found
	}
	defer h.http.CloseIdleConnections()
	if h.token == "" {
		return failed("set it to the token's value, best ${file:…}", "`%s::token` is empty", e.key())
	}
	if strings.HasSuffix(strings.TrimSuffix(h.events.Path, "/"), hecPath+"/raw") {
		return failed(fmt.Sprintf("let `%s::endpoint` end with %s", e.key(), hecPath), "%s is for raw text: Splunk would not read the events as JSON", withoutSecrets(h.events))
	}
	a, own, found := h.ask(ctx, http.MethodPost, h.events, "")
	if found != nil {
		return found
	}
	if *own.Code == hecNoData && a.header.Get("Server") == splunkServer && h.acknowledges(ctx) {
		return e.classifyHEC(&a, hecAnswer{"it answers requests for acknowledgements", new(hecNoChannel)})
	}
	return e.classifyHEC(&a, own)
}

// splunkServer is the header Server of Splunk's own HEC. What imitates it could take any
// request for an event.
const splunkServer = "Splunkd"

// anyChannel is a channel, which HEC makes when it is asked about it.
const anyChannel = "00000000-0000-4000-8000-000000000000"

// acknowledges asks HEC for an acknowledgement, which it refuses with the code 14 where
// they are off for the token. It looks for the channel of events only after their data.
func (h *hec) acknowledges(ctx context.Context) bool {
	u := h.base.JoinPath(hecPath, "ack")
	u.RawQuery = "channel=" + anyChannel
	a, found := h.request(ctx, http.MethodPost, u, `{"acks":[0]}`, http.Header{"Authorization": {"Splunk " + h.token}})
	var own struct {
		Acks map[string]any `json:"acks"`
	}
	return found == nil && a.status == http.StatusOK && json.Unmarshal(a.body, &own) == nil && own.Acks != nil
}

func (e *exporter) classifyHEC(a *answer, own hecAnswer) []finding {
	token := e.key() + "::token"
	switch *own.Code {
	case hecNoData, hecSuccess:
		return passed("%s accepts the token", a.url)
	case hecTokenDisabled:
		return failed("enable the token in Splunk: Settings > Data inputs > HTTP Event Collector", "%s: the token is disabled", a.url)
	case hecTokenRequired, hecInvalidAuth, hecInvalidToken:
		return failed(fmt.Sprintf("set `%s` to a token of that Splunk: Settings > Data inputs > HTTP Event Collector", token), "%s does not know the token (code %d: %s)", a.url, *own.Code, own.Text)
	case hecNoChannel, hecInvalidChannel:
		return failed("turn indexer acknowledgement off for the token in Splunk, or use another token: without a channel all events are refused", "%s: the token has indexer acknowledgement on (code %d: %s)", a.url, *own.Code, own.Text)
	case hecServerBusy:
		return failed("see the queues in Splunk's monitoring console", "%s: %s", a.url, own.Text)
	case hecNotFound:
		return failed(fmt.Sprintf("let `%s::endpoint` end with %s", e.key(), hecPath), "%s is no address of HEC (code %d: %s)", a.url, *own.Code, own.Text)
	case hecIncorrectIndex:
		return failed("add the index to the token's allowed indexes, or set `index` of the processor oversight_siem to one of these", "%s: the token may not write to the index", a.url)
	default:
		return notChecked("look up the code in Splunk's documentation of HEC", "%s answers code %d: %s", a.url, *own.Code, own.Text)
	}
}
