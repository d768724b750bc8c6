// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"time"
)

// eventChecks send a test event to a destination that says in no other way whether it
// accepts events. Without --send-test there are none: the other checks say what they
// leave open. splunk.index and elasticsearch.event are among those others.
func (e *exporter) eventChecks() []check {
	if !e.settings.SendTest {
		return nil
	}
	name := e.id.String()
	switch e.id.Type().String() {
	case "azure_logs_ingestion":
		return []check{{"azure.event", name, e.checkAzureEvent}}
	case "otlp_grpc", "otlp":
		return []check{{"otlp.event", name, e.checkGRPCEvent}}
	case "otlp_http", "otlphttp":
		return []check{{"otlp.event", name, e.checkHTTPEvent}}
	case "opensearch":
		return []check{{"opensearch.event", name, e.checkOpenSearchEvent}}
	case "kafka":
		return []check{{"kafka.event", name, e.checkKafkaEvent}}
	case "file":
		return []check{{"file.event", name, e.checkFileEvent}}
	default:
		return nil
	}
}

// checkKafkaEvent says how to send a message by hand. A client for Kafka would make the
// command a third larger.
func (e *exporter) checkKafkaEvent(context.Context) []finding {
	var settings struct {
		Brokers []string `mapstructure:"brokers"`
		Topic   string   `mapstructure:"topic"`
		Logs    struct {
			Topic string `mapstructure:"topic"`
		} `mapstructure:"logs"`
	}
	if found := e.read(&settings); found != nil {
		return found
	}
	broker, topic := "BROKER", "otlp_logs" // the exporter's default
	if len(settings.Brokers) > 0 {
		broker = settings.Brokers[0]
	}
	for _, named := range []string{settings.Topic, settings.Logs.Topic} {
		if named != "" {
			topic = named
		}
	}
	return notChecked("send one by hand: echo '"+testMark+"' | kafka-console-producer.sh --bootstrap-server "+broker+" --topic "+topic+
		", and look for it with kafka-console-consumer.sh --bootstrap-server "+broker+" --topic "+topic+" --from-beginning",
		"no test event was sent: the command has no Kafka client")
}

// testTime is the time of a test event, in RFC 3339.
func testTime() string { return time.Now().UTC().Format(time.RFC3339) }
