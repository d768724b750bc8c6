// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

// timeChartCommand is timechart: it is read for its fields, and not run.
type timeChartCommand struct{ statsCommand }

func parseTimeChart(rest string) (command, error) {
	t, err := lex(rest, false)
	if err != nil {
		return nil, err
	}
	if _, err := t.options("span", "limit", "useother", "usenull", "cont", "partial", "bins"); err != nil {
		return nil, err
	}
	c := &timeChartCommand{}
	c.list, c.by, err = t.stats()
	return c, err
}

func (c *timeChartCommand) flow(f *flow) {
	f.read("_time")
	c.statsCommand.flow(f)
	f.write("_time")
	if len(c.by) > 0 { // a column for each value
		f.always = func(string) bool { return true }
	}
}

func (*timeChartCommand) run(*Environment, []Row) ([]Row, error) { return nil, errNotRun }

// geoStatsCommand is geostats: it is read for its fields, and not run.
type geoStatsCommand struct{ statsCommand }

func parseGeoStats(rest string) (command, error) {
	t, err := lex(rest, false)
	if err != nil {
		return nil, err
	}
	options, err := t.options("latfield", "longfield", "globallimit", "maxzoomlevel")
	if err != nil {
		return nil, err
	}
	c := &geoStatsCommand{}
	if c.list, c.by, err = t.stats(); err != nil {
		return nil, err
	}
	for name, otherwise := range map[string]string{"latfield": "lat", "longfield": "lon"} {
		if options[name] != "" {
			otherwise = options[name]
		}
		c.list = append(c.list, aggregate{function: "first", of: otherwise, as: otherwise})
	}
	return c, nil
}

func (*geoStatsCommand) run(*Environment, []Row) ([]Row, error) { return nil, errNotRun }
