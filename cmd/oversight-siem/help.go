// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

const long = `oversight-siem takes the events of an Oversight registry's database to a SIEM,
once: those that there are now, in the order of their timestamps. It only reads
the database and leaves nothing behind beside it.

It also checks those events against the registry's transparency log (verify) and
proves that one of them is in it (prove).

To deliver events as they happen, run the collector instead.`

const exportLong = `Exports the events that the registry's database holds now, in the order of their
timestamps (and of their ids where those are equal), in the shape that a SIEM
takes:

  splunk    Splunk HTTP Event Collector (HEC)
  ecs       Elastic Common Schema 8.11
  sentinel  flat columns for a table of Microsoft Sentinel

Memory stays the same however many events there are. Rows with values that
cannot be read are exported too, with a field that says what is wrong.

OUTPUT

  -             standard output (the default): one JSON document a line
  FILE          the same, appended to FILE, which only its owner may read if it
                is new
  http(s)://…   POST requests, in batches of --batch-size events and
                --batch-bytes before compression:
                  splunk    the events one after another, for
                            https://HOST:8088/services/collector/event
                  ecs       a JSON array; or, where the path ends in _bulk,
                            Elasticsearch's bulk format with create actions,
                            whose _id is the event's uid, so that an event that
                            is there already is passed over
                  sentinel  a JSON array

  With --sentinel-workspace-id, requests are signed as the Log Analytics Data
  Collector API asks for, and go to that workspace unless --output names another
  address.

Requests that fail with 429, with 5xx or for want of a connection are tried
again, after the time that Retry-After asks for or else after longer and longer
waits. A destination may then get events twice; none is left out. Redirects are
not followed. Anything else ends the export, and the last line says how many
events were accepted and where to go on: with --after-id N.

SECRETS

They are read from files or the environment and are never printed:

  --splunk-token-file, or the environment variable OVERSIGHT_SPLUNK_TOKEN, is sent
  as "Authorization: Splunk TOKEN";
  --sentinel-shared-key-file, or OVERSIGHT_SENTINEL_SHARED_KEY, signs requests;
  in the value of a --header, ${env:NAME} stands for an environment variable and
  ${file:PATH} for what a file holds. Header values, and user name, password and
  query of a URL, are not printed either.

EXIT STATUS

  0    all events were exported
  1    something failed; standard error says what, and where to go on
  130  interrupted (Ctrl-C); standard error says where to go on
  141  standard output was closed by what reads it, as head does`

const exportExample = `  # Everything, as lines of JSON
  oversight-siem export --db registry.sqlite --registry-id $ID --format ecs >events.ndjson

  # One day, to Splunk
  oversight-siem export --db registry.sqlite --registry-id $ID --format splunk \
      --since 2026-01-01T00:00:00Z --until 2026-01-02T00:00:00Z \
      --splunk-token-file token --gzip --output https://splunk.example.org:8088/services/collector/event

  # To an Elasticsearch data stream; running it again adds nothing twice
  oversight-siem export --db registry.sqlite --registry-id $ID --format ecs \
      --header 'Authorization: ApiKey ${env:API_KEY}' \
      --output https://elastic.example.org:9200/logs-oversight.beacon-default/_bulk

  # To a Log Analytics workspace
  oversight-siem export --db registry.sqlite --registry-id $ID --format sentinel \
      --sentinel-workspace-id $WORKSPACE --sentinel-shared-key-file key`

const previewLong = `Shows the first events of the registry's database in all three shapes, indented,
for a person to read. The export writes the same documents, each on one line.`

const previewExample = `  oversight-siem preview --db registry.sqlite --registry-id $ID --limit 1 | less`
