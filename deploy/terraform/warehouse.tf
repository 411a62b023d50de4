# Datasets and buckets. The plugins, which know the columns, create tables, and dbt creates views.
#
# The datasets have no default_partition_expiration_ms, which would also drop EXPORT_METADATA and open rejected records: the
# plugins set the expiration of each table by their settings (docs/operations.md, Retention).

locals {
  datasets = {
    zendesk         = "What Zendesk's exports append to, one table a model, and the views <model>_latest over them. Health data."
    pubsub_messages = "Ticket messages: published, about to be, refused. Health data."
  }
}

resource "google_bigquery_dataset" "warehouse" {
  for_each              = local.datasets
  project               = var.project
  dataset_id            = each.key
  description           = each.value
  location              = var.location
  max_time_travel_hours = 168
  labels                = local.labels

  dynamic "default_encryption_configuration" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      kms_key_name = default_encryption_configuration.value
    }
  }

  lifecycle {
    prevent_destroy = true # deleted tickets and past messages exist nowhere else
  }
  depends_on = [google_project_service.used, google_kms_crypto_key_iam_member.agents]
}

resource "google_bigquery_dataset_iam_member" "readers" {
  for_each   = toset(var.readers)
  project    = var.project
  dataset_id = google_bigquery_dataset.warehouse["zendesk"].dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = each.value
}

resource "google_storage_bucket" "export" {
  project                     = var.project
  name                        = var.export_bucket
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  labels                      = local.labels

  lifecycle_rule {
    condition {
      age = 2
    }
    action {
      type = "Delete"
    }
  }

  # By default Google keeps deleted objects for seven more days; two days have to be two.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      default_kms_key_name = encryption.value
    }
  }
  depends_on = [google_project_service.used, google_kms_crypto_key_iam_member.agents]
}

# Cursors only, no health data. Versions allow going back after a wrong state was written.
resource "google_storage_bucket" "state" {
  project                     = var.project
  name                        = var.state_bucket
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  labels                      = merge(local.labels, { data = "cursors" })

  versioning {
    enabled = true
  }
  lifecycle_rule {
    condition {
      days_since_noncurrent_time = 30
    }
    action {
      type = "Delete"
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      default_kms_key_name = encryption.value
    }
  }

  lifecycle {
    prevent_destroy = true
  }
  depends_on = [google_project_service.used, google_kms_crypto_key_iam_member.agents]
}
