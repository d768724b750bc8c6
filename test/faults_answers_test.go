// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
)

// answer returns a fixed answer.
func answer(code int, contentType, text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(code)
		fmt.Fprint(w, text)
	}
}

// loginPage answers as Splunk Web and many SSO proxies do: a redirect to a page
// that is there.
func loginPage(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || strings.Contains(r.URL.Path, "login") {
		answer(http.StatusOK, "text/html", "<!doctype html><html><head><title>Login | Splunk</title></head></html>")(w, r)
		return
	}
	w.Header().Set("Location", "/en-US/account/login?return_to="+r.URL.Path)
	w.WriteHeader(http.StatusSeeOther)
}

// A status of success that does not look like one counts as none: when the
// destination is put right, everything arrives.
func TestFaultSuccessThatIsNone(t *testing.T) {
	for name, wrong := range map[string]func(http.ResponseWriter, *http.Request){
		"splunk/login page after 303":     loginPage,
		"splunk/login page":               answer(200, "text/html", "<html>Sign in</html>"),
		"splunk/empty":                    answer(200, "application/json", ""),
		"splunk/another JSON":             answer(200, "application/json", `{"status":"ok"}`),
		"splunk/204":                      answer(204, "", ""),
		"elastic/no items":                answer(200, "application/json", `{"took":1,"errors":false,"items":[]}`),
		"elastic/items only":              answer(200, "application/json", `{"items":[]}`),
		"elastic/took only":               answer(200, "application/json", `{"took":1}`),
		"elastic/login page":              answer(200, "text/html", "<html>Sign in</html>"),
		"elastic/login page after 303":    loginPage,
		"sentinel/200 with HTML":          answer(200, "text/html", "<html>Sign in</html>"),
		"sentinel/200 with an error":      answer(200, "application/json", `{"error":{"code":"ThrottlingError"}}`),
		"sentinel/200 and empty":          answer(200, "application/json", ""),
		"sentinel/login page after a 303": loginPage,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target, _, _ := strings.Cut(name, "/")
			s := newFaultSite(t, ordinaryRegistry(t))
			destination := s.destination(target)
			destination.fails(wrong)
			to := s.targets(t)[target]
			collector := s.runTarget(to, smallBatches("oversight/"+target))
			destination.waitForAttempts(t, attempts)
			destination.setFault(nil)
			requireArrived(t, to.recorder, ordinary)
			collector.interrupt()
		})
	}
}

func (s *site) destination(target string) *destination {
	return map[string]*destination{"splunk": s.hec.destination, "elastic": s.bulk.destination, "sentinel": s.azure.destination, "azuremonitor": s.track.destination}[target]
}

// Redirects take events, and the headers that are secret, nowhere.
func TestFaultRedirectToAnotherHost(t *testing.T) {
	for _, name := range []string{"splunk", "elastic", "sentinel", "azuremonitor"} {
		for _, code := range []int{http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
			t.Run(fmt.Sprintf("%s/%d", name, code), func(t *testing.T) {
				t.Parallel()
				var visited atomic.Int64
				elsewhere := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					visited.Add(1)
					answer(http.StatusOK, "application/json", `{"text":"Success","code":0}`)(w, r)
				}))
				s := newFaultSite(t, ordinaryRegistry(t))
				destination := s.destination(name)
				destination.fails(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Location", elsewhere+r.URL.RequestURI())
					w.WriteHeader(code)
				})
				target := s.targets(t)[name]
				collector := s.runTarget(target, smallBatches("oversight/"+name))
				destination.waitForAttempts(t, attempts)
				assert.Zero(t, visited.Load(), "requests that followed the redirect")
				if name != "azuremonitor" { // it acknowledges before it sends
					destination.setFault(nil)
					requireArrived(t, target.recorder, ordinary)
				}
				collector.interrupt()
			})
		}
	}
}

// The registry's redirect is not followed, and what stands behind it is not in the
// log.
func TestFaultTreeHeadRedirects(t *testing.T) {
	for _, code := range []int{http.StatusFound, http.StatusTemporaryRedirect} {
		t.Run(http.StatusText(code), func(t *testing.T) {
			t.Parallel()
			var visited atomic.Int64
			elsewhere := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				visited.Add(1)
				answer(http.StatusOK, "application/json", `{"secret":"of another host"}`)(w, r)
			}))
			var asked atomic.Int64
			registry := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				w.Header().Set("Location", elsewhere+"/tlog/head")
				w.WriteHeader(code)
			}))
			s := newSite(t, "registry.sqlite")
			collector := s.run([]string{"OVERSIGHT_ENDPOINT=" + registry}, "verified.yaml",
				"receivers: {oversight: {transparency_log: {tree_head: {interval: 1s, headers: {X-Api-Key: not-for-others}}}}}")
			eventuallyWithin(t, faultTimeout, func() error { return errorIf(asked.Load() < 2, "the registry has not been asked") })
			assert.Zero(t, visited.Load(), "requests that followed the redirect")
			assert.NotContains(t, collector.Output.String(), "of another host")
			collector.interrupt()
		})
	}
}
