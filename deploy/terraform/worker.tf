# The identity of both jobs, and all its permissions.

resource "google_service_account" "worker" {
  project      = var.project
  account_id   = "zendesk-worker"
  display_name = "Zendesk export and publication (${var.environment})"
  depends_on   = [google_project_service.used]
}

# No key is created: the pods' Kubernetes account acts as this one.
resource "google_service_account_iam_member" "workload_identity" {
  service_account_id = google_service_account.worker.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${var.workload_identity_pool}[${var.namespace}/zendesk-worker]"
}

# bigquery.jobs.create: load jobs and queries. They run, and are paid for, in the environment's project.
resource "google_project_iam_member" "jobs" {
  project = var.project
  role    = "roles/bigquery.jobUser"
  member  = google_service_account.worker.member
}

# In both datasets: create tables, add columns, append and read; in zendesk dbt replaces views.
resource "google_bigquery_dataset_iam_member" "writes" {
  for_each   = google_bigquery_dataset.warehouse
  project    = var.project
  dataset_id = each.value.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.worker.member
}

# zendesk_user_directory is a view: who queries it needs access to the tables below it.
resource "google_bigquery_dataset_iam_member" "reads_internal" {
  for_each   = var.internal_dataset == null ? {} : { internal = var.internal_dataset }
  project    = each.value.project
  dataset_id = each.value.dataset
  role       = "roles/bigquery.dataViewer"
  member     = google_service_account.worker.member
}

# Load jobs create and read objects. Writing one again after a lost response needs delete, as do Meltano's lock files.
# No permission on the buckets themselves.
resource "google_storage_bucket_iam_member" "objects" {
  for_each = { export = google_storage_bucket.export.name, state = google_storage_bucket.state.name }
  bucket   = each.value
  role     = "roles/storage.objectUser"
  member   = google_service_account.worker.member
}

# A run only publishes. The role viewer lets the same identity check before a run what is missing
# (target-zendesk-pubsub:check).
resource "google_pubsub_topic_iam_member" "publishes" {
  for_each = toset(["roles/pubsub.publisher", "roles/pubsub.viewer"])
  project  = var.topic_project
  topic    = google_pubsub_topic.ticket.name
  role     = each.value
  member   = google_service_account.worker.member
}

# Zendesk's credentials, as tap-zendesk-cityblock reads them from ZENDESK_SECRET_PATH. People add a version
# (deploy/README.md), so that it is never in Terraform's state.
resource "google_secret_manager_secret" "credentials" {
  project   = var.project
  secret_id = var.credentials_secret
  labels    = merge(local.labels, { data = "credentials" })

  replication {
    auto {}
  }

  lifecycle {
    prevent_destroy = true
  }
  depends_on = [google_project_service.used]
}

resource "google_secret_manager_secret_iam_member" "reads_credentials" {
  project   = var.project
  secret_id = google_secret_manager_secret.credentials.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.worker.member
}
