// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strconv"
)

// Versions of the saved objects' form, so that a newer Kibana migrates them.
const (
	coreVersion      = "8.8.0"
	dashboardVersion = "10.2.0"
)

// rowsOfTable is how many values a table groups by.
const rowsOfTable = 100

// builder makes saved objects.
type builder struct {
	types    map[string]string // of the fields
	dataView string
	// references are those of the dashboard.
	references []any
}

func (b *builder) dashboard(id string, d dashboard) object {
	var panels []any
	y := 0
	for _, row := range d.Rows {
		x := 0
		for _, p := range row.Panels {
			if p.Dataset == "" {
				p.Dataset = d.Dataset
			}
			name := "p" + strconv.Itoa(len(panels)+1)
			b.reference(name+":indexpattern-datasource-layer-"+layerID, name+":"+filterReference)
			panels = append(panels, object{
				"type": "lens", "panelIndex": name, "title": p.Title,
				"gridData":         object{"i": name, "x": x, "y": y, "w": p.Width, "h": row.Height},
				"embeddableConfig": object{"attributes": b.lens(p), "enhancements": object{}, "hidePanelTitles": false},
			})
			x += p.Width
		}
		y += row.Height
	}
	return object{
		"id": id, "type": "dashboard", "coreMigrationVersion": coreVersion, "typeMigrationVersion": dashboardVersion,
		"attributes": object{
			"title": d.Title, "description": d.Description, "version": 1, "timeRestore": true, "timeFrom": "now-7d", "timeTo": "now",
			"controlGroupInput": b.controls(d.Controls),
			"optionsJSON":       object{"hidePanelTitles": false, "syncColors": false, "syncCursor": true, "syncTooltips": false, "useMargins": true},
			"panelsJSON":        panels,
			"kibanaSavedObjectMeta": object{"searchSourceJSON": object{
				"filter": []any{}, "query": object{"language": "kuery", "query": ""},
			}},
		},
		"references": b.references,
	}
}

// reference adds references of the dashboard to the data view.
func (b *builder) reference(names ...string) {
	for _, name := range names {
		b.references = append(b.references, object{"id": b.dataView, "name": name, "type": "index-pattern"})
	}
}

func (b *builder) controls(controls []control) object {
	panels := object{}
	for i, c := range controls {
		id := "c" + strconv.Itoa(i+1)
		b.reference("controlGroup_" + id + ":optionsListDataView")
		panels[id] = object{
			"type": "optionsListControl", "order": i, "grow": true, "width": "medium",
			"explicitInput": object{
				"id": id, "dataViewId": b.dataView, "fieldName": c.Field, "title": c.Title, "searchTechnique": "prefix",
				"selectedOptions": []any{}, "sort": object{"by": "_count", "direction": "desc"},
			},
		}
	}
	return object{
		"chainingSystem": "HIERARCHICAL", "controlStyle": "oneLine", "showApplySelections": false, "panelsJSON": panels,
		"ignoreParentSettingsJSON": object{"ignoreFilters": false, "ignoreQuery": false, "ignoreTimerange": false, "ignoreValidations": false},
	}
}

// A panel has one layer of data, and one filter.
const (
	layerID         = "layer"
	filterReference = "filter-index-pattern-0"
)

// columns are what a layer computes, in their order.
type columns struct {
	order []string
	byID  object
}

func (c *columns) add(column object) (id string) {
	id = fmt.Sprintf("col%d", len(c.order)+1)
	c.order = append(c.order, id)
	c.byID[id] = column
	return id
}

// lens is the visualization of a panel.
func (b *builder) lens(p panel) object {
	c := &columns{byID: object{}}
	kind, visualization := b.visualization(p, c)
	return object{
		"title": p.Title, "type": "lens", "visualizationType": kind,
		"references": []any{
			object{"id": b.dataView, "name": "indexpattern-datasource-layer-" + layerID, "type": "index-pattern"},
			object{"id": b.dataView, "name": filterReference, "type": "index-pattern"},
		},
		"state": object{
			"adHocDataViews": object{}, "internalReferences": []any{},
			"datasourceStates": object{
				"formBased": object{"layers": object{layerID: object{
					"columnOrder": c.order, "columns": c.byID, "incompleteColumns": object{}, "sampling": 1,
				}}},
				"indexpattern": object{"layers": object{}},
				"textBased":    object{"layers": object{}},
			},
			"filters":       []any{datasetFilter(packageName + "." + p.Dataset)},
			"query":         object{"language": "kuery", "query": p.Query},
			"visualization": visualization,
		},
	}
}

// datasetFilter is the filter that Elastic asks each panel to have. It is by event.dataset,
// as the rules are: earlier releases wrote findings and checkpoint records, too, into the
// data stream of events.
func datasetFilter(dataset string) object {
	return object{
		"$state": object{"store": "appState"},
		"meta": object{
			"alias": nil, "disabled": false, "negate": false, "type": "phrase", "field": "event.dataset",
			"index": filterReference, "key": "event.dataset", "params": object{"query": dataset},
		},
		"query": object{"match_phrase": object{"event.dataset": dataset}},
	}
}

func (b *builder) visualization(p panel, c *columns) (kind string, visualization object) {
	switch p.Type {
	case "number":
		p.Value.Label = p.Title
		return "lnsMetric", object{"layerId": layerID, "layerType": "data", "metricAccessor": c.add(b.metric(p.Value))}
	case "timeline":
		return "lnsXY", b.timeline(p, c)
	default:
		return "lnsDatatable", b.table(p, c)
	}
}

func (b *builder) timeline(p panel, c *columns) object {
	value := p.Value
	value.Label = p.Title
	// The columns' order is that of the buckets: time last, so that each part of the split
	// is the same over all times.
	split := c.add(nil)
	x := c.add(object{
		"dataType": "date", "isBucketed": true, "label": p.time(), "operationType": "date_histogram", "scale": "interval",
		"sourceField": p.time(), "params": object{"dropPartials": false, "includeEmptyRows": true, "interval": "auto"},
	})
	y := c.add(b.metric(value))
	c.byID[split] = b.terms(grouping{p.Split, p.Split}, y, 10)
	return object{
		"axisTitlesVisibilitySettings": object{"x": false, "yLeft": false, "yRight": false},
		"fittingFunction":              "None",
		"layers": []any{object{
			"accessors": []string{y}, "layerId": layerID, "layerType": "data", "position": "top", "seriesType": "bar_stacked",
			"showGridlines": false, "splitAccessor": split, "xAccessor": x,
		}},
		"legend":              object{"isVisible": true, "position": "right", "showSingleSeries": true},
		"preferredSeriesType": "bar_stacked", "valueLabels": "hide",
	}
}

func (b *builder) table(p panel, c *columns) object {
	shown := []any{}
	for range p.By {
		shown = append(shown, object{"columnId": c.add(nil), "isTransposed": false})
	}
	values := len(c.order)
	for _, m := range p.Values {
		shown = append(shown, object{"columnId": c.add(b.metric(m)), "isTransposed": false})
	}
	for i, g := range p.By {
		c.byID[c.order[i]] = b.terms(g, c.order[values], rowsOfTable)
	}
	return object{
		"columns": shown, "layerId": layerID, "layerType": "data",
		"sorting": object{"columnId": c.order[values], "direction": "desc"},
		"paging":  object{"enabled": true, "size": 10},
	}
}

// terms groups by the values of a field, most first.
func (b *builder) terms(g grouping, orderBy string, size int) object {
	kind := b.dataType(g.Field)
	return object{
		"customLabel": true, "dataType": kind, "isBucketed": true, "label": g.Label, "operationType": "terms",
		"scale": "ordinal", "sourceField": g.Field,
		"params": object{
			"size": size, "orderBy": object{"columnId": orderBy, "type": "column"}, "orderDirection": "desc",
			// "(missing value)" is a text, which no number can be.
			"missingBucket": kind == "string", "otherBucket": true, "parentFormat": object{"id": "terms"},
			"include": []any{}, "exclude": []any{}, "includeIsRegex": false, "excludeIsRegex": false,
		},
	}
}

func (b *builder) metric(m metric) object {
	name := m.field()
	column := object{
		"customLabel": true, "dataType": "number", "isBucketed": false, "label": m.Label, "scale": "ratio", "sourceField": name,
		"params": object{"emptyAsNull": true},
	}
	switch {
	case m.Unique != "":
		column["operationType"] = "unique_count"
		column["params"] = object{"emptyAsNull": false}
	case m.Sum != "":
		column["operationType"] = "sum"
	case m.Max != "":
		column["operationType"], column["dataType"] = "max", b.dataType(name)
	case m.Min != "":
		column["operationType"], column["dataType"] = "min", b.dataType(name)
	case m.Last != "":
		column["operationType"], column["dataType"] = "last_value", b.dataType(name)
		column["params"] = object{"sortField": "@timestamp", "showArrayValues": false}
		column["filter"] = object{"language": "kuery", "query": name + ": *"}
	}
	return column
}

// dataType is Kibana's name of a field's type.
func (b *builder) dataType(name string) string {
	switch b.types[name] {
	case "long", "float":
		return "number"
	case "date", "ip":
		return b.types[name]
	default:
		return "string"
	}
}
