# Services, audit logs and the encryption key.

locals {
  labels = merge({ system = "zendesk", environment = var.environment, data = "phi" }, var.labels)

  services = merge(
    { for name in ["bigquery", "bigquerydatapolicy", "datacatalog", "storage", "secretmanager", "iam", "iamcredentials"] : name => var.project },
    { pubsub = var.topic_project },
  )

  # Only in the environment's own project: if the topics of several environments share one, one of them sets this.
  audited = var.audit_data_access ? toset(concat(
    ["storage.googleapis.com", "secretmanager.googleapis.com"],
    var.topic_project == var.project ? ["pubsub.googleapis.com"] : [],
  )) : toset([])

  pubsub_agent = "serviceAccount:service-${data.google_project.topic.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

data "google_project" "topic" {
  project_id = var.topic_project
}

resource "google_project_service" "used" {
  for_each           = local.services
  project            = each.value
  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}

resource "google_project_iam_audit_config" "data_access" {
  for_each = local.audited
  project  = var.project
  service  = each.value
  audit_log_config {
    log_type = "DATA_READ"
  }
  audit_log_config {
    log_type = "DATA_WRITE"
  }
}

# Each service needs permission to use the key before it can create anything with it.
data "google_bigquery_default_service_account" "agent" {
  count   = var.kms_key == null ? 0 : 1
  project = var.project
}

data "google_storage_project_service_account" "agent" {
  count   = var.kms_key == null ? 0 : 1
  project = var.project
}

resource "google_kms_crypto_key_iam_member" "agents" {
  for_each = var.kms_key == null ? {} : {
    bigquery = data.google_bigquery_default_service_account.agent[0].member
    storage  = data.google_storage_project_service_account.agent[0].member
    pubsub   = local.pubsub_agent
  }
  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = each.value
}
