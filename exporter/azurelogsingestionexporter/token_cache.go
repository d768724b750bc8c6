// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"golang.org/x/sync/singleflight"
)

// tokenRenewalMargin is how long before its expiry a token is renewed, so that
// it does not expire during a request.
const tokenRenewalMargin = 5 * time.Minute

// tokenTimeout limits getting a token as a whole: azidentity retries some
// requests.
const tokenTimeout = 30 * time.Second

// tokenCache gets access tokens and keeps the last one. Most credentials have a
// cache of their own, but the Azure CLI starts a process for each token. It is
// safe for concurrent use.
type tokenCache struct {
	credential azcore.TokenCredential
	options    policy.TokenRequestOptions

	// fetches merges concurrent requests into one, whose failure all callers get
	// instead of waiting one after another.
	fetches singleflight.Group

	mu   sync.Mutex // guards last
	last azcore.AccessToken
}

func newTokenCache(credential azcore.TokenCredential, scope string) *tokenCache {
	return &tokenCache{credential: credential, options: policy.TokenRequestOptions{Scopes: []string{scope}}}
}

// get returns a token that is valid for at least tokenRenewalMargin, unless the
// credential issues shorter ones.
func (t *tokenCache) get(ctx context.Context) (string, error) {
	if token, ok := t.cached(); ok {
		return token, nil
	}
	token, err, _ := t.fetches.Do("", func() (any, error) { return t.fetch(ctx) })
	if err != nil {
		return "", err
	}
	return token.(string), nil
}

// fetch gets a token for all callers that wait for it. It does not stop when the
// first of them is canceled.
func (t *tokenCache) fetch(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tokenTimeout)
	defer cancel()
	token, err := t.credential.GetToken(ctx, t.options)
	if err != nil {
		return "", tokenError(err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = token
	return token.Token, nil
}

func (t *tokenCache) cached() (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last.Token, time.Until(t.last.ExpiresOn) > tokenRenewalMargin
}

// invalidate drops the cached token, after the service rejected it.
func (t *tokenCache) invalidate() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = azcore.AccessToken{}
}

// tokenError shortens azidentity's errors to one line: they contain the whole
// response and a link to a troubleshooting guide.
func tokenError(err error) error {
	var failed *azidentity.AuthenticationFailedError
	if !errors.As(err, &failed) || failed.RawResponse == nil {
		return errors.New(strings.Join(strings.Fields(err.Error()), " "))
	}
	var parsed struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	body, readErr := runtime.Payload(failed.RawResponse)
	if readErr != nil || json.Unmarshal(body, &parsed) != nil || parsed.Error == "" {
		return fmt.Errorf("the token endpoint responded %s", failed.RawResponse.Status)
	}
	return fmt.Errorf("%s: %s", parsed.Error, strings.Join(strings.Fields(parsed.Description), " "))
}
