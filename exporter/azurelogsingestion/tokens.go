// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestion

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
)

// tokenMargin is how long before its end a token is renewed: no request that
// carries it is still on its way by then.
const tokenMargin = 5 * time.Minute

// tokens hands out access tokens. Most credentials keep theirs, but the Azure
// CLI is a process to start for each, so the last one is kept here as well.
// It is safe for concurrent use.
type tokens struct {
	credential azcore.TokenCredential
	options    policy.TokenRequestOptions

	mu   sync.Mutex // held while a token is asked for, so that it is asked for once
	last azcore.AccessToken
}

func newTokens(credential azcore.TokenCredential, scope string) *tokens {
	return &tokens{credential: credential, options: policy.TokenRequestOptions{Scopes: []string{scope}}}
}

// get returns a token that is good for some minutes at least.
func (t *tokens) get(ctx context.Context) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Until(t.last.ExpiresOn) > tokenMargin {
		return t.last.Token, nil
	}
	token, err := t.credential.GetToken(ctx, t.options)
	if err != nil {
		return "", tokenError(err)
	}
	t.last = token
	return token.Token, nil
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
