// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

func TestClassify(t *testing.T) {
	wrap := func(err error) error { return fmt.Errorf("exporting: %w", consumererror.NewPermanent(err)) }
	for name, test := range map[string]struct {
		err  error
		want delivery.Class
	}{
		"retryable":                    {errRetryable, delivery.ClassRetryable},
		"permanent":                    {errUnknown, delivery.ClassUnknown},
		"destination":                  {wrap(refusal{"destination"}), delivery.ClassDestination},
		"content":                      {wrap(refusal{"content"}), delivery.ClassContent},
		"size":                         {wrap(refusal{"size"}), delivery.ClassSize},
		"not permanent":                {refusal{"destination"}, delivery.ClassDestination},
		"busy":                         {refusal{"busy"}, delivery.ClassBusy},
		"busy, permanent":              {wrap(refusal{"busy"}), delivery.ClassBusy},
		"one of two is busy":           {errors.Join(errContent, refusal{"busy"}), delivery.ClassBusy},
		"busy beside a wrong token":    {errors.Join(refusal{"busy"}, errDestination), delivery.ClassDestination},
		"does not know":                {wrap(refusal{"unknown"}), delivery.ClassUnknown},
		"does not know, not permanent": {refusal{"unknown"}, delivery.ClassUnknown},
		"one of two does not know":     {errors.Join(errRetryable, refusal{"unknown"}), delivery.ClassUnknown},
		"unknown class":                {refusal{"weather"}, delivery.ClassRetryable},
		"unknown class, permanent":     {wrap(refusal{"weather"}), delivery.ClassUnknown},
		"two destinations":             {errors.Join(errContent, errDestination), delivery.ClassDestination},
		"one of two retryable":         {errors.Join(errRetryable, errContent), delivery.ClassContent},
		"one of two permanent":         {errors.Join(errRetryable, errUnknown), delivery.ClassUnknown},
		"destination behind others":    {wrap(errors.Join(errRetryable, errSize, wrap(errDestination))), delivery.ClassDestination},
	} {
		assert.Equal(t, test.want, delivery.Classify(test.err), name)
	}
}
