// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/time/rate"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
)

// plan is what to do.
type plan struct {
	settings registrygen.Settings
	rate     rate.Limit // events a second
	count    int64      // zero: until interrupted, or none with damage
	bulk     bool
	prune    int64  // rows to keep; zero: all
	serve    string // address; empty: none

	damage  registrygen.Kind // what to do afterwards; empty: none
	options registrygen.TamperOptions
}

// run writes until the plan is done or ctx is, which is not an error. Then it does the
// damage, if any. Meanwhile it serves HTTP, if there is an address.
func (p *plan) run(ctx context.Context, out io.Writer) error {
	server, err := listen(ctx, p.serve)
	if err != nil {
		return ignoreIfDone(ctx, err)
	}
	if p.count > 0 || p.damage == "" {
		err = p.generate(ctx, out, server)
	}
	// After an interrupt there is no damage.
	if err == nil && ctx.Err() == nil && p.damage != "" {
		err = p.tamper(ctx, out, server)
	}
	return errors.Join(err, server.close(ctx))
}

// tamper does the damage and prints it to out. A server then serves the head after the
// damage until ctx is done.
func (p *plan) tamper(ctx context.Context, out io.Writer, server *server) error {
	damage, err := registrygen.Tamper(ctx, p.settings, p.damage, p.options)
	if err != nil {
		return ignoreIfDone(ctx, err)
	}
	fmt.Fprintln(out, damage)
	if server != nil {
		server.serve(registrygen.FileHandler(p.settings.Database), out)
		<-ctx.Done()
	}
	return nil
}

// generate writes events, and then prints to out what it wrote, after an error too.
func (p *plan) generate(ctx context.Context, out io.Writer, server *server) error {
	registry, err := registrygen.Open(ctx, p.settings)
	if err != nil {
		return ignoreIfDone(ctx, err)
	}
	if err := p.checkHead(registry, out); err != nil {
		return errors.Join(err, registry.Close())
	}
	server.serve(registry.Handler(), out)
	err = ignoreIfDone(ctx, p.write(ctx, registry))
	err = errors.Join(err, p.cleanUp(ctx, registry), registry.Close())
	fmt.Fprintln(out, registry.Written())
	return err
}

// checkHead fails if there is no key and --serve is set. If there is a key and
// the log is damaged, it prints that the log is not signed, and does not fail.
func (p *plan) checkHead(registry *registrygen.Registry, out io.Writer) error {
	_, err := registry.Head()
	if err == nil {
		return nil
	}
	if registry.PublicKey() != nil {
		fmt.Fprintln(out, err)
		return nil
	}
	if p.serve != "" {
		return fmt.Errorf("--serve %s: %w", p.serve, err)
	}
	return nil
}

// ignoreIfDone returns nil for an error that is that of ctx, and err otherwise.
func ignoreIfDone(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

func (p *plan) write(ctx context.Context, registry *registrygen.Registry) error {
	if p.bulk {
		return registry.Fill(ctx, p.count)
	}
	limiter := limiter(p.rate)
	for n := int64(1); p.count == 0 || n <= p.count; n++ {
		if err := limiter.Wait(ctx); err != nil {
			return err
		}
		if _, err := registry.WriteEvent(ctx); err != nil {
			return err
		}
		if n%p.cleanUpEvery() != 0 {
			continue
		}
		if err := p.cleanUp(ctx, registry); err != nil {
			return err
		}
	}
	return nil
}

// cleanUp prunes rows, also after an interrupt.
func (p *plan) cleanUp(ctx context.Context, registry *registrygen.Registry) error {
	if p.prune == 0 {
		return nil
	}
	_, err := registry.Prune(context.WithoutCancel(ctx), p.prune)
	return err
}

// cleanUpEvery returns how many events are written between two calls of cleanUp: a
// tenth of the rows to keep, and at least a hundred.
func (p *plan) cleanUpEvery() int64 { return max(100, p.prune/10) }
