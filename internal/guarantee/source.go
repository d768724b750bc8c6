// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package guarantee

import "slices"

// ReceiverReports returns whether receivers `oversight` or connectors `dead_letter`, and
// no others, feed each pipeline with an exporter `elasticsearch` that uses the instance
// of the extension `responsecheck` with that id. They report a destination that accepts
// nothing. Others do not, so the exporter has to.
func ReceiverReports(conf map[string]any, id string) bool {
	root := settings(conf)
	pipelines := root.get("service", "pipelines")
	found := false
	for pipeline := range pipelines {
		for _, exporter := range pipelines.get(pipeline).strings("exporters") {
			if typeOf(exporter) != "elasticsearch" || !slices.Contains(middlewares(root.get("exporters", exporter)), id) {
				continue
			}
			found = true
			if !fedByOversight(root, pipeline, map[string]bool{}) {
				return false
			}
		}
	}
	return found
}

// fedByOversight returns whether all events of a pipeline come from receivers
// `oversight` or connectors `dead_letter`, directly or through connectors. seen are the
// pipelines that were looked at without finding others.
func fedByOversight(root settings, pipeline string, seen map[string]bool) bool {
	if seen[pipeline] {
		return true
	}
	seen[pipeline] = true
	pipelines := root.get("service", "pipelines")
	receivers := pipelines.get(pipeline).strings("receivers")
	for _, receiver := range receivers {
		if isDeadLetter(receiver) {
			continue
		}
		if _, connector := root.get("connectors")[receiver]; !connector {
			if typeOf(receiver) != "oversight" {
				return false
			}
			continue
		}
		for feeding := range pipelines {
			if slices.Contains(pipelines.get(feeding).strings("exporters"), receiver) && !fedByOversight(root, feeding, seen) {
				return false
			}
		}
	}
	return len(receivers) > 0
}
