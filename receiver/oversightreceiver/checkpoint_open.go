// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// openCheckpointStore returns a store in the extension, or one that keeps
// nothing if id is nil.
func openCheckpointStore(ctx context.Context, host component.Host, id *component.ID, receiverID component.ID, logger *zap.Logger) (*checkpointStore, error) {
	if id == nil {
		return newCheckpointStore(storage.NewNopClient(), logger), nil
	}
	found, ok := host.GetExtensions()[*id]
	if !ok {
		return nil, fmt.Errorf("`storage` is %q: must be an extension listed under `service::extensions`", id)
	}
	extension, ok := found.(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("`storage` is %q: must be a storage extension such as file_storage", id)
	}
	client, err := extension.GetClient(ctx, component.KindReceiver, receiverID, "")
	if err != nil {
		return nil, fmt.Errorf("`storage` is %q: %w", id, err)
	}
	return newCheckpointStore(client, logger), nil
}
