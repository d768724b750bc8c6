// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package send

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/output"
)

// sendWithRetry posts documents until all are accepted, an error is permanent,
// the attempts are used up, or ctx is done.
func (s *Sender) sendWithRetry(ctx context.Context, all []document) error {
	before, refusedBefore, remaining := s.delivered, len(s.refused), all
	interval := backoff.NewExponentialBackOff()
	interval.InitialInterval = s.settings.RetryInterval
	attempt := uint(0)
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		attempt++
		var err error
		remaining, err = s.post(ctx, remaining)
		s.delivered = addDelivered(before, all, remaining)
		s.delivered.Events -= int64(len(s.refused) - refusedBefore)
		return struct{}{}, err
	},
		backoff.WithBackOff(interval),
		backoff.WithMaxTries(s.settings.MaxAttempts),
		backoff.WithMaxElapsedTime(0), // the attempts are limited instead
		backoff.WithNotify(func(err error, wait time.Duration) { s.notifyRetry(err, attempt, wait) }))
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if permanent := (*backoff.PermanentError)(nil); errors.As(err, &permanent) {
		err = permanent.Unwrap()
	}
	if err == nil {
		return nil
	}
	return s.requestError(err, remaining, attempt)
}

// addDelivered adds to the counts the documents of all that are not in
// remaining, which is a part of all in the same order.
func addDelivered(counts output.Counts, all, remaining []document) output.Counts {
	counts.Events += int64(len(all) - len(remaining))
	for i := range all {
		if len(remaining) > 0 && all[i].id == remaining[0].id {
			break
		}
		counts.LastID = all[i].id
	}
	return counts
}

func (s *Sender) notifyRetry(err error, attempt uint, wait time.Duration) {
	reason := s.settings.Secrets.Redact(err.Error())
	s.notice(fmt.Sprintf("attempt %d of %d: %s; retrying in %s", attempt, s.settings.MaxAttempts, reason, wait.Round(time.Millisecond)))
}

// requestError names the request that failed. It shows the URL without the parts
// that may be secret.
func (s *Sender) requestError(err error, remaining []document, attempts uint) error {
	u := url.URL{Scheme: s.settings.URL.Scheme, Host: s.settings.URL.Host, Path: s.settings.URL.Path}
	after := ""
	if attempts > 1 {
		after = fmt.Sprintf(" after %d attempts", attempts)
	}
	text := fmt.Sprintf("POST %s with %d event(s) from id %d failed%s: %v", u.String(), len(remaining), remaining[0].id, after, err)
	return errors.New(s.settings.Secrets.Redact(text))
}
