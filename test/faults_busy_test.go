// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// A destination that is busy now and then says nothing of an event: each arrives once,
// whole, and none is reduced, owed or in quarantine.
func TestFaultBusyDestination(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"splunk/429": func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests) },
		"splunk/busy": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, `{"text":"Server is busy","code":9}`)
		},
		"elastic/429":  func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests) },
		"elastic/503":  tryLater,
		"sentinel/429": func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests) },
		"sentinel/503": tryLater,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target, _, _ := strings.Cut(name, "/")
			s := newFaultSite(t, ordinaryRegistry(t))
			random := rand.New(rand.NewPCG(7, 8))
			s.destination(target).setFault(func(request int, w http.ResponseWriter, _ *http.Request) bool { // one request at a time
				busy := request%3 == 0 || random.IntN(3) > 0
				if busy {
					answer(w)
				}
				return busy
			})
			to := s.targets(t)[target]
			collector := s.runTarget(to, "receivers: {oversight/"+target+": {batch_size: 20, retry_on_failure: {initial_interval: 5ms, max_interval: 10ms}}}")
			requireArrived(t, to.recorder, ordinary)
			for _, outcome := range []string{"reduced", "quarantined", "dropped"} {
				collector.requireMetric(metricPrefix+"events_refused", `outcome="`+outcome+`"`, func(v float64) bool { return v == 0 })
			}
			collector.requireMetric(metricPrefix+"failed_deliveries", `class="busy"`, func(v float64) bool { return v > 0 })
			collector.interrupt()
		})
	}
}

func tryLater(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
}

// The same of a gateway that limits requests by gRPC, and says when to send again.
func TestFaultBusyGateway(t *testing.T) {
	for _, code := range []codes.Code{codes.ResourceExhausted, codes.Unavailable} {
		t.Run(code.String(), func(t *testing.T) {
			t.Parallel()
			limited, err := grpcstatus.New(code, "too many requests").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Second)})
			require.NoError(t, err)
			s := newFaultSite(t, ordinaryRegistry(t))
			gateway := newGRPCGateway(t)
			random := rand.New(rand.NewPCG(9, 10))
			gateway.setRefuse(func(request int, _ plog.Logs) error { // one request at a time
				if request%3 == 0 || random.IntN(3) > 0 {
					return limited.Err()
				}
				return nil
			})
			collector := s.run([]string{"OTLP_ENDPOINT=" + gateway.address, "OTLP_INSECURE=true"}, "otlp.yaml",
				"receivers: {oversight: {batch_size: 20, retry_on_failure: {initial_interval: 5ms, max_interval: 10ms}}}")
			requireArrived(t, gateway, ordinary)
			for _, outcome := range []string{"reduced", "quarantined", "dropped"} {
				collector.requireMetric(metricPrefix+"events_refused", `outcome="`+outcome+`"`, func(v float64) bool { return v == 0 })
			}
			collector.interrupt()
		})
	}
}
