// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/output"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/progress"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/readahead"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/send"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

//go:embed help/export.txt
var exportHelp string

const exportExample = `  # All events, as JSON lines
  oversight-siem export --db registry.sqlite --registry-id $ID --format ecs >events.ndjson

  # One day, to Splunk
  oversight-siem export --db registry.sqlite --registry-id $ID --format splunk \
      --since 2026-01-01T00:00:00Z --until 2026-01-02T00:00:00Z \
      --splunk-token-file token --gzip --output https://splunk.example.org:8088/services/collector/event

  # To an Elasticsearch data stream; events that exist already are skipped
  oversight-siem export --db registry.sqlite --registry-id $ID --format ecs \
      --header 'Authorization: ApiKey ${env:API_KEY}' \
      --output https://elastic.example.org:9200/logs-oversight.beacon-default/_bulk

  # To a table of Microsoft Sentinel
  export TOKEN=$(az account get-access-token --resource https://monitor.azure.com --query accessToken -o tsv)
  oversight-siem export --db registry.sqlite --registry-id $ID --format sentinel \
      --header 'Authorization: Bearer ${env:TOKEN}' \
      --output "https://$ENDPOINT/dataCollectionRules/$RULE/streams/Custom-Oversight?api-version=2023-01-01"`

func newExportCommand() *cobra.Command {
	var f exportFlags
	command := &cobra.Command{
		Use:     "export --db FILE --registry-id ID --format splunk|ecs|sentinel",
		Short:   "Write events to a file or standard output, or send them over HTTP",
		Long:    exportHelp,
		Example: exportExample,
		Args:    cli.NoArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			e, err := f.check(command.Flags())
			if err != nil {
				return err
			}
			if f.workspace.IsSet() {
				fmt.Fprintln(command.ErrOrStderr(), "oversight-siem:", cli.WorkspaceEnded)
			}
			return e.run(command.Context(), command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	f.register(command.Flags())
	return command
}

// exportFlags are the flags of export.
type exportFlags struct {
	selection   cli.Selection
	ids         string
	format      string
	shapes      shapes
	output      string
	http        cli.HTTP
	splunkToken cli.SplunkToken
	workspace   cli.Workspace
}

func (f *exportFlags) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	f.selection.Register(flags, 0)
	flags.StringVar(&f.ids, "ids", "", "only the events with these `IDS`, such as 5,7,9-12, in the order of ids")
	flags.StringVar(&f.format, "format", "", "splunk, ecs or sentinel (required)")
	f.shapes.register(flags)
	flags.StringVar(&f.output, "output", "-", "the output: - for standard output, a `FILE` to append to, or a URL")
	f.http.Register(flags)
	f.shapes.registerSplunk(flags)
	f.splunkToken.Register(flags)
	f.workspace.Register(flags)
}

// check returns the export that the flags describe. It opens no files except
// those with secrets.
func (f *exportFlags) check(flags *pflag.FlagSet) (*export, error) {
	selected, err := f.selection.Range(flags)
	if err != nil {
		return nil, err
	}
	encode, err := f.shapes.encoder(f.format)
	if err != nil {
		return nil, err
	}
	if err := f.checkFormatFlags(flags); err != nil {
		return nil, err
	}
	if f.workspace.IsSet() && !flags.Changed("output") {
		if f.output, err = f.workspace.URL(); err != nil {
			return nil, err
		}
	}
	// The uid is part of extended documents and of bulk requests only.
	selected.WithoutUID = !f.shapes.extended && !cli.IsURL(f.output)
	e := &export{database: f.selection.Database, selected: selected, format: f.format}
	if e.ids, err = f.checkIDs(flags); err != nil {
		return nil, err
	}
	e.open, err = f.checkOutput(flags, encode)
	return e, err
}

// checkIDs returns the ids of --ids; nil without it.
func (f *exportFlags) checkIDs(flags *pflag.FlagSet) ([]int64, error) {
	if !flags.Changed("ids") {
		return nil, nil
	}
	for _, name := range []string{"since", "until", "after-id", "limit"} {
		if flags.Changed(name) {
			return nil, fmt.Errorf("--ids selects events alone: remove --%s", name)
		}
	}
	return cli.ParseIDs(f.ids)
}

// checkFormatFlags returns an error if a flag is set that is for another format.
func (f *exportFlags) checkFormatFlags(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(flag *pflag.Flag) {
		for _, format := range formats {
			if strings.HasPrefix(flag.Name, format+"-") && f.format != format {
				err = fmt.Errorf("--%s applies to --format %s only, and --format is %s: remove --%s", flag.Name, format, f.format, flag.Name)
			}
		}
	})
	return err
}

// openSink opens an output.
type openSink func(stdout io.Writer, notice func(string)) (output.Sink, error)

// checkOutput checks everything about the output that can be checked before it is
// opened.
func (f *exportFlags) checkOutput(flags *pflag.FlagSet, encode output.Encode) (openSink, error) {
	if cli.IsURL(f.output) {
		settings, err := f.sendSettings()
		if err != nil {
			return nil, err
		}
		return func(_ io.Writer, notice func(string)) (output.Sink, error) {
			return send.New(encode, settings, notice), nil
		}, nil
	}
	if scheme, _, found := strings.Cut(f.output, "://"); found {
		return nil, fmt.Errorf("--output is %s://…: must be an http or https URL, a file, or - for standard output", scheme)
	}
	if err := cli.CheckNoHTTPFlags(flags); err != nil {
		return nil, err
	}
	switch f.output {
	case "":
		return nil, errors.New("--output is empty: must be a file, a URL, or - for standard output")
	case "-":
		return func(stdout io.Writer, _ func(string)) (output.Sink, error) {
			return output.NewLines(encode, output.StandardOutput, stdout), nil
		}, nil
	}
	if err := f.selection.Database.CheckOutput(f.output); err != nil {
		return nil, err
	}
	return func(io.Writer, func(string)) (output.Sink, error) { return output.OpenFile(encode, f.output) }, nil
}

// sendSettings returns the settings for the URL of --output, with the format's
// protocol and credentials.
func (f *exportFlags) sendSettings() (send.Settings, error) {
	u, err := cli.ParseOutputURL(f.output)
	if err != nil {
		return send.Settings{}, err
	}
	settings, err := f.http.Settings(u, f.protocol(u))
	if err != nil {
		return settings, err
	}
	switch f.format {
	case formatSplunk:
		err = f.splunkToken.Add(&settings)
	case formatSentinel:
		err = f.workspace.Add(&settings)
	}
	if err != nil {
		return settings, err
	}
	return settings, f.http.AddHeaders(&settings)
}

func (f *exportFlags) protocol(u *url.URL) send.Protocol {
	switch {
	case f.format == formatSplunk:
		return send.HEC()
	case f.format == formatECS && send.IsBulkURL(u):
		return send.Bulk()
	case send.IsLogsIngestionURL(u):
		return send.LogsIngestion()
	default:
		return send.JSONArray()
	}
}

// export copies the selected events of a database to an output.
type export struct {
	database cli.Database
	selected registry.Range
	ids      []int64 // instead of selected; nil: none
	format   string
	open     openSink
}

// source is where events are read from.
type source interface {
	Left() int64
	Next(ctx context.Context, n int, into []translator.Event) ([]translator.Event, error)
}

// run exports until all events are exported, or ctx is done.
func (e *export) run(ctx context.Context, stdout, stderr io.Writer) error {
	reader := e.database.Open()
	defer reader.Close()
	if e.ids != nil {
		return e.runChosen(ctx, reader, stdout, stderr)
	}
	events, err := reader.Ordered(ctx, e.selected)
	if err != nil {
		return cli.Interrupted(ctx, e.database.ReadError(err))
	}
	defer events.Close()
	for _, notice := range events.Notices() {
		fmt.Fprintln(stderr, "oversight-siem:", cli.Printable(notice.Text))
	}
	delivered, err := e.copyAll(ctx, events, stdout, stderr)
	if err != nil {
		return e.stopped(ctx, err, delivered, func(ctx context.Context) string { return e.resumeAdvice(ctx, events, delivered) })
	}
	return e.finish(stderr, delivered)
}

// runChosen exports the events of --ids.
func (e *export) runChosen(ctx context.Context, reader *registry.Reader, stdout, stderr io.Writer) error {
	events := reader.Chosen(e.ids)
	delivered, err := e.copyAll(ctx, events, stdout, stderr)
	if err != nil {
		return e.stopped(ctx, err, delivered, func(context.Context) string {
			rest := slices.IndexFunc(e.ids, func(id int64) bool { return id > delivered.LastID })
			return "resume with --ids " + cli.FormatIDs(e.ids[max(rest, 0):])
		})
	}
	if missing := events.Missing(); len(missing) > 0 {
		err := fmt.Errorf("--db %s: no row has the id %s; %d event(s) were exported", e.database.Path, shortened(cli.FormatIDs(missing)), delivered.Events)
		if len(delivered.Refused) > 0 {
			return fmt.Errorf("%w; %s", err, refusedAdvice(delivered))
		}
		return err
	}
	return e.finish(stderr, delivered)
}

// maxListed is how much of a list of ids is shown, in bytes.
const maxListed = 1000

func shortened(list string) string {
	if len(list) <= maxListed {
		return list
	}
	return list[:strings.LastIndexByte(list[:maxListed], ',')] + " and others"
}

// finish says that everything was exported, or what was refused.
func (e *export) finish(stderr io.Writer, delivered output.Counts) error {
	if len(delivered.Refused) > 0 {
		return fmt.Errorf("%d event(s) were exported; %s", delivered.Events, refusedAdvice(delivered))
	}
	fmt.Fprintf(stderr, "[ok] exported %d event(s) as %s\n", delivered.Events, e.format)
	return nil
}

// refusedAdvice says which events the destination refused, and how to export them
// again.
func refusedAdvice(delivered output.Counts) string {
	ids := slices.Sorted(slices.Values(delivered.Refused))
	return fmt.Sprintf("%d were refused by the destination and skipped: export them again with --ids %s", len(ids), cli.FormatIDs(ids))
}

// copyAll copies events to the output, and returns what was delivered.
func (e *export) copyAll(ctx context.Context, events source, stdout, stderr io.Writer) (output.Counts, error) {
	bar := progress.New("exporting", stdout, stderr)
	bar.Start(events.Left())
	sink, err := e.open(stdout, bar.Notice)
	if err != nil {
		return output.Counts{}, notStarted{err}
	}
	err = errors.Join(e.copyEvents(ctx, sink, events, bar), sink.Close())
	bar.Clear()
	return sink.Delivered(), err
}

// notStarted is an error before the first event: there is nothing to resume.
type notStarted struct{ error }

func (e notStarted) Unwrap() error { return e.error }

// copyEvents reads and writes at the same time. It does neither any more when it
// returns.
func (e *export) copyEvents(ctx context.Context, to output.Sink, from source, bar *progress.Bar) error {
	reader := readahead.Start(ctx, func(ctx context.Context, into []translator.Event) ([]translator.Event, error) {
		return from.Next(ctx, readahead.BatchSize, into)
	})
	defer reader.Stop()
	for {
		events, err := reader.Next()
		if err != nil {
			return e.database.ReadError(err)
		}
		if len(events) == 0 {
			return to.Flush(ctx)
		}
		for i := range events {
			if err := to.Add(ctx, &events[i]); err != nil {
				return err
			}
		}
		reader.Release(events)
		bar.Set(to.Delivered().Events)
	}
}

// resumeTimeout bounds the search for the id to resume after.
const resumeTimeout = time.Minute

// stopped adds to an error how many events were exported, and how to resume.
func (e *export) stopped(ctx context.Context, err error, delivered output.Counts, advice func(context.Context) string) error {
	if errors.As(err, new(notStarted)) {
		return err
	}
	if errors.Is(err, output.ErrClosed) {
		return output.ErrClosed
	}
	err = cli.Interrupted(ctx, err)
	// What ended the export must not end the search as well.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resumeTimeout)
	defer cancel()
	resume := advice(ctx)
	if len(delivered.Refused) > 0 {
		resume = refusedAdvice(delivered) + "; " + resume
	}
	return fmt.Errorf("%w\n%d event(s) were exported; %s", err, delivered.Events, resume)
}

// resumeAdvice says with which flags to resume.
func (e *export) resumeAdvice(ctx context.Context, events *registry.Ordered, delivered output.Counts) string {
	after, exact, err := events.Resume(ctx, delivered.LastID)
	switch {
	case err != nil:
		return fmt.Sprintf("start over, because the id to resume from could not be determined: %v", err)
	case !exact:
		return fmt.Sprintf("resume with --after-id %d; that repeats some events and skips none, because timestamps are not in the order of ids", after)
	case e.selected.Limit > 0:
		return fmt.Sprintf("resume with --after-id %d --limit %d", after, max(1, e.selected.Limit-delivered.Events-int64(len(delivered.Refused))))
	default:
		return fmt.Sprintf("resume with --after-id %d", after)
	}
}
