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

// tokenMargin is how long before its end a token is renewed: no request that
// carries it is still on its way by then.
const tokenMargin = 5 * time.Minute

// tokenTimeout is for all that it takes to get a token: azidentity tries some
// of its ways several times.
const tokenTimeout = 30 * time.Second

// tokens hands out access tokens. Most credentials keep theirs, but the Azure
// CLI is a process to start for each, so the last one is kept here as well.
// It is safe for concurrent use.
type tokens struct {
	credential azcore.TokenCredential
	options    policy.TokenRequestOptions

	// asking makes one request of those that come at the same time, whose
	// failure is that of all of them: they do not wait one after another.
	asking singleflight.Group

	mu   sync.Mutex // guards last
	last azcore.AccessToken
}

func newTokens(credential azcore.TokenCredential, scope string) *tokens {
	return &tokens{credential: credential, options: policy.TokenRequestOptions{Scopes: []string{scope}}}
}

// get returns a token that is good for some minutes, unless the credential
// hands out shorter ones.
func (t *tokens) get(ctx context.Context) (string, error) {
	if token, ok := t.kept(); ok {
		return token, nil
	}
	token, err, _ := t.asking.Do("", func() (any, error) { return t.ask(ctx) })
	if err != nil {
		return "", err
	}
	return token.(string), nil
}

// ask gets a token for all that wait for it, whether the first of them still
// does or not.
func (t *tokens) ask(ctx context.Context) (string, error) {
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

func (t *tokens) kept() (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last.Token, time.Until(t.last.ExpiresOn) > tokenMargin
}

// forget drops a token that the service did not take.
func (t *tokens) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = azcore.AccessToken{}
}

// tokenError makes one line of azidentity's errors, which show the whole
// answer, and come with a link to its troubleshooting guide.
func tokenError(err error) error {
	var failed *azidentity.AuthenticationFailedError
	if !errors.As(err, &failed) || failed.RawResponse == nil {
		return errors.New(strings.Join(strings.Fields(err.Error()), " "))
	}
	var answer struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	body, readErr := runtime.Payload(failed.RawResponse)
	if readErr != nil || json.Unmarshal(body, &answer) != nil || answer.Error == "" {
		return fmt.Errorf("the answer was %s", failed.RawResponse.Status)
	}
	return fmt.Errorf("%s: %s", answer.Error, strings.Join(strings.Fields(answer.Description), " "))
}
