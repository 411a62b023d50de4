# Alarms on the JSON logs of the pods. docs/runbook.md says what each means and what to do. Without alarm_channels there
# are none. They are in the cluster's project, which has the logs.

locals {
  cluster_project = trimsuffix(var.workload_identity_pool, ".svc.id.goog")

  logs = "resource.type=\"k8s_container\" AND resource.labels.namespace_name=\"${var.namespace}\""

  # Fields of `pipeline_run` are those of the table PIPELINE_RUN: the targets log them when a run ends.
  alarms = length(var.alarm_channels) == 0 ? {} : {
    "A plugin failed" = {
      filter  = "jsonPayload.level=\"critical\""
      section = "runs"
    }
    "A run failed" = {
      filter  = "jsonPayload.event=\"Run completed\" AND jsonPayload.status=\"failure\""
      section = "runs"
    }
    "A model is unavailable" = {
      filter  = "jsonPayload.pipeline_run.ending=\"partly_unavailable\""
      section = "zendesk"
    }
    "Zendesk's rate limit is used up" = {
      filter  = "jsonPayload.pipeline_run.ending=\"out_of_quota\""
      section = "zendesk"
    }
    "A run was interrupted" = {
      filter  = "jsonPayload.pipeline_run.ending=\"interrupted\""
      section = "runs"
    }
    "Records were rejected" = {
      filter  = "jsonPayload.pipeline_run.rejected_records>0"
      section = "rejected-records"
    }
    "Pub/Sub refused messages" = {
      filter  = "jsonPayload.pipeline_run.refused>0"
      section = "refused-messages"
    }
    "The state was not saved" = {
      filter  = "jsonPayload.event:\"Failed to persist incremental state\" OR jsonPayload.event:\"were not saved in\""
      section = "the-state-was-not-saved"
    }
  }

  # Seconds without a complete run, after which the alarm comes.
  overdue = length(var.alarm_channels) == 0 ? {} : { tap-to-bigquery = 10800, tap-to-pubsub = 10800 }
}

resource "google_monitoring_alert_policy" "log" {
  for_each     = local.alarms
  project      = local.cluster_project
  display_name = "Zendesk ${var.environment}: ${each.key}"
  combiner     = "OR"
  conditions {
    display_name = each.key
    condition_matched_log {
      filter = "${local.logs} AND (${each.value.filter})"
    }
  }
  alert_strategy {
    notification_rate_limit {
      period = "3600s"
    }
    auto_close = "86400s"
  }
  documentation {
    content = "docs/runbook.md#${each.value.section}"
  }
  notification_channels = var.alarm_channels
  user_labels           = local.labels
}

resource "google_logging_metric" "runs" {
  count   = length(var.alarm_channels) == 0 ? 0 : 1
  project = local.cluster_project
  name    = "zendesk_${var.environment}_runs"
  filter  = "${local.logs} AND jsonPayload.pipeline_run.ending:*"
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    labels {
      key = "job"
    }
    labels {
      key = "ending"
    }
  }
  label_extractors = {
    job    = "EXTRACT(jsonPayload.pipeline_run.job)"
    ending = "EXTRACT(jsonPayload.pipeline_run.ending)"
  }
}

resource "google_logging_metric" "waiting" {
  count   = length(var.alarm_channels) == 0 ? 0 : 1
  project = local.cluster_project
  name    = "zendesk_${var.environment}_waiting_tickets"
  filter  = "${local.logs} AND jsonPayload.pipeline_run.job=\"tap-to-pubsub\" AND jsonPayload.pipeline_run.waiting>=0"
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
  }
  value_extractor = "EXTRACT(jsonPayload.pipeline_run.waiting)"
}

resource "google_monitoring_alert_policy" "overdue" {
  for_each     = local.overdue
  project      = local.cluster_project
  display_name = "Zendesk ${var.environment}: ${each.key} has not completed for ${each.value / 3600} hours"
  combiner     = "OR"
  conditions {
    display_name = "no complete run"
    condition_absent {
      filter   = "resource.type=\"k8s_container\" AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.runs[0].name}\" AND metric.labels.job=\"${each.key}\" AND metric.labels.ending=\"complete\""
      duration = "${each.value}s"
      aggregations {
        alignment_period     = "600s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }
  documentation {
    content = "docs/runbook.md#runs"
  }
  notification_channels = var.alarm_channels
  user_labels           = local.labels
}
