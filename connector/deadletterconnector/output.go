// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

// stuckAfter is how long a pipeline may take to return before that is a failure.
const stuckAfter = 10 * time.Second

// output is a pipeline that the connector delivers to. It is safe for concurrent use.
type output struct {
	id      string
	next    consumer.Logs
	metrics *pipelineMetrics
	health  *health

	mu      sync.Mutex
	stuck   int // calls that have not returned for long
	holding bool
}

// send delivers logs, of which the pipeline may do what it likes, once.
func (o *output) send(ctx context.Context, logs plog.Logs) error {
	stop := o.watch()
	err := o.next.ConsumeLogs(ctx, logs)
	stop()
	if err != nil && ctx.Err() == nil {
		o.metrics.failed(ctx, delivery.Classify(err), 1)
	}
	return err
}

// watch reports a call that does not return.
func (o *output) watch() (stop func()) {
	var mu sync.Mutex
	reported, stopped := false, false
	timer := time.AfterFunc(stuckAfter, func() {
		mu.Lock()
		defer mu.Unlock()
		if !stopped {
			reported = true
			o.addStuck(1)
		}
	})
	return func() {
		if timer.Stop() {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		stopped = true
		if reported {
			o.addStuck(-1)
		}
	}
}

func (o *output) addStuck(calls int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stuck += calls
	key := o.id + " does not return"
	if o.stuck == 0 {
		o.health.over(key)
		return
	}
	o.health.failing(key, "A pipeline does not return what it was given; nothing is dropped: the connector waits for it",
		fmt.Errorf("%d calls have not returned for %s", o.stuck, stuckAfter), zap.String("pipeline", o.id))
}

// hold says that the pipeline does not accept a record now, and why.
func (o *output) hold(message string, err error, waiting *record) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.holding = true
	fields := []zap.Field{zap.String("pipeline", o.id), zap.String("class", classNames[delivery.Classify(err)])}
	o.health.failing(o.id, message, err, append(fields, waiting.fields()...)...)
}

// resume says that it accepts something, or that nothing waits for it.
func (o *output) resume() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.holding {
		o.holding = false
		o.health.over(o.id)
	}
}

func (o *output) isHolding() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.holding || o.stuck > 0
}
