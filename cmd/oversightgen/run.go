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

// plan is what the flags ask for.
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

// run writes until the plan is fulfilled or ctx is done, which is no error, does
// damage where that is asked for, and answers over HTTP meanwhile.
func (p *plan) run(ctx context.Context, out io.Writer) error {
	server, err := listen(ctx, p.serve)
	if err != nil {
		return unlessDone(ctx, err)
	}
	if p.count > 0 || p.damage == "" {
		err = p.generate(ctx, out, server)
	}
	// Who interrupts wants it to end: there is no damage then.
	if err == nil && ctx.Err() == nil && p.damage != "" {
		err = p.tamper(ctx, out, server)
	}
	return errors.Join(err, server.close(ctx))
}

// tamper does the damage and says on out what it was. A server goes on with the
// head that there is then until ctx is done.
func (p *plan) tamper(ctx context.Context, out io.Writer, server *server) error {
	damage, err := registrygen.Tamper(ctx, p.settings, p.damage, p.options)
	if err != nil {
		return unlessDone(ctx, err)
	}
	fmt.Fprintln(out, damage)
	if server != nil {
		server.answer(registrygen.FileHandler(p.settings.Database), out)
		<-ctx.Done()
	}
	return nil
}

// generate writes, and then says on out what it wrote, also if it failed on the
// way.
func (p *plan) generate(ctx context.Context, out io.Writer, server *server) error {
	registry, err := registrygen.Open(ctx, p.settings)
	if err != nil {
		return unlessDone(ctx, err)
	}
	if err := p.checkHead(registry, out); err != nil {
		return errors.Join(err, registry.Close())
	}
	server.answer(registry.Handler(), out)
	err = unlessDone(ctx, p.write(ctx, registry))
	err = errors.Join(err, p.cleanUp(ctx, registry), registry.Close())
	fmt.Fprintln(out, registry.Written())
	return err
}

// checkHead fails if heads are asked for and cannot be had. That a damaged log
// is not signed any more is told, and is no reason to stop.
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

// unlessDone passes on an error that has another reason than ctx being done.
func unlessDone(ctx context.Context, err error) error {
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

// cleanUp deletes what is too much. An interrupted run is cleaned up too.
func (p *plan) cleanUp(ctx context.Context, registry *registrygen.Registry) error {
	if p.prune == 0 {
		return nil
	}
	_, err := registry.Prune(context.WithoutCancel(ctx), p.prune)
	return err
}

// cleanUpEvery is how many events are written between two clean-ups: a tenth
// of the rows to keep, and a hundred at least.
func (p *plan) cleanUpEvery() int64 { return max(100, p.prune/10) }
