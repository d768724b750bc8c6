// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"regexp"
	"slices"
	"strings"
)

// shownKeys are the keys of configurations whose values are no secrets and not what an
// operator writes freely. A value is shown if every key on its path is one of these, or
// the id of a component.
var shownKeys = wordSet(`
	receivers processors exporters extensions connectors service pipelines telemetry logs
	metrics traces level encoding output_paths error_output_paths disable_stacktrace
	disable_caller sampling enabled tick initial thereafter readers pull periodic exporter
	prometheus host port without_scope_info without_type_suffix without_units
	translation_strategy otlp protocol

	database registry_id storage start_at poll_interval batch_size max_batch_bytes
	transparency_log leaves public_key tree_head interval grace timeout retry_on_failure
	initial_interval max_interval multiplier randomization_factor max_elapsed_time retry
	max_retries max_requests checkpoint_records quarantine table schema

	format splunk ecs sentinel otel azuremonitor index source sourcetype event_time mode
	long_values

	endpoint endpoints logs_endpoint proxy_url brokers topic topics protocol_version
	group_id group_match topic_match session_timeout heartbeat_interval initial_offset
	auth authenticator tls insecure insecure_skip_verify ca_file cert_file key_file
	server_name_override min_version max_version include_system_ca_certs_pool
	include_insecure_cipher_suites reload_interval credential type cloud rule_id
	stream_name preflight authority_host scope compression compression_params
	max_idle_conns max_idle_conns_per_host max_conns_per_host idle_conn_timeout
	disable_keep_alives http2_read_idle_timeout http2_ping_timeout read_buffer_size
	write_buffer_size force_attempt_http2 keepalive time permit_without_stream
	balancer_name wait_for_ready http grpc protocols status path middlewares id
	sending_queue num_consumers queue_size block_on_overflow wait_for_result sizer batch
	min_size max_size flush_timeout send_batch_size send_batch_max_size
	logs_dynamic_id logs_index logs_dynamic_index suppress_conflict_errors mapping flush
	bytes discover on_start producer max_message_bytes required_acks linger
	allow_auto_topic_creation partition_logs_by_resource_attributes partition_logs_by_trace_id
	partition_logs consumer autocommit enable message_marking after on_error
	on_permanent_error error_backoff min_fetch_size default_fetch_size max_fetch_size
	max_partition_fetch_size max_fetch_wait maxbatchsize maxbatchinterval
	custom_events_enabled max_content_length_logs max_event_size use_multi_metric_format
	splunk_app_name splunk_app_version log_data_enabled profiling_data_enabled
	health_path hec_metadata_to_otel_attrs heartbeat disable_compression

	directory create_directory create_directory_permissions directory_permissions fsync
	recreate compaction on_start on_rebound cleanup_on_start rebound_needed_threshold_mib
	rebound_trigger_threshold_mib max_transaction_size check_interval rotation
	max_megabytes max_days max_backups localtime append flush_interval group_by
	opensearch component_health include_permanent_errors include_recoverable_errors
	recovery_duration use_v2 config default_pipelines error_mode context verbosity
	sampling_initial sampling_thereafter limit_mib spike_limit_mib limit_percentage
	spike_limit_percentage report_expired refresh_interval metric_expiration wait
	use_internal_logger layout collection_interval initial_delay scrapers client_auth
	network transport max_recv_msg_size_mib max_request_body_size
	custom_event metadata refused mechanism summary
	log_request_body log_response_body log_failed_docs_input
`)

func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(text) {
		set[word] = true
	}
	return set
}

// componentSections are the sections whose keys are ids of components.
var componentSections = []string{"receivers", "processors", "exporters", "extensions", "connectors"}

// shown reports whether the values at a path of keys may be shown.
func shown(path []string) bool {
	for i, key := range path {
		if !shownKeys[key] && !isID(path, i) {
			return false
		}
	}
	return len(path) > 0
}

// isID reports whether a key of a path is the id of a component or a pipeline.
func isID(path []string, i int) bool {
	return i == 1 && slices.Contains(componentSections, path[0]) || i == 2 && path[0] == "service" && path[1] == "pipelines"
}

// secretName matches keys and variables that are likely to hold a secret. Short values of
// these are removed from everything else, too.
var secretName = regexp.MustCompile(`(?i)pass|secret|token|key|credential|auth|cookie|header|connection|pem|signature|private|user|login|sas`)

// shownVariables are variables whose values are no secrets.
var shownVariables = wordSet(`GOMEMLIMIT GOMAXPROCS GOGC GODEBUG TZ LANG LC_ALL`)
