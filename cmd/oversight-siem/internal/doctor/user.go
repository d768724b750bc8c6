// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"os"
)

// userCheck says whose rights the other checks are about.
func userCheck() check {
	return check{id: "user", run: func(context.Context) []finding {
		if os.Geteuid() == 0 {
			return warning("run it as the collector's user: runuser -u otelcol-oversight -- oversight-siem doctor …", "the checks run as root, who may read and write more than the collector's user")
		}
		return passed("the checks run as the user with the id %d", os.Geteuid())
	}}
}
