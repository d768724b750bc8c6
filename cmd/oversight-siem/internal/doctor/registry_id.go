// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import "fmt"

// packagedRegistryID is the id that deploy/packages/otelcol-oversight.conf sets, so that the
// packages' configuration is complete.
const packagedRegistryID = "registry"

// checkRegistryID checks that events of two registries can be told apart.
func (r *receiver) checkRegistryID() (found []finding) {
	remedy := fmt.Sprintf("set `receivers::%s::registry_id`, which is `OVERSIGHT_REGISTRY_ID` in the packages, to the registry's public key or to an id of its own, before the first event is delivered: it is part of every event's identity", r.id)
	if r.RegistryID == packagedRegistryID {
		found = append(found, warning(remedy, "`registry_id` is still %q, as in every new installation: events of two registries cannot be told apart", packagedRegistryID)...)
	}
	for _, other := range r.config.receivers() {
		if other.err == nil && other.RegistryID == r.RegistryID && other.Database != r.Database {
			found = append(found, warning(remedy, "`receivers::%s` has the same `registry_id` and another database, %s", other.id, other.Database)...)
		}
	}
	if len(found) == 0 {
		return passed("no other database of this configuration has the registry's id")
	}
	return found
}
