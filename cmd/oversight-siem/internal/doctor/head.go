// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/internal/treehead"
)

func (r *receiver) headKey() string {
	return fmt.Sprintf("receivers::%s::transparency_log::tree_head", r.id)
}

// key is the public key that heads are verified with.
func (r *receiver) key() (ed25519.PublicKey, string, error) {
	text := r.RegistryID
	if r.Log.PublicKey != "" {
		text = r.Log.PublicKey
	}
	key, err := tlog.ParsePublicKey(text)
	return key, text, err
}

// registryRequest asks the registry, whose answer must be JSON.
func (r *receiver) registryRequest(ctx context.Context, path string) (a answer, found []finding) {
	client, found := newHTTPClient(r.Log.TreeHead, r.headKey())
	if found != nil {
		return answer{}, found
	}
	defer client.http.CloseIdleConnections()
	base, err := url.Parse(r.Log.TreeHead.Endpoint)
	if err != nil || base.Host == "" {
		return answer{}, failed("set it to the URL of the registry, such as https://registry.example.org", "`%s::endpoint` is not a URL", r.headKey())
	}
	base.Path = strings.TrimSuffix(base.Path, treehead.Path)
	a, found = client.request(ctx, http.MethodGet, base.JoinPath(path), "", nil)
	if found == nil {
		found = client.notWhatWeWant(&a, "the registry")
	}
	if found == nil && a.status != http.StatusOK {
		found = failed(fmt.Sprintf("set `%s::endpoint` to the URL of the registry; look at its log", r.headKey()), "%s answers %d", a.url, a.status)
	}
	return a, found
}

// checkKey compares the key that the registry publishes with the configuration's.
func (r *receiver) checkKey(ctx context.Context) []finding {
	a, found := r.registryRequest(ctx, "/.well-known/oversight-registry")
	if found != nil {
		return found
	}
	var published struct {
		Key string `json:"ed25519_pub"`
	}
	if err := json.Unmarshal(a.body, &published); err != nil || published.Key == "" {
		return failed(fmt.Sprintf("set `%s::endpoint` to the URL of the registry", r.headKey()), "%s is not the document of a registry: it has no ed25519_pub", a.url)
	}
	_, text, err := r.key()
	switch {
	case err != nil:
		return warning(fmt.Sprintf("compare that key with one from another source, and set `receivers::%s::registry_id` or `transparency_log::public_key` to it", r.id), "`registry_id` is not a key; %s publishes %.64s", a.url, published.Key)
	case published.Key != text:
		return failed("find out which is right, with a key from another source: the configuration is for another registry, or the registry's identity was lost or replaced", "%s publishes the key %.64s, and the configuration has %s", a.url, published.Key, text)
	}
	return append(passed("%s publishes the key of the configuration", a.url), compareClock(&a)...)
}

// headAge is how old a head may be: a registry that writes its heads to a file does so
// every second.
const headAge = 1500 * time.Millisecond

// checkHead verifies the signed tree head and compares it with the log. A head that is
// older than the log is asked for again: leaves were added since.
func (r *receiver) checkHead(ctx context.Context) []finding {
	size, found := r.checkHeadOnce(ctx, 0)
	if size == 0 {
		return found
	}
	timer := time.NewTimer(headAge)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return found
	case <-timer.C:
	}
	if size, again := r.checkHeadOnce(ctx, size); size == 0 {
		return again
	}
	return found
}

// checkHeadOnce is checkHead without the second time. For a head that is older than the
// log it returns the log's size; one that has wanted leaves is not old.
func (r *receiver) checkHeadOnce(ctx context.Context, wanted int64) (size int64, found []finding) {
	a, found := r.registryRequest(ctx, treehead.Path)
	if found != nil {
		return 0, found
	}
	head, err := tlog.ParseHead(a.body)
	if _, ok := errors.AsType[*tlog.HeadSyntaxError](err); ok {
		return 0, failed(fmt.Sprintf("set `%s::endpoint` to the URL of the registry", r.headKey()), "%s: %v", a.url, err)
	}
	if err == nil {
		var key ed25519.PublicKey
		if key, _, err = r.key(); err != nil {
			return 0, failed(fmt.Sprintf("set `receivers::%s::transparency_log::public_key`", r.id), "there is no key to verify the tree head with: `registry_id` is not a key")
		}
		err = head.Verify(key)
	}
	switch {
	case errors.Is(err, tlog.ErrUnsigned):
		return 0, failed("give the registry its identity: see its documentation", "%s: %v", a.url, err)
	case err != nil:
		return 0, failed("find out which is right, with a key from another source: the configuration is for another registry, or the registry's identity was lost or replaced", "%s: %v", a.url, err)
	}
	if r.leavesFile().problem() != nil {
		return 0, notChecked("see log.file", "the tree head of %s is signed, but the log cannot be opened", a.url)
	}
	found = r.log.look(ctx, r.Log.Leaves, func(log *tlog.Log, err error) (found []finding) {
		if err != nil {
			return notChecked("see log.file", "%v", err)
		}
		size, found = r.compareHead(log, &a, &head, wanted)
		return found
	})
	return size, found
}

func (r *receiver) compareHead(log *tlog.Log, a *answer, head *tlog.Head, wanted int64) (size int64, found []finding) {
	same, _, err := log.CompareRoot(head.Size, head.Root)
	switch {
	case errors.Is(err, tlog.ErrBeyond) && !log.AtEnd():
		return 0, notChecked("run oversight-siem verify", "%s is too long to be read in the time of a check", r.Log.Leaves)
	case errors.Is(err, tlog.ErrBeyond):
		return 0, failed(fmt.Sprintf("set `receivers::%s::transparency_log::leaves` to the log of this registry; if it is a copy, copy it more often; otherwise leaves are missing: run oversight-siem verify", r.id), "%s is behind: it has %d leaves, the signed tree head %d", r.Log.Leaves, log.Size(), head.Size)
	case err != nil:
		return 0, notChecked("run oversight-siem verify", "the tree head of %s cannot be compared: %v", a.url, err)
	case !same && reconcile.IsRaced(log, head):
		return 0, passed("the tree head of %s is signed by the key, and its root is the log's at a size nearby: the registry took the two one after the other", a.url)
	case !same:
		return 0, failed(fmt.Sprintf("set `receivers::%s::transparency_log::leaves` to the log of this registry; otherwise the log was rewritten: run oversight-siem verify", r.id), "%s is not the log of the signed tree head: its root at %d leaves is another one", r.Log.Leaves, head.Size)
	case head.Size < log.Size() && (wanted == 0 || head.Size < wanted):
		return log.Size(), warning("run the check again. If the number stays, the registry, or a cache before it, serves an old head: restart it", "the tree head of %s is older than the log: %d leaves of %d", a.url, head.Size, log.Size())
	}
	return 0, passed("the tree head of %s is signed by the key and has the %d leaves of the log", a.url, head.Size)
}
