output "worker" {
  description = "Annotation iam.gke.io/gcp-service-account of the Kubernetes account"
  value       = google_service_account.worker.email
}

output "state_uri" {
  description = "MELTANO_STATE_BACKEND_URI of the CronJobs"
  value       = "gs://${google_storage_bucket.state.name}/meltano"
}

output "credentials" {
  description = "resourceName of the secret that the pods mount"
  value       = "${google_secret_manager_secret.credentials.name}/versions/latest"
}

output "policy_tag" {
  description = "TARGET_BIGQUERY_POLICY_TAG and TARGET_ZENDESK_PUBSUB_POLICY_TAG of the CronJobs: Google generates this name, so it is not in any file"
  value       = google_data_catalog_policy_tag.personal.name
}

output "meltano" {
  description = "Settings of this environment's plugins in meltano.yml"
  value = {
    target-bigquery = {
      project  = var.project
      location = var.location
      bucket   = google_storage_bucket.export.name
    }
    target-zendesk-pubsub = {
      project       = var.project
      topic_project = var.topic_project
      topic         = google_pubsub_topic.ticket.name
    }
  }
}

output "subscriptions" {
  description = "Subscriptions of Commons: tickets, and dead letters"
  value       = [google_pubsub_subscription.commons.id, google_pubsub_subscription.dead_letter.id]
}
