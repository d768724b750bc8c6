// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightsiemprocessor_test

import (
	"fmt"

	"github.com/oversight-protocol/oversight-otelcol/processor/oversightsiemprocessor"
	"github.com/oversight-protocol/oversight-otelcol/translator/siem"
)

// The configuration of a processor, from code instead of YAML.
func ExampleNewFactory() {
	factory := oversightsiemprocessor.NewFactory()
	config := factory.CreateDefaultConfig().(*oversightsiemprocessor.Config)
	config.Shape.Format = siem.FormatSplunk
	config.Shape.Splunk.Index = "leaks"
	fmt.Println(factory.Type(), config.Shape.Extended, config.Validate())
	// Output: oversight_siem true <nil>
}
