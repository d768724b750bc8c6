// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"slices"

	"go.opentelemetry.io/collector/component"
)

// receiver is the settings of an `oversight` receiver that are checked.
type receiver struct {
	id     component.ID
	config *config
	err    error
	log    sharedLog

	Database   string           `mapstructure:"database"`
	RegistryID string           `mapstructure:"registry_id"`
	Storage    *component.ID    `mapstructure:"storage"`
	Log        *transparencyLog `mapstructure:"transparency_log"`
}

type transparencyLog struct {
	Leaves    string          `mapstructure:"leaves"`
	PublicKey string          `mapstructure:"public_key"`
	TreeHead  *clientSettings `mapstructure:"tree_head"`
}

// receivers are the `oversight` receivers of the configuration.
func (c *config) receivers() (all []*receiver) {
	for _, id := range c.section("receivers") {
		if !isOversight(id) {
			continue
		}
		r := &receiver{id: id, config: c}
		r.err = c.read("receivers", id, r)
		all = append(all, r)
	}
	return all
}

// checks are those of a receiver.
func (r *receiver) checks(s *Settings) []check {
	if r.err != nil {
		return []check{{"config.receiver", r.id.String(), func(context.Context) []finding {
			return failed("fix the receiver's settings", "the settings cannot be read: %v", r.err)
		}}}
	}
	name := r.id.String()
	if !r.config.receives(r.id) {
		return []check{{"config.receiver", name, func(context.Context) []finding {
			return notChecked("add it to a pipeline in `service::pipelines`, or remove it", "no pipeline uses the receiver: the collector does not start it")
		}}}
	}
	all := []check{
		{"registry.id", name, func(context.Context) []finding { return r.checkRegistryID() }},
		{"registry.file", name, func(context.Context) []finding { return r.checkDatabaseFile(s) }},
		{"registry.schema", name, r.checkSchema},
		{"registry.replaced", name, r.checkReplaced},
		{"storage", name, r.checkStorage},
	}
	if r.Log == nil {
		return all
	}
	all = append(all, check{"log.file", name, r.checkLogFile}, check{"log.rows", name, r.checkLogRows})
	if r.Log.TreeHead != nil {
		all = append(all, check{"registry.key", name, r.checkKey}, check{"log.head", name, r.checkHead})
	}
	return all
}

// storageExtension is the settings of the storage of the receiver's checkpoint.
func (r *receiver) fileStorage() (fileStorage, error) {
	s := fileStorage{Directory: defaultStorageDirectory}
	err := r.config.read("extensions", *r.Storage, &s)
	return s, err
}

// started reports whether the service starts an extension.
func (c *config) started(id component.ID) bool {
	s, err := c.service()
	return err == nil && slices.Contains(s.Extensions, id)
}

// receives reports whether a pipeline uses a receiver.
func (c *config) receives(id component.ID) bool {
	s, err := c.service()
	if err != nil {
		return true // said already
	}
	for _, p := range s.Pipelines {
		if p != nil && slices.Contains(p.Receivers, id) {
			return true
		}
	}
	return false
}
