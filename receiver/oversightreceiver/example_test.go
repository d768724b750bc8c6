// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver_test

import (
	"fmt"

	"github.com/oversight-protocol/oversight-otelcol/receiver/oversightreceiver"
)

// A collector's configuration in code: what is not set keeps its default.
func ExampleNewFactory() {
	factory := oversightreceiver.NewFactory()
	config := factory.CreateDefaultConfig().(*oversightreceiver.Config)
	fmt.Println(config.Validate() != nil)

	config.Database = "/var/lib/oversight/registry.sqlite"
	config.RegistryID = "056872fec48d4d096a0f29fe542216fed524d6ad743a4cfbe35eba54828a3241"
	config.TransparencyLog.GetOrInsertDefault().Leaves = "/var/lib/oversight/tlog/leaves.jsonl"
	fmt.Println(factory.Type(), config.BatchSize, config.TransparencyLog.Get().Wait, config.Validate())
	// Output:
	// true
	// oversight 1000 2s <nil>
}
